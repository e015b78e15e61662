/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks on their way: how they come to a domain, and what is taken from it.
 */
#include <string.h>

#include "domainxml.h"
#include "error.h"
#include "images.h"
#include "internal.h"
#include "qubesdb.h"
#include "vmm.h"

#define IMAGES "/var/lib/qubes"

/* ---- attaching ---- */

/* What a domain has or had is said in its own words. */
static char *disk_xml(const struct vmm_disk *disk)
{
	struct strbuf out = { 0 };

	if (disk->xml)
		return util_strdup(disk->xml);
	strbuf_printf(&out, "<disk type='%s' device='%s'><driver name='phy'/><source %s='",
		      disk->is_file ? "file" : "block", disk->is_cdrom ? "cdrom" : "disk",
		      disk->is_file ? "file" : "dev");
	domainxml_escape(&out, disk->source ? disk->source : "");
	strbuf_add(&out, "'/><target dev='");
	domainxml_escape(&out, disk->target);
	strbuf_add(&out, "'/>");
	if (disk->backend) {
		strbuf_add(&out, "<backenddomain name='");
		domainxml_escape(&out, disk->backend);
		strbuf_add(&out, "'/>");
	}
	strbuf_add(&out, disk->read_only ? "<readonly/></disk>" : "</disk>");
	return out.text;
}

/* Those who watch the VM's devices look again. Nobody may be there to be told. */
static void wake_watchers(struct vm *vm)
{
	struct qubesdb_entries entries = { 0 };

	qubesdb_add(vm->qubes, &entries, DISKS_BRANCH, "");
	if (qubesdb_publish(vm, &entries) != 0)
		error_clear();
}

static int change(struct vm *vm, const struct vmm_disk *disk, int (*act)(struct vm *vm, const char *xml))
{
	AUTO_FREE char *xml = disk_xml(disk);

	if (act(vm, xml) != 0)
		return -1;
	wake_watchers(vm);
	return 0;
}

static const struct vmm_disk *find_target(const struct vmm_disk *disk, const char *target)
{
	for (; disk->target; disk++)
		if (strcmp(disk->target, target) == 0)
			return disk;
	return NULL;
}

static const char *free_frontend(struct vm *vm, const struct vmm_disk *disks)
{
	for (const char *letter = "ijklmnopqrstuvwxyzabcdefgh"; *letter; letter++) {
		const char *frontend = arena_printf(vm->qubes->arena, "xvd%c", *letter);

		if (!find_target(disks, frontend))
			return frontend;
	}
	error_set(ERROR_FAILED, "%s has no frontend left, of xvda to xvdz", vm->name);
	return NULL;
}

/* What VM is to call the disk. NULL with an error. */
static const char *choose_frontend(struct vm *vm, const char *wanted)
{
	const struct vmm_disk *disks = vmm_disks(vm);

	if (!disks)
		return NULL;
	if (!wanted)
		return free_frontend(vm, disks);
	if (!disks_consists_of(wanted, DISKS_LETTERS, DISKS_NAME_MAX))
		error_set(ERROR_FAILED, "'%s' is no name of a frontend such as xvdi", wanted);
	else if (find_target(disks, wanted))
		error_set(ERROR_FAILED, "%s has a disk %s already (qvm-block -d -f %s %s takes it)", vm->name,
			  wanted, wanted, vm->name);
	else
		return wanted;
	return NULL;
}

static int give(struct vm *vm, const void *disk)
{
	return change(vm, disk, vmm_attach);
}

/* Takes it from all users. NULL, or with an error who keeps it. */
static const struct hotplug_use *take_from_all(const struct hotplug_device *device)
{
	const struct hotplug_use *use = device->uses;

	while (use && change(use->vm, use->disk, vmm_detach) == 0)
		use = use->next;
	return use;
}

static void give_back(const struct hotplug_use *use, const struct hotplug_use *end)
{
	for (; use != end; use = use->next)
		hotplug_undo(use->vm, give, use->disk);
}

/* 1: VM keeps its CDs for as long as it runs, and gets none. 0, or -1 with an error. */
static int keeps_cds(struct vm *vm)
{
	const char *type = vmm_domain_type(vm->qubes);

	return type ? strcmp(type, "xen") == 0 : -1;
}

