/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes - a note of all stored values, compared with the tree later. Nothing computed is looked at, so
 * the hypervisor is not asked, and what only follows from a change is not one.
 */
#include "changes.h"

#include <stdio.h>
#include <string.h>

#include "error.h"
#include "prop.h"
#include "util.h"

struct noted_vm {
	struct vm *vm;
	const char *name;
	const char **texts; /* by row of prop_rows() */
};

struct changes {
	struct noted_vm *vms;
	size_t count;
	const char **globals; /* by row of prop_global_rows() */
};

/* What the store says of a property, as a user would write it. */
static const char *stored_text(const struct vm *vm, const struct prop *prop)
{
	struct layout_value stored = vm_get(vm, prop_key(prop));
	struct prop_value value;

	if (stored.presence != LAYOUT_SET)
		return "default";
	if (prop->type != PROP_VM)
		return arena_strdup(vm->qubes->arena, stored.text ? stored.text : "none");
	if (prop_get(vm, prop, &value) == 0 && !value.none)
		return value.vm->name;
	error_clear();
	return "none";
}

static size_t count_rows(const struct qubes *q)
{
	size_t count = 0;

	while (prop_rows(q)[count].name)
		count++;
	return count;
}

static struct noted_vm note_vm(struct vm *vm)
{
	struct arena *arena = vm->qubes->arena;
	const struct prop *rows = prop_rows(vm->qubes);
	struct noted_vm noted = { vm, vm->name,
				  arena_alloc(arena, count_rows(vm->qubes) * sizeof(*noted.texts)) };

	for (size_t i = 0; rows[i].name; i++)
		noted.texts[i] = stored_text(vm, &rows[i]);
	return noted;
}

static const char *global_text(struct qubes *q, const struct prop_global *global)
{
	const char *text = prop_get_global(q, global);

	return *text ? arena_strdup(q->arena, text) : "none";
}

static const char **note_globals(struct qubes *q)
{
	const struct prop_global *rows = prop_global_rows(q);
	size_t count = 0;
	const char **texts;

	while (rows[count].name)
		count++;
	texts = arena_alloc(q->arena, count * sizeof(*texts));
	for (size_t i = 0; i < count; i++)
		texts[i] = global_text(q, &rows[i]);
	return texts;
}

struct changes *changes_note(struct qubes *q)
{
	struct changes *noted = arena_alloc(q->arena, sizeof(*noted));
	struct vm *vm;

	noted->vms = arena_alloc(q->arena, vms_count(q) * sizeof(*noted->vms));
	FOR_EACH_VM(q, vm)
		noted->vms[noted->count++] = note_vm(vm);
	noted->globals = note_globals(q);
	return noted;
}

/* ---- comparing ---- */

static void print_line(const char *line)
{
	AUTO_FREE char *shown = util_printable(line);

	puts(shown);
}

static void print_removed(const char *name)
{
	AUTO_FREE char *line = util_printf("%s: removed", name);

	print_line(line);
}

static void print_change(const char *of, const char *what, const char *from, const char *to)
{
	AUTO_FREE char *line = util_printf("%s%s%s: %s -> %s", of, *of ? ": " : "", what, *from ? from : "''",
					   *to ? to : "''");

	print_line(line);
}

static void compare_vm(const struct noted_vm *before)
{
	const struct prop *rows = prop_rows(before->vm->qubes);
	const struct noted_vm now = note_vm(before->vm);

	for (size_t i = 0; rows[i].name; i++)
		if ((rows[i].listed || rows[i].written) && strcmp(before->texts[i], now.texts[i]))
			print_change(before->name, rows[i].name, before->texts[i], now.texts[i]);
}

static const struct noted_vm *find_noted(const struct changes *noted, const struct vm *vm)
{
	for (size_t i = 0; i < noted->count; i++)
		if (noted->vms[i].vm == vm)
			return &noted->vms[i];
	return NULL;
}

/* The VM, and what is not as it would be for any other of its class. */
static void print_new_vm(struct vm *vm)
{
	const struct prop *rows = prop_rows(vm->qubes);
	const struct noted_vm now = note_vm(vm);
	AUTO_FREE char *line = util_printf("%s: new, class %s, qid %d", vm->name, vm->type, vm->qid);

	print_line(line);
	for (size_t i = 0; rows[i].name; i++)
		if (rows[i].settable && !(rows[i].flags & PROP_BY_LIFECYCLE) &&
		    strcmp(now.texts[i], "default") &&
		    !(rows[i].fallback && !strcmp(now.texts[i], rows[i].fallback)))
			print_change(vm->name, rows[i].name, "(none)", now.texts[i]);
}

static void print_new(const struct qubes *q, const struct changes *noted)
{
	struct vm *vm;

	FOR_EACH_VM(q, vm)
		if (!find_noted(noted, vm))
			print_new_vm(vm);
}

void changes_print(struct qubes *q, const struct changes *noted)
{
	const char **globals = note_globals(q);

	for (size_t i = 0; i < noted->count; i++) {
		if (vm_by_qid(q, noted->vms[i].vm->qid) == noted->vms[i].vm)
			compare_vm(&noted->vms[i]);
		else
			print_removed(noted->vms[i].name);
	}
	print_new(q, noted);
	for (size_t i = 0; prop_global_rows(q)[i].name; i++)
		if (strcmp(noted->globals[i], globals[i]))
			print_change("", prop_global_rows(q)[i].name, noted->globals[i], globals[i]);
}
