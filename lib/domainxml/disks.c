/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The disks of a domain: where each comes from, and how Xen and how other hypervisors want it said.
 *
 * On Xen the hot-plug scripts put a template's root image and the changes to it together. Elsewhere the
 * root image itself is given, and read-only whenever it is another VM's.
 */
#include <string.h>

#include "error.h"
#include "images.h"
#include "internal.h"
#include "prop.h"

#define ROOT_TARGET "xvda"

struct disk {
	const char *target; /* "xvda" */
	const char *path, *cow;
	const char *script;
	const char *backend; /* NULL: dom0 */
	bool cdrom, readonly;
};

static void add_for_xen(struct strbuf *out, const struct domain *domain, const struct disk *disk)
{
	strbuf_printf(out,
		      "    <disk type='block' device='%s'>\n      <driver name='phy'/>\n"
		      "      <source dev='",
		      disk->cdrom ? "cdrom" : "disk");
	if (disk->backend) /* not below our root, but in the other VM */
		domainxml_escape(out, disk->path);
	else
		domainxml_escape_path(out, domain, disk->path);
	if (disk->cow) {
		strbuf_add(out, ":");
		domainxml_escape_path(out, domain, disk->cow);
	}
	strbuf_printf(out, "'/>\n      <target dev='%s' bus='xen'/>\n", disk->target);
	if (disk->readonly)
		strbuf_add(out, "      <readonly/>\n");
	if (disk->backend) {
		strbuf_add(out, "      <backenddomain name='");
		domainxml_escape(out, disk->backend);
		strbuf_add(out, "'/>\n");
	}
	if (disk->script)
		strbuf_printf(out, "      <script path='%s'/>\n", disk->script);
	strbuf_add(out, "    </disk>\n");
}

/* Which bus and driver suit an image file; the last row is for hypervisors that are not named. */
static const struct flavour {
	const char *type, *driver, *disk_bus, *cdrom_bus;
} flavours[] = {
	{ "qemu", "      <driver name='qemu' type='raw'/>\n", "virtio", "sata" },
	{ "kvm", "      <driver name='qemu' type='raw'/>\n", "virtio", "sata" },
	{ NULL, "", "virtio", "ide" },
};

static const struct flavour *flavour_of(const char *type)
{
	const struct flavour *flavour = flavours;

	while (flavour->type && strcmp(flavour->type, type))
		flavour++;
	return flavour;
}

static const char *prefix_for(const char *bus)
{
	if (!strcmp(bus, "virtio"))
		return "vd";
	return !strcmp(bus, "ide") ? "hd" : "sd";
}

static void add_for_others(struct strbuf *out, const struct domain *domain, const struct disk *disk)
{
	const struct flavour *flavour = flavour_of(domain->type);
	const char *bus = disk->cdrom ? flavour->cdrom_bus : flavour->disk_bus;

	if (disk->backend) /* another VM's file: nobody else has such a thing */
		return;
	strbuf_printf(out, "    <disk type='file' device='%s'>\n%s      <source file='",
		      disk->cdrom ? "cdrom" : "disk", flavour->driver);
	domainxml_escape_path(out, domain, disk->path);
	strbuf_printf(out, "'/>\n      <target dev='%s%c' bus='%s'/>\n", prefix_for(bus),
		      disk->target[strlen("xvd")], bus);
	if (disk->readonly)
		strbuf_add(out, "      <readonly/>\n");
	strbuf_add(out, "    </disk>\n");
}

/* The root image is a container's file system; it could do nothing with the other images. */
static void add_for_container(struct strbuf *out, const struct domain *domain, const struct disk *disk)
{
	if (strcmp(disk->target, ROOT_TARGET))
		return;
	strbuf_add(out, "    <filesystem type='file'>\n      <driver type='loop' format='raw'/>\n"
			"      <source file='");
	domainxml_escape_path(out, domain, disk->path);
	strbuf_add(out, "'/>\n      <target dir='/'/>\n");
	if (disk->readonly)
		strbuf_add(out, "      <readonly/>\n");
	strbuf_add(out, "    </filesystem>\n");
}

static int add_disk(struct strbuf *out, const struct domain *domain, const struct disk *disk)
{
	if (!disk->path)
		return 0;
	if (domain->xen)
		add_for_xen(out, domain, disk);
	else if (domain->container)
		add_for_container(out, domain, disk);
	else
		add_for_others(out, domain, disk);
	return 0;
}

