/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a new VM, step by step; what was made is unmade in reverse order when a step fails.
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "internal.h"

/* Is in the directory of a VM that the store does not have yet. */
#define UNFINISHED ".unfinished"

struct creation {
	struct vm *vm;
	const struct vm *source;
	const struct root *root;
	gid_t group;
	bool quiet;
	struct strlist made; /* paths, in the order of making */
};

/* ---- what steps are made of ---- */

static int made(struct creation *c, const char *path, int result)
{
	if (result == 0)
		strlist_add(&c->made, path);
	return result;
}

static int make_directory(struct creation *c, const char *path)
{
	return made(c, path, images_make_directory(c->root, path, c->group));
}

static int make_sparse(struct creation *c, const char *file, uint64_t size)
{
	const char *path = vm_path(c->vm, file);

	images_say(c->quiet, "Creating an empty file of %llu MiB: %s", (unsigned long long)(size / MIB),
		   path);
	return made(c, path, images_make_sparse(c->root, path, size, c->group));
}

static int make_copy(struct creation *c, const char *from, const char *file)
{
	const char *path = vm_path(c->vm, file);

	if (!from)
		return error_set(ERROR_FAILED, "%s has no such file to make %s from", c->source->name, path);
	images_say(c->quiet, "Copying %s ==> %s", from, path);
	return made(c, path, images_copy(c->root, from, path, c->group, c->quiet));
}

static void unmake(struct creation *c)
{
	while (c->made.count) {
		const char *path = c->made.items[--c->made.count];

		if (root_unlink(c->root, path) < 0)
			root_rmdir(c->root, path);
	}
}

/* ---- the steps ---- */

/* The places of the classes are made with the first VM that needs them, not by looking at a store. */
static int make_parent(struct creation *c, const char *directory)
{
	AUTO_FREE char *parent = util_strdup(directory);
	char *slash = strrchr(parent, '/');

	if (!slash || slash == parent)
		return 0;
	*slash = '\0';
	if (root_exists(c->root, parent))
		return 0;
	return make_directory(c, arena_strdup(c->vm->qubes->arena, parent));
}

/*
 * Only who writes the store makes directories of VMs: with its lock held, a mark found is that of one who was
 * killed. What is there without a mark is somebody's.
 */
static int remove_unfinished(const struct creation *c, const char *directory)
{
	if (!root_exists(c->root, vm_path(c->vm, UNFINISHED)))
		return 0;
	error_note("%s is left of a VM that was not finished being made: it is made anew", directory);
	return root_remove_tree(c->root, directory);
}

static int mark_unfinished(struct creation *c)
{
	return made(c, vm_path(c->vm, UNFINISHED),
		    images_make_sparse(c->root, vm_path(c->vm, UNFINISHED), 0, c->group));
}

static int step_directory(struct creation *c)
{
	const char *directory = vm_directory(c->vm);

	images_say(c->quiet, "Creating directory: %s", directory);
	if (make_parent(c, directory) < 0 || remove_unfinished(c, directory) < 0 ||
	    make_directory(c, directory) < 0)
		return -1;
	return mark_unfinished(c);
}

static int step_private(struct creation *c)
{
	if (c->source)
		return make_copy(c, images_private(c->source), "private.img");
	return make_sparse(c, "private.img", IMAGES_PRIVATE_SIZE);
}

static uint64_t default_root_size(const struct vm *vm)
{
	return vm_is(vm, VM_HVMS) ? IMAGES_HVM_ROOT_SIZE : IMAGES_ROOT_SIZE;
}

static int step_root(struct creation *c)
{
	if (!vm_is_updateable(c->vm))
		return 0;
	if (c->source)
		return make_copy(c, images_root(c->source), "root.img");
	return make_sparse(c, "root.img", default_root_size(c->vm));
}

static int step_root_cow(struct creation *c)
{
	if (!images_root_cow(c->vm))
		return 0;
	return make_sparse(c, "root-cow.img", images_size(c->vm, vm_path(c->vm, "root.img")));
}

