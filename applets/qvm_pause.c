/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-pause - stop scheduling running VMs, keeping their memory. */
#include "applet.h"
#include "lifecycle.h"
#include "selection.h"

struct pause_args {
	struct selection which;
};

const struct option_row qvm_pause_options[] = {
	OPT_SELECTION(struct pause_args, which, "every running VM but dom0"), OPT_END
};

static int pause_one(struct vm *vm, const void *unused)
{
	(void)unused;
	return lifecycle_pause(vm);
}

int qvm_pause_main(struct qubes *q, const void *parsed, char **words)
{
	const struct pause_args *args = parsed;
	struct vm **vms = selection_vms(q, &args->which, words, selection_running);

	return vms ? for_vms(vms, pause_one, NULL) : -1;
}