/* ---- which disks ---- */

int domainxml_add_root(struct strbuf *out, const struct domain *domain)
{
	const struct vm *vm = domain->vm, *template = vm_template(vm);
	struct disk disk = { .target = ROOT_TARGET, .path = images_root(vm) };

	if (!disk.path)
		return error_set(ERROR_FAILED, "%s has no root image: its template is missing", vm->name);
	if (vm_is(vm, VM_TEMPLATES)) {
		disk.cow = images_root_cow(vm);
		disk.script = "block-origin";
	} else if (!vm_is_updateable(vm)) {
		/* A PV puts its changes on top by itself; an HVM needs a root that it can write to. */
		bool pv = !vm_is(vm, VM_HVMS);

		disk.cow = pv ? images_root_cow(template) : images_volatile(vm);
		disk.script = "block-snapshot";
		disk.readonly = pv || !domain->xen;
	}
	return add_disk(out, domain, &disk);
}

int domainxml_add_private(struct strbuf *out, const struct domain *domain)
{
	struct disk disk = { .target = "xvdb", .path = images_private(domain->vm) };

	if (vm_is(domain->vm, VM_DISPOSABLE)) /* all it has is in its savefile */
		disk.path = NULL;
	return add_disk(out, domain, &disk);
}

int domainxml_add_volatile(struct strbuf *out, const struct domain *domain)
{
	struct disk disk = { .target = "xvdc", .path = images_volatile(domain->vm) };

	if (vm_is(domain->vm, VM_HVMS)) /* part of its root device, if anything */
		disk.path = NULL;
	return add_disk(out, domain, &disk);
}

static int add_modules(struct strbuf *out, const struct domain *domain)
{
	const struct vm *vm = domain->vm;
	const char *directory = images_kernels_dir(vm), *own = vm_path(vm, "kernels");
	struct disk disk = { .target = "xvdd" };

	if (!directory || !own)
		return error_set(ERROR_FAILED, "%s has no kernel directory", vm->name);
	disk.path = arena_printf(vm->qubes->arena, "%s/modules.img", directory);
	disk.readonly = strcmp(directory, own); /* one that other VMs use as well */
	if (!root_exists(vm->qubes->root, disk.path))
		return 0;
	return add_disk(out, domain, &disk);
}

/* "[hd:|cdrom:][VM:]PATH"; the path may have colons itself. */
static int read_drive(const struct vm *vm, const char *drive, struct disk *disk)
{
	static const char hd[] = "hd:", cdrom[] = "cdrom:";
	const char *path = drive;

	disk->cdrom = !util_starts_with(drive, hd);
	if (!disk->cdrom)
		path += strlen(hd);
	else if (util_starts_with(drive, cdrom))
		path += strlen(cdrom);
	if (path[0] != '/') {
		char *backend = arena_strdup(vm->qubes->arena, path);
		char *colon = strchr(backend, ':');

		if (!colon || colon[1] != '/')
			return error_set(ERROR_FAILED, "the drive of %s is not TYPE:VM:/PATH: %s", vm->name,
					 drive);
		*colon = '\0';
		path = colon + 1;
		disk->backend = !strcmp(backend, "dom0") ? NULL : backend;
	}
	disk->readonly = disk->cdrom;
	disk->path = path;
	return 0;
}

int domainxml_add_others(struct strbuf *out, const struct domain *domain)
{
	const char *drive = vm_is(domain->vm, VM_HVMS) ? prop_string(domain->vm, "drive") : NULL;
	struct disk disk = { .target = "xvdd" };

	if (!vm_is(domain->vm, VM_HVMS))
		return add_modules(out, domain);
	if (!drive || !drive[0])
		return 0;
	if (read_drive(domain->vm, drive, &disk) < 0)
		return -1;
	return add_disk(out, domain, &disk);
}

/* ---- one disk ---- */

char *domainxml_of_disk(struct vm *vm, const char *type, const struct domainxml_disk *what)
{
	const struct domain domain = domainxml_domain(vm, type);
	const struct disk disk = { .target = what->target, .path = what->path, .readonly = what->readonly };
	struct strbuf out = { 0 };

	if (domain.container) {
		error_set(ERROR_FAILED, "%s is a container, which has no disks", vm->name);
		return NULL;
	}
	add_disk(&out, &domain, &disk);
	if (!out.text)
		error_set(ERROR_FAILED, "%s has no such disk: %s", vm->name, what->target);
	return out.text;
}
