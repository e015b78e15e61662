/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which VMs a listing shows: by state, class, relations, tags, features and properties.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

/* ---- lists of words, each of which may be several with commas ---- */

static bool is_among(const char *words, const char *text)
{
	while (*words) {
		size_t length = strcspn(words, ",");

		if (strlen(text) == length && !strncmp(words, text, length))
			return true;
		words += length + (words[length] == ',');
	}
	return false;
}

/* An empty list asks for nothing. TEXT NULL: the VM has none. */
static bool is_wanted(const struct strlist *wanted, const char *text)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (is_among(wanted->items[i], text ? text : ""))
			return true;
	return wanted->count == 0;
}

static const char *name_of(const struct vm *vm)
{
	return vm ? vm->name : NULL;
}

/* ---- tags, features, properties ---- */

static bool has_one_of(const struct vm *vm, const struct strlist *tags)
{
	for (size_t i = 0; i < tags->count; i++)
		if (vm_has_tag(vm, tags->items[i]))
			return true;
	return false;
}

/* "NAME=VALUE": has VM that one? */
typedef bool matcher(const struct vm *vm, const char *name, const char *value);

static bool feature_is(const struct vm *vm, const char *name, const char *value)
{
	const char *text;

	if (prop_get_feature(vm, name, &text) < 0)
		error_clear();
	return text && !strcmp(text, value);
}

static bool property_is(const struct vm *vm, const char *name, const char *value)
{
	const char *text = prop_find(vm->qubes, name) ? prop_string(vm, name) : NULL;

	return !strcmp(text ? text : "", value);
}

static bool matches_all(const struct vm *vm, const struct strlist *pairs, matcher *matches)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const char *equals = strchr(pairs->items[i], '=');
		AUTO_FREE char *name = util_printf("%.*s", (int)(equals - pairs->items[i]), pairs->items[i]);

		if (!matches(vm, name, equals + 1))
			return false;
	}
	return true;
}

static bool switch_matches(const struct vm *vm, const char *wanted, const char *feature)
{
	return !wanted || (wanted[0] == 'y') == prop_feature_is_on(vm, feature);
}

/* ---- all together ---- */

static bool state_passes(const struct columns *columns, int states, struct vm *vm)
{
	static const char *const words[] = { "Running", "Paused", "Halted" };
	const char *state = states ? columns_state(columns, vm) : NULL;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (states & 1 << i && !strcmp(state, words[i]))
			return true;
	return states == 0;
}

bool columns_pass(const struct columns *columns, const struct columns_filter *filter, struct vm *vm)
{
	if (!state_passes(columns, filter->states, vm))
		return false;
	if (filter->tags.given && !has_one_of(vm, &filter->tags.words))
		return false;
	return !has_one_of(vm, &filter->no_tags.words) && is_wanted(&filter->classes, vm->type) &&
	       (filter->labels.count == 0 || is_wanted(&filter->labels, prop_string(vm, "label"))) &&
	       (filter->templates.count == 0 || is_wanted(&filter->templates, name_of(vm_template(vm)))) &&
	       (filter->netvms.count == 0 || is_wanted(&filter->netvms, name_of(vm_netvm(vm)))) &&
	       switch_matches(vm, filter->internal, "internal") &&
	       switch_matches(vm, filter->servicevm, "servicevm") &&
	       (!filter->pending || prop_feature_is_on(vm, "updates-available")) &&
	       matches_all(vm, &filter->features, feature_is) && matches_all(vm, &filter->prefs, property_is);
}

static int check_switch(const char *option, const char *word)
{
	if (!word || !strcmp(word, "y") || !strcmp(word, "n"))
		return 0;
	return error_set(ERROR_USAGE, "--%s is y or n, not '%s'", option, word);
}

static int check_pairs(const char *option, const struct strlist *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (!strchr(pairs->items[i], '='))
			return error_set(ERROR_USAGE, "--%s takes NAME=VALUE, not '%s'", option,
					 pairs->items[i]);
	return 0;
}

int columns_check_filter(const struct columns_filter *filter)
{
	if (check_switch("internal", filter->internal) < 0 ||
	    check_switch("servicevm", filter->servicevm) < 0 ||
	    check_pairs("features", &filter->features) < 0 || check_pairs("prefs", &filter->prefs) < 0)
		return -1;
	return 0;
}
