/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of R4: a <domain> per VM with its <properties>, references by name, absent means default.
 *
 * Reads only; a change is refused by every writer below.
 */
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"

static store_node *r4_next_vm(store_node *root, store_node *previous)
{
	store_node *node = previous ? mxmlGetNextSibling(previous) : NULL;

	if (!previous) {
		store_node *domains = layout_child(root, "domains");

		node = domains ? mxmlGetFirstChild(domains) : NULL;
	}
	for (node = layout_element(node); node; node = layout_element(mxmlGetNextSibling(node)))
		if (!strcmp(mxmlGetElement(node), "domain"))
			return node;
	return NULL;
}

static const char *r4_class(const store_node *node)
{
	return mxmlElementGetAttr((store_node *)node, "class");
}

static store_node *find_property(const store_node *node, const char *property)
{
	store_node *properties = layout_child(node, "properties");
	store_node *child = properties ? mxmlGetFirstChild(properties) : NULL;

	for (child = layout_element(child); child; child = layout_element(mxmlGetNextSibling(child))) {
		const char *name = mxmlElementGetAttr(child, "name");

		if (name && !strcmp(name, property))
			return child;
	}
	return NULL;
}

/* A reference if there is one, else the text; an element without either is explicitly empty. */
static const char *property_text(store_node *property)
{
	const char *reference = mxmlElementGetAttr(property, "ref");
	const char *text = mxmlGetOpaque(property);

	if (reference && *reference)
		return reference;
	return text ? text : "";
}

static struct layout_value r4_get(const store_node *node, const char *property)
{
	store_node *found = node ? find_property(node, property) : NULL;

	if (!found)
		return (struct layout_value){ LAYOUT_ABSENT, NULL };
	return (struct layout_value){ LAYOUT_SET, property_text(found) };
}

static bool is_dom0(const store_node *node)
{
	const char *class = r4_class(node);

	return class && !strcmp(class, "AdminVM");
}

/* dom0's qid and name are fixed, and not written. */
static void r4_identity(const store_node *node, const char **qid, const char **name)
{
	*qid = is_dom0(node) ? "0" : r4_get(node, "qid").text;
	*name = is_dom0(node) ? "dom0" : r4_get(node, "name").text;
}

/* References are by name here. */
static void r4_each_qid(store_node *root, void (*each)(int qid, void *context), void *context)
{
	for (store_node *node = r4_next_vm(root, NULL); node; node = r4_next_vm(root, node)) {
		const char *qid, *name;

		r4_identity(node, &qid, &name);
		if (qid)
			each(atoi(qid), context);
	}
}

/* find_property looks for <properties> below this one. */
static store_node *r4_globals(store_node *root)
{
	return root;
}

static struct layout_reference r4_get_reference(const store_node *node, const char *property)
{
	struct layout_value value = r4_get(node, property);
	struct layout_reference reference = { value.presence, LAYOUT_NO_VM, -1, value.text };

	if (value.presence == LAYOUT_SET && *value.text)
		reference.kind = LAYOUT_BY_NAME;
	return reference;
}

static int refuse(void)
{
	return error_set(ERROR_FAILED, "an R4 store can only be read by this release");
}

static int r4_set(store_node *node, const char *property, const char *text)
{
	(void)node, (void)property, (void)text;
	return refuse();
}

static int r4_set_reference(store_node *node, const char *property, int qid, const char *name)
{
	(void)node, (void)property, (void)qid, (void)name;
	return refuse();
}

static int r4_unset(store_node *node, const char *property)
{
	(void)node, (void)property;
	return refuse();
}

static store_node *r4_add_vm(store_node *root, const char *vm_class, int qid, const char *name)
{
	(void)root, (void)vm_class, (void)qid, (void)name;
	refuse();
	return NULL;
}

static int r4_remove_vm(store_node *node)
{
	(void)node;
	return refuse();
}

const struct layout layout_r4 = {
	.name = "R4",
	.next_vm = r4_next_vm,
	.vm_class = r4_class,
	.identity = r4_identity,
	.each_qid = r4_each_qid,
	.globals = r4_globals,
	.get = r4_get,
	.get_reference = r4_get_reference,
	.set = r4_set,
	.set_reference = r4_set_reference,
	.set_default = r4_unset,
	.unset = r4_unset,
	.add_vm = r4_add_vm,
	.remove_vm = r4_remove_vm,
};
