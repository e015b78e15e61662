/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-features - show and change the features of a VM; a store of release 3 has a few, under other names.
 */
#include <string.h>

#include "applet.h"
#include "prop.h"

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
	OPT_NOTE(
		"A store of release 3 keeps of all features: internal, qrexec, gui, check-updates and service.NAME. Each is on (1) or off (an "
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

/* ---- showing ---- */

static int get(const struct vm *vm, const char *feature)
{
	const char *value;

	if (prop_get_feature(vm, feature, &value) < 0)
		return -1;
	if (!value)
		return 1;
	puts(value);
	return 0;
}

static int list(const struct vm *vm)
{
	size_t count;
	const struct prop_feature *rows = prop_features(vm, &count);
	int width = 0;

	if (!rows)
		return -1;
	for (size_t i = 0; i < count; i++)
		if ((int)strlen(rows[i].name) > width)
			width = (int)strlen(rows[i].name);
	for (size_t i = 0; i < count; i++) {
		AUTO_FREE char *shown = util_printable(rows[i].name);
		AUTO_FREE char *value = util_printable(rows[i].value);

		printf("%-*s%s%s\n", *value ? width : 0, shown, *value ? "  " : "", value);
	}
	return 0;
}

int qvm_features_main(struct qubes *q, const void *parsed, char **words)
{
	const struct features_args *args = parsed;
	struct vm *vm = vm_by_name(q, words[0]);

	if (!vm)
		return -1;
	if (!words[1])
		return list(vm);
	if (!args->unset && !words[2])
		return get(vm, words[1]);
	return prop_set_feature(vm, words[1], args->unset ? NULL : words[2]);
}
