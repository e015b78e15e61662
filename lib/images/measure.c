/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How big images are, and whether all is there that a start needs.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define DEPTH_MAX 64

uint64_t images_size(const struct vm *vm, const char *path)
{
	struct stat st;

	return path && root_stat(vm->qubes->root, path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

uint64_t images_allocated(const struct vm *vm, const char *path)
{
	struct stat st;

	if (!path || root_lstat(vm->qubes->root, path, &st) < 0)
		return 0;
	return (uint64_t)st.st_blocks * IMAGES_BLOCK;
}

static uint64_t sum_below(int directory, unsigned depth);

static uint64_t sum_of_entry(int directory, const char *name, unsigned depth)
{
	struct stat st;
	uint64_t sum;
	int below;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	sum = (uint64_t)st.st_blocks * IMAGES_BLOCK;
	if (!S_ISDIR(st.st_mode) || depth == 0)
		return sum;
	below = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return below < 0 ? sum : sum + sum_below(below, depth - 1);
}

/* Takes over the descriptor. */
static uint64_t sum_below(int directory, unsigned depth)
{
	DIR *stream = fdopendir(directory);
	const struct dirent *entry;
	uint64_t sum = 0;

	if (!stream) {
		close(directory);
		return 0;
	}
	while ((entry = readdir(stream)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			sum += sum_of_entry(dirfd(stream), entry->d_name, depth);
	closedir(stream);
	return sum;
}

uint64_t images_disk_usage(const struct vm *vm)
{
	const char *path = images_has_files(vm) ? vm_directory(vm) : NULL;
	int directory;

	if (!path)
		return 0;
	directory = root_open(vm->qubes->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return images_allocated(vm, path) + (directory < 0 ? 0 : sum_below(directory, DEPTH_MAX));
}

/* ---- is it all there? ---- */

static int verify_one(const struct vm *vm, const char *what, const char *path)
{
	if (!path)
		return error_set(ERROR_NOT_FOUND, "%s has no %s", vm->name, what);
	if (!root_exists(vm->qubes->root, path))
		return error_set(ERROR_NOT_FOUND, "the %s of %s is missing: %s", what, vm->name, path);
	return 0;
}

/* modules.img is given to the VM if it is there, and nothing is missing if not. */
static int verify_kernel(const struct vm *vm)
{
	static const char *const files[] = { "vmlinuz", "initramfs" };
	const char *directory = images_kernels_dir(vm);

	if (!directory)
		return error_set(ERROR_FAILED, "the kernel of %s is not the name of a directory", vm->name);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *path = arena_printf(vm->qubes->arena, "%s/%s", directory, files[i]);

		if (verify_one(vm, "kernel", path) < 0)
			return -1;
	}
	return 0;
}

int images_verify(const struct vm *vm)
{
	if (!images_has_files(vm) || vm_is(vm, VM_DISPOSABLE))
		return 0;
	if (verify_one(vm, "directory", vm_directory(vm)) < 0 ||
	    verify_one(vm, "root image", images_root(vm)) < 0 ||
	    verify_one(vm, "private image", images_private(vm)) < 0)
		return -1;
	return vm_is(vm, VM_PVS) ? verify_kernel(vm) : 0;
}
