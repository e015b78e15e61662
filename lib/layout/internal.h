/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two layouts, and what both do with a tree.
 */
#ifndef QUBES_LAYOUT_INTERNAL_H
#define QUBES_LAYOUT_INTERNAL_H

#include "layout.h"

extern const struct layout layout_r3;
extern const struct layout layout_r4;

/* The next sibling of NODE that is an element, NODE itself included; NULL: none. */
store_node *layout_element(store_node *node);

/* The first child element called NAME; NULL: none. */
store_node *layout_child(const store_node *parent, const char *name);

/* The sibling of NODE, NODE itself included, that is an element called NAME; NULL: none. */
store_node *layout_named(store_node *node, const char *name);

/* ---- text with its line ends, as both the originals and we write it ---- */

/* All children of NODE are TEXT now. */
void layout_put_text(store_node *node, const char *text);

/*
 * Puts the new element NODE into PARENT, before NEXT or (NULL) at the end, on a line of its own that is indented
 * by DEPTH times two blanks.
 */
void layout_place(store_node *parent, store_node *node, store_node *next, unsigned depth);

/* Takes NODE away with the blanks before it; a parent that has no element left is left empty. */
void layout_take_out(store_node *node);

/* lib/layout/r4_items.c */
store_node *r4_next_item(const store_node *of, enum layout_list list, store_node *previous);
store_node *r4_add_item(store_node *of, enum layout_list list, const char *name);
int r4_remove_item(store_node *item);

#endif
