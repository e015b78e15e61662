/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of R1 to R3.2: everything in attributes, one element per VM, references by qid, and flags
 * that say when a value follows the default.
 */
#include <mxml.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "util.h"

/* dom0's element during the development of R2; written back under its later name. */
#define OLD_DOM0 "QubesDom0NetVm"
#define DOM0 "QubesAdminVm"

static const struct {
	const char *element, *type;
} vm_elements[] = {
	{ "QubesAppVm", "AppVM" },
	{ "QubesTemplateVm", "TemplateVM" },
	{ "QubesProxyVm", "ProxyVM" },
	{ "QubesNetVm", "NetVM" },
	{ "QubesHVm", "HVM" },
	{ "QubesTemplateHVm", "TemplateHVM" },
	{ "QubesDisposableVm", "DisposableVM" },
	{ DOM0, "AdminVM" },
	{ OLD_DOM0, "AdminVM" },
};

/* What an absent flag means. */
enum unflagged {
	UNFLAGGED_FOLLOWS,	/* the default, whatever the attribute says */
	UNFLAGGED_BY_ATTRIBUTE, /* the attribute, if there is one */
};

/* Properties whose attribute is not simply called like them. */
static const struct place {
	const char *property, *attribute, *flag;
	enum unflagged unflagged;
	const char *none; /* how "no VM" is written */
} places[] = {
	{ "template", "template_qid", NULL, 0, "none" },
	{ "netvm", "netvm_qid", "uses_default_netvm", UNFLAGGED_BY_ATTRIBUTE, "none" },
	{ "dispvm_netvm", "dispvm_netvm", "uses_default_dispvm_netvm", UNFLAGGED_FOLLOWS, "none" },
	{ "kernel", "kernel", "uses_default_kernel", UNFLAGGED_FOLLOWS, NULL },
	{ "kernelopts", "kernelopts", "uses_default_kernelopts", UNFLAGGED_FOLLOWS, NULL },
};

static struct place place_of(const char *property)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(property, places[i].property))
			return places[i];
	return (struct place){ property, property, NULL, 0, "None" };
}

/* These never follow a default netvm, so that nothing says that they don't. */
static bool netvm_is_always_own(const store_node *node)
{
	const char *element = mxmlGetElement((store_node *)node);

	return !strcmp(element, "QubesProxyVm") || !strcmp(element, "QubesNetVm") || !strcmp(element, DOM0) ||
	       !strcmp(element, OLD_DOM0);
}

/* ---- reading ---- */

static const char *type_of(const store_node *node)
{
	const char *element = mxmlGetElement((store_node *)node);

	for (size_t i = 0; i < ARRAY_SIZE(vm_elements); i++)
		if (!strcmp(element, vm_elements[i].element))
			return vm_elements[i].type;
	return NULL;
}

static store_node *r3_next_vm(store_node *root, store_node *previous)
{
	store_node *node = previous ? mxmlGetNextSibling(previous) : mxmlGetFirstChild(root);

	for (node = layout_element(node); node; node = layout_element(mxmlGetNextSibling(node)))
		if (type_of(node))
			return node;
	return NULL;
}

static void r3_identity(const store_node *node, const char **qid, const char **name)
{
	int count = mxmlElementGetAttrCount((store_node *)node);

	*qid = *name = NULL;
	for (int i = 0; i < count && !(*qid && *name); i++) {
		const char *attribute;
		const char *value = mxmlElementGetAttrByIndex((store_node *)node, i, &attribute);

		if (attribute[0] == 'q' && !strcmp(attribute, "qid"))
			*qid = value;
		else if (attribute[0] == 'n' && !strcmp(attribute, "name"))
			*name = value;
	}
}

static const char *const qid_attributes[] = {
	"qid",		 "template_qid",     "netvm_qid", "dispvm_netvm", "default_template",
	"default_netvm", "default_fw_netvm", "updatevm",  "clockvm",
};

static void each_qid_of(store_node *node, void (*each)(int qid, void *context), void *context)
{
	for (size_t i = 0; i < ARRAY_SIZE(qid_attributes); i++) {
		const char *text = mxmlElementGetAttr(node, qid_attributes[i]);
		unsigned long long qid;

		if (text && util_parse_decimal(text, 999999, &qid))
			each((int)qid, context);
	}
}

static void r3_each_qid(store_node *root, void (*each)(int qid, void *context), void *context)
{
	store_node *node = layout_element(mxmlGetFirstChild(root));

	each_qid_of(root, each, context);
	for (; node; node = layout_element(mxmlGetNextSibling(node)))
		each_qid_of(node, each, context);
}

static store_node *r3_globals(store_node *root)
{
	return root;
}

/* 1, 0, or -1 for what is not a boolean. */
static int flag_value(const char *text)
{
	if (!strcasecmp(text, "true") || !strcmp(text, "1"))
		return 1;
	return !strcasecmp(text, "false") || !strcmp(text, "0") ? 0 : -1;
}

static bool follows(const store_node *node, const struct place *place, const char *text)
{
	const char *flag = place->flag ? mxmlElementGetAttr((store_node *)node, place->flag) : NULL;
	int value = flag ? flag_value(flag) : -1;

	if (!place->flag)
		return false;
	if (value >= 0)
		return value;
	if (place->unflagged == UNFLAGGED_FOLLOWS)
		return true;
	return !text && !netvm_is_always_own(node);
}

