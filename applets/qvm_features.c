/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-features - the features of release 4 that a store of release 3 has under other names.
 */
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "prop.h"

#define SERVICE_PREFIX "service."
#define KNOWN_FEATURES "internal, qrexec, gui, check-updates and " SERVICE_PREFIX "NAME"

struct features_args {
	bool unset;
};

#define HIDDEN_UNSET(spelling)                                                                          \
	{                                                                                               \
		.kind = OPTION_FLAG, .name = spelling, .offset = offsetof(struct features_args, unset), \
		.hidden = true                                                                          \
	}

const struct option_row qvm_features_options[] = {
	OPT_FLAG('D', "unset", struct features_args, unset, "take the feature away"),
	HIDDEN_UNSET("default"),
	HIDDEN_UNSET("delete"),
	OPT_WORDS("VM [FEATURE [VALUE]]", 1, 3),
	OPT_NOTE("A store of release 3 keeps of all features: " KNOWN_FEATURES ". Each is on (1) or off (an "
		 "empty value). Of one that is not set nothing is printed, and the exit status is 1."),
	OPT_END
};

int qvm_features_access(const void *parsed, char **words)
{
	const struct features_args *args = parsed;

	if (args->unset && (!words[1] || words[2]))
		return error_set(ERROR_USAGE, "the feature to take away is expected, and nothing else");
	return args->unset || (words[1] && words[2]) ? STORE_WRITE : STORE_READ;
}

/* ---- what a feature is here ---- */

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

/* ---- showing ---- */

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

static int get(const struct vm *vm, const char *feature)
{
	const struct mapped *what = find_mapped(feature);
	const char *service = service_of(feature), *value = NULL;
	struct literal services;

	if (!what && !service)
		return unknown(feature);
	if (prop_services(vm, &services) < 0)
		return -1;
	value = what ? mapped_value(vm, what) : service_value(&services, service);
	if (!value)
		return 1;
	puts(value);
	return 0;
}

struct row {
	const char *feature, *value;
};

static int by_feature(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->feature, ((const struct row *)b)->feature);
}

/* All that are set, sorted, in the arena; their number in COUNT. NULL with an error. */
static struct row *collect(const struct vm *vm, size_t *count)
{
	struct arena *arena = vm->qubes->arena;
	struct literal services;
	struct row *rows;

	if (prop_services(vm, &services) < 0)
		return NULL;
	rows = arena_alloc(arena, (services.count + ARRAY_SIZE(mapped)) * sizeof(*rows));
	*count = 0;
	for (size_t i = 0; i < services.count; i++) {
		const char *name = services.entries[i].key;

		rows[(*count)++] = (struct row){ !strcmp(name, PROP_UPDATE_CHECK) ?
							 "check-updates" :
							 arena_printf(arena, SERVICE_PREFIX "%s", name),
						 service_value(&services, name) };
	}
	for (size_t i = 0; i < ARRAY_SIZE(mapped); i++)
		if (mapped_value(vm, &mapped[i]))
			rows[(*count)++] = (struct row){ mapped[i].feature, mapped_value(vm, &mapped[i]) };
	qsort(rows, *count, sizeof(*rows), by_feature);
	return rows;
}

static int list(const struct vm *vm)
{
	size_t count;
	const struct row *rows = collect(vm, &count);
	int width = 0;

	if (!rows)
		return -1;
	for (size_t i = 0; i < count; i++)
		if ((int)strlen(rows[i].feature) > width)
			width = (int)strlen(rows[i].feature);
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *shown = util_printable(rows[i].feature);

		printf("%-*s%s%s\n", *rows[i].value ? width : 0, shown, *rows[i].value ? "  " : "",
		       rows[i].value);
	}
	return 0;
}

/* ---- changing ---- */

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

static int set(struct vm *vm, const char *feature, enum prop_switch to)
{
	const struct mapped *what = find_mapped(feature);
	const char *service = service_of(feature);

	if (what)
		return set_property(vm, what, to);
	if (service)
		return prop_set_service(vm, service, to);
	return to == PROP_ABSENT ? 0 : unknown(feature);
}

int qvm_features_main(struct qubes *q, const void *parsed, char **words)
{
	const struct features_args *args = parsed;
	struct vm *vm = vm_by_name(q, words[0]);
	enum prop_switch to = PROP_ABSENT;

	if (!vm)
		return -1;
	if (!words[1])
		return list(vm);
	if (!args->unset && !words[2])
		return get(vm, words[1]);
	if (!args->unset && read_value(words[2], &to) < 0)
		return -1;
	return set(vm, words[1], to);
}
