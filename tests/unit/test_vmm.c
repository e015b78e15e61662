/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate to the hypervisor and the questions asked through it, with libvirt's test driver inside this
 * process. tests/libvirt has real daemons.
 */
#include "vmm_access.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

/* ---- the gate ---- */

static void nothing_is_opened_before_the_first_question(void **state)
{
	struct world *world = *state;

	assert_null(world->q.vmm->connection);
	assert_string_equal(vmm_uri(&world->q), world->uri);
	assert_false(vmm_offline(&world->q));
	assert_done(vmm_connection(&world->q));
	assert_non_null(world->q.vmm->connection);
}

static void assert_all_refused(struct vm *vm, enum error_kind kind, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		assert_fails(questions[i](vm), kind);
		assert_contains(error_message(), text);
	}
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++) {
		assert_fails(acts[i](vm), kind);
		assert_contains(error_message(), text);
	}
}

static void offline_refuses_each_access(void **state)
{
	struct qubes *q = reopen(*state, "test:///default", true);

	assert_all_refused(context_vm(q, 5, "work", UUID_OF("0001")), ERROR_OFFLINE,
			   "VMM operations disabled in offline mode");
	assert_null(q->vmm->connection);
}

static void offline_is_tested_first_also_after_connecting(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "running", UUID_OF("0001"));

	assert_int_equal(info_of(vm).power, VMM_RUNNING);
	assert_done(vmm_set_offline(&world->q, true));
	assert_all_refused(vm, ERROR_OFFLINE, "VMM operations disabled in offline mode");
	assert_int_equal(vmm_is_running(vm), 0);
}

static void going_back_online_is_refused_once_connected(void **state)
{
	struct world *world = *state;

	assert_done(vmm_set_offline(&world->q, true));
	assert_done(vmm_set_offline(&world->q, false));
	assert_done(vmm_connection(&world->q));
	assert_done(vmm_set_offline(&world->q, true));
	assert_fails(vmm_set_offline(&world->q, false), ERROR_FAILED);
	assert_true(vmm_offline(&world->q));
}

static void an_applet_that_must_never_ask_fails_loudly(void **state)
{
	static const struct applet never = { .name = "qubes-prefs", .hypervisor = VMM_NEVER };
	struct qubes *q = reopen(*state, "test:///default", true);

	q->applet = &never;
	assert_all_refused(context_vm(q, 5, "work", UUID_OF("0001")), ERROR_FAILED,
			   "qubes-prefs asked for the hypervisor, which it must never do");
}

static void a_failure_is_not_remembered(void **state)
{
	struct world *world = *state;

	assert_int_equal(truncate(world->node, strlen("<node>")), 0);
	assert_fails(vmm_connection(&world->q), ERROR_VMM);
	write_node(world->node);
	assert_done(vmm_connection(&world->q));
}

static void an_absent_daemon_is_said_with_what_to_do(void **state)
{
	struct qubes *q = reopen(*state, "test+unix:///default?socket=/nonexistent/socket", false);

	assert_fails(vmm_connection(q), ERROR_VMM);
	assert_string_equal(
		error_message(),
		"cannot connect to the hypervisor at test+unix:///default?socket=/nonexistent/socket: "
		"Failed to connect socket to '/nonexistent/socket': No such file or directory; "
		"is libvirtd running? (--offline-mode does without it)");
}

static void a_uri_that_is_none_is_said_without_such_advice(void **state)
{
	struct qubes *q = reopen(*state, "te st", false);

	assert_fails(vmm_connection(q), ERROR_VMM);
	assert_contains(error_message(), "te st");
	assert_null(strstr(error_message(), "libvirtd"));
}

/* ---- a daemon that takes the connection and says nothing ---- */

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void a_silent_daemon_is_given_up_in_time_and_not_asked_twice(void **state)
{
	struct world *world = *state;
	AUTO_FREE char *path = util_printf("%s/silent", world->directory);
	AUTO_FREE char *uri = util_printf("test+unix:///default?socket=%s", path);
	int fd = listen_at(path);
	struct qubes *q = reopen(world, uri, false);
	double start = now();

	assert_fails(vmm_connection(q), ERROR_VMM);
	assert_true(now() - start >= VMM_CONNECT_SECONDS && now() - start < VMM_CONNECT_SECONDS + 2);
	assert_contains(error_message(), "no answer in");
	assert_contains(error_message(), "--offline-mode");

	start = now();
	assert_fails(vmm_connection(q), ERROR_VMM);
	assert_true(now() - start < 1);
	assert_contains(error_message(), "no answer in");

	/* The thread that is left behind ends late, and must find everything it needs. */
	reopen(world, "test:///default", false);
	close(fd);
	assert_done(vmm_connection(&world->q));
	usleep(200 * 1000);
	unlink(path);
}

static void a_broken_pipe_during_a_call_does_not_end_us(void **state)
{
	sigset_t pending;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	{
		HOLD_PIPE_SIGNAL;

		assert_int_equal(write(fds[1], "", 1), -1);
	}
	assert_int_equal(sigpending(&pending), 0);
	assert_false(sigismember(&pending, SIGPIPE));
	close(fds[1]);
}

/* ---- questions ---- */

static void dom0_is_running_without_a_call(void **state)
{
	struct qubes *q = reopen(*state, "test+unix:///default?socket=/nonexistent/socket", false);
	struct vm *dom0 = context_vm(q, 0, "dom0", NULL);
	struct vmm_figures figures;
	struct vmm_info info;

	for (int offline = 0; offline <= 1; offline++) {
		assert_done(vmm_set_offline(q, offline));
		assert_done(vmm_info(dom0, &info));
		assert_done(vmm_info_now(dom0, &info));
		assert_int_equal(info.power, VMM_RUNNING);
		assert_int_equal(info.xid, 0);
		assert_true(info.defined);
		assert_int_equal(vmm_is_running(dom0), 1);
		assert_done(vmm_figures(dom0, &figures));
		assert_int_equal(figures.memory_kib, 0);
		assert_int_equal(figures.vcpus, 0);
	}
}

