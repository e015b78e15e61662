/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathering facts: the lists, and which format a tree is of.
 */
#include <string.h>

#include "element.h"
#include "internal.h"

struct facts *facts_new(struct arena *arena)
{
	struct facts *facts = arena_alloc(arena, sizeof(*facts));

	facts->arena = arena;
	return facts;
}

/* ROOM doubled; the old list stays in the arena. */
static void *grown(struct arena *arena, const void *items, size_t count, size_t *room, size_t size)
{
	void *more;

	*room = *room ? 2 * *room : 16;
	more = arena_alloc(arena, *room * size);
	if (count)
		memcpy(more, items, count * size);
	return more;
}

struct facts_vm *facts_add_vm(struct facts *facts, const char *name, const char *class, const char *qid,
			      const char *key)
{
	if (facts->count == facts->room)
		facts->vms = grown(facts->arena, facts->vms, facts->count, &facts->room, sizeof(*facts->vms));
	facts->vms[facts->count] = (struct facts_vm){ .name = name, .class = class, .qid = qid, .key = key };
	return &facts->vms[facts->count++];
}

void facts_add(struct facts *facts, struct facts_vm *vm, const char *what, const char *text,
	       const char *absent)
{
	if (vm->count == vm->room)
		vm->facts = grown(facts->arena, vm->facts, vm->count, &vm->room, sizeof(*vm->facts));
	vm->facts[vm->count++] = (struct fact){ what, text, absent, true };
}

const struct fact *facts_find(const struct facts_vm *vm, const char *what)
{
	for (size_t i = vm->count; i > 0; i--)
		if (!strcmp(vm->facts[i - 1].what, what))
			return &vm->facts[i - 1];
	return NULL;
}

void facts_hide_identity(struct facts_vm *vm)
{
	static const char *const identity[] = { "name", "qid", "class" };

	for (size_t i = 0; i < vm->count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(identity); k++)
			if (!strcmp(vm->facts[i].what, identity[k]))
				vm->facts[i].told_if_new = false;
}

struct facts *facts_of_store(struct arena *arena, const struct store *store, bool as_r4)
{
	struct facts *facts = facts_new(arena);
	const store_node *root = store_root(store);

	/* A root of the wrong name has its children yet. */
	if (!strcmp(element_name(root), "qubes") || element_next(root, NULL, "domains"))
		facts_read_r4(facts, root);
	else
		facts_read_r3(facts, root, as_r4);
	return facts;
}