static int step_volatile(struct creation *c)
{
	return make_sparse(c, "volatile.img", images_volatile_size(c->vm, default_root_size(c->vm)));
}

/* A VM boots without modules.img, but not without the others. */
static int copy_kernels(struct creation *c, const char *kernels)
{
	static const char *const files[] = { "vmlinuz", "initramfs", "modules.img" };
	struct arena *arena = c->vm->qubes->arena;

	if (make_directory(c, vm_path(c->vm, "kernels")) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *from = arena_printf(arena, "%s/%s", kernels, files[i]);

		if (!strcmp(files[i], "modules.img") && !root_exists(c->root, from))
			continue;
		if (make_copy(c, from, arena_printf(arena, "kernels/%s", files[i])) < 0)
			return -1;
	}
	return 0;
}

/* A VM that stands alone gets its own copy, so that "kernel none" means something to it. */
static int step_kernels(struct creation *c)
{
	const char *kernels;

	if (!vm_is(c->vm, VM_PVS) || !vm_is_standalone(c->vm))
		return 0;
	kernels = images_kernels_dir(c->source);
	if (!kernels)
		return error_set(ERROR_FAILED, "%s has no kernel to copy", c->source->name);
	return copy_kernels(c, kernels);
}

/* What SOURCE brings itself, also if it does not boot it at the moment. */
static int step_own_kernels(struct creation *c)
{
	const char *kernels = vm_path(c->source, "kernels");

	return vm_is(c->vm, VM_PVS) && root_exists(c->root, kernels) ? copy_kernels(c, kernels) : 0;
}

static int step_icon(struct creation *c)
{
	images_say(c->quiet, "Creating icon symlink: %s -> %s", images_icon(c->vm), images_label_icon(c->vm));
	images_set_icon(c->vm);
	return 0;
}

/* A link goes where SOURCE's goes; one that a user put there instead is copied. */
static int step_own_icon(struct creation *c)
{
	const char *from = images_icon(c->source), *to = images_icon(c->vm);
	AUTO_FREE char *target = root_readlink(c->root, from);

	if (target && root_symlink(c->root, target, to) == 0) {
		strlist_add(&c->made, to);
		return 0;
	}
	return root_exists(c->root, from) ? make_copy(c, from, "icon.png") : step_icon(c);
}

typedef int step(struct creation *c);

static step *const steps[] = {
	step_directory, step_private, step_root, step_root_cow, step_volatile, step_kernels, step_icon, NULL,
};

/* A volatile image is made anew at each start. */
static step *const clone_steps[] = {
	step_directory, step_private, step_root, step_root_cow, step_own_kernels, step_own_icon, NULL,
};

static int check_source(const struct creation *c)
{
	if (!images_has_files(c->vm) || vm_is(c->vm, VM_DISPOSABLE) || !vm_directory(c->vm))
		return error_set(ERROR_FAILED, "the class %s has no images of its own", c->vm->type);
	if (!c->source && vm_is(c->vm, VM_PVS))
		return error_set(ERROR_FAILED, "the class %s needs a template to be made from", c->vm->type);
	return 0;
}

static int run(struct vm *vm, const struct vm *source, bool quiet, step *const *next)
{
	struct creation c = {
		.vm = vm,
		.source = source,
		.root = vm->qubes->root,
		.quiet = quiet,
		.group = root_group(vm->qubes->root, "qubes"),
	};
	int result = check_source(&c);

	while (result == 0 && *next)
		result = (*next++)(&c);
	if (result < 0)
		unmake(&c);
	strlist_free(&c.made);
	return result < 0 ? error_within("cannot make the files of %s", vm->name) : 0;
}

int images_create(struct vm *vm, const struct vm *source, bool quiet)
{
	return run(vm, source, quiet, steps);
}

int images_clone(struct vm *vm, const struct vm *source, bool quiet)
{
	return run(vm, source, quiet, clone_steps);
}

int images_finish(const struct vm *vm)
{
	const char *mark = vm_path(vm, UNFINISHED);

	if (!mark || root_unlink(vm->qubes->root, mark) == 0 || errno == ENOENT)
		return 0;
	return error_errno("%s stays", mark);
}
