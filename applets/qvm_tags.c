/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-tags - show and change the tags of a VM, which stores of release 3 do not have.
 */
#include <string.h>

#include "applet.h"
#include "prop.h"

const struct option_row qvm_tags_options[] = {
	OPT_WORDS("VM [list|add|del] [TAG...]", 1, -1),
	OPT_NOTE(
		"With list and a tag, that tag is printed, or the exit status is 1 if the VM does not have it. VMs "
		"of release 3 have no tags: there are none to list, and none can be set."),
	OPT_END
};

enum action { ACTION_LIST, ACTION_ADD, ACTION_DEL };

static const struct {
	const char *word;
	enum action action;
} actions[] = {
	{ "list", ACTION_LIST }, { "ls", ACTION_LIST }, { "l", ACTION_LIST },  { "add", ACTION_ADD },
	{ "a", ACTION_ADD },	 { "set", ACTION_ADD }, { "del", ACTION_DEL }, { "d", ACTION_DEL },
	{ "unset", ACTION_DEL }, { "u", ACTION_DEL },
};

/* -1 with an error. */
static int action_of(char **words)
{
	if (!words[1])
		return ACTION_LIST;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (!strcmp(words[1], actions[i].word))
			return actions[i].action;
	return error_set(ERROR_USAGE, "'%s' is none of list, add and del", words[1]);
}

int qvm_tags_access(const void *parsed, char **words)
{
	int action = action_of(words);

	(void)parsed;
	if (action < 0)
		return -1;
	if (action != ACTION_LIST && !words[2])
		return error_set(ERROR_USAGE, "which tag?");
	if (action == ACTION_LIST && words[1] && words[2] && words[3])
		return error_set(ERROR_USAGE, "unexpected argument '%s'", words[3]);
	return action == ACTION_LIST ? STORE_READ : STORE_WRITE;
}

/* WANTED NULL: all of them. */
static int list(const struct vm *vm, const char *wanted)
{
	AUTO_STRLIST struct strlist tags = { 0 };
	bool found = !wanted;

	if (prop_tags(vm, &tags) < 0)
		return -1;
	for (size_t i = 0; i < tags.count; i++) {
		AUTO_FREE char *shown = util_printable(tags.items[i]);

		if (wanted && strcmp(tags.items[i], wanted) != 0)
			continue;
		puts(shown);
		found = true;
	}
	return found ? 0 : 1;
}

/* What fails ends the command, and nothing is saved then. */
static int change(struct vm *vm, char **tags, bool add)
{
	for (; *tags; tags++)
		if (prop_set_tag(vm, *tags, add) < 0)
			return -1;
	return 0;
}

int qvm_tags_main(struct qubes *q, const void *parsed, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);
	int action = action_of(words);

	(void)parsed;
	if (!vm)
		return -1;
	if (action != ACTION_LIST)
		return change(vm, words + 2, action == ACTION_ADD);
	return list(vm, words[1] ? words[2] : NULL);
}
