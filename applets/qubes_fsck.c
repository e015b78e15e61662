/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-fsck - what is wrong with a store, and putting it right.
 */
#include "applet.h"
#include "fsck.h"
#include "store.h"

enum { ANSWER_NO = 1 << 0, ANSWER_YES = 1 << 1 };

struct fsck_args {
	int answer;
	bool json;
	const char *store, *release;
};

const struct option_row qubes_fsck_options[] = {
	OPT_CHOICE('n', "no", struct fsck_args, answer, ANSWER_NO, "repair nothing, only say what is wrong"),
	OPT_CHOICE('y', "yes", struct fsck_args, answer, ANSWER_YES,
		   "repair all that can be, without asking"),
	OPT_TEXT(0, "store", "FILE", struct fsck_args, store, "check this file instead of " STORE_PATH),
	OPT_TEXT(0, "release", "4.N", struct fsck_args, release,
		 "what is to load it; else what /etc/qubes-release says, else any that it may be of"),
	OPT_FLAG(0, "json", struct fsck_args, json, "print one object for programs, and ask nothing"),
	OPT_WORDS("[VM...]", 0, -1),
	OPT_NOTE(
		"Without -n and -y each repair is asked for, if there is a terminal. Before anything is written the "
		"file as it is is copied to /var/lib/qubes/backup. Exit status, as of fsck: 0 clean (there may be "
		"warnings), 1 repaired, 4 errors are left, 5 both, 8 it could not be checked or written."),
	OPT_END
};

static enum fsck_mode mode_of(const struct fsck_args *args)
{
	if (args->answer == ANSWER_YES)
		return FSCK_ALL;
	return args->answer == ANSWER_NO || args->json ? FSCK_NOTHING : FSCK_ASK;
}

int qubes_fsck_main(struct qubes *q, const void *parsed, char **words)
{
	const struct fsck_args *args = parsed;
	AUTO_FREE char *store =
		args->store ? root_caller_path(q->root, args->store) : util_strdup(STORE_PATH);
	const struct fsck_options options = {
		.mode = mode_of(args),
		.json = args->json,
		.store = store,
		.release = args->release,
		.vms = words,
	};
	int status;

	if (option_is_ambiguous(args->answer))
		return error_set(ERROR_USAGE, "-n and -y exclude each other");
	if (args->release && !fsck_knows_release(args->release))
		return error_set(ERROR_USAGE, "the releases are 4.1, 4.2 and 4.3, not '%s'", args->release);
	status = fsck_run(q, &options);
	if (status == FSCK_TROUBLE)
		error_report();
	return status;
}
