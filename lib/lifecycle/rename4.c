/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new name for a VM of a store of release 4, which qubesd itself never gives: directory, autostart link, entry,
 * and all that names it.
 *
 * The name of a volume is what finds its data: it stays as it is, unless it is a path in the directory that moves.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "references.h"
#include "rename.h"
#include "util.h"
#include "vmm.h"

#define BASE "/var/lib/qubes"

/* ---- may it be renamed? ---- */

static int check_request(void *work)
{
	struct renaming *r = work;

	if (vm_check_name4(r->new_name) != 0)
		return -1;
	if (vm_name_taken(r->vm->qubes, r->new_name))
		return error_set(ERROR_FAILED, "there is a VM '%s' already", r->new_name);
	return rename_check_vm(r->vm);
}

/* ---- the volumes that are files in the directory ---- */

/* Are the volumes of that pool found by paths below BASE? */
static bool is_file_pool(const struct qubes *q, const char *name)
{
	store_node *pool = layout_find_item(q->layout, q->layout->globals(store_root(q->store)), LAYOUT_POOLS,
					    name ? name : "");
	const char *driver = pool ? layout_item_attribute(pool, "driver") : NULL;
	const char *directory = pool ? layout_item_attribute(pool, "dir_path") : NULL;

	return driver && directory && util_starts_with(driver, "file") && !strcmp(directory, BASE);
}

static void move_path(const struct renaming *r, store_node *volume, const char *attribute)
{
	AUTO_FREE char *old = util_printf("%s/%s/", r->vm->class->directory, r->old_name);
	const char *text = layout_item_attribute(volume, attribute);

	if (!text || !util_starts_with(text, old))
		return;
	AUTO_FREE char *new =
		util_printf("%s/%s/%s", r->vm->class->directory, r->new_name, text + strlen(old));

	store_put_attribute(volume, attribute, new);
}

static void move_volumes(const struct renaming *r)
{
	const struct qubes *q = r->vm->qubes;
	const struct vm *vm;

	FOR_EACH_VM(q, vm) {
		store_node *volume = NULL;

		while ((volume = q->layout->next_item(vm->node, LAYOUT_VOLUMES, volume))) {
			if (!is_file_pool(q, layout_item_attribute(volume, "pool")))
				continue;
			move_path(r, volume, "vid");
			move_path(r, volume, "source");
		}
	}
}

/* ---- the entry ---- */

static int change_entry(void *work)
{
	struct renaming *r = work;

	if (vm_set(r->vm, "name", r->new_name) != 0)
		return -1;
	vm_call(r->vm, r->new_name);
	move_volumes(r);
	return references_rename(r->vm->qubes, r->old_name, r->new_name);
}

static int finish_renamed(struct qubes *q, void *argument)
{
	struct renaming *r = argument;

	turn_drop(r->turn);
	error_note("%s is called %s now; policies and what VMs remember of it still say %s", r->old_name,
		   r->new_name, r->old_name);
	return forget_rename(q, r->new_name);
}

static int save_renaming(void *work)
{
	struct renaming *r = work;

	qubes_with_save(r->vm->qubes, finish_renamed, r);
	return save_store(r->vm->qubes, &r->after);
}

static const struct step steps[] = {
	{ .act = rename_take_turn, .undo = rename_drop_turn },
	{ .act = check_request },
	{ .act = rename_note, .undo = rename_forget, .outside = true },
	{ .act = rename_move_directory, .undo = rename_move_directory_back, .outside = true },
	{ .act = rename_move_autostart, .undo = rename_move_autostart_back, .outside = true },
	{ .act = change_entry },
	{ .act = save_renaming },
	{ .act = NULL },
};

int rename_release4(struct vm *vm, const char *name)
{
	struct arena *arena = vm->qubes->arena;
	struct renaming *r = arena_alloc(arena, sizeof(*r));
	const char *old_name = arena_strdup(arena, vm->name);

	*r = (struct renaming){
		.vm = vm,
		.old_name = old_name,
		.new_name = arena_strdup(arena, name),
		.old_directory = arena_printf(arena, BASE "/%s/%s", vm->class->directory, old_name),
		.new_directory = arena_printf(arena, BASE "/%s/%s", vm->class->directory, name),
		.directory_optional = true, /* in a rescue: the volumes are elsewhere */
	};
	return steps_run(vm->qubes, steps, r) != 0 ? error_within("%s is not renamed", old_name) : r->after;
}
