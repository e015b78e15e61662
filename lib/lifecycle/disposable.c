/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disposable VMs: an entry that is made for one run, restored from another VM's savefile, and gone with its end.
 */
#include <errno.h>
#include <string.h>

#include "again.h"
#include "error.h"
#include "firewall.h"
#include "helpers.h"
#include "images.h"
#include "internal.h"
#include "net.h"
#include "prop.h"
#include "store.h"
#include "util.h"
#include "vmm.h"

#define RUN "/var/run/qubes"
#define FIREWALL_FILE RUN "/%s-firewall.xml"
#define NEXT_NUMBER RUN "/dispid"
#define NEXT_NUMBER_MODE 0664
#define NUMBER_TEXT_MAX 32
#define NUMBER_MOST 999999

struct disposable {
	struct qubes *q;
	struct vm *base, *vm;
	unsigned long long number;
	struct firewall firewall; /* its base's */
	int after;
};

/* ---- may it be made? ---- */

static int check_base(void *work)
{
	struct disposable *d = work;

	if (base_check(d->base) != 0)
		return -1;
	/* Rules that cannot be understood cannot be kept to. */
	return firewall_load(d->base, &d->firewall);
}

/* ---- its number ---- */

static const char *name_of(struct qubes *q, unsigned long long number)
{
	return arena_printf(q->arena, "disp%llu", number);
}

/* Of what others have written only a number is believed. */
static unsigned long long next_number(const struct root *root)
{
	AUTO_FREE char *text = root_read(root, NEXT_NUMBER, NUMBER_TEXT_MAX, NULL);
	unsigned long long number;

	if (!text)
		return 1;
	text[strcspn(text, "\n")] = '\0';
	return util_parse_decimal(text, NUMBER_MOST, &number) && number > 0 ? number : 1;
}

/* The address follows from the number: two that run must not have the same, nor rules that contradict each other. */
static size_t count_addresses(struct qubes *q, bool used[NET_DISPIDS])
{
	size_t count = 0;

	for (size_t i = 0; i < vms_count(q); i++) {
		const struct vm *vm = vms_at(q, i);
		int dispid = vm_is(vm, VM_DISPOSABLE) ? net_dispid(vm) : -1;

		if (dispid < 0 || used[dispid % NET_DISPIDS])
			continue;
		used[dispid % NET_DISPIDS] = true;
		count++;
	}
	return count;
}

static int find_number(struct disposable *d)
{
	bool used[NET_DISPIDS] = { false };

	if (count_addresses(d->q, used) == NET_DISPIDS)
		return error_set(ERROR_FAILED,
				 "there are disposable VMs with all of the %d addresses that they can have",
				 NET_DISPIDS);
	d->number = next_number(d->q->root);
	while (used[d->number % NET_DISPIDS] || vm_name_taken(d->q, name_of(d->q, d->number)))
		d->number++;
	return 0;
}

/* Under the store's lock. A number that is taken and not used is no loss. */
static int take_number(void *work)
{
	struct disposable *d = work;
	const struct root *root = d->q->root;
	AUTO_FREE char *text = NULL;

	if (find_number(d) != 0)
		return -1;
	text = util_printf("%llu", d->number + 1);
	if (root_mkdirs(root, RUN, IMAGES_DIRECTORY_MODE) != 0 ||
	    root_write(root, NEXT_NUMBER, text, strlen(text), NEXT_NUMBER_MODE) != 0)
		return -1;
	root_chgrp_qubes(root, NEXT_NUMBER);
	return 0;
}

/* ---- its entry ---- */

static int add_entry(void *work)
{
	struct disposable *d = work;

	d->vm = vm_add(d->q, vm_class_by_type("DisposableVM"), name_of(d->q, d->number));
	return d->vm ? 0 : -1;
}

static void remove_entry(void *work)
{
	struct disposable *d = work;

	vm_take_back(d->vm);
	d->vm = NULL;
}

