/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of R4: a <domain> per VM with its <properties>, references by name, absent means default.
 *
 * Of properties that are there twice the last one counts, as for the originals.
 */
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

/* How deep a property stands below the root. */
#define GLOBAL_DEPTH 2
#define DOMAIN_DEPTH 2
#define PROPERTY_DEPTH 4

static store_node *r4_next_vm(store_node *root, store_node *previous)
{
	store_node *domains = previous ? NULL : layout_child(root, "domains");

	if (!previous && !domains)
		return NULL;
	return layout_named(previous ? mxmlGetNextSibling(previous) : mxmlGetFirstChild(domains), "domain");
}

static const char *r4_class(const store_node *node)
{
	return mxmlElementGetAttr((store_node *)node, "class");
}

/* A reference if there is one, else the text; an element without either is explicitly empty. */
static const char *property_text(const store_node *property)
{
	const char *reference = layout_item_attribute(property, "ref");

	return reference && *reference ? reference : layout_item_text(property);
}

static store_node *r4_next_property(const store_node *node, store_node *previous, const char **name,
				    const char **text)
{
	store_node *properties = previous ? NULL : layout_child(node, "properties"), *property;

	if (!previous && !properties)
		return NULL;
	property = layout_named(previous ? mxmlGetNextSibling(previous) : mxmlGetFirstChild(properties),
				"property");
	if (property) {
		*name = layout_item_attribute(property, "name");
		*text = property_text(property);
	}
	return property;
}

static store_node *find_property(const store_node *node, const char *property)
{
	store_node *each = NULL, *found = NULL;
	const char *name, *text;

	while ((each = r4_next_property(node, each, &name, &text)))
		if (name && !strcmp(name, property))
			found = each;
	return found;
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
	store_node *each = NULL;
	const char *property, *text;

	*qid = is_dom0(node) ? "0" : NULL;
	*name = is_dom0(node) ? "dom0" : NULL;
	while (!is_dom0(node) && (each = r4_next_property(node, each, &property, &text))) {
		if (property && property[0] == 'q' && !strcmp(property, "qid"))
			*qid = text;
		else if (property && property[0] == 'n' && !strcmp(property, "name"))
			*name = *text ? text : "None"; /* as the originals read it */
	}
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

/* ---- writing ---- */

/* Those that are read last, since they may refer to any VM; they are also written last. */
static const char *const late_properties[] = {
	"appvm_default_bootmode", "audiovm", "bootmode", "default_dispvm", "guivm", "kernelopts",
	"management_dispvm",	  "netvm",   "relayvm",	 "template",
};

static bool is_late(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(late_properties); i++)
		if (!strcmp(name, late_properties[i]))
			return true;
	return false;
}

/* Is property A written before B? Globals are not staged. */
static bool precedes(const char *a, const char *b, bool global)
{
	if (!global && is_late(a) != is_late(b))
		return is_late(b);
	return strcmp(a, b) < 0;
}

static bool is_global_place(const store_node *node)
{
	return !mxmlGetParent((store_node *)node);
}

static store_node *need_properties(store_node *node)
{
	store_node *properties = layout_child(node, "properties");

	if (properties)
		return properties;
	properties = mxmlNewElement(MXML_NO_PARENT, "properties");
	layout_place(node, properties, layout_element(mxmlGetFirstChild(node)),
		     is_global_place(node) ? GLOBAL_DEPTH - 1 : PROPERTY_DEPTH - 1);
	return properties;
}

static store_node *new_property(store_node *node, const char *property)
{
	bool global = is_global_place(node);
	store_node *properties = need_properties(node), *new, *next = NULL;
	const char *name, *text;

	while ((next = r4_next_property(node, next, &name, &text)))
		if (name && precedes(property, name, global))
			break;
	new = mxmlNewElement(MXML_NO_PARENT, "property");
	store_put_attribute(new, "name", property);
	layout_place(properties, new, next, global ? GLOBAL_DEPTH : PROPERTY_DEPTH);
	return new;
}

static int r4_set(store_node *node, const char *property, const char *text)
{
	store_node *found = find_property(node, property);

	if (!found)
		found = new_property(node, property);
	store_drop_attribute(found, "ref");
	layout_put_text(found, text);
	return 0;
}

static int r4_set_reference(store_node *node, const char *property, int qid, const char *name)
{
	(void)qid;
	return r4_set(node, property, name ? name : "");
}

static int r4_unset(store_node *node, const char *property)
{
	store_node *found;

	while ((found = find_property(node, property)))
		layout_take_out(found);
	return 0;
}

/* Other VMs are more than an entry here: their volumes are described in it. */
static store_node *r4_add_vm(store_node *root, const char *vm_class, int qid, const char *name)
{
	static const char *const parts[] = { "properties", "features", "tags" };
	store_node *domains = layout_child(root, "domains"), *node;
	AUTO_FREE char *id = util_printf("domain-%d", qid);

	if (strcmp(vm_class, "AdminVM") != 0 || !domains) {
		error_set(ERROR_FAILED, "%s cannot be added: the VMs of an R4 store are made by qubesd",
			  name);
		return NULL;
	}
	node = mxmlNewElement(MXML_NO_PARENT, "domain");
	store_put_attribute(node, "id", id);
	store_put_attribute(node, "class", vm_class);
	layout_place(domains, node, r4_next_vm(root, NULL), DOMAIN_DEPTH);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		layout_place(node, mxmlNewElement(MXML_NO_PARENT, parts[i]), NULL, DOMAIN_DEPTH + 1);
	return node;
}

static int r4_remove_vm(store_node *node)
{
	layout_take_out(node);
	return 0;
}

const struct layout layout_r4 = {
	.name = "R4",
	.format = STORE_R4,
	.next_vm = r4_next_vm,
	.vm_class = r4_class,
	.identity = r4_identity,
	.each_qid = r4_each_qid,
	.globals = r4_globals,
	.get = r4_get,
	.get_reference = r4_get_reference,
	.next_property = r4_next_property,
	.next_item = r4_next_item,
	.set = r4_set,
	.set_reference = r4_set_reference,
	.set_default = r4_unset,
	.unset = r4_unset,
	.add_vm = r4_add_vm,
	.remove_vm = r4_remove_vm,
	.add_item = r4_add_item,
	.remove_item = r4_remove_item,
};
