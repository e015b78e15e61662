/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What belongs to a changed value of release 4 and is in the store too: tags, features, the sources of volumes.
 */
#include <string.h>

#include "error.h"
#include "r4.h"
#include "util.h"

/* ---- tags of who shows and plays what is in a VM ---- */

static void drop_tags(struct vm *vm, const char *prefix)
{
	const struct layout *layout = vm->qubes->layout;
	store_node *tag = layout->next_item(vm->node, LAYOUT_TAGS, NULL);

	while (tag) {
		store_node *next = layout->next_item(vm->node, LAYOUT_TAGS, tag);
		const char *name = layout_item_attribute(tag, "name");

		if (name && util_starts_with(name, prefix))
			layout->remove_item(tag);
		tag = next;
	}
}

/* A VM has the tag PREFIX-NAME of the one that PROPERTY names; qubesd mends that as well when it loads. */
static int keep_tag(struct vm *vm, const char *property, const char *prefix)
{
	const char *name = prop_string(vm, property);
	AUTO_FREE char *tag = name ? util_printf("%s%s", prefix, name) : NULL;

	if (tag && vm_has_tag(vm, tag))
		return 0;
	store_touch(vm->qubes->store);
	drop_tags(vm, prefix);
	if (tag && !vm->qubes->layout->add_item(vm->node, LAYOUT_TAGS, tag))
		return -1;
	return 0;
}

int prop4_after_guivm(struct vm *vm)
{
	return keep_tag(vm, "guivm", "guivm-");
}

int prop4_after_audiovm(struct vm *vm)
{
	return keep_tag(vm, "audiovm", "audiovm-");
}

/* ---- features ---- */

/* Those that provide network are service VMs. */
int prop4_after_provides(struct vm *vm)
{
	return vm_set_feature(vm, "servicevm", vm_provides_network(vm) ? "1" : NULL);
}

/* Who has the clock is told so by a service. */
int prop4_set_clockvm(struct vm *store, const struct prop *prop, const char *text)
{
	static const char service[] = "service.clocksync";
	struct vm *before = vm_global(store->qubes, prop->name),
		  *now = *text ? vm_find(store->qubes, text) : NULL;

	if (before && before != now && vm_set_feature(before, service, NULL) < 0)
		return -1;
	if (now && vm_set_feature(now, service, "1") < 0)
		return -1;
	return vm_set(store, prop->name, text);
}

/* ---- volumes ---- */

static store_node *find_volume(const struct vm *vm, const char *name)
{
	return layout_find_item(vm->qubes->layout, vm->node, LAYOUT_VOLUMES, name);
}

static bool is_elsewhere(store_node *volume, const struct vm *template, const char *name)
{
	store_node *source = find_volume(template, name);
	const char *pool = source ? layout_item_attribute(source, "pool") : NULL;
	const char *own = layout_item_attribute(volume, "pool");

	return pool && own && strcmp(pool, own) != 0;
}

/*
 * A volume that is a snapshot of the template's names that one's as its source, and is in its pool. Without the
 * attributes qubesd takes those of the template that the VM has now.
 */
static void follow_template(const struct vm *vm, const char *name)
{
	store_node *volume = find_volume(vm, name);

	if (!volume || !layout_item_attribute(volume, "source"))
		return;
	store_drop_attribute(volume, "source");
	if (!prop4_base(vm) || !is_elsewhere(volume, prop4_base(vm), name))
		return;
	store_drop_attribute(volume, "pool");
	store_drop_attribute(volume, "vid");
}

/* What is based on a template for disposable VMs starts from the root of that one's own template. */
static int follow_in_child(struct vm *child, void *unused)
{
	(void)unused;
	follow_template(child, "root");
	return 0;
}

int prop4_after_template(struct vm *vm)
{
	store_touch(vm->qubes->store);
	follow_template(vm, "root");
	if (vm_is(vm, VM4_DISPOSABLE))
		follow_template(vm, "private");
	return vm_for_children(vm, follow_in_child, NULL);
}
