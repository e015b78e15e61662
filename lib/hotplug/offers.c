/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VMs offer: /BRANCH/NAME/FIELD in the QubesDB of each that runs, and of dom0, put together.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "qubesdb.h"
#include "vmm.h"

/* ---- entries to offers ---- */

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{ "size", offsetof(struct offer, size) },
	{ "desc", offsetof(struct offer, description) },
	{ "mode", offsetof(struct offer, mode) },
	{ "device", offsetof(struct offer, device) },
	{ "connected-to", offsetof(struct offer, connected_to) },
};

struct offers {
	struct offer *items;
	size_t count;
};

static struct offer *offer_of(struct offers *offers, const char *name)
{
	for (size_t i = 0; i < offers->count; i++)
		if (strcmp(offers->items[i].name, name) == 0)
			return &offers->items[i];
	offers->items[offers->count].name = name;
	return &offers->items[offers->count++];
}

/* What is deeper, or a field that nobody asked for, still says that there is such a name. */
static void take_entry(struct arena *arena, struct offers *offers, const char *path, const char *value)
{
	char *name = arena_strdup(arena, path), *slash = strchr(name, '/');
	struct offer *offer;

	if (slash)
		*slash = '\0';
	offer = offer_of(offers, name);
	for (size_t i = 0; slash && i < ARRAY_SIZE(fields); i++)
		if (strcmp(slash + 1, fields[i].name) == 0)
			*(const char **)((char *)offer + fields[i].offset) = value;
}

/* 0, or -1 with an error. No daemon is no offer. */
static int read_entries(struct vm *backend, const struct hotplug_kind *kind, struct offers *offers)
{
	struct qubes *q = backend->qubes;
	struct qubesdb *db = qubesdb_open(q, backend->name);
	struct qubesdb_entries entries = { 0 };
	int result;

	if (!db && error_kind() == ERROR_NOT_FOUND) {
		error_clear();
		return 0;
	}
	result = db ? qubesdb_multiread(db, kind->branch, &entries) : -1;
	qubesdb_close(db);
	if (result != 0)
		return -1;
	offers->items = arena_alloc(q->arena, (entries.count + 1) * sizeof(*offers->items));
	for (size_t i = 0; i < entries.count; i++)
		take_entry(q->arena, offers, entries.items[i].path + strlen(kind->branch),
			   entries.items[i].value);
	return 0;
}

/* ---- offers to devices ---- */

struct hotplug_device *offers_add(struct qubes *q, struct hotplug_devices *devices)
{
	devices->items =
		arena_grow(q->arena, devices->items, devices->count, &devices->room, sizeof(*devices->items));
	return &devices->items[devices->count++];
}

static int by_name(const void *a, const void *b)
{
	const struct offer *left = a, *right = b;

	return strcmp(left->name, right->name);
}

void offers_read(struct vm *backend, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	struct qubes *q = backend->qubes;
	struct offers offers = { 0 };

	if (read_entries(backend, kind, &offers) != 0) {
		error_within("the %ss that %s offers", kind->what, backend->name);
		error_report();
		return;
	}
	if (offers.count)
		qsort(offers.items, offers.count, sizeof(*offers.items), by_name);
	for (size_t i = 0; i < offers.count; i++) {
		struct hotplug_device device = { .backend = backend };
		const char *wrong;

		if (!kind->is_name(offers.items[i].name))
			continue;
		wrong = kind->read(q, &offers.items[i], &device);
		if (wrong)
			error_note("%s %s of %s is left out: %s", kind->what, offers.items[i].name,
				   backend->name, wrong);
		else
			*offers_add(q, devices) = device;
	}
}

/* ---- all of them, and one ---- */

/* Offline nobody but dom0 is known to run, and of a device that dom0 offers not who has it. */
static int read_all(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	struct vm *vm;

	FOR_EACH_VM(q, vm) {
		int running = vmm_is_running(vm);

		if (running < 0)
			return -1;
		if (running > 0)
			offers_read(vm, kind, devices);
	}
	return kind->find_users && devices->count ? kind->find_users(q, devices) : 0;
}

