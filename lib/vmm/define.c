/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions: a domain comes to be and goes away here, and nowhere else.
 */
#include <ctype.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "error.h"
#include "internal.h"
#include "util.h"
#include "xmlfile.h"

/* What makes an end of that domain, in words of virsh. */
static const char *way_out(struct vm *vm, virDomainPtr other, const char *uuid)
{
	struct arena *arena = vm->qubes->arena;

	if (virDomainIsActive(other) != 1)
		return arena_printf(arena, "undefine %s", uuid);
	if (virDomainIsPersistent(other) != 1)
		return arena_printf(arena, "destroy %s", uuid);
	return arena_printf(arena, "'destroy %s; undefine %s'", uuid, uuid);
}

/* 1 with an error if a domain of VM's name is there under another UUID, else 0. */
static int name_taken(struct vm *vm)
{
	struct vmm *vmm = vm->qubes->vmm;
	AUTO_DOMAIN virDomainPtr other = virDomainLookupByName(vmm->connection, vm->name);
	const char *uuid = vm_uuid(vm);
	char others[VIR_UUID_STRING_BUFLEN];

	if (!other || virDomainGetUUIDString(other, others) < 0 || (uuid && strcmp(uuid, others) == 0))
		return 0;
	error_set(
		ERROR_VMM,
		"cannot define %s: the hypervisor has another domain of this name, with UUID %s; if nobody needs "
		"it: virsh -c '%s' %s",
		vm->name, others, vmm->uri, way_out(vm, other, others));
	return 1;
}

/* Was it the kind of guest? Newer libvirt names only the architecture that it has no hvm for. */
static bool hvm_refused(const struct failure *failure, const char *xml)
{
	if (failure->code == VIR_ERR_OS_TYPE)
		return strstr(failure->text, "hvm");
	return strstr(failure->text, "could not find capabilities") && strstr(xml, ">hvm<");
}

static int not_defined(struct vm *vm, const char *xml)
{
	struct vmm *vmm = vm->qubes->vmm;
	struct failure failure = failure_take(vmm);

	if (hvm_refused(&failure, xml))
		return error_set(ERROR_VMM,
				 "cannot define %s: this host runs no HVM guests (%s); is VT-x or AMD-V "
				 "switched off in its firmware, or missing?",
				 vm->name, failure.text);
	if (!failure.lost && name_taken(vm))
		return -1;
	return failure_set(vmm, &failure, "cannot define %s", vm->name);
}

/* ---- whose XML is it? ---- */

/* Upper case and other places of the hyphens are fine with libvirt. */
static bool is_same_uuid(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "- \t\n");
		b += strspn(b, "- \t\n");
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
	}
}

/* The text of DOMAIN's only child of that name; libvirt would take the first of several. "": none or no text. */
static const char *identity(xmlfile_element *domain, const char *name)
{
	xmlfile_element *found = NULL;
	const char *text;

	for (xmlfile_element *at = NULL; (at = xmlfile_next(domain, at));)
		if (strcmp(xmlfile_name(at), name) == 0) {
			if (found)
				return "";
			found = at;
		}
	text = found ? xmlfile_text(found) : NULL;
	return text ? text : "";
}

/*
 * The XML may be a user's own. With the name and UUID of another VM it would replace that one's definition,
 * and what it defines under a third identity would not be found again: libvirt is not even asked.
 */
int vmm_check_identity(const struct vm *vm, const char *xml)
{
	AUTO_XMLFILE struct xmlfile *file = xmlfile_parse(xml, "its domain XML");
	const char *uuid = vm_uuid(vm), *name, *its;

	if (!file)
		return error_within("cannot define %s", vm->name);
	name = identity(xmlfile_root(file), "name");
	its = identity(xmlfile_root(file), "uuid");
	if (strcmp(name, vm->name) == 0 && (!uuid || is_same_uuid(uuid, its)))
		return 0;
	return error_set(ERROR_FAILED,
			 "cannot define %s: its domain XML is of a domain '%s' with UUID %s, not of UUID %s",
			 vm->name, name, its[0] ? its : "(none)", uuid ? uuid : "(any)");
}

int vmm_define(struct vm *vm, const char *xml)
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;

	if (act_gate(vm, "define") < 0 || vmm_check_identity(vm, xml) < 0)
		return -1;
	handle = virDomainDefineXML(vm->qubes->vmm->connection, xml);
	return handle ? 0 : not_defined(vm, xml);
}

int vmm_undefine(struct vm *vm)
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;
	struct vmm *vmm = vm->qubes->vmm;
	struct failure failure;
	int found;

	if (act_gate(vm, "undefine") < 0)
		return -1;
	found = domain_lookup(vm, &handle);
	if (found <= 0)
		return found;
	if (virDomainUndefine(handle) == 0)
		return 0;
	failure = failure_take(vmm);
	return failure_is_absence(&failure, false) ?
		       0 :
		       failure_set(vmm, &failure, "cannot undefine %s", vm->name);
}
