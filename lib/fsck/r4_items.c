/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Features, tags and devices of a domain of R4, and elements that it should not have.
 */
#include <string.h>

#include "r4.h"

/* ---- features ---- */

static void check_features(struct r4 *r, const struct r4_vm *vm)
{
	FOR_EACH_ITEM(vm->node, "features", "feature", feature)
	if (!element_attribute(feature, "name"))
		fsck_remedy(fsck_note(r->f, "feature-nameless", FSCK_R4, feature, vm->shown,
				      "a feature without a name"),
			    "remove it", fsck_remove_node, feature, NULL, NULL);
	r4_check_twice(r, vm->node, vm, "features", "feature");
}

/* ---- tags ---- */

static bool is_tag(const char *name)
{
	return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

/* Its text as the attribute that it should be. */
static void name_tag(struct fsck *f, const struct fsck_finding *finding)
{
	fsck_set_attribute(f, finding);
	element_set_text(finding->node, "");
}

static void check_tag(struct r4 *r, const struct r4_vm *vm, store_node *tag)
{
	const char *name = element_attribute(tag, "name"), *text = element_text(r->arena, tag);
	struct fsck_finding *finding;

	if (name && is_tag(name))
		return;
	if (name)
		finding = fsck_note(r->f, "tag", FSCK_R4, tag, vm->shown,
				    "the tag '%s' has other characters than letters, digits, _ and -", name);
	else
		finding = fsck_note(r->f, "tag-nameless", FSCK_R4, tag, vm->shown, "a tag without a name");
	if (!name && text && *text && is_tag(text))
		fsck_remedy(finding, "take its text for its name", name_tag, tag, "name",
			    arena_strdup(r->arena, text));
	else
		fsck_remedy(finding, "remove it", fsck_remove_node, tag, NULL, NULL);
}

/* ---- devices ---- */

/* What packages of every system bring. */
static bool is_device_class(const char *class)
{
	static const char *const classes[] = { "pci", "block", "usb", "mic", "webcam", "testclass" };

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(classes[i], class))
			return true;
	return false;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* BB_DD.F, with a segment before it, or several of them along a bus; "*" is any. */
static bool is_pci_id(const char *id)
{
	size_t parts = 0;

	if (!strcmp(id, "*"))
		return true;
	for (;;) {
		size_t digits = 0;

		while (is_hex(id[digits]))
			digits++;
		if (!digits)
			return false;
		id += digits;
		if (*id == '_' && parts < 2)
			parts++;
		else if (*id == '.' && parts)
			parts = 3;
		else if (*id == '-' && parts == 3)
			parts = 0;
		else
			return *id == '\0' && parts == 3;
		id++;
	}
}

static void remedy_device(struct fsck_finding *finding, store_node *device)
{
	fsck_remedy(finding, "remove it", fsck_remove_node, device, NULL, NULL);
}

static const char *attribute_or(const store_node *node, const char *name, const char *otherwise)
{
	const char *value = element_attribute(node, name);

	return value ? value : otherwise;
}

static void check_backend(struct r4 *r, const struct r4_vm *vm, const char *class, store_node *device)
{
	const char *backend = element_attribute(device, "backend-domain");
	struct fsck_finding *finding;

	if (backend && r4_vm_by_name(r, backend)) {
		if (r4_is(r4_vm_by_name(r, backend), VM4_REMOTE))
			remedy_device(fsck_note(r->f, "device-backend", FSCK_R43, device, vm->shown,
						"the %s device %s is of %s, which is a remote VM", class,
						attribute_or(device, "id", "*"), backend),
				      device);
		return;
	}
	/* Any backend will do for R4.3. */
	if (!backend && r->f->loaded_by == FSCK_R43)
		return;
	finding = fsck_note(r->f, "device-backend", FSCK_LOADS, device, vm->shown,
			    "the %s device %s is of '%s', and there is no such VM", class,
			    attribute_or(device, "id", "*"), backend ? backend : "");
	fsck_effect(finding, "it is not assigned, and lost when qubesd writes the store");
	if (backend && r4_backup_has_vm(r, backend))
		fsck_remedy(finding, arena_printf(r->arena, "restore that VM from %s", r->f->backup_name),
			    r4_restore_vm, device, NULL, arena_strdup(r->arena, backend));
	else
		remedy_device(finding, device);
}

static void check_options(struct r4 *r, const struct r4_vm *vm, store_node *device)
{
	FOR_EACH_ELEMENT(device, "option", option)
	{
		struct fsck_finding *finding;

		if (element_attribute(option, "name"))
			continue;
		finding =
			fsck_note(r->f, "device-option", FSCK_LOADS, option, vm->shown,
				  "an option of the device %s has no name", attribute_or(device, "id", "*"));
		fsck_effect(finding, "the store cannot be written any more");
		fsck_remedy(finding, "remove it", fsck_remove_node, option, NULL, NULL);
	}
}

static bool is_same_in(const store_node *a, const store_node *b, const char *attribute)
{
	return !strcmp(attribute_or(a, attribute, "*"), attribute_or(b, attribute, "*"));
}

/* The releases that take both for one: in R4.3 two assignments of one port may differ in what device they mean. */
static unsigned taken_for_one(const store_node *a, const store_node *b)
{
	if (!is_same_in(a, b, "backend-domain") || !is_same_in(a, b, "id"))
		return 0;
	return is_same_in(a, b, "identity") ? FSCK_R4 : FSCK_BEFORE_43;
}

static bool is_same_class(const store_node *a, const store_node *b)
{
	return !strcmp(attribute_or(element_parent(a), "class", ""),
		       attribute_or(element_parent(b), "class", ""));
}

/* One that is skipped for want of its backend is not in the way. */
static void check_device_twice(struct r4 *r, const struct r4_vm *vm, store_node *device)
{
	FOR_EACH_ITEM(vm->node, "devices", "device", other)
	{
		if (other == device)
			return;
		if (!is_same_class(other, device) || !(taken_for_one(other, device) & r->f->loaded_by))
			continue;
		remedy_device(fsck_note(r->f, "device-twice", taken_for_one(other, device), device, vm->shown,
					"the device %s:%s is there twice",
					attribute_or(device, "backend-domain", "*"),
					attribute_or(device, "id", "*")),
			      device);
		return;
	}
}

/* What R4.3 had before the mode. */
static void check_device_required(struct r4 *r, const struct r4_vm *vm, store_node *device)
{
	const char *required = element_attribute(device, "required");
	struct fsck_finding *finding;

	if (!required || !*required || prop_boolean_word(required) >= 0)
		return;
	finding = fsck_note(r->f, "device-mode", FSCK_R43, device, vm->shown,
			    "'%s' for required of the device %s is neither True nor False", required,
			    attribute_or(device, "id", "*"));
	fsck_remedy(finding, "take it away; the device is required then", fsck_drop_attribute, device,
		    "required", NULL);
}

/* R4.3 drops what it does not know. */
static void check_device_mode(struct r4 *r, const struct r4_vm *vm, store_node *device)
{
	static const char *const modes[] = { "required", "auto-attach", "ask-to-attach", "manual" };
	const char *mode = element_attribute(device, "mode");
	struct fsck_finding *finding;

	for (size_t i = 0; mode && i < ARRAY_SIZE(modes); i++)
		if (!strcmp(modes[i], mode))
			mode = NULL;
	if (!mode || !(r->f->loaded_by & FSCK_R43))
		return;
	finding = fsck_note(r->f, "device-mode", FSCK_LOADS, device, vm->shown,
			    "the mode '%s' of the device %s is none", mode, attribute_or(device, "id", "*"));
	fsck_effect(finding, "R4.3 does not assign it, and loses it when it writes the store");
	fsck_remedy(finding, "take it away; the device is required then", fsck_drop_attribute, device, "mode",
		    NULL);
}

static void check_device(struct r4 *r, const struct r4_vm *vm, const char *class, store_node *device)
{
	const char *id = element_attribute(device, "id");
	struct fsck_finding *finding;

	check_backend(r, vm, class, device);
	check_options(r, vm, device);
	check_device_required(r, vm, device);
	check_device_mode(r, vm, device);
	check_device_twice(r, vm, device);
	if (!id && r->f->loaded_by != FSCK_R43) {
		finding = fsck_note(r->f, "device-id", FSCK_LOADS, device, vm->shown,
				    "a %s device without an id", class);
		fsck_effect(finding, "R4.1 and R4.2 cannot write the store any more");
		remedy_device(finding, device);
	} else if (id && !strcmp(class, "pci") && !is_pci_id(id)) {
		finding = fsck_note(r->f, "device-id", FSCK_R43, device, vm->shown, "'%s' is no PCI device",
				    id);
		remedy_device(finding, device);
	}
}

static void check_device_class(struct r4 *r, const struct r4_vm *vm, store_node *list)
{
	const char *class = element_attribute(list, "class");
	store_node *device = element_next(list, NULL, "device");
	struct fsck_finding *finding;

	if (!device || (class && is_device_class(class)))
		return;
	if (class) {
		finding = fsck_note(r->f, "device-class", FSCK_LOADS, list, vm->shown,
				    "no package that comes with the system knows devices of class %s", class);
		fsck_effect(finding,
			    "without a package that does they are lost when qubesd writes the store");
		return;
	}
	finding = fsck_note(r->f, "device-class", FSCK_R41 | FSCK_ELSE_WARN, list, vm->shown,
			    "devices without a class");
	fsck_effect(finding, "they are not assigned, and lost when qubesd writes the store");
	if (is_pci_id(attribute_or(device, "id", "")))
		fsck_remedy(finding, "make it pci", fsck_set_attribute, list, "class", "pci");
	else
		fsck_remedy(finding, "remove them", fsck_remove_node, list, NULL, NULL);
}

static void check_devices(struct r4 *r, const struct r4_vm *vm)
{
	FOR_EACH_ELEMENT(vm->node, "devices", list)
	{
		const char *class = attribute_or(list, "class", "?");

		check_device_class(r, vm, list);
		FOR_EACH_ELEMENT(list, "device", device)
		check_device(r, vm, class, device);
	}
}

void r4_check_items(struct r4 *r, const struct r4_vm *vm)
{
	check_features(r, vm);
	FOR_EACH_ITEM(vm->node, "tags", "tag", tag)
	check_tag(r, vm, tag);
	check_devices(r, vm);
}
