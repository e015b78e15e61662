/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another root image for a VM that is being made. Until the store is saved, all of it can be taken back: a
 * file that is moved has both its names so long.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

/* What waits for the store: the file as it was, so that another one in its place is not deleted. */
struct move {
	const char *from, *to;
	dev_t device;
	ino_t inode;
	gid_t group;
};

int images_check_given_root(const struct root *root, const char *file, bool move)
{
	struct stat st;

	if (file[0] != '/')
		return error_set(ERROR_FAILED, "the path of the root image must be absolute: '%s'", file);
	/* A link is not what would be moved. */
	if ((move ? root_lstat(root, file, &st) : root_stat(root, file, &st)) < 0)
		return error_errno("the root image %s", file);
	if (!S_ISREG(st.st_mode))
		return error_set(ERROR_FAILED, "the root image %s is not a regular file", file);
	return 0;
}

/* ---- moving ---- */

/* Modes were left alone as long as it was somebody else's file. */
static int share(const struct root *root, const struct move *move)
{
	AUTO_CLOSE int fd = root_open(root, move->to, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0);

	if (fd < 0 || images_share_with_group(fd, move->group, IMAGES_MODE) < 0)
		return error_errno("%s keeps its mode", move->to);
	return 0;
}

static int finish_move(struct qubes *q, void *argument)
{
	const struct move *move = argument;
	struct stat st;

	if (share(q->root, move) < 0)
		return -1;
	if (images_sync(q->root, move->to) < 0)
		return error_errno("%s is not on the disk for sure, and its old name %s was not removed",
				   move->to, move->from);
	if (root_lstat(q->root, move->from, &st) == 0 && st.st_dev == move->device &&
	    st.st_ino == move->inode && root_unlink(q->root, move->from) == 0)
		return 0;
	return error_set(ERROR_FAILED, "%s is the root image now, but its old name %s was not removed",
			 move->to, move->from);
}

static int begin_move(const struct vm *vm, const char *from, const char *to, gid_t group)
{
	struct move *move = arena_alloc(vm->qubes->arena, sizeof(*move));
	struct stat st;

	if (root_lstat(vm->qubes->root, from, &st) < 0)
		return error_errno("%s", from);
	*move = (struct move){
		.from = arena_strdup(vm->qubes->arena, from),
		.to = arena_strdup(vm->qubes->arena, to),
		.device = st.st_dev,
		.inode = st.st_ino,
		.group = group,
	};
	qubes_after_save(vm->qubes, finish_move, move);
	return 0;
}

/* Where there can be no second name (another file system), there is a copy. */
static int link_or_copy(const struct root *root, const char *from, const char *to, gid_t group, bool quiet)
{
	if (images_link(root, from, to) == 0)
		return 0;
	return images_copy(root, from, to, group, quiet);
}

/* ---- replacing ---- */

static int put_in_place(const struct root *root, const char *temporary, const char *path)
{
	if (root_rename(root, temporary, path, true) == 0)
		return 0;
	error_errno("cannot replace %s", path);
	root_unlink(root, temporary);
	return -1;
}

/* Nothing has used the one that is there. */
static int replace_cow(const struct vm *vm, const char *path, gid_t group)
{
	const struct root *root = vm->qubes->root;
	AUTO_FREE char *temporary = util_random_name(path);

	if (!temporary || images_make_sparse(root, temporary, images_size(vm, images_root(vm)), group) < 0)
		return -1;
	return put_in_place(root, temporary, path);
}

int images_replace_root(struct vm *vm, const char *file, bool move, bool quiet)
{
	const struct root *root = vm->qubes->root;
	const char *path = vm_is_updateable(vm) ? images_root(vm) : NULL, *cow = images_root_cow(vm);
	AUTO_FREE char *temporary = path ? util_random_name(path) : NULL;
	gid_t group = root_group(root, "qubes");
	int result;

	if (!path)
		return error_set(ERROR_FAILED, "%s (%s) has no root image of its own", vm->name, vm->type);
	if (!temporary || images_check_own(vm, path) < 0 || images_check_given_root(root, file, move) < 0)
		return -1;
	images_say(quiet, "%s %s ==> %s", move ? "Moving" : "Copying", file, path);
	result = move ? link_or_copy(root, file, temporary, group, quiet) :
			images_copy(root, file, temporary, group, quiet);
	if (result < 0 || put_in_place(root, temporary, path) < 0)
		return -1;
	if (cow && replace_cow(vm, cow, group) < 0)
		return -1;
	return move ? begin_move(vm, file, path, group) : 0;
}