static struct layout_value r3_get(const store_node *node, const char *property)
{
	const struct place place = place_of(property);
	const char *text = node ? mxmlElementGetAttr((store_node *)node, place.attribute) : NULL;

	if (!node)
		return (struct layout_value){ LAYOUT_ABSENT, NULL };
	if (follows(node, &place, text))
		return (struct layout_value){ LAYOUT_FOLLOWS, text };
	if (!text && !place.flag)
		return (struct layout_value){ LAYOUT_ABSENT, NULL };
	return (struct layout_value){ LAYOUT_SET, text };
}

static struct layout_reference r3_get_reference(const store_node *node, const char *property)
{
	struct layout_value value = r3_get(node, property);
	struct layout_reference reference = { value.presence, LAYOUT_NO_VM, -1, value.text };
	unsigned long long qid;

	if (value.presence != LAYOUT_SET || !value.text || !strcasecmp(value.text, "none"))
		return reference;
	if (!util_parse_decimal(value.text, 999999, &qid)) {
		reference.kind = LAYOUT_BAD_REFERENCE;
		return reference;
	}
	reference.kind = LAYOUT_BY_QID;
	reference.qid = (int)qid;
	return reference;
}

/* ---- writing ---- */

static void put_flag(store_node *node, const struct place *place, bool value)
{
	if (!place->flag)
		return;
	if (!value && place->unflagged == UNFLAGGED_BY_ATTRIBUTE && netvm_is_always_own(node) &&
	    !mxmlElementGetAttr(node, place->flag))
		return;
	store_put_attribute(node, place->flag, value ? "True" : "False");
}

static void take_new_name(store_node *node)
{
	if (!strcmp(mxmlGetElement(node), OLD_DOM0))
		mxmlSetElement(node, DOM0);
}

static int r3_set(store_node *node, const char *property, const char *text)
{
	const struct place place = place_of(property);

	take_new_name(node);
	store_put_attribute(node, place.attribute, text);
	put_flag(node, &place, false);
	return 0;
}

static int r3_set_reference(store_node *node, const char *property, int qid, const char *name)
{
	AUTO_FREE char *text = name ? util_printf("%d", qid) : util_strdup(place_of(property).none);

	return r3_set(node, property, text);
}

static int r3_set_default(store_node *node, const char *property)
{
	const struct place place = place_of(property);

	take_new_name(node);
	if (place.flag)
		put_flag(node, &place, true);
	else
		store_drop_attribute(node, place.attribute);
	return 0;
}

static int r3_unset(store_node *node, const char *property)
{
	take_new_name(node);
	store_drop_attribute(node, place_of(property).attribute);
	return 0;
}

/* The first VM whose qid is greater, or NULL. */
static store_node *successor(store_node *root, int qid)
{
	for (store_node *node = r3_next_vm(root, NULL); node; node = r3_next_vm(root, node)) {
		const char *text = mxmlElementGetAttr(node, "qid");

		if (text && atoi(text) > qid)
			return node;
	}
	return NULL;
}

static const char *element_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(vm_elements); i++)
		if (!strcmp(type, vm_elements[i].type))
			return vm_elements[i].element;
	return NULL;
}

static store_node *r3_add_vm(store_node *root, const char *vm_class, int qid, const char *name)
{
	const char *element = element_of(vm_class);
	AUTO_FREE char *number = util_printf("%d", qid);
	store_node *node;

	if (!element) {
		error_set(ERROR_FAILED, "an R3 store has no VMs of class %s", vm_class);
		return NULL;
	}
	node = mxmlNewElement(MXML_NO_PARENT, element);
	store_put_attribute(node, "name", name);
	store_put_attribute(node, "qid", number);
	layout_place(root, node, successor(root, qid), 1);
	return node;
}

static int r3_remove_vm(store_node *node)
{
	layout_take_out(node);
	return 0;
}

/* ---- what only R4 has ---- */

static store_node *r3_next_property(const store_node *node, store_node *previous, const char **name,
				    const char **text)
{
	(void)node, (void)previous, (void)name, (void)text;
	return NULL;
}

static store_node *r3_next_item(const store_node *of, enum layout_list list, store_node *previous)
{
	(void)of, (void)list, (void)previous;
	return NULL;
}

static store_node *r3_add_item(store_node *of, enum layout_list list, const char *name)
{
	(void)of, (void)list;
	error_set(ERROR_FAILED, "an R3 store has no place for '%s'", name);
	return NULL;
}

static int r3_remove_item(store_node *item)
{
	(void)item;
	return error_set(ERROR_FAILED, "an R3 store has no lists");
}

const struct layout layout_r3 = {
	.name = "R3",
	.format = STORE_R3,
	.next_property = r3_next_property,
	.next_item = r3_next_item,
	.add_item = r3_add_item,
	.remove_item = r3_remove_item,
	.next_vm = r3_next_vm,
	.vm_class = type_of,
	.identity = r3_identity,
	.each_qid = r3_each_qid,
	.globals = r3_globals,
	.get = r3_get,
	.get_reference = r3_get_reference,
	.set = r3_set,
	.set_reference = r3_set_reference,
	.set_default = r3_set_default,
	.unset = r3_unset,
	.add_vm = r3_add_vm,
	.remove_vm = r3_remove_vm,
};
