/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images only ever grow: what lies behind a smaller end would be lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

int images_open_locked(const struct vm *vm, const char *what, const char *path, struct stat *st)
{
	int fd = -1, result;

	if (!path)
		return error_set(ERROR_FAILED, "%s (%s) has no %s", vm->name, vm->type, what);
	fd = root_open(vm->qubes->root, path, O_RDWR | O_NONBLOCK, 0);
	if (fd < 0)
		return error_errno("cannot open the %s of %s, %s", what, vm->name, path);
	do
		result = flock(fd, LOCK_EX);
	while (result < 0 && errno == EINTR);
	if (result < 0 || fstat(fd, st) < 0)
		error_errno("cannot open the %s of %s, %s", what, vm->name, path);
	else if (!S_ISREG(st->st_mode))
		error_set(ERROR_FAILED, "the %s of %s is not a regular file: %s", what, vm->name, path);
	else
		return fd;
	close(fd);
	return -1;
}

static int check_growth(const char *what, const struct vm *vm, uint64_t from, uint64_t to)
{
	if (to >= from)
		return 0;
	return error_set(ERROR_FAILED,
			 "the %s of %s has %llu bytes, which is more than %llu; it can only grow", what,
			 vm->name, (unsigned long long)from, (unsigned long long)to);
}

static int set_size(int fd, const char *path, uint64_t from, uint64_t to)
{
	if (from == to || ftruncate(fd, (off_t)to) == 0)
		return 0;
	return error_errno("cannot make %s larger", path);
}

/* Other roots have no devices of their own. The kernel names files by what links lead to. */
static int tell_loops(const struct vm *vm, const char *path)
{
	AUTO_FREE char *real = root_is_host(vm->qubes->root) ? realpath(path, NULL) : NULL;

	if (!real || images_refresh_loops(vm->qubes->root, real) == 0)
		return 0;
	return error_within("%s has grown, but", path);
}

int images_grow_private(const struct vm *vm, uint64_t size)
{
	static const char what[] = "private image";
	const char *path = vm_is(vm, VM_DISPOSABLE) ? NULL : images_private(vm);
	struct stat st;
	AUTO_CLOSE int fd = images_open_locked(vm, what, path, &st);

	if (fd < 0 || images_check_own(vm, path) < 0 ||
	    check_growth(what, vm, (uint64_t)st.st_size, size) < 0 ||
	    set_size(fd, path, (uint64_t)st.st_size, size) < 0)
		return -1;
	return tell_loops(vm, path);
}

/* The old blocks of a larger root image need room as well. A file that no device ever used may just grow. */
static int fit_cow(const struct vm *vm, const char *path, uint64_t size)
{
	AUTO_CLOSE int fd = path ? root_open(vm->qubes->root, path, O_WRONLY | O_NONBLOCK, 0) : -1;
	struct stat st;

	if (!path || (fd < 0 && errno == ENOENT))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_errno("%s", path);
	if (st.st_blocks > 0)
		return images_renew_cow(vm, path, size);
	return set_size(fd, path, (uint64_t)st.st_size, size);
}

int images_grow_root(const struct vm *vm, uint64_t size)
{
	static const char what[] = "root image";
	const char *path = vm_is_updateable(vm) ? images_root(vm) : NULL;
	const char *cow = images_root_cow(vm);
	struct stat st;
	AUTO_CLOSE int fd = images_open_locked(vm, what, path, &st);

	if (fd < 0 || images_check_own(vm, path) < 0 || (cow && images_check_own(vm, cow) < 0) ||
	    check_growth(what, vm, (uint64_t)st.st_size, size) < 0 ||
	    set_size(fd, path, (uint64_t)st.st_size, size) < 0)
		return -1;
	if (fit_cow(vm, cow, size) < 0) {
		if (ftruncate(fd, st.st_size) < 0)
			error_note("%s stays larger than it was", path);
		return -1;
	}
	return tell_loops(vm, path);
}
