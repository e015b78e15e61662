/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-shutdown - ask running VMs to shut down, and wait for it if asked to. */
#include "applet.h"
#include "lifecycle.h"
#include "selection.h"

#define DEFAULT_SECONDS 60
#define MOST_SECONDS 1000000

struct shutdown_args {
	struct selection which;
	bool quiet, force, wait, dry_run;
	const char *seconds;
};

const struct option_row qvm_shutdown_options[] = {
	OPT_FLAG('q', "quiet", struct shutdown_args, quiet, "say nothing about progress"),
	OPT_FLAG(0, "force", struct shutdown_args, force, "even netvms that other running VMs use"),
	OPT_FLAG(0, "wait", struct shutdown_args, wait,
		 "until all are off, killing those that take too long"),
	OPT_TEXT(0, "timeout", "SECONDS", struct shutdown_args, seconds,
		 "with --wait: how long they may take before they are killed (60)"),
	{ .kind = OPTION_TEXT,
	  .name = "wait-time",
	  .value = "SECONDS",
	  .hidden = true,
	  .offset = offsetof(struct shutdown_args, seconds),
	  .summary = "the same" },
	OPT_FLAG(0, "dry-run", struct shutdown_args, dry_run, "shut nothing down; with --wait, only wait"),
	OPT_SELECTION(struct shutdown_args, which, "every VM that is active, but dom0"),
	OPT_END
};

static int shut_down_one(struct vm *vm, const void *context)
{
	const struct shutdown_args *args = context;

	if (!args->quiet)
		error_note("%s %s", args->dry_run ? "would shut down" : "shutting down", vm->name);
	return args->dry_run ? 0 : lifecycle_shutdown(vm, args->force);
}

static int wait_for(struct vm *const *vms, const struct shutdown_args *args, unsigned long long seconds)
{
	const struct lifecycle_wait how = {
		.seconds = (double)seconds,
		.kill = !args->dry_run,
		.quiet = args->quiet,
	};

	return args->wait ? lifecycle_wait_off(vms, &how) : 0;
}

static int shut_down(struct vm **vms, const struct shutdown_args *args, unsigned long long seconds)
{
	int result;

	if (!args->force && lifecycle_check_clients(vms) != 0)
		return -1;
	lifecycle_sort_clients_first(vms);
	result = for_vms(vms, shut_down_one, args);
	/* Those that could be asked are waited for all the same. */
	if (wait_for(vms, args, seconds) != 0)
		return -1;
	return result == 0 ? 0 : error_said();
}

int qvm_shutdown_main(struct qubes *q, const void *parsed, char **words)
{
	const struct shutdown_args *args = parsed;
	unsigned long long seconds = DEFAULT_SECONDS;
	struct vm **vms;

	if (args->seconds && !util_parse_decimal(args->seconds, MOST_SECONDS, &seconds))
		return error_set(ERROR_USAGE, "--timeout takes a number of seconds, not '%s'", args->seconds);
	vms = selection_vms(q, &args->which, words, selection_active);
	return vms ? shut_down(vms, args, seconds) : -1;
}
