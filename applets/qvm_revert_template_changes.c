/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-revert-template-changes - give a template the root image back that it had before its last run.
 */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "applet.h"
#include "halted.h"
#include "images.h"

struct revert_args {
	bool force;
};

const struct option_row qvm_revert_template_changes_options[] = {
	OPT_FLAG(0, "force", struct revert_args, force, "ask nothing"), OPT_WORDS("TEMPLATE", 1, 1),
	OPT_NOTE(
		"Only root may. The template must be off, and no VM may run that uses its root image as it is "
		"now."),
	OPT_END
};

static int check(struct vm *vm)
{
	if (!vm_is(vm, VM_TEMPLATES))
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	return halted_check(vm, true);
}

/* No answer is a no. */
static bool is_confirmed(const struct vm *vm, time_t when)
{
	char date[64] = "", answer[16] = "";
	struct tm tm;

	if (gmtime_r(&when, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	fprintf(stderr, "The changes to %s of %s GMT will be lost. Take them back? [y/N] ", vm->name, date);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		fputc('\n', stderr);
	answer[strcspn(answer, "\n")] = '\0';
	return !strcasecmp(answer, "y") || !strcasecmp(answer, "yes");
}

int qvm_revert_template_changes_main(struct qubes *q, const void *parsed, char **words)
{
	const struct revert_args *args = parsed;
	struct vm *vm;
	time_t when;

	if (geteuid() != 0)
		return error_set(ERROR_FAILED, "only root may take back the changes to a template");
	vm = vm_by_name(q, words[0]);
	if (!vm || check(vm) != 0 || images_find_changes(vm, &when) != 0)
		return -1;
	return args->force || is_confirmed(vm, when) ? images_revert(vm) : 0;
}
