/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which layout a format has, walking over elements only, and the items of lists.
 */
#include <mxml.h>
#include <string.h>

#include "internal.h"
#include "util.h"

#define CDATA "![CDATA["

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

store_node *layout_named(store_node *node, const char *name)
{
	for (node = layout_element(node); node; node = layout_element(mxmlGetNextSibling(node)))
		if (!strcmp(mxmlGetElement(node), name))
			return node;
	return NULL;
}

store_node *layout_child(const store_node *parent, const char *name)
{
	return parent ? layout_named(mxmlGetFirstChild((store_node *)parent), name) : NULL;
}

/* ---- items ---- */

const char *layout_item_attribute(const store_node *item, const char *name)
{
	return mxmlElementGetAttr((store_node *)item, name);
}

const char *layout_item_text(const store_node *item)
{
	store_node *first = mxmlGetFirstChild((store_node *)item);

	if (!first)
		return "";
	if (mxmlGetType(first) == MXML_OPAQUE)
		return mxmlGetOpaque(first);
	/* What stands behind a comment is not part of it, for the originals either. */
	return util_starts_with(mxmlGetElement(first), CDATA) ? mxmlGetElement(first) + strlen(CDATA) : "";
}

const char *layout_device_class(const store_node *device)
{
	return mxmlElementGetAttr(mxmlGetParent((store_node *)device), "class");
}

store_node *layout_find_item(const struct layout *layout, const store_node *of, enum layout_list list,
			     const char *name)
{
	store_node *item = NULL, *found = NULL;

	while ((item = layout->next_item(of, list, item))) {
		const char *its = layout_item_attribute(item, "name");

		if (its && !strcmp(its, name))
			found = item;
	}
	return found;
}

/* ---- writing ---- */

static void clear(store_node *node)
{
	store_node *child;

	while ((child = mxmlGetFirstChild(node)))
		mxmlDelete(child);
}

/* An empty text is written with both tags, like every other one. */
void layout_put_text(store_node *node, const char *text)
{
	clear(node);
	mxmlNewOpaque(node, text);
}

void layout_set_item_text(store_node *item, const char *text)
{
	layout_put_text(item, text);
}

static bool is_blank(store_node *node)
{
	const char *text = node && mxmlGetType(node) == MXML_OPAQUE ? mxmlGetOpaque(node) : NULL;

	return text && text[strspn(text, " \t\r\n")] == '\0';
}

/* No element, no comment, no other text. */
static bool has_only_blanks(store_node *parent)
{
	store_node *child = mxmlGetFirstChild(parent);

	while (child && is_blank(child))
		child = mxmlGetNextSibling(child);
	return !child;
}

static store_node *line_start(unsigned depth)
{
	AUTO_FREE char *text = util_printf("\n%*s", (int)(2 * depth), "");

	return mxmlNewOpaque(MXML_NO_PARENT, text);
}

static store_node *last_child_element(store_node *parent)
{
	store_node *last = NULL;

	for (store_node *node = layout_element(mxmlGetFirstChild(parent)); node;
	     node = layout_element(mxmlGetNextSibling(node)))
		last = node;
	return last;
}

void layout_place(store_node *parent, store_node *node, store_node *next, unsigned depth)
{
	store_node *last = next ? NULL : last_child_element(parent);

	if (next) {
		mxmlAdd(parent, MXML_ADD_BEFORE, next, node);
		mxmlAdd(parent, MXML_ADD_AFTER, node, line_start(depth));
	} else if (last) {
		mxmlAdd(parent, MXML_ADD_AFTER, last, node);
		mxmlAdd(parent, MXML_ADD_BEFORE, node, line_start(depth));
	} else {
		if (has_only_blanks(parent))
			clear(parent);
		mxmlAdd(parent, MXML_ADD_AFTER, MXML_ADD_TO_PARENT, line_start(depth));
		mxmlAdd(parent, MXML_ADD_AFTER, MXML_ADD_TO_PARENT, node);
		mxmlAdd(parent, MXML_ADD_AFTER, MXML_ADD_TO_PARENT, line_start(depth ? depth - 1 : 0));
	}
}

void layout_take_out(store_node *node)
{
	store_node *parent = mxmlGetParent(node), *before = mxmlGetPrevSibling(node);

	if (is_blank(before))
		mxmlDelete(before);
	mxmlDelete(node);
	if (has_only_blanks(parent))
		clear(parent);
}
