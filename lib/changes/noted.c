/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loaded store says of the rows of the property table, so that it can be compared with the same later.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "prop.h"

/* What the store says of a property, as a user would write it. */
static const char *stored_text(const struct vm *vm, const struct prop *prop)
{
	struct layout_value stored = vm_get(vm, prop_key(prop));
	struct prop_value value;

	if (stored.presence != LAYOUT_SET)
		return FACTS_ABSENT_PROPERTY;
	if (prop->type != PROP_VM)
		return arena_strdup(vm->qubes->arena, stored.text ? stored.text : "none");
	if (prop_get(vm, prop, &value) == 0 && !value.none)
		return value.vm->name;
	error_clear();
	return "none";
}

/* Not as it would be for any other VM of its class? */
static bool is_told_if_new(const struct prop *prop, const char *text)
{
	return prop->settable && !(prop->flags & PROP_BY_LIFECYCLE) &&
	       strcmp(text, FACTS_ABSENT_PROPERTY) != 0 && !(prop->fallback && !strcmp(text, prop->fallback));
}

static void note_vm(struct facts *facts, struct vm *vm)
{
	struct arena *arena = facts->arena;
	/* The VM itself, whatever it is called by then. */
	const char *key = arena_printf(arena, "%p", (void *)vm);
	struct facts_vm *noted =
		facts_add_vm(facts, vm->name, vm->type, arena_printf(arena, "%d", vm->qid), key);

	FOR_EACH_PROP(vm->qubes, prop) {
		const char *text = stored_text(vm, prop);

		if (!prop->settable && !prop->listed && !prop->written)
			continue;
		facts_add(facts, noted, prop->name, text, FACTS_ABSENT_PROPERTY);
		noted->facts[noted->count - 1].told_if_new = is_told_if_new(prop, text);
	}
}

static void note_globals(struct facts *facts, struct qubes *q)
{
	struct facts_vm *noted = facts_add_vm(facts, "", "", "", "");

	FOR_EACH_GLOBAL(q, global) {
		const char *text = prop_get_global(q, global);

		facts_add(facts, noted, global->name, *text ? arena_strdup(q->arena, text) : "none",
			  FACTS_ABSENT);
	}
}

struct facts *facts_of_loaded(struct qubes *q)
{
	struct facts *facts = facts_new(q->arena);
	struct vm *vm;

	note_globals(facts, q);
	FOR_EACH_VM(q, vm)
		note_vm(facts, vm);
	return facts;
}
