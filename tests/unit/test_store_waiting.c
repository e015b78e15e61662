/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waiting for the store's lock: what ends it, and who is named as its holder.
 */
#include "store_other.h"

#include <sys/time.h>

#define LONG 10000 /* ms that nobody waits for */

/* ---- what is said ---- */

/* Without waiting, WRITE or not: does the error name PID's process, by NAME? */
static void assert_named(const struct scratch *s, bool write, pid_t pid, const char *name)
{
	AUTO_FREE char *expected =
		util_printf("cannot lock " STORE_PATH ": process %ld (%s) has locked it", (long)pid, name);

	assert_null(store_open_within(s->root, STORE_PATH, write, 0));
	assert_string_equal(error_message(), expected);
	error_clear();
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

/* ---- who holds it ---- */

static void the_holder_is_named(void **state)
{
	static const int commands[] = { F_SETLK, F_OFD_SETLK };
	struct scratch *s = *state;

	put_store(s, EMPTY);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct other how = { commands[i], F_WRLCK, LONG, NULL, "qvm-backup", 0 };
		pid_t child = hold_elsewhere(s, &how);

		assert_named(s, true, child, "qvm-backup");
		assert_named(s, false, child, "qvm-backup");
		stop(child);
	}
}

static void a_reader_that_keeps_a_writer_out_is_named(void **state)
{
	static const int commands[] = { F_SETLK, F_OFD_SETLK };
	struct scratch *s = *state;

	put_store(s, EMPTY);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct other how = { commands[i], F_RDLCK, LONG, NULL, "reader", 0 };
		pid_t child = hold_elsewhere(s, &how);

		assert_named(s, true, child, "reader");
		store_close(open_store(s, false));
		stop(child);
	}
}

/* Readers of our kind hold locks as well, and are not in another reader's way. */
static void only_a_lock_in_the_way_counts(void **state)
{
	struct scratch *s = *state;
	AUTO_FREE char *path = util_printf("%s/other", s->directory);
	struct scratch other = { .store = path };
	pid_t elsewhere, child;

	put_store(s, EMPTY);
	put_bytes(path, "", 0);
	elsewhere =
		hold_elsewhere(&other, &(struct other){ F_OFD_SETLK, F_WRLCK, LONG, NULL, "innocent", 0 });
	child = hold_elsewhere(s, &(struct other){ F_OFD_SETLK, F_WRLCK, LONG, NULL, "holder", 0 });
	assert_named(s, true, child, "holder");
	stop(child);
	stop(elsewhere);
}

/* Anybody may call a process as he likes. */
static void a_name_is_made_printable(void **state)
{
	struct scratch *s = *state;
	pid_t child;

	put_store(s, EMPTY);
	child = hold_elsewhere(s, &(struct other){ F_OFD_SETLK, F_WRLCK, LONG, NULL, "a\033[2Jb\nc", 0 });
	assert_named(s, true, child, "a?[2Jb");
	stop(child);
	child = hold_elsewhere(s, &(struct other){ F_OFD_SETLK, F_WRLCK, LONG, NULL, "", 0 });
	assert_null(store_open_within(s->root, STORE_PATH, true, 0));
	AUTO_FREE char *nameless = util_printf("process %ld has locked it", (long)child);
	assert_error(nameless);
	stop(child);
}

#define NOBODY 65534

