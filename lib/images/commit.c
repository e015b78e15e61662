/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A template's root-cow.img keeps the blocks that its last run has overwritten, for VMs that began before. A
 * commit begins a new epoch: VMs that start from now on see the root image as it is.
 */
#include <errno.h>

#include "error.h"
#include "internal.h"

static int remove_leftover(const struct root *root, const char *path)
{
	return root_unlink(root, path) == 0 || errno == ENOENT ? 0 : error_errno("cannot remove %s", path);
}

/*
 * A second name for the file, which takes the place of the one from before. If a run was cut short here, both
 * names are of one file already; then rename leaves the temporary one, too.
 */
static int keep_as_old(const struct root *root, const char *path)
{
	AUTO_FREE char *old = util_printf("%s.old", path), *temporary = util_printf("%s.old.new", path);

	if (remove_leftover(root, temporary) < 0)
		return -1;
	if (images_link(root, path, temporary) < 0)
		return errno == ENOENT ? 0 : error_errno("cannot keep %s", path);
	if (root_rename(root, temporary, old, true) == 0)
		return remove_leftover(root, temporary);
	error_errno("cannot keep %s", path);
	root_unlink(root, temporary);
	return -1;
}

int images_renew_cow(const struct vm *vm, const char *path, uint64_t size)
{
	const struct root *root = vm->qubes->root;
	AUTO_FREE char *temporary = util_printf("%s.new", path);

	if (images_check_own(vm, path) < 0 || remove_leftover(root, temporary) < 0 ||
	    images_make_sparse(root, temporary, size, root_group(root, "qubes")) < 0)
		return -1;
	if (keep_as_old(root, path) == 0) {
		if (root_rename(root, temporary, path, true) == 0)
			return 0;
		error_errno("cannot replace %s", path);
	}
	root_unlink(root, temporary);
	return -1;
}

int images_commit(const struct vm *vm)
{
	const char *cow = images_root_cow(vm);
	struct stat st;
	AUTO_CLOSE int fd = -1;

	if (!cow)
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	fd = images_open_locked(vm, "root image", images_root(vm), &st);
	if (fd < 0 || images_renew_cow(vm, cow, (uint64_t)st.st_size) < 0)
		return error_within("the changes to %s are not committed", vm->name);
	return 0;
}
