/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines of the tools for devices: which command is meant, whether its words are right, and its run.
 */
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "hotplug.h"
#include "internal.h"
#include "vm.h"

/* ---- release 4's commands ---- */

static int list(struct qubes *q, const struct deviceclass_call *call, char **words)
{
	return deviceclass_print(q, call->tool->class, call->args, words);
}

static int attach(struct qubes *q, const struct deviceclass_call *call, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]), *backend;
	const char *ident;

	backend = vm ? hotplug_backend(q, words[1], &ident) : NULL;
	return backend ? call->tool->class->attach(vm, backend, ident, call->args) : -1;
}

static int detach(struct qubes *q, const struct deviceclass_call *call, char **words)
{
	const struct deviceclass *class = call->tool->class;
	struct vm *vm = vm_by_name(q, words[0]), *backend;
	const char *ident;

	if (!vm)
		return -1;
	if (!words[1])
		return class->detach_all(vm);
	backend = hotplug_backend(q, words[1], &ident);
	return backend ? class->detach(vm, backend, ident) : -1;
}

static const struct release4 {
	const char *names; /* blank separated */
	size_t fewest, most;
	unsigned options;
	bool changes;
	int (*act)(struct qubes *q, const struct deviceclass_call *call, char **words);
} release4[] = {
	{ "list ls l", 0, SIZE_MAX, DEVICECLASS_SELECTION, false, list },
	{ "attach at a", 2, 2, DEVICECLASS_OPTIONS | DEVICECLASS_READ_ONLY, true, attach },
	{ "detach d dt", 1, 2, 0, true, detach },
};

/* ---- which command ---- */

static bool is_among(const char *names, const char *word)
{
	size_t length = strlen(word);

	while (*names) {
		size_t name = strcspn(names, " ");

		if (name == length && !strncmp(names, word, length))
			return true;
		names += name + strspn(names + name, " ");
	}
	return false;
}

/* NULL: the first word is none of release 4's. Without release 3's, listing is what is meant by no word. */
static const struct release4 *find_release4(const struct deviceclass_call *call)
{
	const char *word = call->words[0] ? call->words[0] : call->tool->commands ? NULL : "list";

	for (size_t i = 0; word && !call->mode && i < ARRAY_SIZE(release4); i++)
		if (is_among(release4[i].names, word))
			return &release4[i];
	return NULL;
}

/* NULL: options that exclude each other. */
static const struct deviceclass_command *find_release3(const struct deviceclass_call *call)
{
	const struct deviceclass_command *command = call->tool->commands;

	for (; call->mode && command->act; command++)
		if (command->mode == call->mode)
			return command;
	return command->act ? command : NULL;
}

/* ---- are its words right? ---- */

static const char *const what_words_are[2] = { "VM", "device" };

static int check_count(char **words, size_t fewest, size_t most, const char *const *what, bool loose)
{
	size_t count = option_count_words(words);

	if (count > most)
		return error_set(ERROR_USAGE, "'%s' is one word too many", words[most]);
	if (count >= fewest)
		return 0;
	return error_set(count && loose ? ERROR_FAILED : ERROR_USAGE, "which %s?", what[count]);
}

static unsigned given(const struct deviceclass_args *args)
{
	return (args->which.all || args->which.exclude.count ? DEVICECLASS_SELECTION : 0) |
	       (args->options.count || args->persistent ? DEVICECLASS_OPTIONS : 0) |
	       (args->read_only ? DEVICECLASS_READ_ONLY : 0);
}

static int check_options(const struct deviceclass_args *args, unsigned allowed)
{
	static const struct {
		enum deviceclass_options option;
		const char *complaint;
	} complaints[] = {
		{ DEVICECLASS_SELECTION, "--all and --exclude go with the word list only" },
		{ DEVICECLASS_OPTIONS, "-o and -p go with the word attach only" },
		{ DEVICECLASS_READ_ONLY, "--ro goes with attaching only" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(complaints); i++)
		if (given(args) & ~allowed & complaints[i].option)
			return error_set(ERROR_USAGE, "%s", complaints[i].complaint);
	return 0;
}

static char **words_behind(const struct deviceclass_call *call)
{
	return call->words + (call->words[0] ? 1 : 0);
}

static int needs_store(const struct deviceclass_call *call, bool changes)
{
	return changes && call->tool->class->stored ? 1 : 0;
}

static int check_release4(const struct deviceclass_call *call, const struct release4 *command)
{
	if (check_options(call->args, command->options) != 0 ||
	    check_count(words_behind(call), command->fewest, command->most, what_words_are, false) != 0)
		return -1;
	return needs_store(call, command->changes);
}

static int check_release3(const struct deviceclass_call *call)
{
	const struct deviceclass_command *command = find_release3(call);

	if (!command)
		return error_set(ERROR_FAILED, "%s", call->tool->exclusive);
	if (check_options(call->args, command->options) != 0 ||
	    check_count(call->words, command->fewest, command->most, command->words, call->tool->loose) != 0)
		return -1;
	return needs_store(call, command->changes);
}

int deviceclass_check(const struct deviceclass_call *call)
{
	const struct release4 *command = find_release4(call);

	if (command)
		return check_release4(call, command);
	if (call->tool->commands)
		return check_release3(call);
	return error_set(ERROR_USAGE, "'%s' is no command: there are list, attach and detach",
			 call->words[0]);
}

/* ---- its run ---- */

/* Also where the store is not changed, a name that means several VMs must not be taken for one of them. */
int deviceclass_run(struct qubes *q, const struct deviceclass_call *call)
{
	const struct release4 *command = find_release4(call);
	const struct deviceclass_command *release3 = command ? NULL : find_release3(call);

	q->acting = q->acting || (command ? command->changes : release3->changes);
	if (command)
		return command->act(q, call, words_behind(call));
	return release3->act(q, call->all, call->words);
}
