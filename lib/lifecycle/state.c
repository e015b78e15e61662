/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a VM in the words that users know: what the hypervisor says, and whether the daemons that
 * make a running VM usable are there.
 */
#include <string.h>

#include "internal.h"
#include "prop.h"
#include "util.h"
#include "vmm.h"

#define GUI_MARKER "/var/run/qubes/guid-running.%d"
#define QREXEC_SOCKET "/var/run/qubes/qrexec.%s"

static const char *const words[] = {
	[VMM_HALTED] = "Halted",   [VMM_PAUSED] = "Paused", [VMM_CRASHED] = "Crashed",
	[VMM_HALTING] = "Halting", [VMM_DYING] = "Dying",   [VMM_SUSPENDED] = "Suspended",
	[VMM_UNKNOWN] = "NA",
};

static bool gui_runs(const struct vm *vm, int xid)
{
	AUTO_FREE char *path = util_printf(GUI_MARKER, xid);

	return root_exists(vm->qubes->root, path);
}

static bool qrexec_runs(const struct vm *vm)
{
	AUTO_FREE char *path = util_printf(QREXEC_SOCKET, vm->name);

	return !strchr(vm->name, '/') && root_exists(vm->qubes->root, path);
}

/*
 * Without an agent in it, an HVM's window is that of its stub domain, whose number only xenstore knows: its
 * GUI daemon is not seen from here.
 */
static bool is_usable(const struct vm *vm, int xid)
{
	if (!vm_is(vm, VM_HVMS))
		return gui_runs(vm, xid) && qrexec_runs(vm);
	return prop_flag(vm, "guiagent_installed") && gui_runs(vm, xid) &&
	       (!prop_flag(vm, "qrexec_installed") || qrexec_runs(vm));
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
