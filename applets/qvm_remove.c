/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-remove - remove VMs with all their files. */
#include <stdio.h>
#include <unistd.h>

#include "applet.h"
#include "lifecycle.h"
#include "selection.h"

struct remove_args {
	bool just_db, force, quiet;
	struct selection which;
};

const struct option_row qvm_remove_options[] = {
	OPT_FLAG(0, "just-db", struct remove_args, just_db,
		 "only its entry and its domain; the files are kept (also --store-only)"),
	{ .kind = OPTION_FLAG,
	  .name = "store-only",
	  .offset = offsetof(struct remove_args, just_db),
	  .hidden = true },
	OPT_FLAG('f', "force", struct remove_args, force,
		 "do not ask; and let those that get their network from it have none"),
	OPT_FLAG('q', "quiet", struct remove_args, quiet, "do not ask, and say nothing about progress"),
	OPT_SELECTION(struct remove_args, which, "every VM except dom0"),
	OPT_NOTE(
		"On a terminal it asks first. A VM that is running, or on which others are based, is not "
		"removed. Whether one is running is not known with --offline-mode, and its domain stays then."),
	OPT_END
};

/* ---- asking ---- */

static bool is_yes(FILE *from)
{
	int first = getc(from), next = first;

	while (next != '\n' && next != EOF)
		next = getc(from);
	return first == 'y' || first == 'Y';
}

static int ask(struct vm *const *vms, void *context)
{
	const struct remove_args *args = context;

	fprintf(stderr,
		"To be removed, %s:", args->just_db ? "but for their files" : "with all that is in them");
	for (; *vms; vms++) {
		AUTO_FREE char *name = util_printable((*vms)->name);

		fprintf(stderr, " %s", name);
	}
	fprintf(stderr, "\nAre you sure? [y/N] ");
	return is_yes(stdin) ? 0 : error_set(ERROR_FAILED, "nothing is removed");
}

static bool can_ask(const struct qubes *q)
{
	return !q->batch && isatty(STDIN_FILENO);
}

int qvm_remove_main(struct qubes *q, const void *parsed, char **words)
{
	const struct remove_args *args = parsed;
	bool asks = can_ask(q) && !args->force && (!args->quiet || args->which.all);
	const struct lifecycle_remove how = {
		.just_entry = args->just_db,
		.force = args->force,
		.quiet = args->quiet,
		.confirm = asks ? ask : NULL,
		.context = (void *)args,
	};
	struct vm **vms = selection_vms(q, &args->which, words, NULL);

	if (!vms)
		return -1;
	if (args->which.all && !args->force && !asks)
		return error_set(ERROR_FAILED, "--all needs --force where nobody can be asked");
	return lifecycle_remove(vms, &how);
}