static const char *firewall_file(const struct vm *vm)
{
	return arena_printf(vm->qubes->arena, FIREWALL_FILE, vm->name);
}

/* What is set first stays when it is given the rest of what its base has. */
static int set_properties(void *work)
{
	struct disposable *d = work;
	const struct {
		const char *name, *text;
	} own[] = {
		{ "dir_path", vm_directory(d->base) },
		{ "dispid", arena_printf(d->q->arena, "%llu", d->number) },
		{ "disp_savefile", "/var/run/qubes/current-savefile" },
		{ "firewall_conf", firewall_file(d->vm) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (vm_set(d->vm, own[i].name, own[i].text) != 0)
			return -1;
	if (copy_values(d->base, d->vm) != 0 || vm_set(d->vm, "label", d->vm->class->default_label) != 0)
		return -1;
	return vm_set(d->vm, "include_in_backups", "False");
}

/*
 * What an earlier one of that name has left does not hold for this one. A file there must be, also when its base has
 * none: that it is gone means that everything is refused.
 */
static int copy_firewall(void *work)
{
	struct disposable *d = work;
	const char *path = firewall_file(d->vm);

	if (root_unlink(d->q->root, path) != 0 && errno != ENOENT)
		return error_errno("cannot replace %s", path);
	return d->firewall.stored ? copy_firewall_file(d->base, d->vm) : firewall_save(d->vm, &d->firewall);
}

static void remove_firewall(void *work)
{
	struct disposable *d = work;

	root_unlink(d->q->root, firewall_file(d->vm));
}

static int give_identity(void *work)
{
	struct disposable *d = work;

	return vm_need_uuid(d->vm) ? lifecycle_prepare(d->vm) : -1;
}

static int save(void *work)
{
	struct disposable *d = work;

	return save_store(d->q, &d->after);
}

static const struct step entry_steps[] = {
	{ .act = check_base },
	{ .act = take_number },
	{ .act = add_entry, .undo = remove_entry },
	{ .act = set_properties },
	{ .act = copy_firewall, .undo = remove_firewall },
	{ .act = give_identity },
	{ .act = save },
	{ .act = NULL },
};

/* ---- its end ---- */

/* One that is called otherwise is none of ours. */
static bool has_own_name(const char *name)
{
	unsigned long long number;

	return util_starts_with(name, "disp") && util_parse_decimal(name + strlen("disp"), ~0ULL, &number);
}

static void remove_file(const struct root *root, const char *path)
{
	if (root_unlink(root, path) != 0 && errno != ENOENT)
		error_note("%s is left behind: %s", path, strerror(errno));
}

void remove_disposable_files(const struct root *root, const char *directory, const char *name)
{
	AUTO_FREE char *configuration = util_printf("%s/%s.conf", directory ? directory : "", name);
	AUTO_FREE char *firewall = util_printf(FIREWALL_FILE, name);

	if (!has_own_name(name))
		return;
	if (directory)
		remove_file(root, configuration);
	remove_file(root, firewall);
}

static int drop_entry(struct qubes *again, const struct vm *gone)
{
	struct vm *vm = again_vm(again, gone);

	if (!vm)
		return 0;
	vm_remove(vm);
	return qubes_commit(again);
}

static int leave_store(const struct vm *vm)
{
	struct qubes again;
	int result;

	if (again_open(vm->qubes, true, &again) != 0)
		return -1;
	result = drop_entry(&again, vm);
	again_close(&again);
	return result;
}

/* An entry whose domain may still run is what finds it again. */
static int end(struct vm *vm)
{
	if (stop_domain(vm) != 0 || leave_store(vm) != 0)
		return -1;
	remove_disposable_files(vm->qubes->root, vm_directory(vm), vm->name);
	return 0;
}

int lifecycle_end_disposable(struct vm *vm)
{
	sigset_t before;
	int result;

	util_hold_signals(&before);
	result = end(vm);
	util_release_signals(&before);
	return result == 0 ? 0 : error_within("%s stays in the store", vm->name);
}

/* ---- its start ---- */

/* The error at hand is that of the start. */
static void take_back(struct vm *vm)
{
	const struct error_aside failure = error_put_aside();

	if (lifecycle_end_disposable(vm) != 0)
		error_report();
	error_put_back(&failure);
}

/*
 * Up to its turn it looks like one that has ended, which qubes-startup and qvm-remove may take away, and its firewall
 * with it. From then on they leave it alone.
 */
static int check_entry(const struct vm *vm)
{
	struct qubes again;
	bool found;

	if (store_is_current(vm->qubes->store))
		return 0;
	if (again_open(vm->qubes, false, &again) != 0)
		return -1;
	found = again_vm(&again, vm) != NULL;
	again_close(&again);
	return found ? 0 : error_set(ERROR_FAILED, "it was removed before it could be started");
}

static int start_in_its_turn(struct vm *vm, const struct lifecycle_start *how)
{
	AUTO_CLOSE int lock = -1;

	if (turn_wait(vm, &lock) == 0 && check_entry(vm) == 0 && start_in_turn(vm, how) == 0)
		return 0;
	return error_within("%s", vm->name);
}

static int start(struct disposable *d, const struct lifecycle_start *how)
{
	struct lifecycle_start start = *how;

	start.base = d->base;
	if (d->after == 0 && start_in_its_turn(d->vm, &start) == 0)
		return 0;
	take_back(d->vm);
	return -1;
}

struct vm *lifecycle_start_disposable(struct vm *base, const struct lifecycle_start *how)
{
	struct disposable *d = arena_alloc(base->qubes->arena, sizeof(*d));
	sigset_t before;
	int result;

	*d = (struct disposable){ .q = base->qubes, .base = base };
	util_hold_signals(&before);
	result = steps_run(d->q, entry_steps, d);
	if (result == 0)
		result = start(d, how);
	util_release_signals(&before);
	return result == 0 ? d->vm : NULL;
}

/* ---- those that nobody has ended ---- */

/* 1: it is dead; 0: it is not; -1 with an error. */
static int is_dead(struct vm *vm)
{
	struct turn *turn;
	struct vmm_info info;

	if (turn_take(vm, &turn) != 0) { /* one of its siblings, or it, is being started */
		error_note("%s is left alone: %s", vm->name, error_message());
		error_clear();
		return 0;
	}
	if (vmm_info_now(vm, &info) != 0)
		return -1;
	return info.power == VMM_HALTED;
}

/* What is left of one whose entry is gone. */
struct remains {
	const char *directory, *name;
};

static int remove_remains(struct qubes *q, void *argument)
{
	const struct remains *remains = argument;

	remove_disposable_files(q->root, remains->directory, remains->name);
	return 0;
}

static void bury(struct vm *vm, bool quiet)
{
	struct remains *remains = arena_alloc(vm->qubes->arena, sizeof(*remains));

	*remains = (struct remains){ vm_directory(vm), arena_strdup(vm->qubes->arena, vm->name) };
	if (!quiet)
		error_note("removing %s, which has ended", vm->name);
	if (helpers_qubesdb_stop(vm) != 0)
		error_note("%s: %s", vm->name, error_message());
	error_clear();
	qubes_with_save(vm->qubes, remove_remains, remains);
	vm_remove(vm);
}

int lifecycle_remove_dead_disposables(struct qubes *q, bool quiet)
{
	for (size_t i = vms_count(q); i-- > 0;) {
		struct vm *vm = vms_at(q, i);
		int dead = vm_is(vm, VM_DISPOSABLE) ? is_dead(vm) : 0;

		if (dead < 0)
			return error_within("%s", vm->name);
		if (dead)
			bury(vm, quiet);
	}
	return 0;
}
