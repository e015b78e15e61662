/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every store of release 4 that the originals have read is read alike: what is set, what the defaults are,
 * features, tags, devices, volumes, labels, pools, globals. All differences are printed before the test fails.
 */
#include "r4_world.h"

#include "prop.h"

static const char *const stores[] = { "r42-fresh", "r42-installer", "r42-installer-reflink", "r43-fresh",
				      "r43-installer" };

static size_t differences;

/* NULL is "none"; for the originals a text that starts with '!' is an error, which is none here. */
static void compare(const char *of, const char *what, const char *found, const json_t *expected)
{
	const char *text = json_string_value(expected);

	if (text && *text == '!')
		text = NULL;
	if (text == found || (text && found && !strcmp(text, found)))
		return;
	print_error("%s, %s: '%s', not '%s'\n", of, what, found ? found : "(none)", text ? text : "(none)");
	differences++;
}

static void compare_count(const char *of, const char *what, size_t found, size_t expected)
{
	if (found == expected)
		return;
	print_error("%s: %zu %s, not %zu\n", of, found, what, expected);
	differences++;
}

/* ---- properties ---- */

static void compare_property(const struct vm *vm, const struct prop *prop, const json_t *expected, bool set)
{
	struct prop_value value;

	assert_int_equal(prop_get(vm, prop, &value), 0);
	assert_false(value.broken);
	compare(vm->name, prop->name, prop_text(vm, &value), expected);
	if (value.follows == !set)
		return;
	print_error("%s, %s: %s\n", vm->name, prop->name, set ? "is set" : "is the default");
	differences++;
}

static const struct prop *find(const struct prop *rows, const char *name)
{
	for (; rows->name; rows++)
		if (!strcmp(rows->name, name))
			return rows;
	fail_msg("no property %s", name);
	return NULL;
}

/* SAID: an object of texts by name. */
static void compare_properties(const struct vm *vm, const struct prop *rows, json_t *said, bool set)
{
	const char *name;
	json_t *expected;

	json_object_foreach(said, name, expected) compare_property(vm, find(rows, name), expected, set);
}

/* The originals list what we list. */
static void compare_which(const struct vm *vm, const json_t *properties, const json_t *defaults)
{
	size_t count = 0;

	FOR_EACH_PROP(vm->qubes, prop) {
		if (!prop_is_listed(vm, prop))
			continue;
		count++;
		if (json_object_get(properties, prop->name) || json_object_get(defaults, prop->name))
			continue;
		print_error("%s: the originals have no %s\n", vm->name, prop->name);
		differences++;
	}
	compare_count(vm->name, "properties", count,
		      json_object_size(properties) + json_object_size(defaults));
}

/* ---- lists ---- */

/* Attributes as an object of texts; where a store of 4.2 says nothing, the originals read False. */
static void compare_attributes(const char *of, const store_node *item, json_t *expected)
{
	const char *name;
	json_t *text;

	json_object_foreach(expected, name, text)
	{
		const char *found = layout_item_attribute(item, name);

		compare(of, name, found ? found : "False", text);
	}
}

static void compare_named(const struct world *w, const char *of, const store_node *node,
			  enum layout_list list, json_t *expected)
{
	store_node *item = NULL;
	size_t count = 0;
	const char *name;
	json_t *text;

	while ((item = w->q.layout->next_item(node, list, item)))
		count++;
	compare_count(of, "items", count, json_object_size(expected));
	json_object_foreach(expected, name, text)
	{
		item = layout_find_item(w->q.layout, node, list, name);
		if (item && json_is_object(text))
			compare_attributes(of, item, text);
		else
			compare(of, name, item ? layout_item_text(item) : NULL, text);
	}
}

static void compare_tags(const struct vm *vm, const json_t *expected)
{
	store_node *item = NULL;
	size_t count = 0, i;
	json_t *tag;

	while ((item = vm->qubes->layout->next_item(vm->node, LAYOUT_TAGS, item)))
		count++;
	compare_count(vm->name, "tags", count, json_array_size(expected));
	json_array_foreach(expected, i, tag) compare(
		vm->name, "tag", vm_has_tag(vm, json_string_value(tag)) ? json_string_value(tag) : NULL, tag);
}

