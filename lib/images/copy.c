/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of images: blocks shared where the file system can, else the data alone, holes left out. A copy that
 * does not fit, or is interrupted, is gone again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "size.h"

#define BUFFER (64 << 10)
#define STRIDE (64 << 20) /* at once in the kernel, so that a signal does not wait for all of it */

static int fail_by_errno(void)
{
	return error_set(ERROR_FAILED, "%s", strerror(errno));
}

/* ---- by hand ---- */

ssize_t images_read_at(int fd, char *buffer, size_t length, off_t at)
{
	ssize_t got;

	do
		got = pread(fd, buffer, length, at);
	while (got < 0 && errno == EINTR);
	return got;
}

int images_write_at(int fd, const char *bytes, size_t length, off_t at)
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

bool images_is_zero(const char *bytes, size_t length)
{
	return length == 0 || (bytes[0] == '\0' && !memcmp(bytes, bytes + 1, length - 1));
}

/* Between two pieces: somebody may want to see how far it is, or to stop it. */
static int advance(struct progress *progress, ssize_t bytes)
{
	if (progress)
		progress_add(progress, (uint64_t)bytes);
	return util_interrupted();
}

/* Blocks of zeros are left out: TO reads as zeros where nothing was written. */
static int copy_by_hand(int from, int to, off_t at, off_t end, struct progress *progress)
{
	AUTO_FREE char *buffer = util_alloc(BUFFER);

	while (at < end) {
		size_t wanted = end - at < BUFFER ? (size_t)(end - at) : BUFFER;
		ssize_t got = images_read_at(from, buffer, wanted, at);

		if (got == 0)
			errno = EIO; /* it shrank under our hands */
		if (got <= 0)
			return fail_by_errno();
		if (!images_is_zero(buffer, (size_t)got) && images_write_at(to, buffer, (size_t)got, at) < 0)
			return fail_by_errno();
		if (advance(progress, got) < 0)
			return -1;
		at += got;
	}
	return 0;
}

/* ---- by the kernel ---- */

/* What the kernel will not copy by itself, reading and writing can, or finds out why it cannot. */
static int copy_data(int from, int to, off_t at, off_t end, bool share, struct progress *progress)
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
		if (advance(progress, done) < 0)
			return -1;
	}
	return copy_by_hand(from, to, at, end, progress);
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

int images_copy_content(int from, int to, uint64_t size, bool share, struct progress *progress)
{
	off_t start, end;

	if (ftruncate(to, (off_t)size) < 0)
		return fail_by_errno();
	for (off_t at = 0; at < (off_t)size && next_data(from, at, (off_t)size, &start, &end); at = end)
		if (copy_data(from, to, start, end, share, progress) < 0)
			return -1;
	return 0;
}

/* ---- whole files ---- */

int images_check_room(int fd, uint64_t needed)
{
	struct statvfs fs;
	uint64_t there;

	if (fstatvfs(fd, &fs) < 0 || fs.f_blocks == 0) /* a file system that does not say */
		return 0;
	there = (uint64_t)fs.f_frsize * (geteuid() == 0 ? fs.f_bfree : fs.f_bavail);
	if (needed <= there)
		return 0;

	AUTO_FREE char *wanted = size_text(needed), *found = size_text(there);

	return error_set(ERROR_FAILED, "it takes %s, and there are %s free", wanted, found);
}

static int copy_unshared(int from, int to, const struct stat *st, bool quiet)
{
	uint64_t size = (uint64_t)st->st_size, allocated = (uint64_t)st->st_blocks * IMAGES_BLOCK;
	uint64_t data = allocated < size ? allocated : size;
	struct progress progress;
	int result;

	if (images_check_room(to, data) < 0)
		return -1;
	progress_start(&progress, data, quiet);
	result = images_copy_content(from, to, size, true, &progress);
	progress_end(&progress);
	return result;
}

static int copy_into(int from, int to, const struct stat *st, gid_t group, bool quiet)
{
	if (ioctl(to, FICLONE, from) < 0 && copy_unshared(from, to, st, quiet) < 0)
		return -1;
	return images_share_with_group(to, group, IMAGES_MODE) < 0 ? fail_by_errno() : 0;
}

int images_copy(const struct root *root, const char *from, const char *to, gid_t group, bool quiet)
{
	AUTO_CLOSE int source = root_open(root, from, O_RDONLY | O_NONBLOCK, 0);
	AUTO_CLOSE int target = -1;
	struct stat st;

	if (source < 0 || fstat(source, &st) < 0)
		return error_errno("cannot read %s", from);
	if (!S_ISREG(st.st_mode))
		return error_set(ERROR_FAILED, "cannot copy %s: not a regular file", from);
	target = images_open_new(root, to);
	if (target < 0)
		return error_errno("cannot make %s", to);
	if (copy_into(source, target, &st, group, quiet) < 0) {
		root_unlink(root, to);
		return error_within("cannot copy %s to %s", from, to);
	}
	return 0;
}

/* Some file systems can't sync a directory, and need not. */
static int sync_fd(int fd)
{
	return fd >= 0 && (fsync(fd) == 0 || errno == EINVAL) ? 0 : -1;
}

static int open_to_sync(int parent, const char *name)
{
	return openat(parent, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
}

int images_sync(const struct root *root, const char *path)
{
	const char *base;
	AUTO_CLOSE int parent = root_parent(root, path, &base);
	AUTO_CLOSE int file = parent < 0 ? -1 : open_to_sync(parent, base);
	AUTO_CLOSE int directory = file < 0 ? -1 : open_to_sync(parent, ".");

	return sync_fd(file) == 0 ? sync_fd(directory) : -1;
}
