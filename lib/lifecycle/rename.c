/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new name for a VM: domain, configuration, directory, autostart link, entry, saved; then its domain.
 */
#include <errno.h>
#include <string.h>

#include "domainxml.h"
#include "error.h"
#include "images.h"
#include "internal.h"
#include "prop.h"
#include "rename.h"
#include "util.h"
#include "vmm.h"

static const char *const paths[] = RENAME_PATHS;

/* ---- may it be renamed? ---- */

int rename_check_vm(struct vm *vm)
{
	int running;

	if (prop_flag(vm, "installed_by_rpm"))
		return error_set(ERROR_FAILED, "it belongs to a package, and keeps its name");
	running = vmm_is_running(vm);
	if (running < 0)
		return -1;
	return running ? error_set(ERROR_FAILED, "it is running") : 0;
}

/* What is moved is the VM's own place, and nothing that a store may name instead of it. */
static int check_directory(const struct renaming *r)
{
	const struct vm *other = directory_sharer(r->vm->qubes, r->vm, r->old_directory);

	if (other)
		return error_set(ERROR_FAILED, "%s holds files of %s too", r->old_directory, other->name);
	return images_check_place(r->vm);
}

static int check_request(void *work)
{
	struct renaming *r = work;

	if (check_new_name(r->vm->qubes, r->new_name) != 0)
		return -1;
	if (!vm_is(r->vm, VM_PVS | VM_HVMS) || vm_is(r->vm, VM_DISPOSABLE))
		return error_set(ERROR_FAILED, "VMs of class %s cannot be renamed", r->vm->type);
	return rename_check_vm(r->vm) != 0 ? -1 : check_directory(r);
}

/* ---- the domain ---- */

/* A domain that changes its name must go first; it may be missing at any time, so that is harmless. */
static int undefine(void *work)
{
	struct renaming *r = work;
	struct vmm_info info;

	if (vmm_offline(r->vm->qubes)) {
		if (root_is_host(r->vm->qubes->root))
			error_note("offline: a domain called %s may stay until the next start", r->old_name);
		return 0;
	}
	if (vmm_info_now(r->vm, &info) != 0)
		return -1;
	r->was_defined = info.defined;
	return info.defined ? vmm_undefine(r->vm) : 0;
}

static void define_again(void *work)
{
	struct renaming *r = work;

	if (r->was_defined && vm_uuid(r->vm) && define_domain(r->vm) != 0)
		error_note("%s", error_message());
}

/* ---- files ---- */

static char *conf_path(const struct renaming *r, const char *name)
{
	return util_printf("%s/%s.conf", r->old_directory, name);
}

int rename_note(void *work)
{
	struct renaming *r = work;

	return note_rename(r->vm->qubes, r->vm->class->directory, r->old_name, r->new_name);
}

void rename_forget(void *work)
{
	struct renaming *r = work;

	if (forget_rename(r->vm->qubes, r->new_name) != 0)
		error_note("%s", error_message());
}

static int move_conf(void *work)
{
	struct renaming *r = work;
	AUTO_FREE char *from = conf_path(r, r->old_name), *to = conf_path(r, r->new_name);

	r->had_conf = root_rename(r->vm->qubes->root, from, to, false) == 0;
	if (r->had_conf || errno == ENOENT)
		return 0;
	return error_errno("cannot rename %s to %s", from, to);
}

static void move_conf_back(void *work)
{
	struct renaming *r = work;
	AUTO_FREE char *from = conf_path(r, r->old_name), *to = conf_path(r, r->new_name);

	if (r->had_conf && root_rename(r->vm->qubes->root, to, from, false) != 0)
		error_note("%s stays renamed: %s", to, strerror(errno));
}

int rename_move_directory(void *work)
{
	struct renaming *r = work;

	r->had_directory = root_rename(r->vm->qubes->root, r->old_directory, r->new_directory, false) == 0;
	if (r->had_directory || (errno == ENOENT && r->directory_optional))
		return 0;
	return error_errno("cannot rename %s to %s", r->old_directory, r->new_directory);
}

void rename_move_directory_back(void *work)
{
	struct renaming *r = work;

	if (r->had_directory &&
	    root_rename(r->vm->qubes->root, r->new_directory, r->old_directory, false) != 0)
		error_note("%s stays at %s: %s", r->old_name, r->new_directory, strerror(errno));
}

/* ---- the autostart link: one under the new name instead of the old ---- */

static int move_link(const struct root *root, const char *from_name, const char *to_name, bool *there)
{
	AUTO_FREE char *from = vm_autostart_link(from_name), *to = vm_autostart_link(to_name);
	AUTO_FREE char *target = root_readlink(root, from);

	*there = target != NULL;
	if (!target)
		return 0;
	if (root_symlink(root, target, to) != 0)
		return error_errno("cannot make the link %s", to);
	if (root_unlink(root, from) == 0)
		return 0;
	error_errno("cannot remove the link %s", from);
	root_unlink(root, to);
	return -1;
}

int rename_move_autostart(void *work)
{
	struct renaming *r = work;

	return move_link(r->vm->qubes->root, r->old_name, r->new_name, &r->had_autostart);
}

