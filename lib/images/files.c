/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New directories, sparse files and copies of images. Everything here is made where nothing was, and is
 * gone again if it could not be finished.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define BUFFER (64 << 10)
#define STRIDE (64 << 20) /* at once in the kernel, so that a signal does not wait for all of it */

/* Modes are set on the descriptor, whatever umask says, and last, since chown takes setgid away. */
static int share_with_group(int fd, gid_t group, mode_t mode)
{
	(void)!fchown(fd, (uid_t)-1, group); /* -1, or a group that is not ours: it keeps the one it has */
	return fchmod(fd, mode);
}

int images_make_directory(const struct root *root, const char *path, gid_t group)
{
	AUTO_CLOSE int fd = -1;

	if (root_mkdir(root, path, 0700) < 0)
		return error_errno("cannot make the directory %s", path);
	fd = root_open(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 || share_with_group(fd, group, IMAGES_DIRECTORY_MODE) < 0) {
		error_errno("cannot make the directory %s", path);
		root_rmdir(root, path);
		return -1;
	}
	return 0;
}

static int open_new(const struct root *root, const char *path)
{
	return root_open(root, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

int images_make_sparse(const struct root *root, const char *path, uint64_t size, gid_t group)
{
	AUTO_CLOSE int fd = open_new(root, path);

	if (fd < 0)
		return error_errno("cannot make %s", path);
	if (ftruncate(fd, (off_t)size) < 0 || share_with_group(fd, group, IMAGES_MODE) < 0) {
		error_errno("cannot make %s", path);
		root_unlink(root, path);
		return -1;
	}
	return 0;
}

/* ---- copying ---- */

static bool is_zero(const char *bytes, size_t length)
{
	return bytes[0] == '\0' && !memcmp(bytes, bytes + 1, length - 1);
}

static ssize_t read_at(int fd, char *buffer, size_t length, off_t at)
{
	ssize_t got;

	do
		got = pread(fd, buffer, length, at);
	while (got < 0 && errno == EINTR);
	return got;
}

static int write_at(int fd, const char *bytes, size_t length, off_t at)
{
	while (length) {
		ssize_t put = pwrite(fd, bytes, length, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		bytes += put;
		length -= (size_t)put;
		at += put;
	}
	return 0;
}

/* Blocks of zeros are left out: TO reads as zeros where nothing was written. */
static int copy_by_hand(int from, int to, off_t at, off_t end)
{
	AUTO_FREE char *buffer = util_alloc(BUFFER);

	while (at < end) {
		size_t wanted = end - at < BUFFER ? (size_t)(end - at) : BUFFER;
		ssize_t got = read_at(from, buffer, wanted, at);

		if (got == 0)
			errno = EIO; /* it shrank under our hands */
		if (got <= 0)
			return -1;
		if (!is_zero(buffer, (size_t)got) && write_at(to, buffer, (size_t)got, at) < 0)
			return -1;
		at += got;
	}
	return 0;
}

/* What the kernel will not copy by itself, reading and writing can, or finds out why it cannot. */
static int copy_data(int from, int to, off_t at, off_t end, bool share)
{
	while (share && at < end) {
		off_t source = at, target = at;
		size_t wanted = end - at < STRIDE ? (size_t)(end - at) : STRIDE;
		ssize_t done = copy_file_range(from, &source, to, &target, wanted, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			break;
		at += done;
	}
	return copy_by_hand(from, to, at, end);
}

/* The next run of data from AT on; false: only a hole is left. */
static bool next_data(int fd, off_t at, off_t size, off_t *start, off_t *end)
{
	*start = lseek(fd, at, SEEK_DATA);
	if (*start < 0 && errno == ENXIO)
		return false;
	if (*start < at) { /* a file system that knows no holes */
		*start = at;
		*end = size;
		return true;
	}
	*end = lseek(fd, *start, SEEK_HOLE);
	if (*end <= *start || *end > size)
		*end = size;
	return *start < size;
}

int images_copy_content(int from, int to, uint64_t size, bool share)
{
	off_t start, end;

	if (share && ioctl(to, FICLONE, from) == 0)
		return 0;
	if (ftruncate(to, (off_t)size) < 0)
		return -1;
	for (off_t at = 0; at < (off_t)size && next_data(from, at, (off_t)size, &start, &end); at = end)
		if (copy_data(from, to, start, end, share) < 0)
			return -1;
	return 0;
}

int images_copy(const struct root *root, const char *from, const char *to, gid_t group)
{
	AUTO_CLOSE int source = root_open(root, from, O_RDONLY | O_NONBLOCK, 0);
	AUTO_CLOSE int target = -1;
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0)
		return error_errno("cannot read %s", from);
	if (!S_ISREG(st.st_mode))
		return error_set(ERROR_FAILED, "cannot copy %s: not a regular file", from);
	target = open_new(root, to);
	if (target < 0)
		return error_errno("cannot make %s", to);
	if (images_copy_content(source, target, (uint64_t)st.st_size, true) < 0 ||
	    share_with_group(target, group, IMAGES_MODE) < 0) {
		error_errno("cannot copy %s to %s", from, to);
		root_unlink(root, to);
		return -1;
	}
	return 0;
}