static int check_how(struct vm *vm, const struct hotplug_device *device, const struct hotplug_how *how)
{
	int keeps = how->is_cdrom ? keeps_cds(vm) : 0;

	if (device->read_only && how->mode == HOTPLUG_WRITABLE)
		return error_set(ERROR_FAILED, "it can only be read");
	if (keeps > 0)
		return error_set(ERROR_FAILED, "Xen gives no CD to a VM that runs (but a disk; an HVM can be "
					       "started with a CD: qvm-start --cdrom)");
	return keeps;
}

int disks_attach(struct vm *vm, const struct hotplug_device *device, const struct hotplug_how *how)
{
	struct vmm_disk disk = {
		.source = device->path,
		.backend = vm_is_dom0(device->backend) ? NULL : device->backend->name,
		.is_cdrom = how->is_cdrom,
		.read_only = how->mode == HOTPLUG_READ_ONLY || how->is_cdrom || device->read_only,
	};
	const struct hotplug_use *keeps;

	if (check_how(vm, device, how) != 0)
		return -1;
	disk.target = choose_frontend(vm, how->frontend);
	if (!disk.target)
		return -1;
	keeps = take_from_all(device);
	if (!keeps && change(vm, &disk, vmm_attach) == 0)
		return 0;
	give_back(device->uses, keeps);
	return -1;
}

/* ---- detaching ---- */

int disks_detach(struct hotplug_device *device, struct vm *vm)
{
	for (const struct hotplug_use *use = device->uses; use; use = use->next) {
		device->user = use->vm;
		if ((!vm || use->vm == vm) && change(use->vm, use->disk, vmm_detach) != 0)
			return -1;
	}
	return 0;
}

int hotplug_detach_frontend(struct vm *vm, const char *frontend)
{
	const struct vmm_disk *disks, *disk;
	AUTO_CLOSE int turn = -1;

	if (hotplug_check_running(vm) != 0 || hotplug_take_turn(vm->qubes, &hotplug_disks, &turn) != 0)
		return -1;
	disks = vmm_disks(vm);
	disk = disks ? find_target(disks, frontend) : NULL;
	if (disks && !disk)
		return error_set(ERROR_FAILED, "%s has no disk %s", vm->name, frontend);
	return disk ? change(vm, disk, vmm_detach) : -1;
}

/* SOURCE may be several paths, as of a template's root image: they begin alike. */
static bool begins_with(const char *source, const char *place)
{
	size_t length = strlen(place);

	return strncmp(source, place, length) == 0 && strchr("/:", source[length]);
}

static bool is_at(const struct root *root, struct arena *arena, const char *source, const char *place)
{
	AUTO_FREE char *host = root_host_path(root, place);

	return begins_with(source, host) ||
	       begins_with(disks_real_path(arena, source), disks_real_path(arena, host));
}

/* What VM runs from: images of dom0, its template's and its kernel's too, wherever they are. */
static bool is_own(const struct vm *vm, const struct vmm_disk *disk)
{
	const struct vm *template = vm_template(vm);
	const char *const places[] = { IMAGES,
				       vm_directory(vm),
				       template ? vm_directory(template) : NULL,
				       images_kernels_dir(vm),
				       images_root(vm),
				       images_private(vm),
				       images_volatile(vm) };

	if (disk->backend || !disk->source)
		return !disk->source;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i] && is_at(vm->qubes->root, vm->qubes->arena, disk->source, places[i]))
			return true;
	return false;
}

/* One that stays says why, and the others are taken all the same. */
int disks_detach_all(struct vm *vm)
{
	const struct vmm_disk *disk = vmm_disks(vm);
	int result = 0, keeps = keeps_cds(vm);

	if (!disk || keeps < 0)
		return -1;
	for (; disk->target; disk++) {
		if ((disk->is_cdrom && keeps) || is_own(vm, disk) || change(vm, disk, vmm_detach) == 0)
			continue;
		error_within("disk %s", disk->target);
		error_report();
		result = -1;
	}
	return result == 0 ? 0 : error_said();
}
