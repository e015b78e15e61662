/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the renames of both formats share: the steps outside of the store.
 */
#ifndef QUBES_LIFECYCLE_RENAME_H
#define QUBES_LIFECYCLE_RENAME_H

#include "internal.h"
#include "vm.h"

/* Stored paths that may lie in the VM's directory. */
#define RENAME_PATHS                                                                    \
	{                                                                               \
		"conf_file", "firewall_conf", "root_img", "private_img", "volatile_img" \
	}
#define RENAME_PATHS_COUNT 5

struct renaming {
	struct vm *vm;
	const char *old_name, *new_name;
	const char *old_directory, *new_directory;
	bool directory_optional; /* there may be none */
	bool was_defined, had_conf, had_directory, had_autostart;
	const char *stored_directory;		      /* NULL: the store has none */
	const char *stored_paths[RENAME_PATHS_COUNT]; /* the same */
	struct turn *turn;
	int after;
};

/* May VM get another name now? 0, or -1 with an error. */
int rename_check_vm(struct vm *vm);

/* Steps on a struct renaming, with what takes them back. */
int rename_take_turn(void *work);
void rename_drop_turn(void *work);
int rename_note(void *work);
void rename_forget(void *work);
int rename_move_directory(void *work);
void rename_move_directory_back(void *work);
int rename_move_autostart(void *work);
void rename_move_autostart_back(void *work);

/* lifecycle_rename for a local VM of a store of release 4. */
int rename_release4(struct vm *vm, const char *name);

#endif