/* Who may not look into the process that holds a lock of our kind is not told. */
static void a_process_of_others_is_another_process(void **state)
{
	struct scratch *s = *state;
	pid_t holder, child;
	int status;

	if (geteuid() != 0)
		skip();
	put_store(s, EMPTY);
	assert_int_equal(chmod(s->directory, 0755), 0);
	assert_int_equal(chmod(s->store, 0644), 0);
	holder = hold_elsewhere(s, &(struct other){ F_OFD_SETLK, F_WRLCK, LONG, NULL, NULL, 0 });
	child = fork();
	if (child == 0) {
		if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
			_exit(2);
		_exit(store_open_within(s->root, STORE_PATH, false, 0) ||
		      !strstr(error_message(), ": another process has locked it"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	stop(holder);
}

/* ---- a limit ---- */

static void a_limit_ends_the_wait(void **state)
{
	struct scratch *s = *state;
	struct other how = { F_OFD_SETLK, F_WRLCK, LONG, NULL, "holder", 0 };
	pid_t child;

	put_store(s, EMPTY);
	child = hold_elsewhere(s, &how);
	assert_null(store_open_within(s->root, STORE_PATH, true, 1));
	assert_waited(1000);
	assert_error("(holder) has locked it");
	assert_still_there(child);
	stop(child);
}

static void a_lock_that_is_free_in_time_is_taken(void **state)
{
	struct scratch *s = *state;
	struct store *store;
	pid_t child;

	put_store(s, EMPTY);
	store = store_open_within(s->root, STORE_PATH, true, 0);
	assert_non_null(store);
	store_close(store);

	child = lock_elsewhere(s, F_WRLCK, 200, NULL);
	store = store_open_within(s->root, STORE_PATH, true, 60);
	assert_non_null(store);
	assert_waited(200);
	assert_ends_by_itself(child);
	store_close(store);
}

/* The limit is that of the whole wait, however often the file is replaced meanwhile. */
static void a_limit_goes_on_when_the_store_is_replaced(void **state)
{
	struct scratch *s = *state;
	struct other how = { F_SETLK, F_WRLCK, 600, EMPTY "<!-- new -->", "holder", LONG };
	pid_t child;

	put_store(s, EMPTY);
	child = hold_elsewhere(s, &how);
	assert_null(store_open_within(s->root, STORE_PATH, false, 1));
	assert_waited(1000);
	assert_error("(holder) has locked it");
	assert_still_there(child);
	stop(child);
	AUTO_FREE char *text = file_text(s, STORE_PATH);
	assert_string_equal(text, how.text);
}

/* ---- signals ---- */

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
	child = lock_elsewhere(s, F_WRLCK, LONG, NULL);
	assert_null(open_until_alarm(s, false, 200));
	assert_in_range(alarms, 1, 2); /* the first of them, should it not have been too early */
	assert_error("cannot lock " STORE_PATH ": Interrupted system call");
	assert_still_there(child);
	stop(child);
}

/* Two seconds in silence, then a line that names the one to blame; a signal still ends it. */
static void a_long_wait_says_for_whom(void **state)
{
	static const int commands[] = { F_SETLK, F_OFD_SETLK };
	struct scratch *s = *state;
	AUTO_FREE char *notes = util_printf("%s/notes", s->directory);

	put_store(s, EMPTY);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		struct other how = { commands[i], F_RDLCK, LONG, NULL, "qvm-backup", 0 };
		pid_t child = hold_elsewhere(s, &how);
		int saved = catch_stderr(notes);
		struct store *store = open_until_alarm(s, true, 2500);

		assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
		close(saved);
		stop(child);
		assert_null(store);
		assert_error("cannot lock " STORE_PATH ": Interrupted system call");
		AUTO_FREE char *text = file_text(s, "/notes");
		AUTO_FREE char *expected =
			util_printf("waiting for " STORE_PATH ", which process %d (qvm-backup) "
				    "has locked\n",
				    (int)child);
		assert_non_null(strstr(text, expected));
		assert_null(strstr(strstr(text, expected) + 1, "waiting"));
	}
}

/* One that is held (as in a batch) is seen too, early and late. */
static void a_held_signal_ends_the_wait(void **state)
{
	static const int milliseconds[] = { 0, 200, 2500 };
	struct scratch *s = *state;
	AUTO_FREE char *notes = util_printf("%s/notes", s->directory);
	sigset_t before, pending;
	int number, saved = catch_stderr(notes);

	put_store(s, EMPTY);
	util_hold_signals(&before);
	for (size_t i = 0; i < ARRAY_SIZE(milliseconds); i++) {
		pid_t parent = getpid(), child = lock_elsewhere(s, F_WRLCK, LONG, NULL), sender = fork();

		if (sender == 0) {
			poll(NULL, 0, milliseconds[i]);
			_exit(kill(parent, SIGINT) != 0);
		}
		assert_null(store_open(s->root, STORE_PATH, true));
		assert_error("cannot lock " STORE_PATH ": interrupted");
		assert_still_there(child);
		assert_ends_by_itself(sender);
		stop(child);
		sigemptyset(&pending);
		sigaddset(&pending, SIGINT);
		assert_int_equal(sigwait(&pending, &number), 0);
	}
	util_release_signals(&before);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_new, scratch_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_holder_is_named),
		TEST(a_reader_that_keeps_a_writer_out_is_named),
		TEST(only_a_lock_in_the_way_counts),
		TEST(a_name_is_made_printable),
		TEST(a_process_of_others_is_another_process),
		TEST(a_limit_ends_the_wait),
		TEST(a_lock_that_is_free_in_time_is_taken),
		TEST(a_limit_goes_on_when_the_store_is_replaced),
		TEST(a_signal_ends_the_wait_at_once),
		TEST(a_long_wait_says_for_whom),
		TEST(a_held_signal_ends_the_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
