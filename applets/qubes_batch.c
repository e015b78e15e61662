/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-batch - run many commands over one loaded store: one lock, one load, one save, all or nothing.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "changes.h"
#include "pending.h"

#define BATCH_MAX (16 << 20) /* bytes of commands */

struct batch_args {
	bool dry_run, keep_going;
};

const struct option_row qubes_batch_options[] = {
	OPT_FLAG('n', "dry-run", struct batch_args, dry_run,
		 "print what would change in the store, and change nothing"),
	OPT_FLAG('k', "keep-going", struct batch_args, keep_going,
		 "save what succeeded when something failed"),
	OPT_WORDS("[FILE]", 0, 1),
	OPT_NOTE(
		"FILE, or standard input, has a command a line, as in: qvm-prefs -s work memory 500. Words may be quoted "
		"as in a shell; # starts a comment. Nothing is saved before the last command has succeeded."),
	OPT_END
};

/* The commands are read first: whoever writes them may want to look at the store. */
int qubes_batch_access(const void *parsed, char **words)
{
	(void)parsed, (void)words;
	return STORE_NONE;
}

/* ---- the commands ---- */

/* All of FD in the arena; NULL with an error. */
static char *read_commands(struct qubes *q, int fd, const char *name)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	char piece[65536];
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || text.length + (size_t)got > BATCH_MAX) {
			if (got < 0)
				error_errno("%s", name);
			else
				error_set(ERROR_FAILED, "%s: more than %d MiB", name, BATCH_MAX >> 20);
			return NULL;
		}
		strbuf_add_bytes(&text, piece, (size_t)got);
	}
	if (text.length && memchr(text.text, '\0', text.length)) {
		error_set(ERROR_FAILED, "%s: a NUL byte", name);
		return NULL;
	}
	return arena_strdup(q->arena, text.text ? text.text : "");
}

/* One line being taken apart; words are written over it, which they are never longer than. */
struct splitter {
	char *from, *to;
	const char *fault;
};

static void take_quoted(struct splitter *s, char quote)
{
	s->from++;
	while (*s->from && *s->from != quote) {
		if (quote == '"' && *s->from == '\\' && s->from[1] && strchr("\"\\$`", s->from[1]))
			s->from++;
		*s->to++ = *s->from++;
	}
	if (!*s->from)
		s->fault = "a quote is not closed";
	else
		s->from++;
}

/* The next word; NULL at the end of the line (FAULT: it was malformed). */
static char *next_word(struct splitter *s)
{
	char *word = s->to;

	while (isspace((unsigned char)*s->from))
		s->from++;
	if (!*s->from || *s->from == '#')
		return NULL;
	while (*s->from && !isspace((unsigned char)*s->from) && !s->fault) {
		if (*s->from == '\'' || *s->from == '"') {
			take_quoted(s, *s->from);
			continue;
		}
		if (*s->from == '\\' && !*++s->from) {
			s->fault = "a backslash with nothing behind it";
			break;
		}
		*s->to++ = *s->from++;
	}
	if (*s->from)
		s->from++;
	*s->to++ = '\0';
	return s->fault ? NULL : word;
}

static int run_line(struct qubes *q, char *line)
{
	struct splitter splitter = { .from = line, .to = line };
	AUTO_STRLIST struct strlist words = { 0 };
	char *word;

	while ((word = next_word(&splitter)))
		strlist_add(&words, word);
	if (splitter.fault)
		return error_set(ERROR_FAILED, "%s", splitter.fault);
	return words.count ? applet_call(q, (int)words.count, (char **)words.items) : 0;
}

/* How many lines failed; without KEEP_GOING the first one ends it: -1 with an error. */
static int run_lines(struct qubes *q, char *text, const char *name, bool keep_going)
{
	int failed = 0, number = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		struct pending_mark mark = pending_mark(q);

		number++;
		if (util_interrupted() != 0)
			return -1;
		if (run_line(q, line) == 0)
			continue;
		error_within("%s, line %d", name, number);
		if (!keep_going)
			return error_within("nothing was changed");
		error_report();
		pending_rewind(q, &mark);
		failed++;
	}
	return failed;
}

/* Everything but the save, and what comes with it. */
static int show_changes(struct qubes *q, const struct facts *before)
{
	if (pending_check_save(q) != 0)
		return -1;
	changes_print(before, facts_of_loaded(q));
	return 0;
}

static int run(struct qubes *q, const struct batch_args *args, char *text, const char *name)
{
	const struct facts *before = args->dry_run ? facts_of_loaded(q) : NULL;
	int failed = run_lines(q, text, name, args->keep_going);

	if (failed < 0 || (before ? show_changes(q, before) : pending_finish(q)) != 0)
		return -1;
	return failed ? error_said() : 0;
}

/* Half of a batch is worse than none of it: it ends between two commands, and takes back what it did. */
static int run_held(struct qubes *q, const struct batch_args *args, char *text, const char *name)
{
	sigset_t signals;
	int result;

	util_hold_signals(&signals);
	result = run(q, args, text, name);
	if (result != 0)
		pending_take_back(q);
	util_release_signals(&signals);
	return result;
}

int qubes_batch_main(struct qubes *q, const void *parsed, char **words)
{
	const struct batch_args *args = parsed;
	AUTO_CLOSE int fd = words[0] ? open(words[0], O_RDONLY | O_CLOEXEC) : -1;
	const char *name = words[0] ? words[0] : "standard input";
	char *text;

	if (words[0] && fd < 0)
		return error_errno("%s", words[0]);
	text = read_commands(q, words[0] ? fd : STDIN_FILENO, name);
	q->batch = true;
	q->dry_run = args->dry_run;
	if (!text || applet_open_store(q, args->dry_run ? STORE_READ : STORE_WRITE) != 0)
		return -1;
	q->acting = true;
	return run_held(q, args, text, name);
}
