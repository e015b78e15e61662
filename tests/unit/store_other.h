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
#include <sys/prctl.h>
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

/* How another process locks, and what becomes of it. */
struct other {
	int command; /* F_SETLK: as the original tools do; F_OFD_SETLK: as we do */
	short type;
	int milliseconds; /* after which it ends, which gives up its locks */
	const char *text; /* put there before that; NULL: nothing */
	const char *name; /* of the process; NULL: ours */
	int stays;	  /* milliseconds between the two: it has the new file locked */
};

static struct timespec asked_for;

static inline void hold(const struct scratch *s, const struct other *how, int ready)
{
	int fd = open(s->store, O_RDWR);

	if (how->name)
		prctl(PR_SET_NAME, how->name);
	if (fd < 0 || posix_lock(fd, how->command, how->type) != 0 || write(ready, "", 1) != 1)
		_exit(1);
	close(ready);
	poll(NULL, 0, how->milliseconds);
	if (how->text && save_as_others_do(s, how->text) != 0)
		_exit(1);
	poll(NULL, 0, how->stays);
	_exit(0);
}

/* The process, which has the lock by now. */
static inline pid_t hold_elsewhere(const struct scratch *s, const struct other *how)
{
	int ready[2];
	char byte;
	pid_t child;

	clock_gettime(CLOCK_MONOTONIC, &asked_for);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	if (child == 0) {
		close(ready[0]);
		hold(s, how, ready[1]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return child;
}

static inline pid_t lock_elsewhere(const struct scratch *s, short type, int milliseconds, const char *text)
{
	return hold_elsewhere(s, &(struct other){ F_SETLK, type, milliseconds, text, NULL, 0 });
}

/* Since the other process was asked for. */
static inline void assert_waited(int milliseconds)
{
	struct timespec now;
	long seconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - asked_for.tv_sec;
	assert_true(seconds * 1000 + (now.tv_nsec - asked_for.tv_nsec) / 1000000 >= milliseconds);
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