/* From 4.3 on an identity is added to the id. */
static bool is_device(const store_node *item, const json_t *expected)
{
	const char *id = json_string_value(json_object_get(expected, "id"));
	const char *found = layout_item_attribute(item, "id");

	return !strncmp(id, found, strlen(found)) &&
	       (!id[strlen(found)] || !strcmp(id + strlen(found), ":*")) &&
	       !strcmp(layout_item_attribute(item, "backend-domain"),
		       json_string_value(json_object_get(expected, "backend")));
}

static void compare_device(const struct world *w, const struct vm *vm, const char *class,
			   const json_t *expected)
{
	store_node *item = NULL;

	while ((item = w->q.layout->next_item(vm->node, LAYOUT_DEVICES, item)))
		if (!strcmp(layout_device_class(item), class) && is_device(item, expected))
			break;
	assert_non_null(item);
	compare_named(w, vm->name, item, LAYOUT_OPTIONS, json_object_get(expected, "options"));
	if (json_object_get(expected, "mode"))
		compare(vm->name, "mode", layout_item_attribute(item, "mode"),
			json_object_get(expected, "mode"));
}

static void compare_devices(const struct world *w, const struct vm *vm, json_t *expected)
{
	store_node *item = NULL;
	size_t count = 0, i;
	const char *class;
	json_t *list, *device;

	json_object_foreach(expected, class, list) json_array_foreach(list, i, device)
	{
		compare_device(w, vm, class, device);
		count++;
	}
	while ((item = w->q.layout->next_item(vm->node, LAYOUT_DEVICES, item)))
		count--;
	compare_count(vm->name, "devices left", count, 0);
}

/* ---- one store ---- */

static void compare_vm(const struct world *w, const struct vm *vm, const json_t *expected)
{
	json_t *properties = json_object_get(expected, "properties");
	json_t *defaults = json_object_get(expected, "defaults");

	compare(vm->name, "class", vm->type, json_object_get(expected, "class"));
	compare(vm->name, "uuid", prop_string(vm, "uuid"), json_object_get(expected, "uuid"));
	compare_count(vm->name, "qid", (size_t)vm->qid,
		      (size_t)json_integer_value(json_object_get(expected, "qid")));
	compare_properties(vm, prop4_table, properties, true);
	compare_properties(vm, prop4_table, defaults, false);
	compare_which(vm, properties, defaults);
	compare_named(w, vm->name, vm->node, LAYOUT_FEATURES, json_object_get(expected, "features"));
	compare_named(w, vm->name, vm->node, LAYOUT_VOLUMES, json_object_get(expected, "volumes"));
	compare_tags(vm, json_object_get(expected, "tags"));
	compare_devices(w, vm, json_object_get(expected, "devices"));
}

static void compare_labels(const struct world *w, json_t *expected)
{
	const char *index;
	json_t *label;

	json_object_foreach(expected, index, label)
	{
		const struct vm_label *found = vm_find_label(&w->q, index);

		assert_non_null(found);
		compare("labels", index, found->name, json_array_get(label, 0));
		compare("labels", index, found->colour, json_array_get(label, 1));
		assert_ptr_not_equal(vm_find_label(&w->q, found->name), NULL);
	}
}

static void compare_store(const char *name)
{
	struct world *w = r4_world(name);
	json_t *dump = r4_dump(name), *vms = json_object_get(dump, "domains"), *expected;
	const char *vm;

	assert_int_equal(vms_count(&w->q), json_object_size(vms));
	json_object_foreach(vms, vm, expected) compare_vm(w, the(w, vm), expected);
	compare_properties(prop_store(&w->q), prop4_globals, json_object_get(dump, "globals"), true);
	compare_properties(prop_store(&w->q), prop4_globals, json_object_get(dump, "globals_default"), false);
	compare_labels(w, json_object_get(dump, "labels"));
	compare_named(w, name, w->q.layout->globals(store_root(w->q.store)), LAYOUT_POOLS,
		      json_object_get(dump, "pools"));
	json_decref(dump);
	world_free(w);
}

static void what_the_originals_read_is_what_we_read(void **state)
{
	(void)state;
	differences = 0;
	for (size_t i = 0; i < ARRAY_SIZE(stores); i++)
		compare_store(stores[i]);
	assert_int_equal(differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_originals_read_is_what_we_read),
	};

	return cmocka_run_group_tests_name("r4_dumps", tests, NULL, NULL);
}
