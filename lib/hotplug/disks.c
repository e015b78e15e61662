/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks: which are offered, and which domain has them.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "vmm.h"

#define IMAGES "/var/lib/qubes"
#define DEVICE_MAX_LENGTH 64
#define DESCRIPTION_MAX_LENGTH 255

/* ---- what is offered ---- */

bool disks_consists_of(const char *text, const char *characters, size_t most)
{
	size_t length = strlen(text);

	return length > 0 && length <= most && strspn(text, characters) == length;
}

static bool is_name(const char *text)
{
	return disks_consists_of(text, DISKS_LETTERS "-", DISKS_NAME_MAX);
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
	if (path[0] != '/' || !disks_consists_of(path, DISKS_LETTERS "/-", DEVICE_MAX_LENGTH))
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

/* "//" is "/". */
static const char *squeeze(struct arena *arena, const char *path)
{
	char *copy = arena_strdup(arena, path), *end = copy;

	for (const char *c = path; *c; c++)
		if (c[0] != '/' || c[1] != '/')
			*end++ = *c;
	*end = '\0';
	return copy;
}

/* As the hypervisor follows it, who knows nothing of a root. */
const char *disks_real_path(struct arena *arena, const char *path)
{
	AUTO_FREE char *real = realpath(path, NULL);

	return real ? arena_strdup(arena, real) : squeeze(arena, path);
}

/* What is in another VM cannot be followed. */
static const char *real_path_in(const struct vm *backend, const char *path)
{
	struct arena *arena = backend->qubes->arena;

	return vm_is_dom0(backend) ? disks_real_path(arena, path) : squeeze(arena, path);
}

/* A loop device may be known by the file behind it, which is its description then. */
static bool is_of(const struct vmm_disk *disk, const struct hotplug_device *device)
{
	const char *backend = disk->backend ? disk->backend : "dom0", *real;

	if (!disk->source || strcmp(backend, device->backend->name) != 0)
		return false;
	real = real_path_in(device->backend, disk->source);
	if (strcmp(real, real_path_in(device->backend, device->path)) == 0)
		return true;
	return !util_starts_with(real, "/dev/") && device->description[0] == '/' &&
	       strcmp(real, real_path_in(device->backend, device->description)) == 0;
}

static void add_use(struct vm *vm, const struct vmm_disk *disk, struct hotplug_device *device)
{
	struct hotplug_use **end = &device->uses;

	while (*end)
		end = &(*end)->next;
	*end = arena_alloc(vm->qubes->arena, sizeof(**end));
	**end = (struct hotplug_use){ vm, disk, NULL };
	device->user = device->uses->vm;
	device->frontend = device->uses->disk->target;
}

static void note_uses(struct vm *vm, const struct vmm_disk *disk, struct hotplug_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		if (is_of(disk, &devices->items[i]))
			add_use(vm, disk, &devices->items[i]);
}

static void forget_uses(struct hotplug_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		devices->items[i].uses = NULL;
		devices->items[i].user = NULL;
		devices->items[i].frontend = NULL;
	}
}

static int find_users(struct qubes *q, struct hotplug_devices *devices)
{
	struct vm *vm;

	forget_uses(devices);
	FOR_EACH_VM(q, vm) {
		int running = vm_is_dom0(vm) ? 0 : vmm_is_running(vm);
		const struct vmm_disk *disk = running > 0 ? vmm_disks(vm) : NULL;

		if (running < 0 || (running > 0 && !disk))
			return -1;
		for (; disk && disk->target; disk++)
			note_uses(vm, disk, devices);
	}
	return 0;
}

/* ---- what nobody offers ---- */

static struct hotplug_device *guess(struct vm *backend, const char *name)
{
	struct hotplug_devices one = { 0 };
	struct hotplug_device *device;

	if (!is_name(name))
		return NULL;
	device = offers_add(backend->qubes, &one);
	*device = (struct hotplug_device){ .backend = backend, .name = name, .description = name };
	device->path = arena_printf(backend->qubes->arena, "/dev/%s", name);
	return device;
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
	return device;
}

const struct hotplug_kind hotplug_disks = {
	.what = "disk",
	.branch = DISKS_BRANCH "/",
	.is_name = is_name,
	.read = read_offer,
	.find_users = find_users,
	.guess = guess,
	.attach = disks_attach,
	.detach = disks_detach,
	.detach_all = disks_detach_all,
};
