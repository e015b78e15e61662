/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Effective values: what the store says, read by the type of the row, or the default.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "error.h"
#include "internal.h"
#include "util.h"

bool prop_is_release4(const struct qubes *q)
{
	return q && q->layout && q->layout->format == STORE_R4;
}

int prop_boolean_word(const char *text)
{
	static const char *const words[] = { "false", "no", "off", "0", "true", "yes", "on", "1" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(text, words[i]))
			return i >= ARRAY_SIZE(words) / 2;
	return -1;
}

/* ---- one text by its type ---- */

static bool read_boolean(const char *text, struct prop_value *value)
{
	int word = prop_boolean_word(text);

	value->number = word;
	return word >= 0;
}

static bool read_number(const struct prop *prop, const char *text, struct prop_value *value)
{
	unsigned long long number;

	if (!util_parse_decimal(text, prop->max ? (unsigned long long)prop->max : INT64_MAX, &number) ||
	    number < (unsigned long long)prop->min)
		return false;
	value->number = (long long)number;
	return true;
}

static bool read_entries(const struct vm *vm, const char *text, struct prop_value *value)
{
	struct arena *arena = vm->qubes->arena;
	int result = value->type == PROP_LIST ? literal_read_list(arena, text, &value->entries) :
						literal_read_dict(arena, text, &value->entries);

	if (result < 0)
		error_clear();
	return result == 0;
}

void prop_read(const struct vm *vm, const struct prop *prop, const char *text, struct prop_value *value)
{
	bool good = true;

	value->text = text;
	if ((prop->flags & PROP_NULLABLE || prop->type == PROP_TIME) && !strcasecmp(text, "none")) {
		value->none = true;
		return;
	}
	switch (prop->type) {
	case PROP_BOOL:
		good = read_boolean(text, value);
		break;
	case PROP_INT:
	case PROP_TIME:
		good = read_number(prop, text, value);
		break;
	case PROP_LIST:
	case PROP_SERVICES:
		good = read_entries(vm, text, value);
		break;
	default:
		break;
	}
	value->broken = !good;
}

static int get_stored(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct layout_value stored = vm_get(vm, prop_key(prop));

	if (stored.presence == LAYOUT_SET && stored.text)
		prop_read(vm, prop, stored.text, value);
	else
		value->none = true;
	if (!value->none)
		return 0;
	value->follows = true;
	if (prop->fallback) {
		value->none = false;
		prop_read(vm, prop, prop->fallback, value);
	}
	return 0;
}

int prop_get(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	*value = (struct prop_value){ .type = prop->type };
	if (!prop_applies(vm, prop))
		return error_set(ERROR_FAILED, "%s is not available for %s, which is of class %s", prop->name,
				 vm->name, vm->type);
	return prop->get ? prop->get(vm, prop, value) : get_stored(vm, prop, value);
}

/* ---- showing ---- */

static const char *time_text(struct arena *arena, long long seconds)
{
	time_t when = (time_t)seconds;
	char text[64];
	struct tm local;

	if (!localtime_r(&when, &local) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local))
		return arena_printf(arena, "%lld", seconds);
	return arena_strdup(arena, text);
}

/* A number of release 4 may be larger than what we count with. */
static bool has_its_digits(const struct vm *vm, const struct prop_value *value)
{
	return prop_is_release4(vm->qubes) && value->text;
}

const char *prop_text(const struct vm *vm, const struct prop_value *value)
{
	struct arena *arena = vm->qubes->arena;

	if (value->none)
		return NULL;
	if (value->broken)
		return value->text;
	switch (value->type) {
	case PROP_BOOL:
		return value->number ? "True" : "False";
	case PROP_INT:
		return has_its_digits(vm, value) ? value->text : arena_printf(arena, "%lld", value->number);
	case PROP_VM:
		return value->vm->name;
	case PROP_LIST:
		return literal_list_text(arena, &value->entries);
	case PROP_SERVICES:
		return literal_dict_text(arena, &value->entries);
	case PROP_TIME:
		return time_text(arena, value->number);
	default:
		return value->text;
	}
}

