/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * halted - asking the hypervisor whether VMs are off, and what not knowing means.
 */
#include "halted.h"

#include "error.h"
#include "vmm.h"

static int refuse_running(const struct vm *vm)
{
	return error_set(ERROR_FAILED, "%s is running; shut it down first: qvm-shutdown --wait %s", vm->name,
			 vm->name);
}

int halted_check(struct vm *vm, bool must_know)
{
	int running = vmm_offline(vm->qubes) ? 0 : vmm_is_running(vm);

	if (running == 0)
		return 0;
	if (running > 0)
		return refuse_running(vm);
	if (must_know)
		return error_within("whether %s is off is not known", vm->name);
	error_note("whether %s is off is not known: %s", vm->name, error_message());
	error_clear();
	return 0;
}

static int check_child(struct vm *child, void *unused)
{
	(void)unused;
	return halted_check(child, true);
}

int halted_check_children(const struct vm *vm)
{
	return vm_for_children(vm, check_child, NULL);
}
