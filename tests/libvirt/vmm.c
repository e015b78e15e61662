/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmm SOCKET PID - the vmm room against a real libvirtd, which listens at SOCKET and is process PID: how
 * many calls it takes, and what becomes of them when the daemon stops answering or dies. It is dead at the
 * end. Started by vmm.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "vmm/internal.h"
#include "vmm_context.h"

#define UUID_FORM "22222222-0000-4000-8000-%012d"
#define MANY 250
#define FEW 5

static const char *socket_path;
static pid_t daemon_pid;
static char *uri;
static char trace[] = "/tmp/vmm-trace-XXXXXX";

/*
 * libvirt 9.0 forgets to free why a connection was lost when two threads notice it (virNetClientMarkClose
 * after virNetClientCloseLocked). Nothing here but libvirt allocates through GLib.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:g_malloc0\n";
}

/* ---- helpers ---- */

static char *uri_of(const char *driver)
{
	return util_printf("%s+unix:///%s?socket=%s", driver, strcmp(driver, "test") ? "system" : "default",
			   socket_path);
}

/* Calls of this process to the daemon so far, by libvirt's own trace. */
static int calls(void)
{
	FILE *file = fopen(trace, "r");
	char line[1024];
	int count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "RPC_CLIENT_MSG_TX_QUEUE"))
			count++;
	fclose(file);
	return count;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

