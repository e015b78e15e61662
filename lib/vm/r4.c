/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for VMs of a store of release 4 alone: a property decides who provides network, what is absent
 * follows the default, labels are the store's, and there are features and tags.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "util.h"

static const struct vm_class classes[] = {
	{ VM_ADMIN, "AdminVM", "Admin", NULL, "black", 0, 0 },
	{ VM4_TEMPLATE, "TemplateVM", "Tpl", "vm-templates", NULL, 400, 0 },
	{ VM4_STANDALONE, "StandaloneVM", "Alone", "appvms", NULL, 400, 0 },
	{ VM4_APP, "AppVM", "", "appvms", NULL, 400, VM4_TEMPLATE },
	{ VM4_DISPOSABLE, "DispVM", "Disp", "appvms", NULL, 400, VM4_APP | VM4_STANDALONE },
	{ VM4_REMOTE, "RemoteVM", "Remote", NULL, NULL, 0, 0 },
	{ 0, NULL, NULL, NULL, NULL, 0, 0 },
};

const struct vm_class *vm4_class_by_type(const char *type)
{
	for (const struct vm_class *class = classes; class->type; class ++)
		if (!strcmp(class->type, type))
			return class;
	return NULL;
}

static const struct vms_global globals[] = {
	{ "clockvm", NULL },	       { "default_audiovm", "dom0" }, { "default_dispvm", NULL },
	{ "default_guivm", "dom0" },   { "default_netvm", NULL },     { "default_template", NULL },
	{ "management_dispvm", NULL }, { "updatevm", NULL },	      { NULL, NULL },
};

/* The words that the originals read as true; all else is false, or makes them refuse the store. */
static bool is_true(const char *text)
{
	static const char *const words[] = { "1", "yes", "true", "on" };

	for (size_t i = 0; text && i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

static bool provides_network(const struct vm *vm)
{
	return is_true(vm_get(vm, "provides_network").text);
}

/* ---- labels ---- */

static bool stands_for(const struct vm_label *label, const char *id, const char *text)
{
	AUTO_FREE char *index = util_printf("%d", label->index);

	return !strcmp(text, label->name) || !strcmp(text, id) || !strcmp(text, index);
}

static const struct vm_label *find_label(const struct qubes *q, const char *text)
{
	store_node *item = NULL, *root = q->layout->globals(store_root(q->store));
	struct vm_label *found = NULL;

	while ((item = q->layout->next_item(root, LAYOUT_LABELS, item))) {
		const char *id = layout_item_attribute(item, "id"), *dash = id ? strchr(id, '-') : NULL;
		struct vm_label label = { dash ? atoi(dash + 1) : 0, layout_item_text(item),
					  layout_item_attribute(item, "color") };

		if (!dash || !stands_for(&label, id, text))
			continue;
		found = arena_alloc(q->arena, sizeof(*found));
		*found = label;
	}
	return found;
}

/* ---- globals and relations ---- */

static struct vm *find_global(const struct qubes *q, const char *name)
{
	struct layout_reference reference =
		q->layout->get_reference(q->layout->globals(store_root(q->store)), name);

	if (reference.presence == LAYOUT_SET)
		return vm_resolve(q, &reference);
	for (const struct vms_global *global = globals; global->name; global++)
		if (!strcmp(global->name, name) && global->instead)
			return vm_by_qid(q, 0);
	return NULL;
}

/* It has its default then, which is none for most. */
static int clear_global(struct qubes *q, const char *name)
{
	store_touch(q->store);
	return q->layout->unset(q->layout->globals(store_root(q->store)), name);
}

static bool netvm_follows(const struct vm *vm)
{
	return vm_is(vm, VM4_LOCAL) && vm_get(vm, "netvm").presence == LAYOUT_ABSENT;
}

/* A template has none as long as nothing is said. */
static struct vm *named_netvm(const struct vm *vm)
{
	if (!vm_is(vm, VM4_LOCAL))
		return NULL;
	if (!netvm_follows(vm))
		return vms_reference(vm, "netvm");
	return vm_is(vm, VM4_TEMPLATE) ? NULL : find_global(vm->qubes, "default_netvm");
}

/* ---- which release it is ---- */

/* Before, a volume or a pool that is not something did not say so. */
static bool says_false(const struct qubes *q, const store_node *of, enum layout_list list)
{
	static const char *const attributes[] = { "ephemeral_volatile", "rw", "save_on_stop",
						  "snap_on_start" };
	store_node *item = NULL;

	while ((item = q->layout->next_item(of, list, item)))
		for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
			const char *text = layout_item_attribute(item, attributes[i]);

			if (text && !strcmp(text, "False"))
				return true;
		}
	return false;
}

static bool looks_like_43(const struct qubes *q)
{
	const struct vm *vm;

	if (says_false(q, q->layout->globals(store_root(q->store)), LAYOUT_POOLS))
		return true;
	FOR_EACH_VM(q, vm)
		if (vm_is(vm, VM4_REMOTE) || says_false(q, vm->node, LAYOUT_VOLUMES))
			return true;
	return false;
}

bool vms_are_of_43(const struct qubes *q)
{
	struct vms *vms = q->vms;

	if (!vms->release_known)
		vms->of_43 = looks_like_43(q);
	vms->release_known = true;
	return vms->of_43;
}

/* ---- what is wrong ---- */

static const char *fault(const struct vm *vm)
{
	const struct vm *template = vm_template(vm);

	if (vm_is(vm, VM4_BASED) &&
	    vm->qubes->layout->get_reference(vm->node, "template").kind == LAYOUT_NO_VM)
		return "it has no template";
	if (vm_is(vm, VM4_DISPOSABLE) && template && !is_true(vm_get(template, "template_for_dispvms").text))
		return arena_printf(vm->qubes->arena, "its template %s is none for disposable VMs",
				    template->name);
	return NULL;
}

static void report(struct qubes *q)
{
	const struct vm *vm;

	vms_report_globals(q);
	FOR_EACH_VM(q, vm) {
		const char *broken = vm_broken(vm);
		size_t count;

		if (broken)
			error_note("warning: %s is broken: %s", vm->name, broken);
		if (vms_named(q, vm->name, &count) == vm && count > 1)
			error_note("warning: %zu VMs are called %s", count, vm->name);
	}
}

const struct vms_model vms_model_r4 = {
	.classes = classes,
	.globals = globals,
	.qid_limit = QID_LIMIT_4,
	.provides_network = provides_network,
	.netvm_follows = netvm_follows,
	.named_netvm = named_netvm,
	.global = find_global,
	.clear_global = clear_global,
	.label = find_label,
	.fault = fault,
	.report = report,
};
