/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to images later: fresh throw-away ones for a start, the icon, removal.
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "internal.h"

#define BASE "/var/lib/qubes"
#define SWAP_SIZE (1024 * MIB) /* the first partition that the VM's agents make on it */
#define SPARE_SIZE (512 * MIB)

/* ---- for a start ---- */

uint64_t images_volatile_size(const struct vm *vm, uint64_t root_size)
{
	uint64_t real = images_size(vm, images_root(vm));
	uint64_t covered = real > root_size ? real : root_size;

	/* The rest holds the changes to a root image, so it must not be smaller than a grown one. */
	return (covered + MIB - 1) / MIB * MIB + SWAP_SIZE + SPARE_SIZE;
}

static int make_volatile(const struct vm *vm, const char *path)
{
	return images_make_sparse(vm->qubes->root, path, images_volatile_size(vm, IMAGES_ROOT_SIZE),
				  root_group(vm->qubes->root, "qubes"));
}

/* A template that never was committed: its root device would have nothing to keep old blocks in. */
static int need_root_cow(const struct vm *vm)
{
	const char *path = images_root_cow(vm);

	if (!path || root_exists(vm->qubes->root, path))
		return 0;
	if (images_check_own(vm, path) < 0)
		return -1;
	return images_make_sparse(vm->qubes->root, path, images_size(vm, images_root(vm)),
				  root_group(vm->qubes->root, "qubes"));
}

int images_reset_volatile(struct vm *vm)
{
	const struct root *root = vm->qubes->root;
	const char *path = images_volatile(vm);

	if (!path || vm_is(vm, VM_DISPOSABLE))
		return error_set(ERROR_FAILED, "%s has no volatile image of its own", vm->name);
	if (images_check_own(vm, path) < 0 || need_root_cow(vm) < 0)
		return -1;
	if (vm_is_updateable(vm))
		return root_exists(root, path) ? 0 : make_volatile(vm, path);
	if (root_unlink(root, path) < 0 && errno != ENOENT)
		return error_errno("cannot replace %s", path);
	return make_volatile(vm, path);
}

/* ---- the icon ---- */

void images_set_icon(const struct vm *vm)
{
	if (!images_has_files(vm) || vm_is(vm, VM_DISPOSABLE) ||
	    (images_check_place(vm) == 0 &&
	     images_point_link(vm->qubes->root, images_icon(vm), images_label_icon(vm)) == 0))
		return;
	error_note("warning: the icon of %s was not set: %s", vm->name, error_message());
	error_clear();
}

/* ---- removal ---- */

/* Is PATH a directory itself, not a link to one? Absence is told apart. */
static int check_directory(const struct vm *vm, const char *path)
{
	struct stat st;

	if (root_lstat(vm->qubes->root, path, &st) < 0) {
		int kind = errno == ENOENT ? ERROR_NOT_FOUND : ERROR_FAILED;

		return error_set(kind, "%s: %s", path, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return error_set(ERROR_FAILED, "%s is a link or a file, and nothing is deleted through those",
				 path);
	return 0;
}

int images_check_place(const struct vm *vm)
{
	const char *directory = vm_directory(vm);
	AUTO_FREE char *expected =
		util_printf(BASE "/%s/%s", vm->class->directory ? vm->class->directory : "", vm->name);

	if (!images_has_files(vm) || !vm->class->directory || !directory)
		return error_set(ERROR_FAILED, "%s has no files of its own", vm->name);
	if (strchr(vm->name, '/') || !strcmp(vm->name, ".") || !strcmp(vm->name, ".."))
		return error_set(ERROR_FAILED, "'%s' is not the name of a directory", vm->name);
	if (strcmp(directory, expected))
		return error_set(ERROR_FAILED, "%s is not the place of such a VM, %s", directory, expected);
	return 0;
}

/* Only what lies in the place of the VM's class is ours to delete. */
static int check_removable(const struct vm *vm)
{
	AUTO_FREE char *place = util_printf(BASE "/%s", vm->class->directory ? vm->class->directory : "");

	if (images_check_place(vm) < 0 || check_directory(vm, BASE) < 0 || check_directory(vm, place) < 0)
		return -1;
	return check_directory(vm, vm_directory(vm));
}

int images_remove(const struct vm *vm)
{
	if (vm_is(vm, VM_DISPOSABLE)) /* lives in the directory of the VM it was made from */
		return 0;
	if (check_removable(vm) < 0 || root_remove_tree(vm->qubes->root, vm_directory(vm)) < 0)
		return error_within("cannot delete the files of %s", vm->name);
	return 0;
}
