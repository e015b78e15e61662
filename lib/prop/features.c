/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Features and services of release 4 for both formats: a store of release 3 keeps a few of the features, under
 * other names; a store of release 4 keeps services as features.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define SERVICE_PREFIX "service."
#define KNOWN_FEATURES "internal, qrexec, gui, check-updates and " SERVICE_PREFIX "NAME"
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-"

/* ---- what a feature is in release 3 ---- */

/* One that is a property. */
static const struct mapped {
	const char *feature, *property;
	bool agent; /* a VM with a kernel of ours has it as part of its template, or not at all */
} mapped[] = {
	{ "gui", "guiagent_installed", true },
	{ "internal", "internal", false },
	{ "qrexec", "qrexec_installed", true },
};

static const struct mapped *find_mapped(const char *feature)
{
	for (size_t i = 0; i < ARRAY_SIZE(mapped); i++)
		if (!strcmp(feature, mapped[i].feature))
			return &mapped[i];
	return NULL;
}

/* The service that a feature stands for; NULL: none. */
static const char *service_of(const char *feature)
{
	if (!strcmp(feature, "check-updates"))
		return PROP_UPDATE_CHECK;
	return util_starts_with(feature, SERVICE_PREFIX) ? feature + strlen(SERVICE_PREFIX) : NULL;
}

static int unknown(const char *feature)
{
	return error_set(ERROR_FAILED, "release 3 has no place for feature '%s'; it keeps " KNOWN_FEATURES,
			 feature);
}

/* "1", "", or NULL: it is not set. */
static const char *mapped_value(const struct vm *vm, const struct mapped *what)
{
	bool on = vm_is(vm, VM_HVMS) || !what->agent ? prop_flag(vm, what->property) :
						       vm_is(vm, VM_PVS) && vm_is_updateable(vm);

	/* Off is what all have of whom nothing is said. */
	return on ? "1" : NULL;
}

static const char *service_value(const struct literal *services, const char *name)
{
	const struct literal_entry *entry = literal_find(services, name);

	return entry ? entry->value ? "1" : "" : NULL;
}

static int get_release3(const struct vm *vm, const char *feature, const char **value)
{
	const struct mapped *what = find_mapped(feature);
	const char *service = service_of(feature);
	struct literal services;

	if (!what && !service)
		return unknown(feature);
	if (prop_services(vm, &services) < 0)
		return -1;
	*value = what ? mapped_value(vm, what) : service_value(&services, service);
	return 0;
}

static struct prop_feature *list_release3(const struct vm *vm, size_t *count)
{
	struct arena *arena = vm->qubes->arena;
	struct literal services;
	struct prop_feature *rows;

	if (prop_services(vm, &services) < 0)
		return NULL;
	rows = arena_alloc(arena, (services.count + ARRAY_SIZE(mapped)) * sizeof(*rows));
	for (size_t i = 0; i < services.count; i++) {
		const char *name = services.entries[i].key;

		rows[(*count)++] =
			(struct prop_feature){ !strcmp(name, PROP_UPDATE_CHECK) ?
						       "check-updates" :
						       arena_printf(arena, SERVICE_PREFIX "%s", name),
					       service_value(&services, name) };
	}
	for (size_t i = 0; i < ARRAY_SIZE(mapped); i++)
		if (mapped_value(vm, &mapped[i]))
			rows[(*count)++] =
				(struct prop_feature){ mapped[i].feature, mapped_value(vm, &mapped[i]) };
	return rows;
}

/* In release 4 every text but the empty one is true, "0" too: what might be meant otherwise is refused. */
static int read_value(const char *text, enum prop_switch *to)
{
	*to = *text ? PROP_ON : PROP_OFF;
	if (!*text || prop_boolean_word(text) == 1)
		return 0;
	return error_set(ERROR_FAILED, "release 3 cannot keep '%s': a feature is 1 or, to be off, ''", text);
}

static int set_property(struct vm *vm, const struct mapped *what, enum prop_switch to)
{
	const struct prop *prop = prop_find(vm->qubes, what->property);

	if (to == PROP_ABSENT)
		return mapped_value(vm, what) ? prop_reset(vm, prop) : 0;
	return prop_set(vm, prop, to == PROP_ON ? "True" : "False");
}

static int set_release3(struct vm *vm, const char *feature, const char *text)
{
	const struct mapped *what = find_mapped(feature);
	const char *service = service_of(feature);
	enum prop_switch to = PROP_ABSENT;

	if (text && read_value(text, &to) < 0)
		return -1;
	if (what)
		return set_property(vm, what, to);
	if (service)
		return prop_set_service(vm, service, to);
	return to == PROP_ABSENT ? 0 : unknown(feature);
}

/* ---- release 4 ---- */

static struct prop_feature *list_release4(const struct vm *vm, size_t *count)
{
	const struct layout *layout = vm->qubes->layout;
	store_node *item = NULL;
	struct prop_feature *rows;
	size_t room = 0;

	while ((item = layout->next_item(vm->node, LAYOUT_FEATURES, item)))
		room++;
	rows = arena_alloc(vm->qubes->arena, (room + 1) * sizeof(*rows));
	while ((item = layout->next_item(vm->node, LAYOUT_FEATURES, item))) {
		const char *name = layout_item_attribute(item, "name");

		/* Of those that are there twice, the last counts. */
		if (name && layout_find_item(layout, vm->node, LAYOUT_FEATURES, name) == item)
			rows[(*count)++] = (struct prop_feature){ name, layout_item_text(item) };
	}
	return rows;
}

