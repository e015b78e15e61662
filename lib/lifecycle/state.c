/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a VM in the words that users know: what the hypervisor says, and whether the daemons that
 * make a running VM usable are there.
 */
#include "helpers.h"
#include "internal.h"
#include "vmm.h"

static const char *const words[] = {
	[VMM_HALTED] = "Halted",   [VMM_PAUSED] = "Paused", [VMM_CRASHED] = "Crashed",
	[VMM_HALTING] = "Halting", [VMM_DYING] = "Dying",   [VMM_SUSPENDED] = "Suspended",
	[VMM_UNKNOWN] = "NA",
};

/* In release 4 the GUI is no part of that, and a feature says whether there is an agent. */
static bool is_usable4(struct vm *vm)
{
	const char *agent = vm_feature_inherited(vm, "qrexec");

	return !agent || !*agent || helpers_qrexec_runs(vm);
}

static bool is_usable(struct vm *vm, int xid)
{
	int shown;

	if (vm_is(vm, VM4_LOCAL))
		return is_usable4(vm);
	shown = helpers_shown_domain(vm, xid);
	return shown >= 0 && helpers_gui_runs(vm, shown) &&
	       (!helpers_has_agent(vm) || helpers_qrexec_runs(vm));
}

const char *lifecycle_state(struct vm *vm)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return "Running";
	if (vmm_info(vm, &info) != 0)
		return "NA";
	if (info.power == VMM_RUNNING)
		return is_usable(vm, info.xid) ? "Running" : "Transient";
	return words[info.power];
}
