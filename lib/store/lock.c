/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's lock: open file description locks, which conflict with the POSIX locks of the original
 * tools and, unlike those, do not vanish when another descriptor of the file is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define SILENCE 2000	 /* ms before we say that we wait */
#define LONGEST_PAUSE 16 /* ms between two attempts */

/* Goes on when the file is replaced while we wait for it. */
struct waiting {
	const char *path;
	short type;
	int seconds;	 /* STORE_WAIT_FOREVER: no limit */
	long long began; /* ms */
	bool said;
};

static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

static void say_who_holds(const struct waiting *waiting, int fd)
{
	AUTO_FREE char *holder = store_lock_holder(fd, waiting->type);

	error_note("waiting for %s, which %s has locked", waiting->path, holder);
}

static int give_up(const struct waiting *waiting, int fd)
{
	AUTO_FREE char *holder = store_lock_holder(fd, waiting->type);

	return error_set(ERROR_FAILED, "cannot lock %s: %s has locked it", waiting->path, holder);
}

/* Would a signal that wants us to stop not be seen by the kernel either? */
static bool signals_are_held(void)
{
	sigset_t blocked;

	return sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 && sigismember(&blocked, SIGINT) == 1;
}

/* Between two attempts: 0, or -1 with an error when it is time to stop. */
static int pause_for(struct waiting *waiting, int fd, int pause)
{
	long long waited = util_milliseconds() - waiting->began;

	if (waiting->seconds >= 0 && waited >= waiting->seconds * 1000LL)
		return give_up(waiting, fd);
	if (!waiting->said && waited >= SILENCE) {
		say_who_holds(waiting, fd);
		waiting->said = true;
	}
	if (util_interrupted() != 0)
		return error_within("cannot lock %s", waiting->path);
	if (poll(NULL, 0, pause) < 0)
		return error_errno("cannot lock %s", waiting->path);
	return 0;
}

/*
 * The kernel can wake us when the lock is free, but cannot also watch a limit or a held signal: as long as
 * there is anything else to look at, we try again and again.
 */
static int wait_for_lock(struct waiting *waiting, int fd)
{
	struct flock lock = whole_file(waiting->type);

	for (int pause = 1;; pause = pause < LONGEST_PAUSE ? pause * 2 : pause) {
		bool blocking = waiting->said && waiting->seconds < 0 && !signals_are_held();

		if (fcntl(fd, blocking ? F_OFD_SETLKW : F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return error_errno("cannot lock %s", waiting->path);
		if (pause_for(waiting, fd, pause) != 0)
			return -1;
	}
}

int store_lock_new(int fd)
{
	struct flock lock = whole_file(F_WRLCK);

	return fcntl(fd, F_OFD_SETLK, &lock);
}

/* Does the path still lead to the file that we hold? A save renames a new one into its place. */
static bool still_there(const struct root *root, const char *path, int fd)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 && root_stat(root, path, &there) == 0 && here.st_dev == there.st_dev &&
	       here.st_ino == there.st_ino;
}

/* With another root, the host may well have a store of its own. */
static int cannot_open(const struct root *root, const char *path)
{
	if (errno != ENOENT)
		return error_errno("cannot open %s", path);
	return error_set(ERROR_STORE, "there is no store %s%s%s; qvm-init-storage makes one", path,
			 root_is_host(root) ? "" : " below ", root_directory(root));
}

static int open_store(const struct root *root, const char *path, bool exclusive)
{
	struct stat st;
	/* Without O_NONBLOCK a named pipe would hold us for ever. */
	int fd = root_open(root, path, (exclusive ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return cannot_open(root, path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return error_set(ERROR_STORE, "%s is not a regular file", path);
}

/* A store is replaced as a whole: where there are no locks, a reader can do without. */
static bool can_do_without(int error, bool exclusive)
{
	return !exclusive && (error == ENOLCK || error == ENOSYS || error == EOPNOTSUPP);
}

int store_lock(const struct root *root, const char *path, bool exclusive, int seconds)
{
	struct waiting waiting = { path, exclusive ? F_WRLCK : F_RDLCK, seconds, util_milliseconds(), false };

	for (;;) {
		int fd = open_store(root, path, exclusive);

		if (fd < 0)
			return -1;
		if (wait_for_lock(&waiting, fd) < 0) {
			if (!can_do_without(errno, exclusive)) {
				util_close_at(&fd);
				return -1;
			}
			error_clear();
		}
		if (still_there(root, path, fd))
			return fd;
		close(fd);
	}
}
