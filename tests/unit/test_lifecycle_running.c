/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle: starting, stopping and pausing VMs, and the words for their states.
 */
#include "lifecycle_world.h"
#include "selection.h"
#include "vmm/internal.h"

static const struct lifecycle_start quietly = { .quiet = true };

/* As qvm-start does it: what it needs of the store is saved before the first VM starts. */
static int start(struct world *w, const char *name)
{
	if (lifecycle_prepare(the(w, name)) != 0)
		return -1;
	assert_int_equal(qubes_commit(&w->q), 0);
	return lifecycle_start(the(w, name), &quietly);
}

/* ---- start ---- */

static void start_brings_up_the_netvms_first(void **state)
{
	struct world *w = *state;

	assert_int_equal(start(w, "work"), 0);
	assert_power(w, "net", VMM_RUNNING);
	assert_power(w, "fw", VMM_RUNNING);
	assert_power(w, "work", VMM_RUNNING);
	assert_true(is_there(w, BASE "/appvms/work/volatile.img"));
	assert_true(is_there(w, BASE "/appvms/work/work.conf"));
}

static void start_saves_the_uuids_of_the_chain(void **state)
{
	struct world *w = *state;

	assert_null(vm_uuid(the(w, "fw")));
	assert_int_equal(start(w, "work"), 0);
	reopen_world(w, NULL);
	assert_non_null(vm_uuid(the(w, "fw")));
	assert_string_equal(vm_uuid(the(w, "work")), UUID("04"));
	assert_null(vm_uuid(the(w, "tpl"))); /* it was not started */
}

static void a_running_vm_is_not_started_again(void **state)
{
	struct world *w = *state;
	const struct lifecycle_start skipping = { .quiet = true, .skip_if_running = true };

	assert_int_equal(start(w, "work"), 0);
	assert_int_equal(lifecycle_start(the(w, "work"), &quietly), -1);
	assert_error("running already");
	assert_int_equal(lifecycle_start(the(w, "work"), &skipping), 0);
	assert_int_equal(lifecycle_pause(the(w, "work")), 0);
	assert_int_equal(lifecycle_start(the(w, "work"), &quietly), -1);
	assert_error("Paused");
}

static void assert_not_started(struct world *w, const char *name, const char *why)
{
	assert_int_equal(lifecycle_start(the(w, name), &quietly), -1);
	assert_error(why);
}

static void start_refuses_what_cannot_run(void **state)
{
	struct world *w = *state;

	assert_int_equal(qubes_commit(&w->q), 0);
	assert_not_started(w, "dom0", "the host itself");
	assert_not_started(w, "lost", "its template (99) does not exist");
	assert_not_started(w, "ring1", "circle");
	assert_not_started(w, "ringed", "circle");
	assert_not_started(w, "odd", "memory");
	assert_int_equal(root_unlink(w->q.root, BASE "/appvms/work/private.img"), 0);
	assert_not_started(w, "work", "private.img");
	assert_power(w, "fw", VMM_HALTED); /* no netvm was started for a VM that could not be */
}

/* The test driver has no such PCI device. */
static void a_start_that_fails_leaves_nothing_running(void **state)
{
	struct world *w = *state;

	assert_int_equal(vm_set(the(w, "work"), "pcidevs", "['00:19.0']"), 0);
	assert_int_equal(start(w, "work"), -1);
	assert_error("00:19.0");
	assert_power(w, "work", VMM_HALTED);
}

/* ---- start: the host's programs (tests/libvirt/start.sh has them at work) ---- */

#define QUBESDB_DAEMON "/usr/sbin/qubesdb-daemon"
#define QREXEC_DAEMON "/usr/lib/qubes/qrexec-daemon"

