/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disks that a running domain has at the moment, from its live XML: what was plugged in since its start
 * is nowhere else.
 */
#include <string.h>

#include <libvirt/virterror.h>

#include "error.h"
#include "internal.h"
#include "util.h"
#include "xmlfile.h"

/* The attribute of its child NAME, in the arena; NULL: there is none. */
static const char *detail(struct arena *arena, xmlfile_element *disk, const char *name, const char *attribute)
{
	xmlfile_element *at = xmlfile_child(disk, name);
	const char *text = at ? xmlfile_attribute(at, attribute) : NULL;

	return text ? arena_strdup(arena, text) : NULL;
}

static bool is_disk(xmlfile_element *element)
{
	xmlfile_element *target =
		strcmp(xmlfile_name(element), "disk") ? NULL : xmlfile_child(element, "target");

	return target && xmlfile_attribute(target, "dev");
}

static bool has(xmlfile_element *element, const char *attribute, const char *value)
{
	const char *text = xmlfile_attribute(element, attribute);

	return text && strcmp(text, value) == 0;
}

/* Its text: libvirt begins each element on a line of its own, and no disk has another in it. In the arena. */
static const char *text_of(struct arena *arena, const char *xml, const struct xmlfile *file,
			   xmlfile_element *element)
{
	static const char end_tag[] = "</disk>";
	const char *start = xml, *end;

	for (size_t line = 1; start && line < xmlfile_line(file, element); line++) {
		start = strchr(start, '\n');
		start = start ? start + 1 : NULL;
	}
	start = start ? strstr(start, "<disk") : NULL;
	end = start ? strstr(start, end_tag) : NULL;
	return end ? arena_printf(arena, "%.*s", (int)(end - start + strlen(end_tag)), start) : NULL;
}

static struct vmm_disk read_disk(struct arena *arena, xmlfile_element *element)
{
	struct vmm_disk disk = {
		.target = detail(arena, element, "target", "dev"),
		.backend = detail(arena, element, "backenddomain", "name"),
		.is_file = has(element, "type", "file"),
		.is_cdrom = has(element, "device", "cdrom"),
		.read_only = xmlfile_child(element, "readonly") != NULL,
	};

	/* What comes from somewhere else (a network, a pool) is none of ours, but its target is taken. */
	if (disk.is_file)
		disk.source = detail(arena, element, "source", "file");
	else if (has(element, "type", "block"))
		disk.source = detail(arena, element, "source", "dev");
	return disk;
}

static const struct vmm_disk *read_disks(struct arena *arena, const char *xml, const struct xmlfile *file)
{
	xmlfile_element *devices = xmlfile_child(xmlfile_root(file), "devices"), *at = NULL;
	struct vmm_disk *disks;
	size_t count = 0;

	while (devices && (at = xmlfile_next(devices, at)))
		count++;
	disks = arena_alloc(arena, (count + 1) * sizeof(*disks));
	for (count = 0; devices && (at = xmlfile_next(devices, at));)
		if (is_disk(at)) {
			disks[count] = read_disk(arena, at);
			disks[count++].xml = text_of(arena, xml, file, at);
		}
	return disks;
}

/* 1 and the XML, which the caller frees; 0: the domain is not active; -1 with an error. */
static int ask_xml(struct vm *vm, char **xml)
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;
	struct vmm *vmm = vm->qubes->vmm;
	struct failure failure;
	int found = domain_lookup(vm, &handle);

	if (found <= 0 || domain_xid(handle) < 0)
		return found < 0 ? -1 : 0;
	*xml = virDomainGetXMLDesc(handle, 0);
	if (*xml)
		return 1;
	failure = failure_take(vmm);
	return failure_is_absence(&failure, true) ?
		       0 :
		       failure_set(vmm, &failure, "cannot ask for the disks of %s", vm->name);
}

const struct vmm_disk *vmm_disks(struct vm *vm)
{
	static const struct vmm_disk none[1];
	AUTO_XMLFILE struct xmlfile *file = NULL;
	AUTO_FREE char *xml = NULL;
	int active;

	if (vm_is_dom0(vm))
		return none;
	active = vmm_connection(vm->qubes) < 0 ? -1 : ask_xml(vm, &xml);
	if (active <= 0)
		return active < 0 ? NULL : none;
	file = xmlfile_parse(xml, "its domain XML");
	if (!file) {
		error_within("cannot ask for the disks of %s", vm->name);
		return NULL;
	}
	return read_disks(vm->qubes->arena, xml, file);
}
