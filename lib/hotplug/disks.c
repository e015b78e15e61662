/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks: which are offered, which domain has them, and how they come there.
 */
#include <string.h>

#include "domainxml.h"
#include "error.h"
#include "internal.h"
#include "qubesdb.h"
#include "vmm.h"

#define BRANCH "/qubes-block-devices"
#define IMAGES "/var/lib/qubes"
#define NAME_MAX_LENGTH 12
#define DEVICE_MAX_LENGTH 64
#define DESCRIPTION_MAX_LENGTH 255
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* ---- what is offered ---- */

static bool consists_of(const char *text, const char *characters, size_t most)
{
	size_t length = strlen(text);

	return length > 0 && length <= most && strspn(text, characters) == length;
}

static bool is_name(const char *text)
{
	return consists_of(text, LETTERS DIGITS "-", NAME_MAX_LENGTH);
}

static const char *printable(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '_';
	return copy;
}

static const char *read_offer(struct qubes *q, const struct offer *offer, struct hotplug_device *device)
{
	const char *path = offer->device ? offer->device : arena_printf(q->arena, "/dev/%s", offer->name);

	if (!offer->size || !util_parse_decimal(offer->size, UINT64_MAX, &device->bytes))
		return offer->size ? "its size is no number" : "it has no size";
	if (!offer->description || !*offer->description ||
	    strlen(offer->description) > DESCRIPTION_MAX_LENGTH || strchr(offer->description, '\n'))
		return "it has no description of one line";
	if (!offer->mode || (strcmp(offer->mode, "r") && strcmp(offer->mode, "w")))
		return "its mode is neither r nor w";
	if (!consists_of(path, LETTERS DIGITS "/-", DEVICE_MAX_LENGTH))
		return "its device is no path that can be";
	device->name = offer->name;
	device->description = printable(q->arena, offer->description);
	device->path = path;
	device->read_only = offer->mode[0] == 'r';
	return NULL;
}

bool hotplug_is_system_disk(const struct hotplug_device *device)
{
	return vm_is_dom0(device->backend) && util_starts_with(device->description, IMAGES);
}

/* ---- who has it ---- */

/* A loop device may be known by the file behind it, which is its description then. */
static bool is_of(const struct vmm_disk *disk, const struct hotplug_device *device)
{
	const char *backend = disk->backend ? disk->backend : "dom0";

	if (!disk->source || strcmp(backend, device->backend->name) != 0)
		return false;
	return strcmp(disk->source, device->path) == 0 ||
	       (!util_starts_with(disk->source, "/dev/") && strcmp(disk->source, device->description) == 0);
}

static void note_user(struct vm *vm, const struct vmm_disk *disk, struct hotplug_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		if (!devices->items[i].user && is_of(disk, &devices->items[i])) {
			devices->items[i].user = vm;
			devices->items[i].frontend = disk->target;
		}
}

static int find_users(struct qubes *q, struct hotplug_devices *devices)
{
	struct vm *vm;

	FOR_EACH_VM(q, vm) {
		int running = vm_is_dom0(vm) ? 0 : vmm_is_running(vm);
		const struct vmm_disk *disk = running > 0 ? vmm_disks(vm) : NULL;

		if (running < 0 || (running > 0 && !disk))
			return -1;
		for (; disk && disk->target; disk++)
			note_user(vm, disk, devices);
	}
	return 0;
}

struct hotplug_device *hotplug_file(struct vm *backend, const char *path)
{
	struct qubes *q = backend->qubes;
	struct hotplug_devices one = { 0 };
	struct hotplug_device *device = offers_add(q, &one);
	AUTO_FREE char *host = NULL;

	if (path[0] != '/') {
		error_set(ERROR_USAGE, "'%s' is no absolute path", path);
		return NULL;
	}
	if (vm_is_dom0(backend)) {
		if (!root_exists(q->root, path)) {
			error_set(ERROR_NOT_FOUND, "dom0 has no file %s", path);
			return NULL;
		}
		host = root_host_path(q->root, path);
	}
	*device = (struct hotplug_device){ .backend = backend, .name = arena_strdup(q->arena, path) };
	device->path = device->description = host ? arena_strdup(q->arena, host) : device->name;
	return find_users(q, &one) == 0 ? device : NULL;
}

/* ---- attaching ---- */

