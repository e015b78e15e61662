/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KDE's window manager colours the frames itself: the GUI daemon is told which colours by a property of the
 * windows, and puts the VM's name into the titles.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "qubes.h"

#define XPROP "/usr/bin/xprop"
#define XHOST "/usr/bin/xhost"
#define SEEN "KWIN_RUNNING = 0x1"
#define GRANT "SI:localuser:"

/* What the program prints; nothing if it fails. What it says is about the session, not about the VM. */
static void ask(const struct vm *vm, const struct strlist *words, struct strbuf *answer)
{
	const struct spawn how = {
		.seconds = helpers_limits.question,
		.output = answer,
		.err = SPAWN_DROP,
	};

	if (program_exists(vm, words->items[0]) && program_run(vm, NULL, words, how) == 0)
		return;
	error_clear();
	strbuf_free(answer);
	*answer = (struct strbuf){ 0 };
}

static bool kwin_runs(const struct vm *vm)
{
	static const char *const question[] = { XPROP, "-root", "-notype", "KWIN_RUNNING" };
	AUTO_STRBUF struct strbuf answer = { 0 };
	AUTO_STRLIST struct strlist words = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(question); i++)
		strlist_add(&words, question[i]);
	ask(vm, &words, &answer);
	if (!answer.text)
		return false;
	answer.text[strcspn(answer.text, "\n")] = '\0';
	return strcmp(answer.text, SEEN) == 0;
}

/* The last user who was granted access to the display, root left out; in the arena. NULL: none. */
static const char *session_owner(const struct vm *vm)
{
	AUTO_STRBUF struct strbuf answer = { 0 };
	AUTO_STRLIST struct strlist words = { 0 };
	const char *owner = NULL;
	char *rest = NULL;

	strlist_add(&words, XHOST);
	ask(vm, &words, &answer);
	for (char *line = answer.text ? strtok_r(answer.text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		if (util_starts_with(line, GRANT) && strcmp(line, GRANT "root") != 0)
			owner = line + strlen(GRANT);
	return owner ? arena_strdup(vm->qubes->arena, owner) : NULL;
}

void add_kde_words(const struct vm *vm, const char *label, struct strlist *words)
{
	const char *home;

	if (!kwin_runs(vm))
		return;
	strlist_add(words, "-T");
	home = home_of(vm, session_owner(vm));
	if (!home)
		return;
	strlist_add(words, "-p");
	strlist_add(words, arena_printf(vm->qubes->arena,
					"_KDE_NET_WM_COLOR_SCHEME=s:%s/.local/share/qubes-kde/%s.colors",
					home, label));
}
