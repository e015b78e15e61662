/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory balancer: how much it is asked for, that it is held until the release, and what its answers, its
 * silence and its absence mean. The server is tests/doubles/qmemman.
 */
#include "helpers_world.h"

#include <spawn.h>
#include <sys/wait.h>

static pid_t server;

static void serve(struct world *w, const char *option, const char *value)
{
	const char *const argv[] = { "tests/doubles/qmemman", w->directory, option, value, NULL };

	take_away(w, QMEMMAN_SOCKET);
	assert_int_equal(posix_spawn(&server, argv[0], NULL, NULL, (char *const *)argv, environ), 0);
	wait_for_file(w, QMEMMAN_SOCKET, true);
}

static int stop_serving(void **state)
{
	if (server) {
		kill(server, SIGTERM);
		waitpid(server, NULL, 0);
	}
	server = 0;
	return drop_host(state);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, setup_host, stop_serving)

/* Until the server has written down as much. */
static void assert_recorded_soon(struct world *w, const char *expected)
{
	for (int i = 0; i < 250; i++) {
		AUTO_FREE char *text = root_read(w->q.root, LOG, 1 << 20, NULL);

		if (text && strlen(text) >= strlen(expected))
			break;
		poll(NULL, 0, 20);
	}
	assert_recorded(w, expected);
}

/* ---- how much ---- */

static void assert_asked_for(struct world *w, const char *name, unsigned long long bytes)
{
	struct helpers helpers = check(w, name);
	AUTO_FREE char *expected = util_printf("qmemman <%llu>\nqmemman released\n", bytes);

	assert_ok(helpers_memory_request(&helpers));
	assert_true(helpers.memory_held >= 0);
	helpers_memory_release(&helpers);
	assert_int_equal(helpers.memory_held, -1);
	assert_recorded_soon(w, expected);
}

/* Its memory, 4 MiB, and 1.5 MiB for each CPU; an HVM has 44 MiB more. */
static void each_class_asks_for_what_it_needs(void **state)
{
	serve(*state, NULL, NULL);
	assert_asked_for(*state, "work", (400ULL + 4 + 3) << 20);
	assert_asked_for(*state, "net", (300ULL + 4 + 6) << 20);
	assert_asked_for(*state, "bare", ((1024ULL + 44 + 4 + 1) << 20) + (1 << 19));
}

/* ---- holding ---- */

static void it_is_held_until_the_release(void **state)
{
	struct helpers first = check(*state, "work"), second = check(*state, "net");

	serve(*state, NULL, NULL);
	helpers_limits.memory = 1;
	assert_ok(helpers_memory_request(&first));
	assert_error(helpers_memory_request(&second), "the memory balancer did not answer within 1 s");
	assert_int_equal(second.memory_held, -1);
	helpers_memory_release(&first);
	assert_ok(helpers_memory_request(&second));
	helpers_memory_release(&second);
	helpers_memory_release(&second);
}

static void no_child_holds_it_for_us(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "sleep 5 <&- >&- 2>&- &", NULL };
	struct helpers helpers = check(*state, "work");

	serve(*state, NULL, NULL);
	assert_ok(helpers_memory_request(&helpers));
	assert_int_equal(run_here(argv), 0);
	helpers_memory_release(&helpers);
	assert_ok(helpers_memory_request(&helpers));
	helpers_memory_release(&helpers);
}

/* ---- answers ---- */

static void too_much_is_refused(void **state)
{
	struct helpers helpers = check(*state, "work");

	serve(*state, "--free", "406");
	assert_error(helpers_memory_request(&helpers), "not enough memory: 407 MiB are needed");
	assert_int_equal(helpers.memory_held, -1);
	assert_recorded_soon(*state, "qmemman <426770432>\nqmemman released\n");
}

static void silence_has_an_end(void **state)
{
	struct helpers helpers = check(*state, "work");

	serve(*state, "--silent", NULL);
	helpers_limits.memory = 1;
	assert_error(helpers_memory_request(&helpers), "the memory balancer did not answer within 1 s");
}

/* Half an answer is none. */
static void an_unfinished_answer_is_silence(void **state)
{
	struct helpers helpers = check(*state, "work");

	serve(*state, "--answer", "OK");
	helpers_limits.memory = 1;
	assert_error(helpers_memory_request(&helpers), "the memory balancer did not answer within 1 s");
}

static void the_end_of_the_connection_is_no_answer(void **state)
{
	struct helpers helpers = check(*state, "work");

	serve(*state, "--answer", "");
	assert_error(helpers_memory_request(&helpers), "the memory balancer gave no answer");
}

static void other_answers_are_shown(void **state)
{
	struct helpers helpers = check(*state, "work");

	serve(*state, "--answer", "OK then\\x1b\\n");
	assert_error(helpers_memory_request(&helpers), "the memory balancer answered 'OK then?'");
}

static void endless_answers_are_cut(void **state)
{
	char text[5001] = { 0 };
	struct helpers helpers = check(*state, "work");

	memset(text, 'x', sizeof(text) - 1);
	serve(*state, "--answer", text);
	assert_error(helpers_memory_request(&helpers),
		     "the memory balancer answered 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'");
}

/* ---- nobody there ---- */

static void a_socket_that_nobody_listens_on_is_an_error(void **state)
{
	struct helpers helpers = check(*state, "work");

	assert_error(helpers_memory_request(&helpers),
		     "cannot connect to the memory balancer: " QMEMMAN_SOCKET ": Connection refused");
	take_away(*state, QMEMMAN_SOCKET);
	assert_error(helpers_memory_request(&helpers),
		     "cannot connect to the memory balancer: " QMEMMAN_SOCKET ": No such file or directory");
}

/* Ctrl-C is held off during a start, but not for as long as others may start. */
static void an_interruption_ends_the_waiting(void **state)
{
	struct helpers helpers = check(*state, "work");
	double start = seconds_now();
	sigset_t before;

	serve(*state, "--silent", NULL);
	helpers_limits.memory = 60;
	util_hold_signals(&before);
	raise(SIGTERM);
	assert_error(helpers_memory_request(&helpers), "interrupted");
	assert_true(seconds_now() - start < 10);
	signal(SIGTERM, SIG_IGN); /* takes it away */
	util_release_signals(&before);
	signal(SIGTERM, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(each_class_asks_for_what_it_needs),
		SERVED(it_is_held_until_the_release),
		SERVED(no_child_holds_it_for_us),
		SERVED(too_much_is_refused),
		SERVED(silence_has_an_end),
		SERVED(an_unfinished_answer_is_silence),
		SERVED(the_end_of_the_connection_is_no_answer),
		SERVED(other_answers_are_shown),
		SERVED(endless_answers_are_cut),
		HOST(a_socket_that_nobody_listens_on_is_an_error),
		SERVED(an_interruption_ends_the_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