const char *prop_list_text(const struct vm *vm, const struct prop *prop, const struct prop_value *value)
{
	const char *text = value->none ? prop->none_text : prop_text(vm, value);

	if (text && prop->flags & PROP_ON_OFF && !value->broken)
		text = value->number ? "on" : "off";
	if (text && value->follows && prop->flags & PROP_MARKED)
		return arena_printf(vm->qubes->arena, "%s (%s)", text, prop->default_word);
	return text;
}

bool prop_is_default(const struct vm *vm, const struct prop *prop, const struct prop_value *value)
{
	struct vm unsaid = *vm; /* the same VM, of which the store says nothing */
	struct prop_value fallback;
	const char *text = prop_text(vm, value), *other;

	unsaid.node = NULL;
	if (value->follows || prop->default_word || vm_get(vm, prop_key(prop)).presence != LAYOUT_SET)
		return value->follows || !prop->default_word;
	if (!strcmp(prop_key(prop), "name") || prop_get(&unsaid, prop, &fallback) < 0) {
		error_clear();
		return false;
	}
	other = prop_text(vm, &fallback);
	return text == other || (text && other && !strcmp(text, other));
}

/* ---- short cuts ---- */

/* The value of a property that is known to exist. */
static int get_named(const struct vm *vm, const char *name, struct prop_value *value)
{
	const struct prop *prop = prop_find(vm->qubes, name);

	if (!prop)
		return error_set(ERROR_FAILED, "no property '%s' in the table", name);
	if (prop_get(vm, prop, value) < 0)
		return -1;
	if (value->broken)
		return error_set(ERROR_FAILED, "%s of %s is broken: '%s'", prop->name, vm->name, value->text);
	return 0;
}

int prop_number(const struct vm *vm, const char *name, long long *number)
{
	struct prop_value value;

	if (get_named(vm, name, &value) < 0)
		return -1;
	if (value.none)
		return error_set(ERROR_FAILED, "%s of %s is not known", name, vm->name);
	*number = value.number;
	return 0;
}

const char *prop_string(const struct vm *vm, const char *name)
{
	struct prop_value value;

	if (get_named(vm, name, &value) < 0) {
		error_clear();
		return NULL;
	}
	return prop_text(vm, &value);
}

bool prop_flag(const struct vm *vm, const char *name)
{
	struct prop_value value;

	if (get_named(vm, name, &value) < 0) {
		error_clear();
		return false;
	}
	return value.number;
}

bool prop_is_hvm(const struct vm *vm)
{
	const char *mode = vm_is(vm, VM4_LOCAL) ? prop_string(vm, "virt_mode") : NULL;

	return vm_is(vm, VM_HVMS) || (mode && !strcmp(mode, "hvm"));
}

static int get_entries(const struct vm *vm, const char *name, struct literal *entries)
{
	struct prop_value value;

	if (get_named(vm, name, &value) < 0)
		return -1;
	*entries = value.entries;
	return 0;
}

int prop_services(const struct vm *vm, struct literal *services)
{
	if (prop_is_release4(vm->qubes)) {
		prop4_services(vm, services);
		return 0;
	}
	return get_entries(vm, "services", services);
}

int prop_pcidevs(const struct vm *vm, struct literal *devices)
{
	return get_entries(vm, "pcidevs", devices);
}

const char *prop_broken(const struct vm *vm)
{
	if (prop_is_release4(vm->qubes))
		return prop4_broken(vm);
	FOR_EACH_PROP(vm->qubes, prop) {
		struct prop_value value;

		if (!prop_applies(vm, prop) || prop->flags & PROP_LIVE)
			continue;
		if (prop_get(vm, prop, &value) < 0)
			error_clear();
		else if (value.broken)
			return arena_printf(vm->qubes->arena, "its %s is broken: '%s'", prop->name,
					    value.text);
	}
	return NULL;
}
