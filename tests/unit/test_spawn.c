/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes: what they get (arguments, input, descriptors, signals), what comes back of them, and
 * that none of them can hold us longer than it may.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "util.h"

/* A child that does what SCRIPT says, with one argument. */
static int run(const char *script, const char *argument, struct spawn more)
{
	const char *const argv[] = { "/bin/sh", "-c", script, "sh", argument, NULL };

	more.argv = argv;
	return util_spawn(&more);
}

static void assert_output(const char *script, const char *argument, const char *input, const char *expected)
{
	AUTO_STRBUF struct strbuf output = { 0 };

	assert_int_equal(run(script, argument, (struct spawn){ .input = input, .output = &output }), 0);
	assert_string_equal(output.text ? output.text : "", expected);
}

static void status_is_that_of_the_child(void **state)
{
	(void)state;
	assert_int_equal(run("exit 0", NULL, (struct spawn){ 0 }), 0);
	assert_int_equal(run("exit 3", NULL, (struct spawn){ 0 }), 3);
	assert_int_equal(run("kill -9 $$", NULL, (struct spawn){ 0 }), 128 + 9);
	assert_int_equal(run("exit 4", NULL, (struct spawn){ .seconds = 10 }), 4);
}

static void missing_program_is_an_error(void **state)
{
	const char *const argv[] = { "/no/such/program", NULL };

	(void)state;
	assert_int_equal(util_spawn(&(struct spawn){ .argv = argv }), -1);
	assert_string_equal(error_message(), "cannot run /no/such/program: No such file or directory");
}

static void arguments_are_not_interpreted(void **state)
{
	(void)state;
	assert_output("printf '<%s>' \"$1\"", "a b;$(id) '*", NULL, "<a b;$(id) '*>");
}

static void input_is_given_or_empty(void **state)
{
	(void)state;
	assert_output("cat", NULL, "one\ntwo\n", "one\ntwo\n");
	assert_output("cat", NULL, "", "");
	assert_output("cat", NULL, NULL, "");
}

/* More than a pipe holds, and the child does not want it. */
static void unread_input_does_no_harm(void **state)
{
	AUTO_FREE char *input = util_alloc(1000001);

	(void)state;
	memset(input, 'x', 1000000);
	assert_output("exit 0", NULL, input, "");
	assert_output("wc -c", NULL, input, "1000000\n");
}

static void output_is_taken_whole(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };

	(void)state;
	strbuf_add(&output, "before:");
	assert_int_equal(run("head -c 500000 /dev/zero | tr '\\0' y; exit 7", NULL,
			     (struct spawn){ .output = &output }),
			 7);
	assert_int_equal(output.length, 500007);
	assert_memory_equal(output.text, "before:yyy", 10);
}

static void endless_output_is_cut_off(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };

	(void)state;
	assert_int_equal(run("exec cat /dev/zero", NULL, (struct spawn){ .output = &output }), -1);
	assert_string_equal(error_message(), "running /bin/sh: File too large");
}

static void child_has_no_descriptor_of_ours(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	AUTO_FREE char *number = NULL;

	(void)state;
	assert_true(fd > 2);
	number = util_printf("%d", fd);
	assert_output("if [ -e /dev/fd/$1 ]; then echo open; fi", number, NULL, "");
	close(fd);
}

static void blocked_signals_are_not_inherited(void **state)
{
	sigset_t all, before;

	(void)state;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	assert_output("grep SigBlk /proc/self/status", NULL, NULL, "SigBlk:\t0000000000000000\n");
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- environment and streams ---- */

static void environment_is_ours_and_more(void **state)
{
	const char *const more[] = { "ADDED=a b", "REPLACED=new", NULL };
	AUTO_STRBUF struct strbuf output = { 0 };

	(void)state;
	setenv("KEPT", "ours", true);
	setenv("REPLACED", "old", true);
	setenv("REPLACED_NOT", "ours too", true);
	assert_int_equal(run("echo \"$KEPT,$ADDED,$REPLACED,$REPLACED_NOT\"; env | grep -c '^REPLACED='",
			     NULL, (struct spawn){ .environment = more, .output = &output }),
			 0);
	assert_string_equal(output.text, "ours,a b,new,ours too\n1\n");
}

/* What comes out of our stdout and stderr while a child runs that writes to both. */
static void assert_streams(struct spawn how, const char *expected_out, const char *expected_err)
{
	FILE *files[] = { tmpfile(), tmpfile() };
	int before[] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
	char text[2][100] = { { 0 }, { 0 } };

	fflush(stdout);
	for (int i = 0; i < 2; i++)
		dup2(fileno(files[i]), STDOUT_FILENO + i);
	run("echo out; echo err >&2", NULL, how);
	for (int i = 0; i < 2; i++) {
		dup2(before[i], STDOUT_FILENO + i);
		close(before[i]);
		rewind(files[i]);
		assert_true(fread(text[i], 1, sizeof(text[i]) - 1, files[i]) < sizeof(text[i]) - 1);
		fclose(files[i]);
	}
	assert_string_equal(text[0], expected_out);
	assert_string_equal(text[1], expected_err);
}

static void streams_go_where_they_are_sent(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };

	(void)state;
	assert_streams((struct spawn){ 0 }, "out\n", "err\n");
	assert_streams((struct spawn){ .out = SPAWN_DROP }, "", "err\n");
	assert_streams((struct spawn){ .err = SPAWN_DROP }, "out\n", "");
	assert_streams((struct spawn){ .out = SPAWN_DROP, .err = SPAWN_DROP }, "", "");
	assert_streams((struct spawn){ .out = SPAWN_TO_STDERR }, "", "out\nerr\n");
	assert_streams((struct spawn){ .out = SPAWN_TO_STDERR, .err = SPAWN_DROP }, "", "");
	assert_streams((struct spawn){ .output = &output, .err = SPAWN_DROP }, "", "");
	assert_string_equal(output.text, "out\n");
}

