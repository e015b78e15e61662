/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * element - the elements of a store's tree, one by one: for the rooms that have to look at what no layout knows.
 *
 * Comments, CDATA sections and processing instructions are no elements here. Whoever changes a node of the open
 * store says so with store_touch().
 */
#ifndef QUBES_ELEMENT_H
#define QUBES_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "store.h"

struct arena;

const char *element_name(const store_node *node);
store_node *element_parent(const store_node *node); /* NULL: it is the root */

/* The child of PARENT after PREVIOUS (NULL: the first) that is called NAME (NULL: anything); NULL at the end. */
store_node *element_next(const store_node *parent, const store_node *previous, const char *name);
#define FOR_EACH_ELEMENT(parent, name, child)                             \
	for (store_node *child = element_next(parent, NULL, name); child; \
	     child = element_next(parent, child, name))

/* NULL: it has none of that name. Valid until the node changes. */
const char *element_attribute(const store_node *node, const char *name);
/* Attribute number INDEX, from 0: its value, and its NAME; NULL behind the last. */
const char *element_attribute_at(const store_node *node, size_t index, const char **name);

/*
 * The text before the first child that is an element or comment, CDATA sections being text, as libxml2's users
 * see it. In the tree or in the arena; NULL: there is none.
 */
const char *element_text(struct arena *arena, const store_node *node);
/* Is there more text, behind a child? Blanks alone are none. */
bool element_text_is_cut(const store_node *node);
/* All of its text, whatever is between. In the arena. */
const char *element_all_text(struct arena *arena, const store_node *node);

/* Replaces everything inside by TEXT; "" leaves an element without content. */
void element_set_text(store_node *node, const char *text);
void element_set_name(store_node *node, const char *name);

/* A new element in PARENT before BEFORE (NULL: at its end), on a line of its own. */
store_node *element_add(store_node *parent, store_node *before, const char *name);
/* The same for a copy of FROM, which may be of another store, with all that is in it. */
store_node *element_add_copy(store_node *parent, store_node *before, const store_node *from);
/* Takes NODE out and puts it there. */
void element_move(store_node *node, store_node *parent, store_node *before);
/* Takes it out, with the line that it stood on. */
void element_remove(store_node *node);

#endif
