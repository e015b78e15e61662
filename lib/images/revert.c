/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking back what a template's last run has changed: the blocks that root-cow.img.old has kept go back into
 * the root image. The original has device-mapper merge them; with nothing running, reading its format does it,
 * on any system and below any root. A run that was cut short is just repeated: it writes the same bytes again.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

struct reversal {
	const struct vm *vm;
	const char *cow_path, *old_path;
	int root; /* the locked root image */
	struct stat root_st, old_st;
	struct cow old;
	bool in_use; /* by VMs that started before those changes */
	uint64_t chunks;
	char *buffer; /* for one chunk */
	struct progress progress;
};

/* ---- may it be done? ---- */

static const char *old_path(const struct vm *vm)
{
	const char *cow = images_root_cow(vm);

	return cow ? arena_printf(vm->qubes->arena, "%s.old", cow) : NULL;
}

int images_find_changes(const struct vm *vm, time_t *when)
{
	const char *old = old_path(vm);
	struct stat st;

	if (!old)
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	if (root_stat(vm->qubes->root, old, &st) == 0) {
		*when = st.st_mtime;
		return 0;
	}
	if (errno == ENOENT)
		return error_set(ERROR_NOT_FOUND, "there is nothing to take back: %s is not there", old);
	return error_errno("%s", old);
}

int images_drop_changes(const struct vm *vm)
{
	const char *old = old_path(vm);

	if (!old)
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	if (images_check_own(vm, old) < 0)
		return -1;
	return root_unlink(vm->qubes->root, old) == 0 || errno == ENOENT ? 0 : error_errno("%s", old);
}

static int check_device(const char *device, const struct stat *cow, void *context)
{
	struct reversal *r = context;

	if (cow && cow->st_dev == r->old_st.st_dev && cow->st_ino == r->old_st.st_ino) {
		r->in_use = true;
		return 0;
	}
	return error_set(ERROR_FAILED, "a VM that runs uses its root image as it is now (%s)", device);
}

static int is_there(uint64_t origin, uint64_t kept, void *unused)
{
	(void)origin;
	(void)kept;
	(void)unused;
	return error_set(ERROR_FAILED, "it has changes that are not committed");
}

/* Changes of two runs on top of each other can only be taken back the last one first. */
static int check_committed(const struct reversal *r)
{
	AUTO_CLOSE int fd = root_open(r->vm->qubes->root, r->cow_path, O_RDONLY | O_NONBLOCK, 0);
	struct cow now;

	if (fd < 0)
		return errno == ENOENT ? 0 : error_errno("%s", r->cow_path);
	if (cow_open(&now, fd) == 0 && cow_for_each(&now, is_there, NULL) == 0)
		return 0;
	return error_within("%s (qvm-template-commit %s comes first)", r->cow_path, r->vm->name);
}

/* ---- the blocks ---- */

/* All is looked at before anything is written, so that a damaged file changes nothing. */
static int count_chunk(uint64_t origin, uint64_t kept, void *context)
{
	struct reversal *r = context;

	(void)kept;
	r->chunks++;
	if (r->root_st.st_size > 0 && origin <= ((uint64_t)r->root_st.st_size - 1) / r->old.chunk)
		return 0;
	return error_set(ERROR_FAILED, "it keeps a block that lies behind the end of the root image");
}

/* What was never written before becomes a hole again. */
static int put_back(const struct reversal *r, uint64_t at, size_t length)
{
	if (images_is_zero(r->buffer, length) &&
	    fallocate(r->root, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)length) == 0)
		return 0;
	return images_write_at(r->root, r->buffer, length, (off_t)at);
}

static int put_chunk_back(uint64_t origin, uint64_t kept, void *context)
{
	struct reversal *r = context;
	uint64_t at = origin * r->old.chunk, left = (uint64_t)r->root_st.st_size - at;
	size_t length = (size_t)(left < r->old.chunk ? left : r->old.chunk);

	/* Chunks lie within the file: nothing but an error makes this short. */
	if (images_read_at(r->old.fd, r->buffer, length, (off_t)(kept * r->old.chunk)) != (ssize_t)length)
		return error_errno("cannot read chunk %llu", (unsigned long long)kept);
	if (put_back(r, at, length) < 0)
		return error_errno("cannot write the root image");
	progress_add(&r->progress, length);
	return 0;
}

static int put_all_back(struct reversal *r)
{
	int result;

	if (cow_for_each(&r->old, count_chunk, r) < 0)
		return error_within("%s", r->old_path);
	r->buffer = util_alloc(r->old.chunk);
	progress_start(&r->progress, r->chunks * r->old.chunk, false);
	result = cow_for_each(&r->old, put_chunk_back, r);
	progress_end(&r->progress);
	if (result == 0 && fsync(r->root) < 0)
		result = error_errno("cannot write the root image");
	util_free_at(&r->buffer);
	return result < 0 ? error_within("%s is taken back in part, run this again", r->old_path) : 0;
}

/* ---- all together ---- */

/*
 * The pair of images is that of the time before: VMs that started then are not outdated any more. What the
 * file kept is what the root image has again, and is only needed by a device that knows it.
 */
static int bring_back_pair(const struct reversal *r)
{
	if (!r->in_use && (ftruncate(r->old.fd, 0) < 0 || ftruncate(r->old.fd, r->root_st.st_size) < 0))
		return error_errno("cannot empty %s", r->old_path);
	if (root_rename(r->vm->qubes->root, r->old_path, r->cow_path, true) < 0)
		return error_errno("cannot rename %s", r->old_path);
	return 0;
}

static int revert(struct reversal *r)
{
	AUTO_CLOSE int fd = root_open(r->vm->qubes->root, r->old_path, O_RDWR | O_NONBLOCK, 0);

	if (fd < 0 || fstat(fd, &r->old_st) < 0)
		return error_errno("%s", r->old_path);
	if (images_for_snapshots(r->vm->qubes->root, &r->root_st, check_device, r) < 0 ||
	    check_committed(r) < 0)
		return -1;
	if (cow_open(&r->old, fd) < 0)
		return error_within("%s", r->old_path);
	return put_all_back(r) < 0 ? -1 : bring_back_pair(r);
}

int images_revert(const struct vm *vm)
{
	struct reversal r = {
		.vm = vm,
		.cow_path = images_root_cow(vm),
		.old_path = old_path(vm),
	};

	if (!r.cow_path)
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	if (r.cow_path && images_check_own(vm, r.cow_path) < 0)
		return -1;
	r.root = images_open_locked(vm, "root image", images_root(vm), &r.root_st);
	if (r.root < 0)
		return -1;

	int result = revert(&r);

	util_close_at(&r.root);
	return result < 0 ? error_within("the changes to %s are not taken back", vm->name) : 0;
}
