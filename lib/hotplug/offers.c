/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What VMs offer: /BRANCH/NAME/FIELD in the QubesDB of each that runs, and of dom0, put together.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "qubesdb.h"
#include "vmm.h"

/* Every host has it, and whoever uses the tools may open it. */
#define TURN_DIRECTORY "/var/lib/qubes"
#ifndef HOTPLUG_TURN_SECONDS
#define HOTPLUG_TURN_SECONDS 60
#endif

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

/* A device's name may be another than its offer's. */
static int by_backend_and_name(const void *a, const void *b)
{
	const struct hotplug_device *left = a, *right = b;
	int order = (left->backend->qid > right->backend->qid) - (left->backend->qid < right->backend->qid);

	return order ? order : strcmp(left->name, right->name);
}

int offers_read(struct vm *backend, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	struct qubes *q = backend->qubes;
	struct offers offers = { 0 };

	if (read_entries(backend, kind, &offers) != 0)
		return error_within("the %ss that %s offers", kind->what, backend->name);
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
	return 0;
}

/* ---- all of them, and one ---- */

/* A list is of what can be read; the rest is said on stderr. */
static int read_or_say(struct vm *backend, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	if (offers_read(backend, kind, devices) != 0)
		error_report();
	return 0;
}

static int read_running(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices,
			int (*read)(struct vm *backend, const struct hotplug_kind *kind,
				    struct hotplug_devices *devices))
{
	struct vm *vm;

	FOR_EACH_VM(q, vm) {
		int running = vmm_is_running(vm);

		if (running < 0 || (running > 0 && read(vm, kind, devices) != 0))
			return -1;
	}
	if (devices->count)
		qsort(devices->items, devices->count, sizeof(*devices->items), by_backend_and_name);
	return kind->find_users && devices->count ? kind->find_users(q, devices) : 0;
}

int offers_read_all(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	*devices = (struct hotplug_devices){ 0 };
	return vmm_connection(q) == 0 ? read_running(q, kind, devices, offers_read) : -1;
}

/* Offline nobody but dom0 is known to run, and of a device that dom0 offers not who has it. */
static int read_host(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	struct vm *dom0 = vm_by_qid(q, 0);

	devices->count = 0;
	return dom0 ? read_or_say(dom0, kind, devices) : 0;
}

