/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which template, or which file instead of one, makes the XML of a VM; and the copy that is kept of it.
 */
#include "domainxml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"

#define TEMPLATES "/usr/share/qubes/vm-template"
#define FILE_MAX (1 << 20)
#define CONF_MODE 0660

struct domain domainxml_domain(struct vm *vm, const char *type)
{
	return (struct domain){
		.vm = vm,
		.type = type,
		.xen = !strcmp(type, "xen"),
		.container = !strcmp(type, "lxc"),
	};
}

/* ---- the VM's own file ---- */

static const char *generated_conf(const struct vm *vm)
{
	return vm_path(vm, arena_printf(vm->qubes->arena, "%s.conf", vm->name));
}

/* The file that an administrator put in the place of the generated one; NULL: none. */
static const char *custom_conf(const struct vm *vm)
{
	const char *stored = vm_get(vm, "conf_file").text, *generated = generated_conf(vm), *conf;

	if (!stored || !stored[0] || !strcasecmp(stored, "none"))
		return NULL;
	conf = stored[0] == '/' ? stored : vm_path(vm, stored);
	return conf && generated && strcmp(conf, generated) ? conf : NULL;
}

/* NULL with an error; *ABSENT says that there is no such file, without an error. */
static char *read_file(const struct vm *vm, const char *path, bool *absent)
{
	size_t length;
	char *text = root_read(vm->qubes->root, path, FILE_MAX, &length);

	*absent = !text && errno == ENOENT;
	if (!text && !*absent)
		error_errno("cannot read %s", path);
	if (text && strlen(text) != length) {
		error_set(ERROR_FAILED, "%s is not a text file", path);
		free(text);
		text = NULL;
	}
	return text;
}

/* ---- templates ---- */

/* Xen's have the names of the original; other hypervisors' can be put beside them. */
static const char *template_path(const struct domain *domain)
{
	const char *kind = vm_is(domain->vm, VM_HVMS) ? "-hvm" : "";

	if (domain->xen)
		return arena_printf(domain->vm->qubes->arena, TEMPLATES "%s.xml", kind);
	return arena_printf(domain->vm->qubes->arena, TEMPLATES "-%s%s.xml", domain->type, kind);
}

static char *from_template(const struct domain *domain)
{
	const char *path = template_path(domain);
	bool absent;
	AUTO_FREE char *template = read_file(domain->vm, path, &absent);
	struct strbuf out = { 0 };
	int result;

	if (!template && !absent)
		return NULL;
	result = template ? domainxml_fill(&out, domain, path, template) :
			    domainxml_fill(&out, domain, "the built-in template", domainxml_builtin(domain));
	if (result == 0)
		return out.text;
	strbuf_free(&out);
	return NULL;
}

static int check_domain(const struct domain *domain)
{
	const struct vm *vm = domain->vm;

	if (!vm_is(vm, VM_PVS | VM_HVMS) || !vm_directory(vm))
		return error_set(ERROR_FAILED, "%s (%s) is not a domain of ours", vm->name, vm->type);
	if (!domain->type[0] || domain->type[strspn(domain->type, "abcdefghijklmnopqrstuvwxyz")])
		return error_set(ERROR_FAILED, "'%s' is no domain type", domain->type);
	return 0;
}

char *domainxml_of(struct vm *vm, const char *type)
{
	const struct domain domain = domainxml_domain(vm, type);
	const char *custom;
	bool absent = false;
	char *xml;

	if (check_domain(&domain) < 0)
		return NULL;
	custom = custom_conf(vm);
	xml = custom ? read_file(vm, custom, &absent) : from_template(&domain);
	if (absent)
		error_set(ERROR_NOT_FOUND, "the domain configuration %s does not exist", custom);
	if (!xml)
		error_within("cannot configure the domain of %s", vm->name);
	return xml;
}

char *domainxml_interface(struct vm *vm, const char *type)
{
	const struct domain domain = domainxml_domain(vm, type);
	struct strbuf out = { 0 };

	strbuf_add(&out, "");
	if (check_domain(&domain) == 0 && domainxml_add_interface(&out, &domain) == 0)
		return out.text;
	strbuf_free(&out);
	return NULL;
}

void domainxml_keep(struct vm *vm, const char *xml)
{
	const char *conf = generated_conf(vm);

	if (!conf || custom_conf(vm))
		return;
	if (root_write(vm->qubes->root, conf, xml, strlen(xml), CONF_MODE) == 0) {
		root_chgrp_qubes(vm->qubes->root, conf);
		return;
	}
	error_note("warning: the domain configuration of %s was not kept: %s", vm->name, error_message());
	error_clear();
}