/* One daemon of Qubes makes it a Qubes host, whose VMs need them all. */
static void a_xen_host_that_lacks_a_program_starts_nothing(void **state)
{
	struct world *w = *state;

	make_file(w, QREXEC_DAEMON);
	assert_int_equal(vmm_connection(&w->q), 0);
	w->q.vmm->type = "xen"; /* as if it were */
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_not_started(w, "work", "work: no memory balancing: /var/run/qubes/qmemman.sock is missing");
	make_file(w, "/var/run/qubes/qmemman.sock");
	assert_not_started(w, "work", "work: no QubesDB: " QUBESDB_DAEMON " is missing");
	assert_false(is_there(w, BASE "/appvms/work/volatile.img"));
	assert_power(w, "net", VMM_HALTED);
}

/* A file that cannot be executed. */
static void a_domain_that_cannot_be_told_who_it_is_is_destroyed(void **state)
{
	struct world *w = *state;

	make_file(w, QUBESDB_DAEMON);
	assert_int_equal(start(w, "net"), -1);
	assert_error("net: QubesDB: ");
	assert_power(w, "net", VMM_HALTED);
}

static void a_domain_that_cannot_be_reached_runs_on(void **state)
{
	struct world *w = *state;

	make_file(w, QREXEC_DAEMON);
	assert_int_equal(start(w, "net"), -1);
	assert_error("net: it is running, but not ready for use: ");
	assert_power(w, "net", VMM_RUNNING);
}

static void no_memory_no_domain(void **state)
{
	struct world *w = *state;

	make_file(w, "/var/run/qubes/qmemman.sock"); /* nobody listens */
	assert_int_equal(start(w, "net"), -1);
	assert_error("net: cannot connect to the memory balancer");
	assert_power(w, "net", VMM_HALTED);
}

static void offline_nothing_starts(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_start(the(w, "work"), &quietly), -1);
	assert_int_equal(error_kind(), ERROR_OFFLINE);
	error_clear();
}

/* ---- stopping ---- */

static void acts_need_the_right_state(void **state)
{
	struct world *w = *state;
	struct vm *net = the(w, "net");

	assert_int_equal(lifecycle_kill(net), -1);
	assert_error("net: it is not running");
	assert_int_equal(lifecycle_shutdown(net, false), -1);
	assert_error("not running");
	assert_int_equal(start(w, "net"), 0);
	assert_int_equal(lifecycle_unpause(net), -1);
	assert_error("not paused");
	assert_int_equal(lifecycle_pause(net), 0);
	assert_int_equal(lifecycle_pause(net), -1);
	assert_error("paused already");
	assert_int_equal(lifecycle_unpause(net), 0);
	assert_int_equal(lifecycle_kill(net), 0);
	assert_power(w, "net", VMM_HALTED);
	assert_int_equal(lifecycle_kill(the(w, "dom0")), -1);
	assert_error("the host itself");
}

static void a_netvm_does_not_go_before_its_clients(void **state)
{
	struct world *w = *state;
	struct vm *alone[] = { the(w, "net"), NULL };
	struct vm *all[] = { the(w, "net"), the(w, "fw"), the(w, "work"), NULL };

	assert_int_equal(start(w, "fw"), 0);
	assert_int_equal(lifecycle_check_clients(alone), -1);
	assert_error("net: running VMs get their network from it: fw");
	assert_int_equal(lifecycle_check_clients(all), 0);
	lifecycle_sort_clients_first(all);
	assert_ptr_equal(all[0], the(w, "work"));
	assert_ptr_equal(all[1], the(w, "fw"));
	assert_ptr_equal(all[2], the(w, "net"));
}

static void waiting_ends_with_the_vms_or_with_them_killed(void **state)
{
	struct world *w = *state;
	const struct lifecycle_wait patient = { .seconds = 30, .kill = true };
	const struct lifecycle_wait harmless = { .seconds = 0, .kill = false };
	const struct lifecycle_wait impatient = { .seconds = 0, .kill = true };
	struct vm *vms[] = { the(w, "net"), NULL };

	assert_int_equal(lifecycle_wait_off(vms, &patient), 0);
	assert_int_equal(start(w, "net"), 0);
	assert_int_equal(lifecycle_wait_off(vms, &harmless), -1);
	assert_error("still running: net");
	assert_int_equal(lifecycle_wait_off(vms, &impatient), 0);
	assert_power(w, "net", VMM_HALTED);
}