static void our_stdin_can_be_handed_on(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };
	int ends[2], before = dup(STDIN_FILENO);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(util_write_all(ends[1], "ours\n", 5), 0);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	assert_int_equal(run("cat", NULL, (struct spawn){ .own_input = true, .output = &output }), 0);
	dup2(before, STDIN_FILENO);
	close(before);
	assert_string_equal(output.text, "ours\n");
}

/* ---- time ---- */

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void child_that_takes_too_long_is_stopped(void **state)
{
	double start = seconds_now();

	(void)state;
	assert_int_equal(run("exec sleep 60", NULL, (struct spawn){ .seconds = 1 }), -1);
	assert_string_equal(error_message(), "/bin/sh did not end within 1 s and was stopped");
	assert_true(seconds_now() - start > 0.9 && seconds_now() - start < 10);
}

static void child_that_will_not_end_is_killed(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };
	double start = seconds_now();

	(void)state;
	assert_int_equal(run("trap '' TERM; echo on; while :; do read x; done </dev/zero", NULL,
			     (struct spawn){ .seconds = 1, .output = &output }),
			 -1);
	assert_string_equal(output.text, "on\n");
	assert_true(seconds_now() - start < 20);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of it */
}

static void grandchild_does_not_hold_us(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };
	double start = seconds_now();
	int pid;

	(void)state;
	assert_int_equal(run("sleep 60 & echo $!", NULL, (struct spawn){ .output = &output }), 0);
	assert_true(seconds_now() - start < 30);
	pid = atoi(output.text);
	assert_true(pid > 1);
	kill(pid, SIGTERM);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void interruptions_change_nothing(void **state)
{
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm }, before;

	(void)state;
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_output("for i in 1 2 3; do echo $i; sleep 0.1; done", NULL, "input", "1\n2\n3\n");
	assert_int_equal(run("sleep 0.2; exit 9", NULL, (struct spawn){ 0 }), 9);
	assert_int_equal(run("sleep 0.2; exit 9", NULL, (struct spawn){ .seconds = 20 }), 9);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
}

/* Who holds signals off cannot be ended by one: the child is, if that was asked for. */
static void a_held_signal_ends_a_child(void **state)
{
	struct timespec none = { 0 };
	double start = seconds_now();
	sigset_t before, pending;

	(void)state;
	util_hold_signals(&before);
	assert_int_equal(run("kill -TERM $PPID; sleep 30", NULL, (struct spawn){ .interruptible = true }),
			 -1);
	assert_string_equal(error_message(), "interrupted");
	assert_true(seconds_now() - start < 10);
	assert_int_equal(run("sleep 0.5; exit 9", NULL, (struct spawn){ 0 }), 9);
	sigemptyset(&pending);
	sigaddset(&pending, SIGTERM);
	assert_int_equal(sigtimedwait(&pending, NULL, &none), SIGTERM);
	assert_int_equal(run("sleep 0.5; exit 8", NULL, (struct spawn){ .interruptible = true }), 8);
	util_release_signals(&before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_that_of_the_child),
		cmocka_unit_test(missing_program_is_an_error),
		cmocka_unit_test(arguments_are_not_interpreted),
		cmocka_unit_test(input_is_given_or_empty),
		cmocka_unit_test(unread_input_does_no_harm),
		cmocka_unit_test(output_is_taken_whole),
		cmocka_unit_test(endless_output_is_cut_off),
		cmocka_unit_test(child_has_no_descriptor_of_ours),
		cmocka_unit_test(blocked_signals_are_not_inherited),
		cmocka_unit_test(environment_is_ours_and_more),
		cmocka_unit_test(streams_go_where_they_are_sent),
		cmocka_unit_test(our_stdin_can_be_handed_on),
		cmocka_unit_test(child_that_takes_too_long_is_stopped),
		cmocka_unit_test(child_that_will_not_end_is_killed),
		cmocka_unit_test(grandchild_does_not_hold_us),
		cmocka_unit_test(interruptions_change_nothing),
		cmocka_unit_test(a_held_signal_ends_a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
