/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of lists: release 3 shows names and values with its words for a default, release 4 a flag beside them.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define RELEASE3_WIDTH 19
#define RELEASE3_GLOBALS_WIDTH 18

/* The longest name of those that VM's list shows. */
static int width_of(const struct vm *vm, const struct prop *rows)
{
	size_t width = 0;

	for (const struct prop *prop = rows; prop->name; prop++)
		if (prop_is_listed(vm, prop) && strlen(prop->name) > width)
			width = strlen(prop->name);
	return (int)width;
}

/* What release 4's tool shows; NULL: it shows that it could not be read. */
static const char *release4_text(const struct vm *vm, const struct prop *prop, const struct prop_value *value)
{
	if (!value->none)
		return prop_text(vm, value);
	if (value->follows && prop->settable && !(prop->flags & PROP_DEFAULTABLE))
		return NULL; /* it has no default */
	return value->type == PROP_VM ? "None" : value->type == PROP_INT ? NULL : "";
}

static const char *release4_line(const struct vm *vm, const struct prop *rows, const struct prop *prop,
				 bool hide_default)
{
	int width = width_of(vm, rows);
	struct prop_value value;
	const char *text = prop_get(vm, prop, &value) < 0 ? NULL : release4_text(vm, prop, &value);

	error_clear();
	if (hide_default && (!text || value.follows))
		return NULL;
	if (!text)
		return arena_printf(vm->qubes->arena, "%-*s  U", width, prop->name);
	AUTO_FREE char *shown = util_printable(text);

	return arena_printf(vm->qubes->arena, "%-*s  %c  %s", width, prop->name, value.follows ? 'D' : '-',
			    shown);
}

static int release3_line(const struct vm *vm, const struct prop *prop, bool hide_default, const char **line)
{
	struct prop_value value;
	const char *text;

	if (prop_get(vm, prop, &value) < 0)
		return -1;
	text = prop_list_text(vm, prop, &value);
	if (!text || (hide_default && prop_is_default(vm, prop, &value)))
		return 0;
	AUTO_FREE char *shown = util_printable(text);

	*line = arena_printf(vm->qubes->arena, "%-*s: %s", RELEASE3_WIDTH, prop->name, shown);
	return 0;
}

bool prop_is_listed(const struct vm *vm, const struct prop *prop)
{
	return vm_is(vm, prop->listed) && prop_applies(vm, prop);
}

int prop_list_line(const struct vm *vm, const struct prop *prop, bool hide_default, const char **line)
{
	*line = NULL;
	if (!prop_is_listed(vm, prop))
		return 0;
	if (!prop_is_release4(vm->qubes))
		return release3_line(vm, prop, hide_default, line);
	*line = release4_line(vm, prop4_table, prop, hide_default);
	return 0;
}

static void note_broken(struct qubes *q, const struct prop_global *global)
{
	struct vm *store = global->row ? prop_store(q) : NULL;
	struct layout_value stored =
		store ? vm_get(store, global->key) : (struct layout_value){ LAYOUT_ABSENT, NULL };

	if (stored.presence != LAYOUT_SET || prop_check_loads(store, global->row, stored.text, NULL) == 0)
		return;
	error_note("warning: %s is broken: %s", global->name, error_message());
	error_clear();
}

const char *prop_global_line(struct qubes *q, const struct prop_global *global)
{
	note_broken(q, global);
	if (global->row)
		return release4_line(prop_store(q), prop4_globals, global->row, false);
	AUTO_FREE char *shown = util_printable(prop_get_global(q, global));

	return arena_printf(q->arena, "%-*s: %s", RELEASE3_GLOBALS_WIDTH, global->name, shown);
}

const char *prop_service_line(struct qubes *q, const char *name, int width, bool on)
{
	AUTO_FREE char *shown = util_printable(name);

	if (prop_is_release4(q))
		return arena_printf(q->arena, "%-*s  %s", width, shown, on ? "on" : "off");
	return arena_printf(q->arena, "%-*s: %s", width, shown, on ? "Enabled" : "Disabled");
}
