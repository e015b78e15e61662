/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking at single elements of a tree, and adding, moving and removing them so that the file stays indented.
 */
#include "element.h"

#include <mxml.h>
#include <string.h>

#include "internal.h"

#define CDATA "![CDATA["
#define INDENT 2

static bool is_element(store_node *node)
{
	/* mxml keeps comments and the like as elements with such names. */
	return mxmlGetType(node) == MXML_ELEMENT && !strchr("!?", mxmlGetElement(node)[0]);
}

/* Text as a parser of ours sees it: NULL for what is no text. */
static const char *text_of(store_node *node)
{
	if (mxmlGetType(node) == MXML_OPAQUE)
		return mxmlGetOpaque(node);
	if (mxmlGetType(node) == MXML_ELEMENT && util_starts_with(mxmlGetElement(node), CDATA))
		return mxmlGetElement(node) + strlen(CDATA);
	return NULL;
}

static bool is_blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* ---- looking ---- */

const char *element_name(const store_node *node)
{
	return mxmlGetElement((store_node *)node);
}

store_node *element_parent(const store_node *node)
{
	return mxmlGetParent((store_node *)node);
}

store_node *element_next(const store_node *parent, const store_node *previous, const char *name)
{
	store_node *node;

	if (!parent)
		return NULL;
	node = previous ? mxmlGetNextSibling((store_node *)previous) :
			  mxmlGetFirstChild((store_node *)parent);
	while (node && (!is_element(node) || (name && strcmp(mxmlGetElement(node), name))))
		node = mxmlGetNextSibling(node);
	return node;
}

const char *element_attribute(const store_node *node, const char *name)
{
	return node ? mxmlElementGetAttr((store_node *)node, name) : NULL;
}

const char *element_attribute_at(const store_node *node, size_t index, const char **name)
{
	if (index >= (size_t)mxmlElementGetAttrCount((store_node *)node))
		return NULL;
	return mxmlElementGetAttrByIndex((store_node *)node, (int)index, name);
}

const char *element_text(struct arena *arena, const store_node *node)
{
	store_node *child = node ? mxmlGetFirstChild((store_node *)node) : NULL, *next;
	AUTO_STRBUF struct strbuf text = { 0 };
	const char *piece = child ? text_of(child) : NULL;

	if (!piece)
		return NULL;
	next = mxmlGetNextSibling(child);
	if (!next || !text_of(next))
		return piece;
	for (; child && (piece = text_of(child)); child = mxmlGetNextSibling(child))
		strbuf_add(&text, piece);
	return arena_strdup(arena, text.text ? text.text : "");
}

bool element_text_is_cut(const store_node *node)
{
	store_node *child = mxmlGetFirstChild((store_node *)node);
	const char *text;

	while (child && text_of(child))
		child = mxmlGetNextSibling(child);
	for (; child; child = mxmlGetNextSibling(child))
		if ((text = text_of(child)) && !is_blank(text))
			return true;
	return false;
}

const char *element_all_text(struct arena *arena, const store_node *node)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	const char *piece;

	for (store_node *child = mxmlGetFirstChild((store_node *)node); child;
	     child = mxmlGetNextSibling(child))
		if ((piece = text_of(child)))
			strbuf_add(&text, piece);
	return arena_strdup(arena, text.text ? text.text : "");
}

/* ---- changing ---- */

void element_set_text(store_node *node, const char *text)
{
	store_node *child;

	while ((child = mxmlGetFirstChild(node)))
		mxmlDelete(child);
	if (*text)
		mxmlNewOpaque(node, text);
}

void element_set_name(store_node *node, const char *name)
{
	mxmlSetElement(node, name);
}

static char *line_start(const store_node *parent)
{
	int depth = 1;

	while ((parent = mxmlGetParent((store_node *)parent)))
		depth++;
	return util_printf("\n%*s", depth * INDENT, "");
}

static void put(store_node *node, store_node *parent, store_node *before)
{
	AUTO_FREE char *start = line_start(parent);
	store_node *last = mxmlGetLastChild(parent);

	if (before) {
		mxmlAdd(parent, MXML_ADD_BEFORE, before, node);
		mxmlAdd(parent, MXML_ADD_AFTER, node, mxmlNewOpaque(MXML_NO_PARENT, start));
		return;
	}
	/* <a></a> has no line to end. */
	if (last && mxmlGetType(last) == MXML_OPAQUE && !*mxmlGetOpaque(last)) {
		mxmlDelete(last);
		last = NULL;
	}
	/* The blanks before the end tag stay there. */
	if (last && mxmlGetType(last) == MXML_OPAQUE && is_blank(mxmlGetOpaque(last))) {
		mxmlAdd(parent, MXML_ADD_BEFORE, last, node);
		mxmlAdd(parent, MXML_ADD_BEFORE, node, mxmlNewOpaque(MXML_NO_PARENT, start));
		return;
	}
	mxmlNewOpaque(parent, start);
	mxmlAdd(parent, MXML_ADD_AFTER, MXML_ADD_TO_PARENT, node);
	start[strlen(start) - INDENT] = '\0';
	mxmlNewOpaque(parent, start);
}

store_node *element_add(store_node *parent, store_node *before, const char *name)
{
	store_node *node = mxmlNewElement(MXML_NO_PARENT, name);

	put(node, parent, before);
	return node;
}

static store_node *copy(store_node *from)
{
	store_node *node;
	const char *name, *value;

	if (mxmlGetType(from) != MXML_ELEMENT)
		return mxmlNewOpaque(MXML_NO_PARENT, mxmlGetOpaque(from) ? mxmlGetOpaque(from) : "");
	node = mxmlNewElement(MXML_NO_PARENT, mxmlGetElement(from));
	for (size_t i = 0; (value = element_attribute_at(from, i, &name)); i++)
		mxmlElementSetAttr(node, name, value);
	for (store_node *child = mxmlGetFirstChild(from); child; child = mxmlGetNextSibling(child))
		mxmlAdd(node, MXML_ADD_AFTER, MXML_ADD_TO_PARENT, copy(child));
	return node;
}

store_node *element_add_copy(store_node *parent, store_node *before, const store_node *from)
{
	store_node *node = copy((store_node *)from);

	put(node, parent, before);
	return node;
}

static void remove_blanks_before(store_node *node)
{
	store_node *blank = mxmlGetPrevSibling(node);

	if (blank && mxmlGetType(blank) == MXML_OPAQUE && is_blank(mxmlGetOpaque(blank)))
		mxmlDelete(blank);
}

void element_move(store_node *node, store_node *parent, store_node *before)
{
	remove_blanks_before(node);
	mxmlRemove(node);
	put(node, parent, before);
}

void element_remove(store_node *node)
{
	remove_blanks_before(node);
	mxmlDelete(node);
}