void rename_move_autostart_back(void *work)
{
	struct renaming *r = work;
	bool there;

	if (r->had_autostart && move_link(r->vm->qubes->root, r->new_name, r->old_name, &there) != 0)
		error_note("%s: %s", r->old_name, error_message());
}

/* ---- the entry ---- */

/* TEXT with the old directory in front replaced by the new one, and the generated file's name renewed. */
static const char *moved_path(const struct renaming *r, const char *text)
{
	struct arena *arena = r->vm->qubes->arena;
	AUTO_FREE char *old_conf = util_printf("%s.conf", r->old_name);
	size_t length = strlen(r->old_directory);

	if (strcmp(text, old_conf) == 0)
		return arena_printf(arena, "%s.conf", r->new_name);
	if (strncmp(text, r->old_directory, length) != 0 || text[length] != '/')
		return text;
	return arena_printf(arena, "%s/%s", r->new_directory, moved_path(r, text + length + 1));
}

static int change_paths(struct renaming *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		const char *text = r->stored_paths[i];

		if (text && vm_set(r->vm, paths[i], moved_path(r, text)) != 0)
			return -1;
	}
	return r->stored_directory ? vm_set(r->vm, "dir_path", r->new_directory) : 0;
}

static void change_entry_back(void *work)
{
	struct renaming *r = work;
	int result = vm_set(r->vm, "name", r->old_name);

	vm_call(r->vm, r->old_name);
	if (r->stored_directory)
		result |= vm_set(r->vm, "dir_path", r->stored_directory);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (r->stored_paths[i])
			result |= vm_set(r->vm, paths[i], r->stored_paths[i]);
	if (result != 0)
		error_note("%s", error_message());
}

static int change_entry(void *work)
{
	struct renaming *r = work;

	if (vm_set(r->vm, "name", r->new_name) == 0 && change_paths(r) == 0) {
		vm_call(r->vm, r->new_name);
		return 0;
	}
	change_entry_back(work);
	return -1;
}

/* ---- the end ---- */

static int finish_renamed(struct qubes *q, void *argument)
{
	struct renaming *r = argument;
	int result = vmm_offline(q) ? 0 : define_domain(r->vm);

	turn_drop(r->turn);
	return result != 0 ? -1 : forget_rename(q, r->new_name);
}

static int save_renaming(void *work)
{
	struct renaming *r = work;
	struct qubes *q = r->vm->qubes;

	if (!vmm_offline(q) && !vm_need_uuid(r->vm))
		return -1;
	qubes_with_save(q, finish_renamed, r);
	return save_store(q, &r->after);
}

int rename_take_turn(void *work)
{
	struct renaming *r = work;

	return turn_take(r->vm, &r->turn);
}

void rename_drop_turn(void *work)
{
	struct renaming *r = work;

	turn_drop(r->turn);
}

static const struct step renaming_steps[] = {
	{ .act = rename_take_turn, .undo = rename_drop_turn },
	{ .act = check_request },
	{ .act = undefine, .undo = define_again, .outside = true },
	{ .act = rename_note, .undo = rename_forget, .outside = true },
	{ .act = move_conf, .undo = move_conf_back, .outside = true },
	{ .act = rename_move_directory, .undo = rename_move_directory_back, .outside = true },
	{ .act = rename_move_autostart, .undo = rename_move_autostart_back, .outside = true },
	{ .act = change_entry, .undo = change_entry_back },
	{ .act = save_renaming },
	{ .act = NULL },
};

/* The directory beside the old one that is called like the VM. */
static const char *sibling(struct arena *arena, const char *directory, const char *name)
{
	return arena_printf(arena, "%.*s%s", (int)(strrchr(directory, '/') + 1 - directory), directory, name);
}

static const char *stored_text(const struct vm *vm, const char *property)
{
	const char *text = vm_get(vm, property).text;

	return text ? arena_strdup(vm->qubes->arena, text) : NULL;
}

static int rename_release3(struct vm *vm, const char *name)
{
	struct arena *arena = vm->qubes->arena;
	const char *old_name = vm->name, *directory = vm_directory(vm);
	struct renaming *r = arena_alloc(arena, sizeof(*r));

	*r = (struct renaming){
		.vm = vm,
		.old_name = arena_strdup(arena, old_name),
		.new_name = arena_strdup(arena, name),
		.old_directory = directory,
		.stored_directory = stored_text(vm, "dir_path"),
	};
	if (!directory)
		return error_set(ERROR_FAILED, "%s: VMs of class %s cannot be renamed", old_name, vm->type);
	r->new_directory = sibling(arena, directory, name);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		r->stored_paths[i] = stored_text(vm, paths[i]);
	return steps_run(vm->qubes, renaming_steps, r) != 0 ? error_within("%s is not renamed", r->old_name) :
							      r->after;
}

int lifecycle_rename(struct vm *vm, const char *name)
{
	return vm_is(vm, VM4_LOCAL) ? rename_release4(vm, name) : rename_release3(vm, name);
}
