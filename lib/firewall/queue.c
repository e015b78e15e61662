/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that wait to be written with the store, so that its lock keeps two writers apart and a run that fails
 * changes nothing.
 */
#include <errno.h>

#include "error.h"
#include "internal.h"
#include "pending.h"

#define FILE_MODE 0660

/* One set of rules that waits, and those that wait before it. */
struct waiting {
	const struct vm *vm;
	const void *rules;
	firewall_text *add_text;
	const struct waiting *before;
};

static int write_waiting(struct qubes *q, void *argument);

/* The rules of VM that wait, of those behind UNTIL (NULL: of all). */
static const struct waiting *find_waiting(const struct vm *vm, const struct waiting *until)
{
	const struct waiting *waiting = pending_argument(vm->qubes, write_waiting);

	while (waiting && waiting != until && waiting->vm != vm)
		waiting = waiting->before;
	return waiting == until ? NULL : waiting;
}

/* A VM that was removed since takes its rules with it. */
static bool is_there(const struct vm *vm)
{
	struct vm *other;

	FOR_EACH_VM(vm->qubes, other)
		if (other == vm)
			return true;
	return false;
}

static int write_file(const struct vm *vm, const struct strbuf *text)
{
	const struct root *root = vm->qubes->root;
	/* Asked now: the VM may have been renamed. */
	const char *path = firewall_path(vm);
	struct stat st;
	mode_t mode = root_stat(root, path, &st) == 0 ? st.st_mode & 0777 : FILE_MODE;

	if (root_write(root, path, text->text, text->length, mode) < 0)
		return error_within("the firewall of %s is as it was", vm->name);
	root_chgrp_qubes(root, path);
	return 0;
}

static int write_waiting(struct qubes *q, void *argument)
{
	const struct waiting *waiting = argument;
	AUTO_STRBUF struct strbuf text = { 0 };

	(void)q;
	if (find_waiting(waiting->vm, waiting) || !is_there(waiting->vm))
		return 0;
	waiting->add_text(&text, waiting->rules);
	return write_file(waiting->vm, &text);
}

int firewall_check_place(const struct vm *vm)
{
	const char *path = firewall_path(vm), *base;
	AUTO_CLOSE int parent = -1;

	if (!path)
		return error_set(ERROR_FAILED, "%s, of class %s, has no place for rules", vm->name, vm->type);
	/* What a new VM's directory will be, a dry run has not made. */
	if (vm->qubes->dry_run)
		return 0;
	parent = root_parent(vm->qubes->root, path, &base);
	return parent < 0 ? error_errno("the rules of %s cannot be written to %s", vm->name, path) : 0;
}

int firewall_queue(const struct vm *vm, const void *rules, firewall_text *add_text)
{
	struct qubes *q = vm->qubes;
	struct waiting *waiting;

	if (firewall_check_place(vm) < 0)
		return -1;
	waiting = arena_alloc(q->arena, sizeof(*waiting));
	*waiting = (struct waiting){ vm, rules, add_text, pending_argument(q, write_waiting) };
	qubes_with_save(q, write_waiting, waiting);
	return 0;
}

const void *firewall_queued(const struct vm *vm)
{
	const struct waiting *waiting = find_waiting(vm, NULL);

	return waiting ? waiting->rules : NULL;
}
