/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-trim-template - give back the room that deleted files still take in a template's root image. Only a VM
 * that mounts the image knows which blocks are free, and this release cannot run a command in one.
 */
#include "applet.h"
#include "halted.h"

const struct option_row qvm_trim_template_options[] = {
	OPT_WORDS("TEMPLATE", 1, 1),
	OPT_NOTE("Not supported by this release: it checks TEMPLATE, and refuses."), OPT_END
};

int qvm_trim_template_main(struct qubes *q, const void *parsed, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);

	(void)parsed;
	if (!vm)
		return -1;
	if (!vm_is(vm, VM_TEMPLATES))
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	if (halted_check(vm, true) != 0)
		return -1;
	return error_set(ERROR_FAILED,
			 "%s is not trimmed: that takes a command in a VM, not supported by this release",
			 vm->name);
}