/* What qubesd takes from its clients. */
static int check_release4(const struct vm *vm, const char *feature, const char *text)
{
	if (vm_is(vm, VM_UNKNOWN))
		return error_set(ERROR_FAILED, "the features of %s, which is of class %s, cannot be set",
				 vm->name, vm->type);
	if (!strcmp(feature, SERVICE_PREFIX "meminfo-writer"))
		return error_set(
			ERROR_FAILED,
			"release 4 says that by maxmem: qvm-prefs -s %s maxmem 0 leaves the memory as it is",
			vm->name);
	if (!*feature || strspn(feature, NAME_CHARACTERS) != strlen(feature))
		return error_set(
			ERROR_FAILED,
			"'%s' is no name for a feature: it takes letters, digits, '_', '.', '+' and '-'",
			feature);
	if (util_starts_with(feature, SERVICE_PREFIX) &&
	    prop_check_service_name(feature + strlen(SERVICE_PREFIX)) < 0)
		return -1;
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return error_set(ERROR_FAILED, "a feature takes printable ASCII alone");
	return 0;
}

static int set_release4(struct vm *vm, const char *feature, const char *text)
{
	if (text && check_release4(vm, feature, text) < 0)
		return -1;
	return vm_set_feature(vm, feature, text);
}

/* ---- both ---- */

int prop_get_feature(const struct vm *vm, const char *feature, const char **value)
{
	*value = NULL;
	if (!prop_is_release4(vm->qubes))
		return get_release3(vm, feature, value);
	*value = vm_feature(vm, feature);
	return 0;
}

bool prop_feature_is_on(const struct vm *vm, const char *feature)
{
	const char *value;

	if (prop_get_feature(vm, feature, &value) == 0)
		return value && *value;
	error_clear();
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct prop_feature *)a)->name, ((const struct prop_feature *)b)->name);
}

struct prop_feature *prop_features(const struct vm *vm, size_t *count)
{
	struct prop_feature *rows;

	*count = 0;
	rows = prop_is_release4(vm->qubes) ? list_release4(vm, count) : list_release3(vm, count);
	if (rows)
		qsort(rows, *count, sizeof(*rows), by_name);
	return rows;
}

int prop_set_feature(struct vm *vm, const char *feature, const char *text)
{
	return prop_is_release4(vm->qubes) ? set_release4(vm, feature, text) :
					     set_release3(vm, feature, text);
}

/* ---- tags ---- */

#define TAG_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
#define CREATED_BY "created-by-"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_for_tags(const struct vm *vm)
{
	if (prop_is_release4(vm->qubes))
		return 0;
	return error_set(ERROR_FAILED, "%s has no tags: a store of release 3 knows none", vm->name);
}

int prop_tags(const struct vm *vm, struct strlist *tags)
{
	store_node *item = NULL;

	if (check_for_tags(vm) < 0)
		return -1;
	while ((item = vm->qubes->layout->next_item(vm->node, LAYOUT_TAGS, item)))
		if (layout_item_attribute(item, "name"))
			strlist_add(tags, layout_item_attribute(item, "name"));
	if (tags->count)
		qsort(tags->items, tags->count, sizeof(*tags->items), by_text);
	return 0;
}

static int check_tag(const struct vm *vm, const char *tag)
{
	if (vm_is(vm, VM_UNKNOWN))
		return error_set(ERROR_FAILED, "the tags of %s, which is of class %s, cannot be set",
				 vm->name, vm->type);
	if (!*tag || strspn(tag, TAG_CHARACTERS) != strlen(tag))
		return error_set(ERROR_FAILED, "'%s' is no tag: it takes letters, digits, '_' and '-'", tag);
	if (util_starts_with(tag, CREATED_BY) && !vm_name_taken(vm->qubes, tag + strlen(CREATED_BY)))
		return error_set(ERROR_FAILED, "'%s' says that VM '%s' made it, which does not exist", tag,
				 tag + strlen(CREATED_BY));
	return 0;
}

int prop_set_tag(struct vm *vm, const char *tag, bool has)
{
	if (check_for_tags(vm) < 0 || (has && check_tag(vm, tag) < 0))
		return -1;
	return vm_set_tag(vm, tag, has);
}

/* ---- services that are features ---- */

void prop4_services(const struct vm *vm, struct literal *services)
{
	store_node *item = NULL;

	*services = (struct literal){ 0 };
	while ((item = vm->qubes->layout->next_item(vm->node, LAYOUT_FEATURES, item))) {
		const char *name = layout_item_attribute(item, "name");

		if (name && util_starts_with(name, SERVICE_PREFIX))
			literal_put(vm->qubes->arena, services, name + strlen(SERVICE_PREFIX),
				    *layout_item_text(item) != '\0');
	}
}

int prop4_set_service(struct vm *vm, const char *name, enum prop_switch to)
{
	static const char *const texts[] = { [PROP_ABSENT] = NULL, [PROP_OFF] = "", [PROP_ON] = "1" };
	AUTO_FREE char *feature = util_printf(SERVICE_PREFIX "%s", name);

	return set_release4(vm, feature, texts[to]);
}

int prop4_reset_services(struct vm *vm)
{
	struct literal services;

	prop4_services(vm, &services);
	for (size_t i = 0; i < services.count; i++)
		if (prop4_set_service(vm, services.entries[i].key, PROP_ABSENT) < 0)
			return -1;
	return 0;
}
