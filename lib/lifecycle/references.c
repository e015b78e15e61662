/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What in a store of release 4 names a VM besides templates and netvms: other properties, globals, and devices
 * that it is the backend of. In a store of release 3 there is nothing of that kind.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "references.h"
#include "util.h"

static const char *const properties[] = { "audiovm", "default_dispvm", "guivm", "management_dispvm",
					  "relayvm" };

static bool is_name_of(const struct layout_reference *reference, const struct vm *vm)
{
	return reference->presence == LAYOUT_SET && reference->kind == LAYOUT_BY_NAME &&
	       !strcmp(reference->text, vm->name);
}

bool reference_names(const struct vm *user, const char *property, const struct vm *vm)
{
	struct layout_reference reference = user->qubes->layout->get_reference(user->node, property);

	if (reference.presence == LAYOUT_SET && reference.kind == LAYOUT_BY_QID)
		return reference.qid == vm->qid;
	return is_name_of(&reference, vm);
}

static bool is_global_of(struct qubes *q, const struct prop_global *global, const struct vm *vm)
{
	struct layout_reference reference =
		q->layout->get_reference(q->layout->globals(store_root(q->store)), global->key);

	return global->row && global->row->type == PROP_VM && is_name_of(&reference, vm);
}

/* The device of USER after PREVIOUS whose backend VM is; NULL: none. */
static store_node *next_device_of(const struct vm *user, const struct vm *vm, store_node *previous)
{
	const struct layout *layout = user->qubes->layout;
	store_node *device = previous;

	while ((device = layout->next_item(user->node, LAYOUT_DEVICES, device))) {
		const char *backend = layout_item_attribute(device, "backend-domain");

		if (backend && !strcmp(backend, vm->name))
			return device;
	}
	return NULL;
}

/* ---- saying ---- */

static void add(struct strbuf *out, const char *what, const struct vm *of)
{
	strbuf_printf(out, "%s%s%s%s", out->length ? ", " : "", what, of ? " of " : "", of ? of->name : "");
}

static void add_user(struct strbuf *out, const struct vm *user, const struct vm *vm)
{
	store_node *device = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
		if (reference_names(user, properties[i], vm))
			add(out, properties[i], user);
	while ((device = next_device_of(user, vm, device))) {
		AUTO_FREE char *what = util_printf("device %s", layout_item_attribute(device, "id"));

		add(out, what, user);
	}
}

const char *references_to(const struct vm *vm, reference_filter *counts, const void *context)
{
	struct qubes *q = vm->qubes;
	AUTO_STRBUF struct strbuf found = { 0 };
	const struct vm *user;

	FOR_EACH_VM(q, user)
		if (counts(context, user))
			add_user(&found, user, vm);
	FOR_EACH_GLOBAL(q, global)
	if (is_global_of(q, global, vm))
		add(&found, global->name, NULL);
	return found.length ? arena_strdup(q->arena, found.text) : NULL;
}

/* ---- they go, or follow a new name ---- */

static int clear_devices(struct vm *user, const struct vm *gone)
{
	store_node *device;

	while ((device = next_device_of(user, gone, NULL))) {
		error_note("%s does not have device %s any more, for %s is gone", user->name,
			   layout_item_attribute(device, "id"), gone->name);
		store_touch(user->qubes->store);
		if (user->qubes->layout->remove_item(device) != 0)
			return -1;
	}
	return 0;
}

int references_clear(struct vm *user, const struct vm *gone)
{
	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if (!reference_names(user, properties[i], gone))
			continue;
		error_note("%s of %s is the default now, for %s is gone", properties[i], user->name,
			   gone->name);
		if (vm_set_default(user, properties[i]) != 0)
			return -1;
	}
	return clear_devices(user, gone);
}

/* ---- a new name ---- */

static int rename_properties(struct vm *user, const char *old, const char *new)
{
	static const char *const all[] = { "audiovm", "default_dispvm", "guivm",   "management_dispvm",
					   "netvm",   "relayvm",	"template" };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const char *text = vm_get(user, all[i]).text;

		if (text && !strcmp(text, old) && vm_set(user, all[i], new) != 0)
			return -1;
	}
	return 0;
}

static void rename_backends(const struct vm *user, const char *old, const char *new)
{
	store_node *device = NULL;

	while ((device = user->qubes->layout->next_item(user->node, LAYOUT_DEVICES, device))) {
		const char *backend = layout_item_attribute(device, "backend-domain");

		if (backend && !strcmp(backend, old))
			store_put_attribute(device, "backend-domain", new);
	}
}

/* Tags that say who shows a VM, plays its sound, or made it. */
static int rename_tags(struct vm *user, const char *old, const char *new)
{
	static const char *const prefixes[] = { "audiovm-", "created-by-", "guivm-" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		AUTO_FREE char *from = util_printf("%s%s", prefixes[i], old);
		AUTO_FREE char *to = util_printf("%s%s", prefixes[i], new);

		if (vm_has_tag(user, from) &&
		    (vm_set_tag(user, from, false) != 0 || vm_set_tag(user, to, true) != 0))
			return -1;
	}
	return 0;
}

static void note_features(const struct vm *user, const char *old)
{
	size_t count;
	const struct prop_feature *features = prop_features(user, &count);

	for (size_t i = 0; features && i < count; i++)
		if (!strcmp(features[i].value, old))
			error_note("feature %s of %s says '%s', and is left so", features[i].name, user->name,
				   old);
}

int references_rename(struct qubes *q, const char *old, const char *new)
{
	struct vm *user;

	store_touch(q->store);
	FOR_EACH_VM(q, user) {
		if (rename_properties(user, old, new) != 0 || rename_tags(user, old, new) != 0)
			return -1;
		rename_backends(user, old, new);
		note_features(user, old);
	}
	FOR_EACH_GLOBAL(q, global)
	{
		const char *text = q->layout->get(q->layout->globals(store_root(q->store)), global->key).text;

		if (global->row && global->row->type == PROP_VM && text && !strcmp(text, old) &&
		    vm_set_global(q, global->key, new) != 0)
			return -1;
	}
	return 0;
}
