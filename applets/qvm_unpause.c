/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-unpause - schedule paused VMs again. */
#include "applet.h"
#include "lifecycle.h"
#include "selection.h"

struct unpause_args {
	struct selection which;
};

const struct option_row qvm_unpause_options[] = {
	OPT_SELECTION(struct unpause_args, which, "every paused VM"), OPT_END
};

static int unpause_one(struct vm *vm, const void *unused)
{
	(void)unused;
	return lifecycle_unpause(vm);
}

int qvm_unpause_main(struct qubes *q, const void *parsed, char **words)
{
	const struct unpause_args *args = parsed;
	struct vm **vms = selection_vms(q, &args->which, words, selection_paused);

	return vms ? for_vms(vms, unpause_one, NULL) : -1;
}
