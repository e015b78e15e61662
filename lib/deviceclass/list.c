/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release 4's list of devices.
 */
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "vm.h"

struct cells {
	const char *ident, *description, *users;
};

/* "work, sys-net (no-strict-reset=True)" */
static const char *users_text(struct arena *arena, const struct deviceclass_row *row)
{
	AUTO_STRBUF struct strbuf text = { 0 };

	strbuf_add(&text, "");
	for (const struct deviceclass_use *use = row->uses; use; use = use->next)
		strbuf_printf(&text, use->options ? "%s%s (%s)" : "%s%s", text.length ? ", " : "",
			      use->vm->name, use->options);
	return arena_strdup(arena, text.text);
}

static struct cells cells_of(struct arena *arena, const struct deviceclass_row *row)
{
	return (struct cells){ arena_printf(arena, "%s:%s", row->backend->name, row->ident), row->description,
			       users_text(arena, row) };
}

/* A VM is asked for what it offers and for what it has. */
static bool is_wanted(struct vm *const *vms, const struct deviceclass_row *row)
{
	bool wanted = !vms;

	for (; vms && *vms && !wanted; vms++) {
		wanted = *vms == row->backend;
		for (const struct deviceclass_use *use = row->uses; use && !wanted; use = use->next)
			wanted = use->vm == *vms;
	}
	return wanted;
}

static void print_row(const struct cells *row, const int *widths)
{
	AUTO_FREE char *ident = util_printable(row->ident);
	AUTO_FREE char *description = util_printable(row->description);
	AUTO_FREE char *users = util_printable(row->users);

	printf("%-*s  %-*s%s%s\n", widths[0], ident, *users ? widths[1] : 0, description, *users ? "  " : "",
	       users);
}

static void widen(int *widths, const struct cells *row)
{
	const char *const texts[] = { row->ident, row->description };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if ((int)strlen(texts[i]) > widths[i])
			widths[i] = (int)strlen(texts[i]);
}

/* Titles are for people. */
static void print_rows(struct arena *arena, const struct deviceclass_list *list, struct vm *const *vms)
{
	struct cells *cells = arena_alloc(arena, (list->count + 1) * sizeof(*cells));
	size_t count = 0;
	int widths[2] = { 0 };

	if (isatty(STDOUT_FILENO))
		cells[count++] = (struct cells){ "BACKEND:DEVID", "DESCRIPTION", "USED BY" };
	for (size_t i = 0; i < list->count; i++)
		if (is_wanted(vms, &list->rows[i]))
			cells[count++] = cells_of(arena, &list->rows[i]);
	for (size_t i = 0; i < count; i++)
		widen(widths, &cells[i]);
	for (size_t i = 0; i < count; i++)
		print_row(&cells[i], widths);
}

int deviceclass_print(struct qubes *q, const struct deviceclass *class, const struct deviceclass_args *args,
		      char **words)
{
	struct deviceclass_list list = { 0 };
	struct vm **vms = NULL;

	if (words[0] || args->which.all || args->which.exclude.count) {
		vms = selection_vms(q, &args->which, words, NULL);
		if (!vms)
			return -1;
	}
	if (class->list(q, &list) != 0)
		return -1;
	print_rows(q->arena, &list, vms);
	return 0;
}
