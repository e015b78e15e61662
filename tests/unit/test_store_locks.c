/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's lock, against another process that locks as the original tools do: POSIX record locks on the
 * whole file, and a look whether the file is still the one at the path.
 */
#include "store_scratch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#define EMPTY "<QubesVmCollection/>"

/* ---- the other process ---- */

static int posix_lock(int fd, int command, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, command, &lock);
}

/* Could another process have a lock of TYPE on the store at once? */
static bool others_can_lock(const struct scratch *s, short type)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int fd = open(s->store, O_RDWR);

		if (fd < 0)
			_exit(2);
		if (posix_lock(fd, F_SETLK, type) == 0)
			_exit(0);
		_exit(errno == EAGAIN || errno == EACCES ? 1 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 0;
}

/* Saves as the original tools do: a new file, locked, is renamed over the old one. */
static int save_as_others_do(const struct scratch *s, const char *text)
{
	AUTO_FREE char *temporary = util_printf("%s.theirs", s->store);
	int fd = open(temporary, O_RDWR | O_CREAT, 0660);

	if (fd < 0 || posix_lock(fd, F_SETLK, F_WRLCK) != 0 || util_write_all(fd, text, strlen(text)) != 0)
		return -1;
	return rename(temporary, s->store);
}

/*
 * A process that has locked the store; after so many MILLISECONDS it puts TEXT there, if that is not NULL,
 * and ends, which gives up its locks.
 */
static struct timespec asked_for;

static pid_t lock_elsewhere(const struct scratch *s, short type, int milliseconds, const char *text)
{
	int ready[2];
	char byte;
	pid_t child;

	clock_gettime(CLOCK_MONOTONIC, &asked_for);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		int fd = open(s->store, O_RDWR);

		if (fd < 0 || posix_lock(fd, F_SETLK, type) != 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		poll(NULL, 0, milliseconds);
		_exit(text && save_as_others_do(s, text) != 0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static void assert_still_there(pid_t child)
{
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
}

static void assert_ends_by_itself(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void stop(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- our lock keeps others out ---- */

static void a_writer_keeps_everybody_out_until_it_is_closed(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, true);
	assert_false(others_can_lock(s, F_WRLCK));
	assert_false(others_can_lock(s, F_RDLCK));
	store_close(store);
	assert_true(others_can_lock(s, F_WRLCK));
}

static void a_writer_keeps_its_lock_when_another_descriptor_is_closed(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, true);
	assert_store(s, EMPTY); /* opens and closes it */
	assert_false(others_can_lock(s, F_RDLCK));
	store_close(store);
}

static void a_reader_keeps_nobody_out(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, false);
	assert_true(others_can_lock(s, F_WRLCK));
	store_close(store);
}

static void a_save_takes_the_lock_along(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, true);
	store_put_attribute(store_root(store), "a", "b");
	store_touch(store);
	assert_int_equal(store_save(store), 0);
	assert_false(others_can_lock(s, F_RDLCK));
	store_unlock(store);
	assert_true(others_can_lock(s, F_WRLCK));
	assert_non_null(store_root(store));
	store_close(store);
}

static void a_store_that_could_not_be_opened_is_not_locked(void **state)
{
	struct scratch *s = *state;

	put_store(s, "<html/>");
	assert_open_fails(s, true, "is not a store of VMs");
	assert_true(others_can_lock(s, F_WRLCK));
}

/* ---- others' locks keep us out ---- */

#define HELD 200 /* ms */

static void assert_waited(void)
{
	struct timespec now;
	long seconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - asked_for.tv_sec;
	assert_true(seconds * 1000 + (now.tv_nsec - asked_for.tv_nsec) / 1000000 >= HELD);
}

static void a_writer_waits_for_a_lock(void **state)
{
	struct scratch *s = *state;

	put_store(s, EMPTY);
	for (int shared = 0; shared < 2; shared++) {
		pid_t child = lock_elsewhere(s, shared ? F_RDLCK : F_WRLCK, HELD, NULL);

		store_close(open_store(s, true));
		assert_waited();
		assert_ends_by_itself(child);
	}
}

static void a_reader_waits_for_a_writer_only(void **state)
{
	struct scratch *s = *state;
	pid_t child;

	put_store(s, EMPTY);
	child = lock_elsewhere(s, F_RDLCK, 10000, NULL);
	store_close(open_store(s, false));
	assert_still_there(child);
	stop(child);

	child = lock_elsewhere(s, F_WRLCK, HELD, NULL);
	store_close(open_store(s, false));
	assert_waited();
	assert_ends_by_itself(child);
}

/* Who waits for a lock would otherwise change, and bring back, a file that nobody has any more. */
static void a_store_that_was_replaced_meanwhile_is_opened_anew(void **state)
{
	static const char theirs[] = "<QubesVmCollection a=\"theirs\"/>";
	struct scratch *s = *state;

	for (int write = 0; write < 2; write++) {
		pid_t child;
		struct store *store;
		size_t length;

		put_store(s, EMPTY);
		child = lock_elsewhere(s, F_WRLCK, HELD, theirs);
		store = open_store(s, write);
		assert_waited();
		AUTO_FREE char *text = store_text(store, &length);
		assert_string_equal(text, theirs);
		assert_int_equal(others_can_lock(s, F_RDLCK), !write);
		assert_ends_by_itself(child);
		store_close(store);
	}
}

static void a_store_that_vanished_meanwhile_is_an_error(void **state)
{
	struct scratch *s = *state;
	pid_t child;

	put_store(s, EMPTY);
	child = lock_elsewhere(s, F_WRLCK, 200, NULL);
	assert_int_equal(unlink(s->store), 0);
	assert_open_fails(s, true, "there is no store " STORE_PATH);
	stop(child);
}

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