int hotplug_list(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices)
{
	*devices = (struct hotplug_devices){ 0 };
	if (vmm_offline(q)) {
		error_note("offline: only dom0's %ss are listed, and not who has them", kind->what);
		return read_host(q, kind, devices);
	}
	if (read_running(q, kind, devices, read_or_say) == 0)
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

/* 0, and in DEVICE what BACKEND offers by NAME, NULL: no such. -1 with an error. */
static int find_offer(struct vm *backend, const struct hotplug_kind *kind, const char *name,
		      struct hotplug_device **device)
{
	struct hotplug_devices all = { 0 };

	if (offers_read(backend, kind, &all) != 0)
		return -1;
	for (size_t i = 0; i < all.count && !*device; i++)
		if (strcmp(all.items[i].name, name) == 0)
			*device = all.items + i;
	return 0;
}

static int offers_none(struct vm *backend, const struct hotplug_kind *kind, const char *name)
{
	return error_set(ERROR_NOT_FOUND, "%s offers no %s '%s'", backend->name, kind->what, name);
}

struct hotplug_device *hotplug_find(struct vm *backend, const struct hotplug_kind *kind, const char *name)
{
	struct hotplug_device *device = NULL;

	if (vmm_connection(backend->qubes) == 0 && hotplug_check_running(backend) == 0 &&
	    find_offer(backend, kind, name, &device) == 0 && !device)
		offers_none(backend, kind, name);
	return device;
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

int hotplug_take_turn(struct qubes *q, const struct hotplug_kind *kind, int *lock)
{
	*lock = -1;
	if (!kind->find_users)
		return 0;
	*lock = root_open(q->root, TURN_DIRECTORY, O_RDONLY | O_DIRECTORY, 0);
	if (*lock < 0)
		return error_errno("%s", TURN_DIRECTORY);
	if (util_lock_before(*lock, util_milliseconds() + HOTPLUG_TURN_SECONDS * 1000LL) == 0)
		return 0;
	if (errno != ETIMEDOUT)
		return error_errno("cannot lock %s", TURN_DIRECTORY);
	return error_set(ERROR_FAILED, "another program has been attaching or detaching %ss for %d seconds",
			 kind->what, HOTPLUG_TURN_SECONDS);
}

static int find_users(const struct hotplug_kind *kind, struct hotplug_device *device)
{
	struct hotplug_devices one = { device, 1, 1 };

	return kind->find_users ? kind->find_users(device->backend->qubes, &one) : 0;
}

/* In our turn. */
static int attach(struct vm *vm, const struct hotplug_kind *kind, const struct hotplug_device *device,
		  const struct hotplug_how *how)
{
	struct hotplug_device now = *device;
	AUTO_CLOSE int turn = -1;

	if (hotplug_take_turn(vm->qubes, kind, &turn) != 0 || find_users(kind, &now) != 0 ||
	    check_receiver(vm, kind, &now, how) != 0)
		return -1;
	return kind->attach(vm, &now, how);
}

int hotplug_attach(struct vm *vm, const struct hotplug_kind *kind, const struct hotplug_device *device,
		   const struct hotplug_how *how)
{
	if (attach(vm, kind, device, how) == 0)
		return 0;
	return error_within("%s:%s is not attached to %s", device->backend->name, device->name, vm->name);
}

/* The error that is recorded stays if nobody has such a one. */
static struct hotplug_device *find_guessed(struct vm *backend, const struct hotplug_kind *kind,
					   const char *name)
{
	AUTO_FREE char *why = util_strdup(error_message());
	enum error_kind what = error_kind();
	struct hotplug_device *device = kind->guess(backend, name);

	if (device && find_users(kind, device) != 0)
		return NULL;
	if (device && device->user) {
		error_clear();
		return device;
	}
	error_set(what, "%s", why);
	return NULL;
}

/* What BACKEND offers by NAME, or what VMs still have of what it offered, and who. NULL with an error. */
static struct hotplug_device *find_used(struct vm *backend, const struct hotplug_kind *kind, const char *name)
{
	struct hotplug_device *device = NULL;
	bool runs = vmm_connection(backend->qubes) == 0 && hotplug_check_running(backend) == 0;

	if (!runs && (!kind->guess || error_kind() != ERROR_FAILED))
		return NULL;
	if (runs && find_offer(backend, kind, name, &device) != 0)
		return NULL;
	if (device)
		return find_users(kind, device) == 0 ? device : NULL;
	if (runs)
		offers_none(backend, kind, name);
	return kind->guess ? find_guessed(backend, kind, name) : NULL;
}

void hotplug_undo(struct vm *former, int (*give)(struct vm *vm, const void *what), const void *what)
{
	AUTO_FREE char *why = util_strdup(error_message());
	enum error_kind kind = error_kind();
	bool back = give(former, what) == 0;

	if (!back)
		error_report();
	error_set(kind, "%s (%s %s)", why, former->name, back ? "has it again" : "has lost it");
}

static bool has(const struct hotplug_device *device, const struct vm *vm)
{
	const struct hotplug_use *use = device->uses;

	while (use && use->vm != vm)
		use = use->next;
	return use || device->user == vm;
}

int hotplug_detach(struct vm *backend, const struct hotplug_kind *kind, const char *name, struct vm *vm)
{
	AUTO_CLOSE int turn = -1;
	struct hotplug_device *device;

	device = hotplug_take_turn(backend->qubes, kind, &turn) == 0 ? find_used(backend, kind, name) : NULL;
	if (!device)
		return -1;
	if (vm && !has(device, vm))
		return error_set(ERROR_FAILED, "%s:%s is not attached to %s", backend->name, name, vm->name);
	if (!device->user)
		error_note("%s:%s is attached to no VM", backend->name, name);
	else if (kind->detach(device, vm) != 0)
		return error_within("%s:%s stays with %s", backend->name, name, device->user->name);
	return 0;
}

int hotplug_detach_all(struct vm *vm, const struct hotplug_kind *kind)
{
	AUTO_CLOSE int turn = -1;

	if (hotplug_check_running(vm) != 0 || hotplug_take_turn(vm->qubes, kind, &turn) != 0)
		return -1;
	return kind->detach_all(vm);
}
