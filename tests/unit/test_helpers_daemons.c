/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemons that are known by a file with their process number: started, stopped, and the files of those that
 * are no more, or are somebody else by now.
 */
#include "helpers_world.h"

#define PID_FILE RUN "/qubesdb.work.pid"
#define SOCKET RUN "/qubesdb.work.sock"

static int number_in(struct world *w, const char *path)
{
	return daemon_number(&w->q, path);
}

static bool is_alive(int number)
{
	return kill(number, 0) == 0;
}

static void assert_gone(int number)
{
	for (int i = 0; i < 250 && is_alive(number); i++)
		poll(NULL, 0, 20);
	assert_false(is_alive(number));
}

static void write_number(struct world *w, const char *path, int number)
{
	AUTO_FREE char *text = util_printf("%d\n", number);

	make_file(w, path, 0, text);
}

/* ---- QubesDB ---- */

static void it_is_started_for_the_domain(void **state)
{
	struct helpers helpers = check(*state, "work");

	assert_ok(helpers_qubesdb_start(&helpers, 5));
	assert_true(number_in(*state, PID_FILE) > 1);
	assert_recorded(*state, "qubesdb-daemon <5> <work>\n");
	assert_ok(helpers_qubesdb_stop(helpers.vm));
}

static void stopping_ends_it(void **state)
{
	struct world *w = *state;
	struct helpers helpers = check(w, "work");
	int number;

	assert_ok(helpers_qubesdb_start(&helpers, 5));
	number = number_in(w, PID_FILE);
	assert_true(is_alive(number));
	assert_ok(helpers_qubesdb_stop(helpers.vm));
	assert_gone(number);
	assert_false(root_exists(w->q.root, PID_FILE));
	assert_ok(helpers_qubesdb_stop(helpers.vm));
}

static void a_new_one_replaces_that_of_an_earlier_run(void **state)
{
	struct helpers helpers = check(*state, "work");
	int old;

	assert_ok(helpers_qubesdb_start(&helpers, 5));
	old = number_in(*state, PID_FILE);
	assert_ok(helpers_qubesdb_start(&helpers, 6));
	assert_true(number_in(*state, PID_FILE) != old);
	assert_gone(old);
	assert_ok(helpers_qubesdb_stop(helpers.vm));
}

static void root_runs_it_as_a_member_of_qubes(void **state)
{
	struct helpers helpers;

	if (geteuid() != 0)
		skip();
	make_file(*state, "/etc/group", 0, "qubes:x:98:user\n");
	helpers = check(*state, "work");
	assert_ok(helpers_qubesdb_start(&helpers, 5));
	assert_recorded(*state, "runuser <-u> <user> <--> <qubesdb-daemon>\n"
				"qubesdb-daemon <5> <work>\n");
	assert_ok(helpers_qubesdb_stop(helpers.vm));
}

/* ---- one that behaves otherwise ---- */

/* SCRIPT instead of the double; its process is called as the real one is. */
static void replace_daemon(struct world *w, const char *script)
{
	AUTO_FREE char *text = util_printf("#!/bin/sh\nroot=${0%%/usr/*}\n%s", script);
	AUTO_FREE char *host = inside(w, QUBESDB_DAEMON);

	take_away(w, QUBESDB_DAEMON);
	make_file(w, QUBESDB_DAEMON, 0, text);
	assert_int_equal(chmod(host, 0755), 0);
}

/* Lives until its marker is taken away, with its number in the pid file; TRAP is what it does at SIGTERM. */
#define LIVING(trap)                                                                    \
	"touch $root/marker; (trap \"" trap "\" TERM\n"                                 \
	"read -r number _ </proc/self/stat; echo $number >$root" PID_FILE "\n"          \
	"while [ -e $root/marker ]; do sleep 0.1; done) </dev/null >/dev/null 2>&1 &\n" \
	"while [ ! -s $root" PID_FILE " ]; do sleep 0.1; done\n"

static void a_failure_is_an_error(void **state)
{
	struct helpers helpers = check(*state, "work");

	replace_daemon(*state, "exit 5\n");
	assert_error(helpers_qubesdb_start(&helpers, 5), QUBESDB_DAEMON " failed (status 5)");
}

static void one_that_does_not_become_a_daemon_is_stopped(void **state)
{
	struct world *w = *state;
	struct helpers helpers = check(w, "work");
	AUTO_FREE char *message =
		util_printf("%s" QUBESDB_DAEMON " did not end within 1 s and was stopped", w->directory);

	helpers_limits.daemon = 1;
	replace_daemon(w, "exec sleep 60\n");
	assert_error(helpers_qubesdb_start(&helpers, 5), message);
}