static int read_host(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	struct vm *dom0 = vm_by_qid(q, 0);

	devices->count = 0;
	if (dom0)
		offers_read(dom0, kind, devices);
	return 0;
}

int hotplug_list(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	*devices = (struct hotplug_devices){ 0 };
	if (vmm_offline(q)) {
		error_note("offline: only dom0's %ss are listed, and not who has them", kind->what);
		return read_host(q, kind, devices);
	}
	if (read_all(q, kind, devices) == 0)
		return 0;
	if (error_kind() != ERROR_VMM)
		return -1;
	error_within("only dom0's %ss are listed, and not who has them", kind->what);
	error_report();
	return read_host(q, kind, devices);
}

struct vm *hotplug_backend(struct qubes *q, const char *ident, const char **name)
{
	const char *colon = strchr(ident, ':');

	if (!colon || colon == ident || !colon[1]) {
		error_set(ERROR_USAGE, "'%s' is no device: it takes the form BACKEND:DEVICE", ident);
		return NULL;
	}
	*name = colon + 1;
	return vm_by_name(q, arena_printf(q->arena, "%.*s", (int)(colon - ident), ident));
}

struct hotplug_device *hotplug_find(struct vm *backend, const struct hotplug_kind *kind, const char *name)
{
	struct hotplug_devices all = { 0 }, one = { 0 };

	if (vmm_connection(backend->qubes) != 0 || hotplug_check_running(backend) != 0)
		return NULL;
	offers_read(backend, kind, &all);
	for (size_t i = 0; i < all.count && !one.count; i++)
		if (strcmp(all.items[i].name, name) == 0)
			one = (struct hotplug_devices){ &all.items[i], 1, 1 };
	if (!one.count) {
		error_set(ERROR_NOT_FOUND, "%s offers no %s '%s'", backend->name, kind->what, name);
		return NULL;
	}
	return kind->find_users && kind->find_users(backend->qubes, &one) != 0 ? NULL : one.items;
}

/* ---- acting ---- */

int hotplug_check_running(struct vm *vm)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return 0;
	if (vmm_info_now(vm, &info) != 0)
		return -1;
	return info.power != VMM_HALTED ? 0 : error_set(ERROR_FAILED, "%s is not running", vm->name);
}

static int check_receiver(struct vm *vm, const struct hotplug_kind *kind, const struct hotplug_device *device,
			  const struct hotplug_how *how)
{
	struct vm *user = device->user;

	if (vm_is_dom0(vm))
		return error_set(ERROR_FAILED, "dom0 is the host itself, no %s can be attached to it",
				 kind->what);
	if (vm == device->backend)
		return error_set(ERROR_FAILED, "it is %s itself that offers it", vm->name);
	if (user && (user == vm || !how->take_over))
		return error_set(ERROR_FAILED, "it is attached to %s already%s%s", user->name,
				 device->frontend ? " as " : "", device->frontend ? device->frontend : "");
	return hotplug_check_running(vm) == 0 ? hotplug_check_running(device->backend) : -1;
}

int hotplug_attach(struct vm *vm, const struct hotplug_kind *kind, const struct hotplug_device *device,
		   const struct hotplug_how *how)
{
	if (check_receiver(vm, kind, device, how) == 0 && kind->attach(vm, device, how) == 0)
		return 0;
	return error_within("%s:%s is not attached to %s", device->backend->name, device->name, vm->name);
}

int hotplug_detach(const struct hotplug_kind *kind, const struct hotplug_device *device)
{
	if (!device->user)
		return error_set(ERROR_FAILED, "%s:%s is attached to no VM", device->backend->name,
				 device->name);
	if (kind->detach(device) == 0)
		return 0;
	return error_within("%s:%s stays with %s", device->backend->name, device->name, device->user->name);
}

int hotplug_detach_all(struct vm *vm, const struct hotplug_kind *kind)
{
	return hotplug_check_running(vm) == 0 ? kind->detach_all(vm) : -1;
}
