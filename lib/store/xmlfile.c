/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small XML files beside the store: the same check, the same parser, without lock and writer.
 */
#include "xmlfile.h"

#include <errno.h>
#include <mxml.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "util.h"
#include "wellformed.h"

struct xmlfile {
	char *text;
	struct xml_document document;
	mxml_node_t *tree;
};

/* mxml reports through a callback without a context. */
static _Thread_local char complaint[256];

static void note_complaint(const char *message)
{
	snprintf(complaint, sizeof(complaint), "%s", message);
}

static int check_text(struct xmlfile *file, const char *path, size_t length)
{
	struct xml_fault fault;

	if (wellformed_check(file->text, length, &file->document, &fault) == 0)
		return 0;
	return error_set(ERROR_FAILED, "%s, line %zu, column %zu: %s", path, fault.line, fault.column,
			 fault.what);
}

static int read_text(struct xmlfile *file, const struct root *root, const char *path, size_t limit)
{
	size_t length;

	file->text = root_read(root, path, limit, &length);
	if (!file->text) {
		bool absent = errno == ENOENT || errno == ENOTDIR;

		error_errno("cannot read %s", path);
		return absent ? error_set(ERROR_NOT_FOUND, "there is no %s", path) : -1;
	}
	return check_text(file, path, length);
}

static bool is_element(mxml_node_t *node)
{
	/* mxml keeps comments and the like as elements with such names. */
	return mxmlGetType(node) == MXML_ELEMENT && !strchr("!?", mxmlGetElement(node)[0]);
}

static void number_elements(mxml_node_t *root)
{
	uintptr_t number = 0;

	for (mxml_node_t *node = root; node; node = mxmlWalkNext(node, root, MXML_DESCEND))
		if (is_element(node))
			mxmlSetUserData(node, (void *)++number);
}

static int parse(struct xmlfile *file, const char *path)
{
	file->text[file->document.root_end] = '\0';
	complaint[0] = '\0';
	mxmlSetErrorCallback(note_complaint);
	file->tree = mxmlLoadString(NULL, file->text + file->document.root_start, MXML_OPAQUE_CALLBACK);
	if (!file->tree || complaint[0])
		return error_set(ERROR_FAILED, "%s cannot be parsed: %s", path,
				 complaint[0] ? complaint : "not enough memory");
	number_elements(file->tree);
	return 0;
}

struct xmlfile *xmlfile_read(const struct root *root, const char *path, size_t limit)
{
	struct xmlfile *file = util_alloc(sizeof(*file));

	if (read_text(file, root, path, limit) == 0 && parse(file, path) == 0)
		return file;
	xmlfile_free(file);
	return NULL;
}

struct xmlfile *xmlfile_parse(const char *text, const char *what)
{
	struct xmlfile *file = util_alloc(sizeof(*file));

	file->text = util_strdup(text);
	if (check_text(file, what, strlen(text)) == 0 && parse(file, what) == 0)
		return file;
	xmlfile_free(file);
	return NULL;
}

void xmlfile_free(struct xmlfile *file)
{
	if (!file)
		return;
	if (file->tree)
		mxmlDelete(file->tree);
	free(file->text);
	free(file);
}

void xmlfile_free_at(struct xmlfile **file)
{
	xmlfile_free(*file);
}

xmlfile_element *xmlfile_root(const struct xmlfile *file)
{
	return file->tree;
}

xmlfile_element *xmlfile_next(xmlfile_element *parent, xmlfile_element *previous)
{
	mxml_node_t *node = previous ? mxmlGetNextSibling((mxml_node_t *)previous) :
				       mxmlGetFirstChild((mxml_node_t *)parent);

	while (node && !is_element(node))
		node = mxmlGetNextSibling(node);
	return node;
}

xmlfile_element *xmlfile_child(xmlfile_element *parent, const char *name)
{
	xmlfile_element *at = NULL;

	while (parent && (at = xmlfile_next(parent, at)))
		if (strcmp(xmlfile_name(at), name) == 0)
			return at;
	return NULL;
}

const char *xmlfile_name(xmlfile_element *element)
{
	return mxmlGetElement((mxml_node_t *)element);
}

const char *xmlfile_attribute(xmlfile_element *element, const char *name)
{
	return mxmlElementGetAttr((mxml_node_t *)element, name);
}

const char *xmlfile_attribute_name(xmlfile_element *element, size_t index)
{
	const char *name;

	if (index >= (size_t)mxmlElementGetAttrCount((mxml_node_t *)element))
		return NULL;
	mxmlElementGetAttrByIndex((mxml_node_t *)element, (int)index, &name);
	return name;
}

const char *xmlfile_text(xmlfile_element *element)
{
	mxml_node_t *only = mxmlGetFirstChild((mxml_node_t *)element);

	if (!only || mxmlGetNextSibling(only) || mxmlGetType(only) != MXML_OPAQUE)
		return NULL;
	return mxmlGetOpaque(only);
}

size_t xmlfile_line(const struct xmlfile *file, xmlfile_element *element)
{
	uintptr_t number = (uintptr_t)mxmlGetUserData((mxml_node_t *)element);

	return wellformed_element_line(file->text, &file->document, number - 1);
}