#define assert_done(call)                                                  \
	do {                                                               \
		if ((call) != 0)                                           \
			fail_msg("%s failed: %s", #call, error_message()); \
	} while (0)

#define assert_contains(text, part)                                             \
	do {                                                                    \
		if (!strstr(text, part))                                        \
			fail_msg("'%s' does not contain '%s'", (text), (part)); \
	} while (0)

static struct vm *numbered_vm(struct qubes *q, int number)
{
	return context_vm(q, number + 1, arena_printf(q->arena, "vm%d", number),
			  arena_printf(q->arena, UUID_FORM, number));
}

/* The daemon's domains become vm0 to vmN-1: every fifth running, every fifth paused, the others halted. */
static void populate(virConnectPtr connection, int from, int to)
{
	for (int i = from; i < to; i++) {
		AUTO_FREE char *name = util_printf("vm%d", i);
		AUTO_FREE char *uuid = util_printf(UUID_FORM, i);
		AUTO_FREE char *xml = context_domain("test", name, uuid, 0);
		virDomainPtr domain = virDomainDefineXML(connection, xml);

		assert_non_null(domain);
		if (i % 5 < 2)
			assert_int_equal(virDomainCreate(domain), 0);
		if (i % 5 == 1)
			assert_int_equal(virDomainSuspend(domain), 0);
		virDomainFree(domain);
	}
}

static enum vmm_power expected_power(int number)
{
	static const enum vmm_power powers[] = { VMM_RUNNING, VMM_PAUSED, VMM_HALTED, VMM_HALTED,
						 VMM_HALTED };

	return powers[number % 5];
}

/* What a listing of COUNT VMs costs in calls, connecting included. */
static int cost_of_states(int count)
{
	int before = calls();
	struct vmm_info info;
	struct qubes q;

	context_open(&q, uri, false);
	for (int i = 0; i < count; i++) {
		assert_done(vmm_info(numbered_vm(&q, i), &info));
		assert_int_equal(info.power, expected_power(i));
	}
	before = calls() - before;
	context_close(&q);
	return before;
}

/* ---- with a daemon that works ---- */

static void states_take_the_same_number_of_calls_for_5_and_for_250_vms(void **state)
{
	virConnectPtr other = virConnectOpen(uri);
	int few, many;

	(void)state;
	assert_non_null(other);
	populate(other, 0, FEW);
	few = cost_of_states(FEW);
	populate(other, FEW, MANY);
	many = cost_of_states(MANY);
	virConnectClose(other);
	print_message("# calls for the states of %d VMs: %d, of %d VMs: %d\n", FEW, few, MANY, many);
	assert_true(few > 0 && few < 20);
	assert_int_equal(few, many);
}

static void one_vm_takes_two_calls(void **state)
{
	struct vmm_info info;
	struct qubes q;
	int before;

	(void)state;
	context_open(&q, uri, false);
	assert_done(vmm_connection(&q));
	before = calls();
	assert_done(vmm_info_now(numbered_vm(&q, 1), &info));
	assert_int_equal(info.power, VMM_PAUSED);
	assert_int_equal(calls() - before, 2); /* look up, state */
	context_close(&q);
}

/* A context at the lxc driver; false if there is none here. */
static bool open_lxc(struct qubes *q)
{
	AUTO_FREE char *lxc = uri_of("lxc");

	context_open(q, lxc, false);
	if (vmm_connection(q) == 0)
		return true;
	print_message("# no lxc driver here: %s\n", error_message());
	context_close(q);
	return false;
}

static void the_lxc_driver_has_no_hvm_guests(void **state)
{
	AUTO_FREE char *xml = context_domain("lxc", "work", UUID_OF("0001"), 0);
	struct qubes q;

	(void)state;
	if (!open_lxc(&q))
		skip();
	assert_string_equal(vmm_domain_type(&q), "lxc");
	assert_int_equal(vmm_define(context_vm(&q, 1, "work", UUID_OF("0001")), xml), -1);
	assert_contains(error_message(), "cannot define work: this host runs no HVM guests");
	assert_contains(error_message(), "VT-x or AMD-V");
	context_close(&q);
}

static enum vmm_power power_of(struct vm *vm)
{
	struct vmm_info info;

	assert_done(vmm_info(vm, &info));
	return info.power;
}

static void a_real_guest_starts_paused_and_ends(void **state)
{
	static const char xml[] = "<domain type='lxc'><name>work</name><uuid>" UUID_OF(
		"0001") "</uuid><memory unit='MiB'>64</memory>"
			"<vcpu>1</vcpu><os><type>exe</type><init>/bin/sleep</init><initarg>600</initarg></os>"
			"<devices><console type='pty'/></devices></domain>";
	struct vmm_figures figures;
	struct qubes q;
	struct vm *vm;

	(void)state;
	if (!open_lxc(&q))
		skip();
	vm = context_vm(&q, 1, "work", UUID_OF("0001"));
	assert_done(vmm_define(vm, xml));
	assert_done(vmm_create_paused(vm));
	assert_int_equal(power_of(vm), VMM_PAUSED);
	assert_done(vmm_resume(vm));
	assert_int_equal(power_of(vm), VMM_RUNNING);
	assert_done(vmm_figures(vm, &figures));
	assert_int_equal(figures.max_memory_kib, 64 * 1024);
	assert_true(figures.memory_kib > 0);
	vmm_forget(&q);
	assert_int_equal(power_of(vm), VMM_RUNNING);
	assert_done(vmm_destroy(vm));
	assert_int_equal(power_of(vm), VMM_HALTED);
	assert_done(vmm_undefine(vm));
	context_close(&q);
}

static void a_vm_runs_and_others_see_it(void **state)
{
	struct vmm_info info;
	struct qubes mine, others;
	struct vm *vm;

	(void)state;
	context_open(&mine, uri, false);
	context_open(&others, uri, false);
	vm = numbered_vm(&mine, 2);
	assert_done(vmm_create_paused(vm));
	assert_done(vmm_resume(vm));
	assert_done(vmm_info(numbered_vm(&others, 2), &info));
	assert_int_equal(info.power, VMM_RUNNING);
	assert_done(vmm_destroy(vm));
	assert_done(vmm_info_now(numbered_vm(&others, 2), &info));
	assert_int_equal(info.power, VMM_HALTED);
	context_close(&mine);
	context_close(&others);
}

static void a_domain_undefined_by_another_is_not_there(void **state)
{
	virConnectPtr other = virConnectOpen(uri);
	struct vmm_info info;
	virDomainPtr domain;
	struct qubes q;
	struct vm *vm;

	(void)state;
	context_open(&q, uri, false);
	vm = numbered_vm(&q, 3);
	assert_done(vmm_info(vm, &info));
	assert_true(info.defined);
	domain = virDomainLookupByName(other, vm->name);
	assert_int_equal(virDomainUndefine(domain), 0);
	virDomainFree(domain);
	virConnectClose(other);
	assert_int_equal(vmm_create_paused(vm), -1);
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_done(vmm_undefine(vm));
	context_close(&q);
}

/* ---- with one that does not ---- */

static void a_stopped_daemon_is_given_up_when_connecting(void **state)
{
	struct qubes q;
	double start = now();

	(void)state;
	assert_int_equal(kill(daemon_pid, SIGSTOP), 0);
	context_open(&q, uri, false);
	assert_int_equal(vmm_connection(&q), -1);
	assert_contains(error_message(), "no answer in");
	assert_true(now() - start < VMM_CONNECT_SECONDS + 2);
	context_close(&q);

	/* It wakes up, and answers the thread that nobody waits for any more. */
	assert_int_equal(kill(daemon_pid, SIGCONT), 0);
	context_open(&q, uri, false);
	assert_done(vmm_connection(&q));
	usleep(200 * 1000);
	context_close(&q);
}

static void a_daemon_that_stops_later_is_given_up_too(void **state)
{
	struct vmm_info info;
	struct qubes q;
	double start;

	(void)state;
	context_open(&q, uri, false);
	assert_done(vmm_connection(&q));
	assert_int_equal(kill(daemon_pid, SIGSTOP), 0);
	start = now();
	assert_int_equal(vmm_info(numbered_vm(&q, 0), &info), -1);
	assert_int_equal(info.power, VMM_UNKNOWN);
	assert_int_equal(error_kind(), ERROR_VMM);
	print_message("# after %.1f s: %s\n", now() - start, error_message());
	assert_contains(error_message(), "was lost");
	assert_true(now() - start < VMM_SILENCE_SECONDS + 3);
	start = now();
	assert_int_equal(vmm_info_now(numbered_vm(&q, 1), &info), -1);
	context_close(&q);
	assert_true(now() - start < 1);
	assert_int_equal(kill(daemon_pid, SIGCONT), 0);
}

static void a_daemon_that_dies_is_an_error_and_not_a_halted_vm(void **state)
{
	struct vmm_figures figures;
	struct vmm_info info;
	struct qubes q;
	struct vm *vm;

	(void)state;
	context_open(&q, uri, false);
	vm = numbered_vm(&q, 0);
	assert_done(vmm_info(vm, &info));
	assert_int_equal(info.power, VMM_RUNNING);
	assert_int_equal(kill(daemon_pid, SIGKILL), 0);
	/* No pause: the first call meets a daemon that is just ending. */
	assert_int_equal(vmm_figures(vm, &figures), -1);
	assert_int_equal(vmm_suspend(vm), -1);
	assert_int_equal(error_kind(), ERROR_VMM);
	print_message("# %s\n", error_message());
	assert_contains(error_message(), "was lost");
	assert_int_equal(vmm_info_now(vm, &info), -1);
	assert_int_equal(info.power, VMM_UNKNOWN);
	context_close(&q);
}

/* Its socket is still there, but nobody listens. */
static void a_dead_daemon_is_an_absent_one(void **state)
{
	struct qubes q;

	(void)state;
	context_open(&q, uri, false);
	assert_int_equal(vmm_connection(&q), -1);
	assert_contains(error_message(), "is libvirtd running?");
	context_close(&q);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_take_the_same_number_of_calls_for_5_and_for_250_vms),
		cmocka_unit_test(one_vm_takes_two_calls),
		cmocka_unit_test(the_lxc_driver_has_no_hvm_guests),
		cmocka_unit_test(a_real_guest_starts_paused_and_ends),
		cmocka_unit_test(a_vm_runs_and_others_see_it),
		cmocka_unit_test(a_domain_undefined_by_another_is_not_there),
		cmocka_unit_test(a_stopped_daemon_is_given_up_when_connecting),
		cmocka_unit_test(a_daemon_that_stops_later_is_given_up_too),
		cmocka_unit_test(a_daemon_that_dies_is_an_error_and_not_a_halted_vm),
		cmocka_unit_test(a_dead_daemon_is_an_absent_one),
	};
	AUTO_FREE char *outputs = NULL;
	int fd, result;

	if (argc != 3)
		return 2;
	socket_path = argv[1];
	daemon_pid = (pid_t)atoi(argv[2]);
	uri = uri_of("test");
	fd = mkstemp(trace);
	if (fd < 0)
		return 2;
	close(fd);
	outputs = util_printf("1:file:%s", trace);
	setenv("LIBVIRT_LOG_FILTERS", "1:rpc.netclient", 1);
	setenv("LIBVIRT_LOG_OUTPUTS", outputs, 1);
	library_start(); /* for this program's own connections */
	result = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(trace);
	free(uri);
	return result;
}
