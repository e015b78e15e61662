/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for the store's lock: what ends it, and whom it is put down to.
 */
#include "store_other.h"

#include <sys/prctl.h>
#include <sys/time.h>

/* ---- waiting ---- */

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

/* Opens the store, with an alarm after so many MILLISECONDS, and more of them should that one be early. */
static struct store *open_until_alarm(const struct scratch *s, bool write, int milliseconds)
{
	const struct itimerval when = { { 0, 500000 }, { milliseconds / 1000, milliseconds % 1000 * 1000 } };
	const struct sigaction action = { .sa_handler = count_alarm };
	struct store *store;

	alarms = 0;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &when, NULL), 0);
	store = store_open(s->root, STORE_PATH, write);
	assert_int_equal(setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL), 0);
	assert_true(alarms > 0);
	return store;
}

static void a_signal_ends_the_wait_at_once(void **state)
{
	struct scratch *s = *state;
	pid_t child;

	put_store(s, EMPTY);
	child = lock_elsewhere(s, F_WRLCK, 10000, NULL);
	assert_null(open_until_alarm(s, false, 200));
	assert_in_range(alarms, 1, 2); /* the first of them, should it not have been too early */
	assert_error("cannot lock " STORE_PATH ": Interrupted system call");
	assert_still_there(child);
	stop(child);
}

/* Replaces stderr by a file. What it was. */
static int catch_stderr(const char *path)
{
	int saved = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	return saved;
}

/* Two seconds in silence, then a line that names the one to blame; a signal still ends it. */
static void a_long_wait_says_for_whom(void **state)
{
	struct scratch *s = *state;
	AUTO_FREE char *notes = util_printf("%s/notes", s->directory);
	struct store *store;
	pid_t child;
	int saved;

	put_store(s, EMPTY);
	child = lock_elsewhere(s, F_RDLCK, 10000, NULL);
	AUTO_FREE char *expected =
		util_printf("waiting for " STORE_PATH ", which process %d has locked\n", (int)child);
	saved = catch_stderr(notes);
	store = open_until_alarm(s, true, 2500);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	stop(child);
	assert_null(store);
	assert_error("cannot lock " STORE_PATH ": Interrupted system call");
	AUTO_FREE char *text = file_text(s, "/notes");
	assert_non_null(strstr(text, expected));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_new, scratch_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_writer_keeps_everybody_out_until_it_is_closed),
		TEST(a_writer_keeps_its_lock_when_another_descriptor_is_closed),
		TEST(a_reader_keeps_nobody_out),
		TEST(a_save_takes_the_lock_along),
		TEST(a_store_that_could_not_be_opened_is_not_locked),
		TEST(a_writer_waits_for_a_lock),
		TEST(a_reader_waits_for_a_writer_only),
		TEST(a_store_that_was_replaced_meanwhile_is_opened_anew),
		TEST(a_store_that_vanished_meanwhile_is_an_error),
		TEST(a_signal_ends_the_wait_at_once),
		TEST(a_long_wait_says_for_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
