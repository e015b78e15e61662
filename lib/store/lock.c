/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's lock: open file description locks, which conflict with the POSIX locks of the original
 * tools and, unlike those, do not vanish when another descriptor of the file is closed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define SILENT_TRIES 40 /* of SILENT_PAUSE each: two seconds before we say that we wait */
#define SILENT_PAUSE 50 /* ms */

static struct flock whole_file(short type)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET };
}

/* Names the holder where the kernel can (it knows no process for locks of our own kind). */
static void say_who_holds(int fd, short type, const char *path)
{
	struct flock lock = whole_file(type);

	if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0)
		error_note("waiting for %s, which process %ld has locked", path, (long)lock.l_pid);
	else
		error_note("waiting for %s, which another process has locked", path);
}

static int wait_for_lock(int fd, short type, const char *path)
{
	struct flock lock = whole_file(type);

	for (int tries = 0; tries < SILENT_TRIES; tries++) {
		if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return -1;
		if (poll(NULL, 0, SILENT_PAUSE) < 0)
			return -1; /* a signal wants us to stop waiting */
	}
	say_who_holds(fd, type, path);
	return fcntl(fd, F_OFD_SETLKW, &lock);
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

	return fstat(fd, &here) == 0 && root_stat(root, path, &there) == 0 &&
	       here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static int open_store(const struct root *root, const char *path, bool exclusive)
{
	struct stat st;
	/* Without O_NONBLOCK a named pipe would hold us for ever. */
	int fd = root_open(root, path, (exclusive ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0) {
		error_errno("cannot open %s", path);
		if (errno == ENOENT)
			error_set(ERROR_STORE, "there is no store %s; qvm-init-storage makes one", path);
		return -1;
	}
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

int store_lock(const struct root *root, const char *path, bool exclusive)
{
	for (;;) {
		int fd = open_store(root, path, exclusive);

		if (fd < 0)
			return -1;
		if (wait_for_lock(fd, exclusive ? F_WRLCK : F_RDLCK, path) < 0 &&
		    !can_do_without(errno, exclusive)) {
			error_errno("cannot lock %s", path);
			close(fd);
			return -1;
		}
		if (still_there(root, path, fd))
			return fd;
		close(fd);
	}
}