/* The form for giving it, and for taking it: libvirt knows a disk by its target. */
static char *disk_xml(const struct vmm_disk *disk)
{
	struct strbuf out = { 0 };

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

	qubesdb_add(vm->qubes, &entries, BRANCH, "");
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
	if (!consists_of(wanted, LETTERS DIGITS, NAME_MAX_LENGTH))
		error_set(ERROR_FAILED, "'%s' is no name of a frontend such as xvdi", wanted);
	else if (find_target(disks, wanted))
		error_set(ERROR_FAILED, "%s has a disk %s already (qvm-block -d -f %s %s takes it)", vm->name,
			  wanted, wanted, vm->name);
	else
		return wanted;
	return NULL;
}

/* Its former user gets it back; the error that is recorded stays the reason. */
static void give_back(const struct hotplug_device *device, const struct vmm_disk *disk)
{
	AUTO_FREE char *why = util_strdup(error_message());
	enum error_kind kind = error_kind();
	bool back = change(device->user, disk, vmm_attach) == 0;

	if (!back)
		error_report();
	error_set(kind, "%s (%s %s)", why, device->user->name, back ? "has it again" : "has lost it");
}

/* The disk as its user has it; NULL with an error. */
static const struct vmm_disk *used_disk(const struct hotplug_device *device)
{
	const struct vmm_disk *disks = vmm_disks(device->user), *disk;

	disk = disks ? find_target(disks, device->frontend) : NULL;
	if (disks && !disk)
		error_set(ERROR_FAILED, "%s has no disk %s any more", device->user->name, device->frontend);
	return disk;
}

static int attach(struct vm *vm, const struct hotplug_device *device, const struct hotplug_how *how)
{
	struct vmm_disk disk = {
		.source = device->path,
		.backend = vm_is_dom0(device->backend) ? NULL : device->backend->name,
		.is_cdrom = how->is_cdrom,
		.read_only = how->mode == HOTPLUG_READ_ONLY || how->is_cdrom || device->read_only,
	};
	const struct vmm_disk *before = NULL;

	if (device->read_only && how->mode == HOTPLUG_WRITABLE)
		return error_set(ERROR_FAILED, "it can only be read");
	disk.target = choose_frontend(vm, how->frontend);
	if (!disk.target)
		return -1;
	if (device->user) {
		before = used_disk(device);
		if (!before || change(device->user, before, vmm_detach) != 0)
			return -1;
	}
	if (change(vm, &disk, vmm_attach) == 0)
		return 0;
	if (before)
		give_back(device, before);
	return -1;
}

/* ---- detaching ---- */

static int detach(const struct hotplug_device *device)
{
	const struct vmm_disk *disk = used_disk(device);

	return disk ? change(device->user, disk, vmm_detach) : -1;
}

int hotplug_detach_frontend(struct vm *vm, const char *frontend)
{
	const struct vmm_disk *disks, *disk;

	if (hotplug_check_running(vm) != 0)
		return -1;
	disks = vmm_disks(vm);
	disk = disks ? find_target(disks, frontend) : NULL;
	if (disks && !disk)
		return error_set(ERROR_FAILED, "%s has no disk %s", vm->name, frontend);
	return disk ? change(vm, disk, vmm_detach) : -1;
}

static bool is_below(const struct root *root, const char *source, const char *directory)
{
	AUTO_FREE char *host = root_host_path(root, directory);
	size_t length = strlen(host);

	return strncmp(source, host, length) == 0 && source[length] == '/';
}

/* What VM runs from: images of dom0, those of another pool than the default one too. */
static bool is_own(const struct vm *vm, const struct vmm_disk *disk)
{
	const char *directory = vm_directory(vm);

	if (disk->backend || !disk->source)
		return !disk->source;
	return is_below(vm->qubes->root, disk->source, IMAGES) ||
	       (directory && is_below(vm->qubes->root, disk->source, directory));
}

/* One that stays says why, and the others are taken all the same. */
static int detach_all(struct vm *vm)
{
	const struct vmm_disk *disk = vmm_disks(vm);
	int result = 0;

	if (!disk)
		return -1;
	for (; disk->target; disk++) {
		if (is_own(vm, disk) || change(vm, disk, vmm_detach) == 0)
			continue;
		error_within("disk %s", disk->target);
		error_report();
		result = -1;
	}
	return result == 0 ? 0 : error_said();
}

const struct hotplug_kind hotplug_disks = {
	.what = "disk",
	.branch = BRANCH "/",
	.is_name = is_name,
	.read = read_offer,
	.find_users = find_users,
	.attach = attach,
	.detach = detach,
	.detach_all = detach_all,
};
