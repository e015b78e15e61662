/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-template-commit - let VMs that start from now on see what a template has changed in its root image.
 */
#include "applet.h"
#include "halted.h"
#include "images.h"

const struct option_row qvm_template_commit_options[] = {
	OPT_WORDS("TEMPLATE", 1, 1),
	OPT_NOTE("The changes that were committed last can be taken back by qvm-revert-template-changes. The "
		 "system runs this, with --offline-mode, whenever a template has shut down."),
	OPT_END
};

int qvm_template_commit_main(struct qubes *q, const void *parsed, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);

	(void)parsed;
	if (!vm)
		return -1;
	if (!vm_is(vm, VM_TEMPLATES))
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	if (halted_check(vm, true) != 0 || images_verify(vm) != 0)
		return -1;
	return images_commit(vm);
}
