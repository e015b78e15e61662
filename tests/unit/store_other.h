/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another process that locks the store, as the original tools do it (POSIX record locks on the whole file) or as
 * ours, for the tests of the lock.
 */
#ifndef QUBES_TESTS_STORE_OTHER_H
#define QUBES_TESTS_STORE_OTHER_H

#include "store_scratch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define EMPTY "<QubesVmCollection/>"

static inline int posix_lock(int fd, int command, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return fcntl(fd, command, &lock);
}

/* Could another process have a lock of TYPE on the store at once? */
static inline bool others_can_lock(const struct scratch *s, short type)
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
static inline int save_as_others_do(const struct scratch *s, const char *text)
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

static inline pid_t lock_elsewhere(const struct scratch *s, short type, int milliseconds, const char *text)
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

static inline void assert_still_there(pid_t child)
{
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
}

static inline void assert_ends_by_itself(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static inline void stop(pid_t child)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

#endif
