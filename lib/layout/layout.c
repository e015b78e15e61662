/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which layout a format has, and walking over elements only.
 */
#include <mxml.h>
#include <string.h>

#include "internal.h"

const struct layout *layout_of(enum store_format format)
{
	return format == STORE_R4 ? &layout_r4 : &layout_r3;
}

store_node *layout_element(store_node *node)
{
	while (node && (mxmlGetType(node) != MXML_ELEMENT || strchr("!?", mxmlGetElement(node)[0])))
		node = mxmlGetNextSibling(node);
	return node;
}

store_node *layout_child(const store_node *parent, const char *name)
{
	store_node *child = parent ? mxmlGetFirstChild((store_node *)parent) : NULL;

	for (child = layout_element(child); child; child = layout_element(mxmlGetNextSibling(child)))
		if (!strcmp(mxmlGetElement(child), name))
			return child;
	return NULL;
}