static void check_states(struct qubes *q, int (*ask)(struct vm *, struct vmm_info *))
{
	struct vmm_info info;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vm *vm = context_vm(q, (int)i + 1, rows[i].name, rows[i].uuid);

		assert_done(ask(vm, &info));
		if (info.power != rows[i].power)
			fail_msg("%s: power %d, not %d", rows[i].name, info.power, rows[i].power);
		assert_true(info.defined);
		assert_int_equal(info.xid > 0, info.power != VMM_HALTED);
		assert_int_equal(vmm_is_running(vm), info.power != VMM_HALTED);
	}
}

static void states_come_from_lists_and_one_set_of_statistics(void **state)
{
	struct world *world = *state;

	check_states(&world->q, vmm_info);
}

static void drivers_without_statistics_are_asked_for_the_few_states_that_no_list_tells(void **state)
{
	struct world *world = *state;

	world->q.vmm->no_stats = true; /* as xen is */
	check_states(&world->q, vmm_info);
}

static void one_vm_can_be_asked_for_alone(void **state)
{
	struct world *world = *state;

	check_states(&world->q, vmm_info_now);
	assert_false(world->q.vmm->listing.made);
}

static void a_vm_without_a_domain_is_halted_and_not_defined(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));

	assert_int_equal(info_of(vm).power, VMM_HALTED);
	assert_false(info_of(vm).defined);
	assert_int_equal(info_of(vm).xid, -1);
	assert_int_equal(vmm_is_running(vm), 0);
}

static void a_uuid_counts_and_not_the_name(void **state)
{
	struct world *world = *state;
	struct vm *other = context_vm(&world->q, 5, "running", UUID_OF("9999"));
	struct vm *renamed = context_vm(&world->q, 6, "once-running", UUID_OF("0001"));
	struct vmm_info info;

	assert_false(info_of(other).defined);
	assert_int_equal(info_of(renamed).power, VMM_RUNNING);
	assert_done(vmm_info_now(other, &info));
	assert_false(info.defined);
	assert_done(vmm_info_now(renamed, &info));
	assert_int_equal(info.power, VMM_RUNNING);
}

static void the_name_counts_for_a_vm_without_uuid(void **state)
{
	static const char *const without[] = { NULL, "", "not a uuid", "11111111-0000-4000-8000" };
	struct world *world = *state;
	struct vmm_info info;

	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		struct vm *vm = context_vm(&world->q, 5, "paused", without[i]);

		assert_int_equal(info_of(vm).power, VMM_PAUSED);
		assert_done(vmm_info_now(vm, &info));
		assert_int_equal(info.power, VMM_PAUSED);
	}
}

static void a_uuid_in_capitals_is_the_same(void **state)
{
	struct qubes *q = reopen(*state, "test:///default", false);

	assert_int_equal(info_of(context_vm(q, 5, "big", "6695EB01-F6A4-8304-79AA-97F2502E193F")).power,
			 VMM_RUNNING);
}

static void figures_are_those_of_active_domains(void **state)
{
	struct world *world = *state;
	struct vmm_figures figures;

	assert_done(vmm_figures(context_vm(&world->q, 1, "running", UUID_OF("0001")), &figures));
	assert_int_equal(figures.memory_kib, 400 * 1024);
	assert_int_equal(figures.max_memory_kib, 400 * 1024);
	assert_int_equal(figures.vcpus, 2);
	assert_done(vmm_figures(context_vm(&world->q, 2, "halted", UUID_OF("0005")), &figures));
	assert_int_equal(figures.memory_kib, 0);
	assert_int_equal(figures.vcpus, 0);
	assert_done(vmm_figures(context_vm(&world->q, 3, "nowhere", UUID_OF("9999")), &figures));
	assert_int_equal(figures.max_memory_kib, 0);
}

static void the_host_has_what_the_driver_says(void **state)
{
	struct world *world = *state;
	struct vmm_host host;

	assert_done(vmm_host(&world->q, &host));
	assert_int_equal(host.memory_mib, 8192);
	assert_int_equal(host.cpus, 4);
	assert_string_equal(vmm_domain_type(&world->q), "test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_is_opened_before_the_first_question),
		T(offline_refuses_each_access),
		T(offline_is_tested_first_also_after_connecting),
		T(going_back_online_is_refused_once_connected),
		T(an_applet_that_must_never_ask_fails_loudly),
		T(a_failure_is_not_remembered),
		T(an_absent_daemon_is_said_with_what_to_do),
		T(a_uri_that_is_none_is_said_without_such_advice),
		T(a_silent_daemon_is_given_up_in_time_and_not_asked_twice),
		T(a_broken_pipe_during_a_call_does_not_end_us),
		T(dom0_is_running_without_a_call),
		T(states_come_from_lists_and_one_set_of_statistics),
		T(drivers_without_statistics_are_asked_for_the_few_states_that_no_list_tells),
		T(one_vm_can_be_asked_for_alone),
		T(a_vm_without_a_domain_is_halted_and_not_defined),
		T(a_uuid_counts_and_not_the_name),
		T(the_name_counts_for_a_vm_without_uuid),
		T(a_uuid_in_capitals_is_the_same),
		T(figures_are_those_of_active_domains),
		T(the_host_has_what_the_driver_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
