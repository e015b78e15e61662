/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The repairs that most faults have: a node goes, or gets another text or attribute.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/*
 * A node that goes stays until the round is over: other findings name nodes inside it.
 */
void fsck_doom(struct fsck *f, store_node *node)
{
	if (fsck_is_doomed(f, node))
		return;
	if (f->doomed_count == f->doomed_room) {
		f->doomed_room = f->doomed_room ? 2 * f->doomed_room : 16;
		f->doomed = util_realloc(f->doomed, f->doomed_room * sizeof(store_node *));
	}
	f->doomed[f->doomed_count++] = node;
}

bool fsck_is_doomed(const struct fsck *f, const store_node *node)
{
	for (; node; node = element_parent(node))
		for (size_t i = 0; i < f->doomed_count; i++)
			if (f->doomed[i] == node)
				return true;
	return false;
}

/* Those inside of another one go with it. */
void fsck_remove_doomed(struct fsck *f)
{
	size_t outermost = 0;

	for (size_t i = 0; i < f->doomed_count; i++)
		if (!element_parent(f->doomed[i]) || !fsck_is_doomed(f, element_parent(f->doomed[i])))
			f->doomed[outermost++] = f->doomed[i];
	for (size_t i = 0; i < outermost; i++)
		element_remove(f->doomed[i]);
	f->doomed_count = 0;
}

void fsck_remove_node(struct fsck *f, const struct fsck_finding *finding)
{
	fsck_doom(f, finding->node);
}

void fsck_set_text(struct fsck *f, const struct fsck_finding *finding)
{
	(void)f;
	/* A reference would win over the text. */
	store_drop_attribute(finding->node, "ref");
	element_set_text(finding->node, finding->value);
}

void fsck_set_attribute(struct fsck *f, const struct fsck_finding *finding)
{
	(void)f;
	store_put_attribute(finding->node, finding->name, finding->value);
}

void fsck_drop_attribute(struct fsck *f, const struct fsck_finding *finding)
{
	(void)f;
	store_drop_attribute(finding->node, finding->name);
}

void fsck_rename_node(struct fsck *f, const struct fsck_finding *finding)
{
	(void)f;
	element_set_name(finding->node, finding->value);
}

bool fsck_is_same(struct arena *arena, const store_node *a, const store_node *b)
{
	const char *name, *value, *first = element_text(arena, a), *second = element_text(arena, b);
	store_node *child = NULL, *other = NULL;

	if (strcmp(element_name(a), element_name(b)) || strcmp(first ? first : "", second ? second : ""))
		return false;
	for (size_t i = 0; (value = element_attribute_at(a, i, &name)); i++)
		if (!element_attribute(b, name) || strcmp(element_attribute(b, name), value))
			return false;
	do {
		child = element_next(a, child, NULL);
		other = element_next(b, other, NULL);
		if (child && other && !fsck_is_same(arena, child, other))
			return false;
	} while (child && other);
	return !child && !other;
}

const char *fsck_trimmed(struct arena *arena, const char *text)
{
	size_t start = strspn(text, " \t\r\n"), end = strlen(text);

	while (end > start && strchr(" \t\r\n", text[end - 1]))
		end--;
	return arena_printf(arena, "%.*s", (int)(end - start), text + start);
}
