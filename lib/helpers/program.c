/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a program below the root, as who it should run as.
 */
#include <ctype.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "qubes.h"

#define WORD_MAX 255

struct helpers_limits helpers_limits = {
	.memory = 120,
	.daemon = 30,
	.agent = 15,
	.gui = 180,
	.session = 180,
	.question = 5,
	.end_tenths = 50,
};

static bool is_word(const char *word)
{
	if (!*word || strlen(word) > WORD_MAX || strchr("-.", word[0]))
		return false;
	for (const char *c = word; *c; c++)
		if (iscntrl((unsigned char)*c) || strchr("/:", *c))
			return false;
	return true;
}

int check_word(const char *what, const char *word)
{
	if (word && is_word(word))
		return 0;
	return error_set(ERROR_FAILED, "'%s' is no %s for a daemon", word ? word : "", what);
}

bool program_exists(const struct vm *vm, const char *path)
{
	return root_exists(vm->qubes->root, path);
}

static const char *host_path(const struct vm *vm, const char *path)
{
	AUTO_FREE char *host = root_host_path(vm->qubes->root, path);

	return arena_strdup(vm->qubes->arena, host);
}

int program_run(const struct vm *vm, const char *user, const struct strlist *words, struct spawn how)
{
	AUTO_STRLIST struct strlist argv = { 0 };

	if (user) {
		strlist_add(&argv, host_path(vm, RUNUSER));
		strlist_add(&argv, "-u");
		strlist_add(&argv, user);
		strlist_add(&argv, "--");
	}
	strlist_add(&argv, host_path(vm, words->items[0]));
	for (size_t i = 1; i < words->count; i++)
		strlist_add(&argv, words->items[i]);
	how.argv = argv.items;
	return util_spawn(&how);
}

int program_start(const struct helpers *helpers, const struct strlist *words, const char *const *environment,
		  int seconds)
{
	const struct spawn how = { .environment = environment, .seconds = seconds, .out = SPAWN_TO_STDERR };
	int status = program_run(helpers->vm, helpers->user, words, how);

	if (status <= 0)
		return status;
	return error_set(ERROR_FAILED, "%s failed (status %d)", words->items[0], status);
}
