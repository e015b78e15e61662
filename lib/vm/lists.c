/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Features and tags of a VM, which stores of release 4 have.
 */
#include <string.h>

#include "error.h"
#include "internal.h"

static store_node *find(const struct vm *vm, enum layout_list list, const char *name)
{
	return layout_find_item(vm->qubes->layout, vm->node, list, name);
}

const char *vm_feature(const struct vm *vm, const char *name)
{
	store_node *item = find(vm, LAYOUT_FEATURES, name);

	return item ? layout_item_text(item) : NULL;
}

/* Classes are based on others in one direction only: the chain ends. */
const char *vm_feature_inherited(const struct vm *vm, const char *name)
{
	const char *own = vm_feature(vm, name);
	const struct vm *template = own ? NULL : vm_template(vm);

	if (!template || !vm_is(template, vm->class->template_kind))
		return own;
	return vm_feature_inherited(template, name);
}

bool vm_has_tag(const struct vm *vm, const char *name)
{
	return find(vm, LAYOUT_TAGS, name) != NULL;
}

/* ---- changing ---- */

/* The item of that name, a new one if there is none; NULL with an error. */
static store_node *need_item(struct vm *vm, enum layout_list list, const char *name)
{
	store_node *item;

	if (vms_need_node(vm) < 0)
		return NULL;
	item = find(vm, list, name);
	return item ? item : vm->qubes->layout->add_item(vm->node, list, name);
}

/* The store may have it more than once. */
static int drop_items(struct vm *vm, enum layout_list list, const char *name)
{
	store_node *item;

	while ((item = find(vm, list, name))) {
		store_touch(vm->qubes->store);
		if (vm->qubes->layout->remove_item(item) < 0)
			return -1;
	}
	return 0;
}

int vm_set_feature(struct vm *vm, const char *name, const char *text)
{
	const char *now = vm_feature(vm, name);
	store_node *item;

	if (!text)
		return drop_items(vm, LAYOUT_FEATURES, name);
	if (now && !strcmp(now, text))
		return 0;
	if (!store_can_hold(text) || !store_can_hold(name))
		return error_set(ERROR_FAILED,
				 "a feature with control characters, or what is not UTF-8, cannot be stored");
	item = need_item(vm, LAYOUT_FEATURES, name);
	if (!item)
		return -1;
	layout_set_item_text(item, text);
	store_touch(vm->qubes->store);
	return 0;
}

int vm_set_tag(struct vm *vm, const char *name, bool has)
{
	if (!has)
		return drop_items(vm, LAYOUT_TAGS, name);
	if (vm_has_tag(vm, name))
		return 0;
	if (!need_item(vm, LAYOUT_TAGS, name))
		return -1;
	store_touch(vm->qubes->store);
	return 0;
}
