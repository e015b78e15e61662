/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files: read within a limit, written so that a crash leaves the old or the new one; directories
 * with their parents.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define FIRST_READ 4096
#define LOCK_NAP_MILLISECONDS 20

const char *util_absolute(struct arena *arena, const char *path)
{
	AUTO_FREE char *directory = path && path[0] != '/' ? getcwd(NULL, 0) : NULL;

	return directory ? arena_printf(arena, "%s/%s", directory, path) : path;
}

/* ---- reading ---- */

/* Only a regular file has a content that ends; opening it did not wait for anything, reading will not. */
static int open_regular(const struct root *root, const char *path, size_t *size)
{
	struct stat st;
	int fd = root_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*size = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	return -1;
}

/* Reads up to ROOM bytes, until the end. How many, or -1. */
static ssize_t read_some(int fd, char *bytes, size_t room)
{
	size_t length = 0;

	while (length < room) {
		ssize_t got = read(fd, bytes + length, room - length);

		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

/* What is returned is not to be freed by its AUTO_FREE. */
static char *steal(char **text)
{
	char *stolen = *text;

	*text = NULL;
	return stolen;
}

char *root_read(const struct root *root, const char *path, size_t limit, size_t *length)
{
	AUTO_FREE char *text = NULL;
	size_t room = 0, used = 0;
	AUTO_CLOSE int fd = open_regular(root, path, &room);

	if (fd < 0)
		return NULL;
	/* A size of 0 may be a file of /proc. One more byte shows whether there is more. */
	room = room ? room + 1 : FIRST_READ;
	if (room > limit)
		room = limit + 1;
	for (;;) {
		ssize_t got;

		text = util_realloc(text, room + 1);
		got = read_some(fd, text + used, room - used);
		if (got < 0)
			return NULL;
		used += (size_t)got;
		if (used < room)
			break;
		if (room > limit) {
			errno = EFBIG;
			return NULL;
		}
		room = room * 2 < limit ? room * 2 : limit + 1;
	}
	text[used] = '\0';
	if (length)
		*length = used;
	return steal(&text);
}

/* ---- writing ---- */

int util_write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

int util_lock_before(int fd, long long deadline)
{
	const struct timespec nap = { .tv_nsec = LOCK_NAP_MILLISECONDS * 1000000L };

	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (util_milliseconds() >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
		nanosleep(&nap, NULL);
	}
	return 0;
}

char *util_random_name(const char *prefix)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEF";
	unsigned char random[12];
	char name[sizeof(random) + 1] = "";
	ssize_t got;

	do
		got = getrandom(random, sizeof(random), 0);
	while (got < 0 && errno == EINTR);
	if (got != sizeof(random)) {
		error_errno("no random bytes from the kernel");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(random); i++)
		name[i] = letters[random[i] % 32];
	return util_printf("%s%s", prefix, name);
}

/* Some file systems can't sync a directory, and need not. */
static int sync_directory(int parent)
{
	AUTO_CLOSE int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
}

static void remove_new(int parent, const char *name)
{
	int saved = errno;

	unlinkat(parent, name, 0);
	errno = saved;
}

static int write_new(int parent, const char *name, const char *text, size_t length, mode_t mode)
{
	AUTO_CLOSE int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	if (util_write_all(fd, text, length) == 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0)
		return 0;
	remove_new(parent, name);
	return -1;
}

/* Once it is renamed it is there whatever syncing says; but it may not outlive a crash. */
static int move_into_place(int parent, const char *temporary, const char *base, const char *path)
{
	if (renameat(parent, temporary, parent, base) < 0) {
		remove_new(parent, temporary);
		return -1;
	}
	if (sync_directory(parent) < 0)
		error_note("the directory of %s could not be synced: %s", path, strerror(errno));
	return 0;
}

int root_write(const struct root *root, const char *path, const char *text, size_t length, mode_t mode)
{
	const char *base;
	AUTO_CLOSE int parent = root_parent(root, path, &base);
	AUTO_FREE char *temporary = NULL;

	if (parent < 0)
		return error_errno("cannot write %s", path);
	temporary = util_random_name(".new-");
	if (!temporary)
		return -1;
	if (write_new(parent, temporary, text, length, mode) < 0 ||
	    move_into_place(parent, temporary, base, path) < 0)
		return error_errno("cannot write %s", path);
	return 0;
}

/* ---- directories with their parents ---- */

static int make_parents(const struct root *root, char *path, mode_t mode)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int result;

		*slash = '\0';
		result = root_mkdir(root, path, mode);
		*slash = '/';
		if (result < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static int make_directory(const struct root *root, const char *path, mode_t mode)
{
	struct stat st;

	if (root_mkdir(root, path, mode) == 0)
		return 0;
	if (errno != EEXIST || root_stat(root, path, &st) < 0)
		return -1;
	errno = ENOTDIR;
	return S_ISDIR(st.st_mode) ? 0 : -1;
}

int root_mkdirs(const struct root *root, const char *path, mode_t mode)
{
	AUTO_FREE char *copy = util_strdup(path);

	if (make_directory(root, path, mode) == 0)
		return 0;
	if (errno == ENOENT && make_parents(root, copy, mode) == 0 && make_directory(root, path, mode) == 0)
		return 0;
	return error_errno("cannot make directory %s", path);
}