static void one_that_leaves_its_file_has_ended_too(void **state)
{
	struct world *w = *state;
	struct helpers helpers = check(w, "work");

	replace_daemon(w, LIVING("exit"));
	assert_ok(helpers_qubesdb_start(&helpers, 5));
	assert_ok(helpers_qubesdb_stop(helpers.vm));
	assert_false(root_exists(w->q.root, PID_FILE));
}

static void one_that_does_not_end_is_an_error(void **state)
{
	struct world *w = *state;
	struct helpers helpers = check(w, "work");
	AUTO_FREE char *message = NULL;
	int number;

	replace_daemon(w, LIVING(":"));
	assert_ok(helpers_qubesdb_start(&helpers, 5));
	number = number_in(w, PID_FILE);
	message = util_printf(
		"qubesdb-daemon of an earlier run does not end: kill process %d and remove " PID_FILE,
		number);
	helpers_limits.end_tenths = 3;
	assert_error(helpers_qubesdb_start(&helpers, 6), message);
	take_away(w, "/marker");
	assert_gone(number);
}

/* ---- stale files ---- */

static void assert_stale(struct world *w)
{
	assert_ok(helpers_qubesdb_stop(the(w, "work")));
	assert_false(root_exists(w->q.root, PID_FILE));
}

static void a_number_that_is_nobody_s_is_stale(void **state)
{
	make_file(*state, PID_FILE, 0, "2147483647\n");
	assert_stale(*state);
}

static void files_without_a_number_are_stale(void **state)
{
	static const char *const texts[] = {
		"",   "\n",   "0",    "1",	     "-1",
		"+5", "0x10", "work", "99999999999", "11111111111111111111111111111111111111111111"
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		make_file(*state, PID_FILE, 0, texts[i]);
		assert_stale(*state);
	}
}

/* Ours is alive, and would not be after a SIGTERM. */
static void another_program_s_number_is_stale(void **state)
{
	write_number(*state, PID_FILE, (int)getpid());
	assert_stale(*state);
}

static void the_daemon_of_another_vm_is_left_alone(void **state)
{
	struct world *w = *state;
	struct helpers helpers = check(w, "net");
	int number;

	assert_ok(helpers_qubesdb_start(&helpers, 5));
	number = number_in(w, RUN "/qubesdb.net.pid");
	write_number(w, PID_FILE, number);
	assert_stale(w);
	assert_true(is_alive(number));
	assert_ok(helpers_qubesdb_stop(helpers.vm));
	assert_gone(number);
}

static void what_is_no_file_is_an_error(void **state)
{
	struct world *w = *state;

	assert_ok(root_mkdirs(w->q.root, PID_FILE, 0755));
	assert_error(helpers_qubesdb_stop(the(w, "work")),
		     "cannot remove " PID_FILE ", whose process has ended: Is a directory");
}

/* ---- the GUI daemon ---- */

static void the_gui_daemon_is_stopped_by_its_marker(void **state)
{
	struct world *w = *state;
	struct helpers helpers = check(w, "work");
	int number;

	assert_false(helpers_gui_runs(helpers.vm, 5));
	assert_ok(helpers_gui_start(&helpers, 5, -1));
	assert_true(helpers_gui_runs(helpers.vm, 5));
	number = number_in(w, RUN "/guid-running.5");
	assert_ok(helpers_gui_stop(helpers.vm, 5));
	assert_gone(number);
	assert_false(helpers_gui_runs(helpers.vm, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST(it_is_started_for_the_domain),
		HOST(stopping_ends_it),
		HOST(a_new_one_replaces_that_of_an_earlier_run),
		HOST(root_runs_it_as_a_member_of_qubes),
		HOST(a_failure_is_an_error),
		HOST(one_that_does_not_become_a_daemon_is_stopped),
		HOST(one_that_leaves_its_file_has_ended_too),
		HOST(one_that_does_not_end_is_an_error),
		HOST(a_number_that_is_nobody_s_is_stale),
		HOST(files_without_a_number_are_stale),
		HOST(another_program_s_number_is_stale),
		HOST(the_daemon_of_another_vm_is_left_alone),
		HOST(what_is_no_file_is_an_error),
		HOST(the_gui_daemon_is_stopped_by_its_marker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
