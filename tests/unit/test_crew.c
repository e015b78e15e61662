/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of our own that work at the same time: their ends, their statuses, and signals on the way.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"
#include "util.h"

#define MANY 20

static int return_it(void *status)
{
	return *(const int *)status;
}

static int wait_for_end(void *unused)
{
	(void)unused;
	return pause();
}

/* Ends only once the byte that another one writes is there. */
static int read_byte(void *ends)
{
	char byte;

	return read(((const int *)ends)[0], &byte, 1) == 1 ? 0 : 1;
}

static int write_byte(void *ends)
{
	return write(((const int *)ends)[1], "x", 1) == 1 ? 0 : 1;
}

static void each_has_its_own_status(void **state)
{
	int statuses[MANY], status;
	size_t index, ended = 0;
	struct crew crew;

	(void)state;
	crew_begin(&crew, MANY);
	for (size_t i = 0; i < MANY; i++) {
		statuses[i] = (int)(i * 3);
		assert_int_equal(crew_start(&crew, i, return_it, &statuses[i]), 0);
	}
	for (; crew_wait(&crew, &index, &status); ended++)
		assert_int_equal(status, statuses[index]);
	assert_int_equal(ended, MANY);
	assert_int_equal(crew.interrupted, 0);
	crew_end(&crew);
}

static void they_work_at_the_same_time(void **state)
{
	struct crew crew;
	int ends[2], status;
	size_t index;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	crew_begin(&crew, 2);
	assert_int_equal(crew_start(&crew, 0, read_byte, ends), 0); /* would wait for ever alone */
	assert_int_equal(crew_start(&crew, 1, write_byte, ends), 0);
	while (crew_wait(&crew, &index, &status))
		assert_int_equal(status, 0);
	crew_end(&crew);
	close(ends[0]);
	close(ends[1]);
}

static void an_index_can_be_used_again(void **state)
{
	int first = 4, second = 5, status;
	struct crew crew;
	size_t index;

	(void)state;
	crew_begin(&crew, 1);
	assert_int_equal(crew_start(&crew, 0, return_it, &first), 0);
	assert_true(crew_wait(&crew, &index, &status));
	assert_int_equal(status, 4);
	assert_int_equal(crew_start(&crew, 0, return_it, &second), 0);
	assert_true(crew_wait(&crew, &index, &status));
	assert_int_equal(status, 5);
	assert_false(crew_wait(&crew, &index, &status));
	crew_end(&crew);
}

static int kill_parent(void *unused)
{
	(void)unused;
	kill(getppid(), SIGTERM);
	return 0;
}

/* The whole, in a process of its own, because the last act of it is to end by the signal. */
static void run_and_be_interrupted(void)
{
	bool passed_on = false;
	struct crew crew;
	size_t index;
	int status;

	crew_begin(&crew, 2);
	crew_start(&crew, 0, wait_for_end, NULL);
	crew_start(&crew, 1, kill_parent, NULL);
	while (crew_wait(&crew, &index, &status))
		passed_on |= index == 0 && status == 128 + SIGTERM;
	if (!passed_on || crew.interrupted != SIGTERM)
		_exit(1);
	crew_end(&crew);
	_exit(2);
}

static void a_signal_reaches_all_and_ends_us_last(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		run_and_be_interrupted();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

/* Without SIGCHLD nobody says that one has ended, and the kernel reaps it. */
static void children_that_nobody_may_wait_for(void **state)
{
	int zero = 0, status;
	struct crew crew;
	size_t index;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	crew_begin(&crew, 1);
	assert_int_equal(crew_start(&crew, 0, return_it, &zero), 0);
	assert_true(crew_wait(&crew, &index, &status));
	assert_int_equal(status, EXIT_FAILURE); /* how it ended is not known */
	crew_end(&crew);
	signal(SIGCHLD, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_own_status),
		cmocka_unit_test(they_work_at_the_same_time),
		cmocka_unit_test(an_index_can_be_used_again),
		cmocka_unit_test(a_signal_reaches_all_and_ends_us_last),
		cmocka_unit_test(children_that_nobody_may_wait_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
