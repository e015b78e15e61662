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

#endif
