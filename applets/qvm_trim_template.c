/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-trim-template - give back the room that deleted files still take in a template's root image. */
#include <stdio.h>

#include "applet.h"
#include "halted.h"
#include "images.h"
#include "lifecycle.h"
#include "vmm.h"

struct trim_args {
	bool quiet;
};

const struct option_row qvm_trim_template_options[] = {
	OPT_FLAG('q', "quiet", struct trim_args, quiet, "say nothing about progress"),
	OPT_WORDS("TEMPLATE", 1, 1),
	OPT_NOTE(
		"TEMPLATE must be off. A VM that is made for it, and is in no store, mounts the image and finds "
		"the blocks that no file needs. What the template's last run changed cannot be taken back any "
		"more (qvm-revert-template-changes)."),
	OPT_END
};

static void print_usage(const struct vm *template, const char *when)
{
	const char *image = images_root(template);

	printf("%s: %llu MiB %s\n", image, (unsigned long long)(images_allocated(template, image) >> 20),
	       when);
	fflush(stdout);
}

int qvm_trim_template_main(struct qubes *q, const void *parsed, char **words)
{
	const struct trim_args *args = parsed;
	struct vm *vm = vm_by_name(q, words[0]);

	if (!vm)
		return -1;
	if (!vm_is(vm, VM_TEMPLATES))
		return error_set(ERROR_FAILED, "%s (%s) is not a template", vm->name, vm->type);
	if (!vm_is(vm, VM_TEMPLATE))
		return error_set(ERROR_FAILED, "%s (%s): only the images of PV VMs can be trimmed", vm->name,
				 vm->type);
	if (vmm_connection(q) != 0)
		return error_within("%s is not trimmed", vm->name);
	if (halted_check(vm, true) != 0)
		return -1;
	print_usage(vm, "before");
	if (lifecycle_trim(vm, args->quiet) != 0)
		return -1;
	print_usage(vm, "after");
	return 0;
}
