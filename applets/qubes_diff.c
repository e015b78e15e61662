/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-diff - what two stores say differently, VM by VM and property by property.
 */
#include "applet.h"
#include "changes.h"
#include "store.h"

struct diff_args {
	bool quiet;
};

const struct option_row qubes_diff_options[] = {
	OPT_FLAG('q', "quiet", struct diff_args, quiet, "print nothing, only say by the exit status"),
	OPT_WORDS("STORE [STORE]", 1, 2),
	OPT_NOTE(
		"A line each: what the first store has and the second has not is removed, and so on. With one STORE "
		"the second is " STORE_PATH
		". Stores of release 3 and 4 are compared in the terms of release 4. The "
		"exit status is 0 if they say the same, 1 if they differ, and 2 if one cannot be read."),
	OPT_END
};

#define DIFF_SAME 0
#define DIFF_DIFFERENT 1
#define DIFF_TROUBLE 2

static int compare(struct qubes *q, const struct store *a, const struct store *b, bool quiet)
{
	bool as_r4 = store_format(a) == STORE_R4 || store_format(b) == STORE_R4;
	const struct facts *before = facts_of_store(q->arena, a, as_r4);
	const struct facts *after = facts_of_store(q->arena, b, as_r4);

	if (!quiet)
		changes_print(before, after);
	return changes_between(before, after, CHANGES_BRIEF, NULL, NULL) ? DIFF_DIFFERENT : DIFF_SAME;
}

int qubes_diff_main(struct qubes *q, const void *parsed, char **words)
{
	const struct diff_args *args = parsed;
	AUTO_FREE char *first = root_caller_path(q->root, words[0]);
	AUTO_FREE char *second = root_caller_path(q->root, words[1] ? words[1] : STORE_PATH);
	struct store *a = store_open_within(q->root, first, false, q->wait), *b = NULL;
	int result = DIFF_TROUBLE;

	if (a)
		b = store_open_within(q->root, second, false, q->wait);
	if (a && b)
		result = compare(q, a, b, args->quiet);
	else
		error_report();
	store_close(a);
	store_close(b);
	return result;
}
