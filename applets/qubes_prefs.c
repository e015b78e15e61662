/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-prefs - show and change the global defaults.
 */
#include <string.h>

#include "applet.h"
#include "prop.h"

enum mode {
	MODE_LIST = 1 << 0,
	MODE_GET = 1 << 1,
	MODE_SET = 1 << 2,
	MODE_RESET = 1 << 3,
};

struct globals_args {
	int mode; /* bits of enum mode, as given */
};

const struct option_row qubes_prefs_options[] = {
	OPT_CHOICE('l', "list", struct globals_args, mode, MODE_LIST, "list all (the default)"),
	OPT_CHOICE('g', "get", struct globals_args, mode, MODE_GET, "print one value"),
	OPT_CHOICE('s', "set", struct globals_args, mode, MODE_SET, "set one value"),
	OPT_CHOICE('D', "default", struct globals_args, mode, MODE_RESET, "set one back to none"),
	OPT_WORDS("[PROPERTY [VALUE]]", 0, 2),
	OPT_NOTE(
		"Running VMs stay connected as they are; those that follow a default that changes take it up at "
		"their next start."),
	OPT_END
};

static enum mode mode_of(const struct globals_args *args, char **words)
{
	if (args->mode)
		return (enum mode)args->mode;
	if (!words[0])
		return MODE_LIST;
	return words[1] ? MODE_SET : MODE_GET;
}

/* How many words each mode takes; fewer or more is a failure, with the names. */
static int check_words(enum mode mode, char **words)
{
	size_t expected = mode == MODE_SET ? 2 : mode == MODE_LIST ? 0 : 1;
	AUTO_STRBUF struct strbuf names = { 0 };
	struct qubes none = { .arena = NULL };

	if (option_count_words(words) == expected)
		return 0;
	FOR_EACH_GLOBAL(&none, global)
		strbuf_printf(&names, " %s", global->name);
	return error_set(ERROR_FAILED, "%s; properties:%s",
			 mode == MODE_SET  ? "a property and its value are expected" :
			 mode == MODE_LIST ? "a list is of all" :
					     "one property is expected",
			 names.text);
}

int qubes_prefs_access(const void *parsed, char **words)
{
	enum mode mode = mode_of(parsed, words);

	if (option_is_ambiguous((int)mode))
		return error_set(ERROR_FAILED,
				 "only one of list, get, set and default can be done at a time");
	if (check_words(mode, words) < 0)
		return -1;
	return mode & (MODE_SET | MODE_RESET) ? STORE_WRITE : STORE_READ;
}

static int list(struct qubes *q)
{
	FOR_EACH_GLOBAL(q, global)
		puts(prop_global_line(q, global));
	return 0;
}

static const struct prop_global *find(struct qubes *q, const char *name)
{
	const struct prop_global *global = prop_find_global(q, name);
	AUTO_STRBUF struct strbuf names = { 0 };

	if (global)
		return global;
	FOR_EACH_GLOBAL(q, known)
		strbuf_printf(&names, " %s", known->name);
	error_set(ERROR_FAILED, "there is no global property '%s'; there are:%s", name, names.text);
	return NULL;
}

/* The hypervisor is not asked for which these are; where none can be running, it is not worth a word. */
static void note_running(const struct qubes *q, const struct prop_global *global)
{
	if (global->running && root_is_host(q->root) && !q->offline)
		error_note("VMs that follow %s and run now keep %s until they are started again",
			   global->name, global->running);
}

int qubes_prefs_main(struct qubes *q, const void *parsed, char **words)
{
	enum mode mode = mode_of(parsed, words);
	const struct prop_global *global;

	if (mode == MODE_LIST)
		return list(q);
	global = find(q, words[0]);
	if (!global)
		return -1;
	if (mode == MODE_GET) {
		puts(prop_get_global(q, global));
		return 0;
	}
	if ((mode == MODE_SET ? prop_set_global(q, global, words[1]) : prop_reset_global(q, global)) != 0)
		return -1;
	note_running(q, global);
	return 0;
}