/* ---- states ---- */

static void running_means_usable(void **state)
{
	struct world *w = *state;
	struct vm *net = the(w, "net");
	struct vmm_info info;

	assert_string_equal(lifecycle_state(the(w, "dom0")), "Running");
	assert_string_equal(lifecycle_state(net), "Halted");
	assert_int_equal(start(w, "net"), 0);
	assert_string_equal(lifecycle_state(net), "Transient");
	assert_int_equal(vmm_info(net, &info), 0);
	AUTO_FREE char *marker = util_printf("/var/run/qubes/guid-running.%d", info.xid);
	make_file(w, marker);
	assert_string_equal(lifecycle_state(net), "Transient");
	make_file(w, "/var/run/qubes/qrexec.net");
	assert_string_equal(lifecycle_state(net), "Running");
	assert_int_equal(lifecycle_pause(net), 0);
	assert_string_equal(lifecycle_state(net), "Paused");
}

static void unknown_states_are_said_to_be(void **state)
{
	struct world *w = *state;

	assert_string_equal(lifecycle_state(the(w, "net")), "NA");
	assert_int_equal(error_kind(), ERROR_OFFLINE);
	error_clear();
	assert_string_equal(lifecycle_state(the(w, "dom0")), "Running");
}

/* ---- selection ---- */

static void words_select_each_vm_once(void **state)
{
	struct world *w = *state;
	const struct selection named = { .all = false };
	char *words[] = { "work", "net", "work", NULL };
	char *wrong[] = { "work", "nosuch", NULL }, *none[] = { NULL };
	struct vm **vms = selection_vms(&w->q, &named, words, NULL);

	assert_ptr_equal(vms[0], the(w, "work"));
	assert_ptr_equal(vms[1], the(w, "net"));
	assert_null(vms[2]);
	assert_null(selection_vms(&w->q, &named, wrong, NULL));
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_null(selection_vms(&w->q, &named, none, NULL));
	assert_int_equal(error_kind(), ERROR_USAGE);
	error_clear();
}

static void all_means_those_that_the_filter_lets_through(void **state)
{
	struct world *w = *state;
	AUTO_STRLIST struct strlist exclude = { 0 };
	struct selection all = { .all = true };
	char *none[] = { NULL }, *words[] = { "work", NULL };
	struct vm **vms;

	assert_int_equal(start(w, "fw"), 0);
	vms = selection_vms(&w->q, &all, none, selection_active);
	assert_ptr_equal(vms[0], the(w, "net"));
	assert_ptr_equal(vms[1], the(w, "fw"));
	assert_null(vms[2]);
	strlist_add(&exclude, "net");
	all.exclude = exclude;
	vms = selection_vms(&w->q, &all, none, selection_active);
	assert_ptr_equal(vms[0], the(w, "fw"));
	assert_null(vms[1]);
	assert_null(selection_vms(&w->q, &all, words, selection_active));
	error_clear();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ONLINE(start_brings_up_the_netvms_first),
		ONLINE(start_saves_the_uuids_of_the_chain),
		ONLINE(a_running_vm_is_not_started_again),
		ONLINE(start_refuses_what_cannot_run),
		ONLINE(a_start_that_fails_leaves_nothing_running),
		ONLINE(a_xen_host_that_lacks_a_program_starts_nothing),
		ONLINE(a_domain_that_cannot_be_told_who_it_is_is_destroyed),
		ONLINE(a_domain_that_cannot_be_reached_runs_on),
		ONLINE(no_memory_no_domain),
		OFFLINE(offline_nothing_starts),
		ONLINE(acts_need_the_right_state),
		ONLINE(a_netvm_does_not_go_before_its_clients),
		ONLINE(waiting_ends_with_the_vms_or_with_them_killed),
		ONLINE(running_means_usable),
		OFFLINE(unknown_states_are_said_to_be),
		OFFLINE(words_select_each_vm_once),
		ONLINE(all_means_those_that_the_filter_lets_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
