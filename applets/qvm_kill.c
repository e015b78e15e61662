/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-kill - stop VMs at once, without asking them. */
#include "applet.h"
#include "lifecycle.h"
#include "selection.h"

struct kill_args {
	struct selection which;
};

const struct option_row qvm_kill_options[] = {
	OPT_SELECTION(struct kill_args, which, "every VM that is active, but dom0"), OPT_END
};

static int kill_one(struct vm *vm, const void *unused)
{
	(void)unused;
	return lifecycle_kill(vm);
}

int qvm_kill_main(struct qubes *q, const void *parsed, char **words)
{
	const struct kill_args *args = parsed;
	struct vm **vms = selection_vms(q, &args->which, words, selection_active);

	return vms ? for_vms(vms, kill_one, NULL) : -1;
}
