/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a VM: one table of steps in order, from its files to a domain that knows who it is and runs.
 */
#include "domainxml.h"
#include "error.h"
#include "helpers.h"
#include "images.h"
#include "internal.h"
#include "network.h"
#include "prop.h"
#include "qubesdb.h"
#include "startable.h"
#include "store.h"
#include "usable.h"
#include "util.h"
#include "vmm.h"

struct start {
	struct vm *vm;
	const struct lifecycle_start *how;
	struct helpers helpers;
	char *xml;
	const char *savefile; /* of a disposable VM */
	int xid;
	sigset_t before; /* the signals that were held before the steps */
};

/* ---- the steps ---- */

static int check_rules(void *work)
{
	struct start *start = work;

	return startable(start->vm, start->how->base != NULL);
}

static int check_helpers(void *work)
{
	struct start *start = work;
	const struct helpers_how how = {
		.quiet = start->how->quiet,
		.no_gui = start->how->no_guid,
		.dvm = start->how->dvm,
	};

	return helpers_check(start->vm, &how, &start->helpers);
}

static int check_files(void *work)
{
	struct start *start = work;

	return images_verify(start->vm);
}

static int prepare_storage(void *work)
{
	struct start *start = work;

	return images_reset_volatile(start->vm);
}

/* Made before anything is started, so that a value that cannot be used starts no netvm in vain. */
static int make_configuration(void *work)
{
	struct start *start = work;
	const char *type = vmm_domain_type(start->vm->qubes);

	start->xml = type ? domainxml_of(start->vm, type) : NULL;
	return start->xml ? 0 : -1;
}

struct lifecycle_start as_netvm(const struct lifecycle_start *how)
{
	return (struct lifecycle_start){
		.quiet = how->quiet,
		.no_guid = how->no_guid,
		.skip_if_running = true,
	};
}

/* May be interrupted: nothing of this VM is there yet that must not be left behind. */
static int start_netvm(void *work)
{
	struct start *start = work;
	struct vm *netvm = vm_netvm(start->vm);
	const struct lifecycle_start how = as_netvm(start->how);
	int result;

	if (!netvm || vm_is_dom0(netvm))
		return 0;
	util_release_signals(&start->before);
	result = lifecycle_start(netvm, &how);
	util_hold_signals(&start->before);
	return result;
}

/*
 * The hypervisor refused the definition. A VM that was renamed offline still has a domain under its UUID that is
 * called as it was: that one goes. Whatever else it was, the refusal is what a user is told.
 */
static int define_in_its_place(struct start *start)
{
	struct error_aside refusal = error_put_aside();
	int result = vmm_undefine(start->vm);

	error_put_back(&refusal);
	return result == 0 ? vmm_define(start->vm, start->xml) : -1;
}

static int define(void *work)
{
	struct start *start = work;

	/* A configuration of ours that is wrong is in nobody's way. */
	if (vmm_define(start->vm, start->xml) != 0 &&
	    (error_kind() != ERROR_VMM || define_in_its_place(start) != 0))
		return -1;
	domainxml_keep(start->vm, start->xml);
	return 0;
}

/* Held until the domain has got it: nobody else is given any meanwhile. */
static int request_memory(void *work)
{
	struct start *start = work;

	return helpers_memory_request(&start->helpers);
}

static void give_memory_back(void *work)
{
	struct start *start = work;

	helpers_memory_release(&start->helpers);
}

static int release_memory(void *work)
{
	give_memory_back(work);
	return 0;
}

/* They stay with pciback when a later step fails: giving them back is the host's business. */
static int take_devices(void *work)
{
	struct start *start = work;
	struct literal devices;

	if (prop_pcidevs(start->vm, &devices) != 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		if (vmm_pci_detach(start->vm, devices.entries[i].key) != 0)
			return -1;
	return 0;
}

static void say_start(const struct start *start)
{
	const char *without = start->helpers.without;

	if (start->how->quiet)
		return;
	if (without)
		error_note("starting %s (without %s: not on this host)", start->vm->name, without);
	else
		error_note("starting %s", start->vm->name);
}

static int announce(void *work)
{
	if (util_interrupted() != 0)
		return -1;
	say_start(work);
	return 0;
}

/* Of whatever fails from the boot on: a hypervisor that cannot be reached any more may yet have done what it was told. */
static void say_doubt(void *work)
{
	struct start *start = work;

	if (vmm_connection(start->vm->qubes) != 0)
		error_note(
			"the domain of %s may be there all the same; once the hypervisor answers: qvm-kill %s",
			start->vm->name, start->vm->name);
}

static int boot(void *work)
{
	struct start *start = work;

	return vmm_create_paused(start->vm);
}

static void destroy(void *work)
{
	struct start *start = work;
	struct vmm_info info;

	if (vmm_info_now(start->vm, &info) == 0 && info.power == VMM_HALTED)
		return;
	if (vmm_destroy(start->vm) != 0 && vmm_connection(start->vm->qubes) == 0)
		error_note("%s is left as it is: %s", start->vm->name, error_message());
}

/* ---- the steps of a disposable VM ---- */

static int find_savefile(void *work)
{
	struct start *start = work;

	start->savefile = images_current_savefile(start->how->base);
	return start->savefile ? 0 : -1;
}

static int unpack_storage(void *work)
{
	struct start *start = work;

	return images_unpack_cows(start->how->base);
}

static int restore(void *work)
{
	struct start *start = work;
	AUTO_FREE char *file = root_host_path(start->vm->qubes->root, start->savefile);

	if (util_interrupted() != 0)
		return -1;
	say_start(start);
	domainxml_keep(start->vm, start->xml);
	return vmm_restore_paused(start->vm, file, start->xml);
}

/* ---- the steps, once there is a domain ---- */

/* The daemons know a domain by its number. */
static int learn_number(void *work)
{
	struct start *start = work;
	struct vmm_info info;

	if (vmm_info_now(start->vm, &info) != 0)
		return -1;
	start->xid = info.xid;
	return info.xid >= 0 ? 0 : error_set(ERROR_FAILED, "its domain has ended already");
}

static void stop_qubesdb(void *work)
{
	struct start *start = work;

	if (start->helpers.qubesdb && helpers_qubesdb_stop(start->vm) != 0)
		error_note("%s: %s", start->vm->name, error_message());
}

/* One that did not come up in time may yet have left something behind. */
static int start_qubesdb(void *work)
{
	struct start *start = work;
	struct error_aside failure;

	if (helpers_qubesdb_start(&start->helpers, start->xid) == 0)
		return 0;
	failure = error_put_aside();
	stop_qubesdb(work);
	error_put_back(&failure);
	return error_within("QubesDB");
}

static int publish_entries(void *work)
{
	struct start *start = work;
	struct qubesdb_entries entries = { 0 };

	if (!start->helpers.qubesdb)
		return 0;
	if (qubesdb_entries_of(start->vm, start->how->dvm, &entries) != 0)
		return -1;
	return qubesdb_publish(start->vm, &entries);
}

/* The balancer looks for it there. One that cannot keeps what it has. */
static int let_publish_memory(void *work)
{
	struct start *start = work;

	if (vmm_let_publish_memory(start->vm) == 0)
		return 0;
	error_note("%s: its memory will not be balanced: %s", start->vm->name, error_message());
	error_clear();
	return 0;
}

/* Before it can send anything, those that its packets pass know what it may send. */
static int publish_firewalls(void *work)
{
	struct start *start = work;

	if (!start->helpers.qubesdb)
		return 0;
	/* What it was told of its own clients may be older than what the store has of them. */
	if (!store_is_current(start->vm->qubes->store) && lifecycle_tell_firewall(start->vm) != 0)
		return -1;
	return network_tell_firewalls_above(start->vm);
}

static int resume(void *work)
{
	struct start *start = work;

	if (util_interrupted() != 0)
		return -1;
	return vmm_resume(start->vm);
}

static const struct step start_steps[] = {
	{ .act = check_rules },
	{ .act = check_helpers },
	{ .act = check_files },
	{ .act = prepare_storage },
	{ .act = make_configuration },
	{ .act = start_netvm },
	{ .act = define },
	{ .act = request_memory, .undo = give_memory_back },
	{ .act = take_devices },
	{ .act = announce, .undo = say_doubt },
	{ .act = boot, .undo = destroy },
	{ .act = learn_number },
	{ .act = start_qubesdb, .undo = stop_qubesdb },
	{ .act = publish_entries },
	{ .act = let_publish_memory },
	{ .act = publish_firewalls },
	{ .act = resume },
	{ .act = release_memory },
	{ .act = NULL },
};

/* It is nowhere defined, and has no files to be verified. */
static const struct step restore_steps[] = {
	{ .act = check_rules },
	{ .act = check_helpers },
	{ .act = find_savefile },
	{ .act = make_configuration },
	{ .act = start_netvm },
	{ .act = unpack_storage },
	{ .act = request_memory, .undo = give_memory_back },
	{ .act = restore, .undo = destroy },
	{ .act = learn_number },
	{ .act = start_qubesdb, .undo = stop_qubesdb },
	{ .act = publish_entries },
	{ .act = let_publish_memory },
	{ .act = publish_firewalls },
	{ .act = resume },
	{ .act = release_memory },
	{ .act = NULL },
};

/* ---- what holds for this run alone ---- */

/*
 * Past the layout's callers, because nothing of it is to be saved: the store's lock is gone, and the tree
 * is this process's own.
 */
static int override(struct vm *vm, const char *property, const char *text)
{
	return text ? vm->qubes->layout->set(vm->node, property, text) : 0;
}

static int override_all(struct vm *vm, const struct lifecycle_start *how)
{
	if ((how->drive || how->config || how->debug) && vm->qubes->writing)
		return error_set(ERROR_FAILED, "the store is still being written to");
	if (override(vm, "drive", how->drive) != 0 || override(vm, "conf_file", how->config) != 0)
		return -1;
	return override(vm, "debug", how->debug ? "True" : NULL);
}

/* Ctrl-C must not leave a domain behind that was booted and not yet let run. */
static int run_steps(struct start *start)
{
	const struct step *steps = start->how->base ? restore_steps : start_steps;
	int result;

	if (override_all(start->vm, start->how) != 0)
		return -1;
	util_hold_signals(&start->before);
	result = steps_run(start->vm->qubes, steps, start);
	util_release_signals(&start->before);
	util_free_at(&start->xml);
	return result == 0 ? make_usable(&start->helpers, start->xid) : -1;
}

/* A netvm that has been away takes its clients' interfaces back, even if it is not all that it should be. */
static int start_and_reattach(struct start *start)
{
	struct error_aside failure;
	int result = run_steps(start);

	if (!vm_is(start->vm, VM_NETVMS))
		return result;
	failure = error_put_aside();
	network_reattach_clients(start->vm);
	error_put_back(&failure);
	return result;
}

static int start_if_halted(struct start *start)
{
	struct vmm_info info;

	if (vm_is_dom0(start->vm))
		return error_set(ERROR_FAILED, "it is the host itself");
	if (vmm_info_now(start->vm, &info) != 0)
		return -1;
	if (info.power == VMM_HALTED)
		return start_and_reattach(start);
	if (start->how->skip_if_running)
		return 0;
	return error_set(ERROR_FAILED, "it is running already (%s)", lifecycle_state(start->vm));
}

int start_in_turn(struct vm *vm, const struct lifecycle_start *how)
{
	struct start start = { .vm = vm, .how = how };

	return netvms_end(vm) == 0 ? start_if_halted(&start) : -1;
}

int lifecycle_start(struct vm *vm, const struct lifecycle_start *how)
{
	AUTO_CLOSE int lock = -1;

	if (netvms_end(vm) != 0)
		return -1;
	if (turn_wait(vm, &lock) == 0 && start_in_turn(vm, how) == 0)
		return 0;
	return error_within("%s", vm->name);
}

/* ---- what a start needs of the store ---- */

/*
 * A halted domain of the same name that the store knows no UUID of has one of its own: it makes room, since
 * it is defined anew anyway. A running one keeps its name, by which it goes on being known.
 */
static int need_uuid(struct vm *vm)
{
	struct vmm_info info;

	if (vm_uuid(vm) || vm_broken(vm))
		return 0;
	if (vmm_info_now(vm, &info) != 0)
		return -1;
	if (info.power != VMM_HALTED)
		return 0;
	if (info.defined && vmm_undefine(vm) != 0)
		return -1;
	return vm_need_uuid(vm) ? 0 : -1;
}

int lifecycle_prepare(struct vm *vm)
{
	if (netvms_end(vm) != 0) { /* the start refuses it */
		error_clear();
		return 0;
	}
	for (; vm && !vm_is_dom0(vm); vm = vm_netvm(vm))
		if (need_uuid(vm) != 0)
			return error_within("%s", vm->name);
	return 0;
}
