/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting a property of a VM as a whole: the store's part is prop's; here is what a running domain, the files
 * and the hypervisor make of it.
 */
#include <string.h>

#include "error.h"
#include "helpers.h"
#include "internal.h"
#include "network.h"
#include "util.h"
#include "vmm.h"

static int set_name(struct vm *vm, const struct prop *prop, const char *text)
{
	if (text && prop_settable(vm, prop))
		return lifecycle_rename(vm, text);
	return prop_set_or_reset(vm, prop, text); /* which refuses it */
}

/* ---- the GUI agent of an HVM that runs ---- */

static int send_gui_mode(struct qubes *q, void *argument)
{
	struct vm *vm = argument;

	(void)q;
	if (!vm->node || !helpers_qrexec_runs(vm))
		return 0;
	return helpers_send_gui_mode(vm) == 0 ? 0 : error_within("%s: its GUI mode is not set", vm->name);
}

static int set_gui_mode(struct vm *vm, const struct prop *prop, const char *text)
{
	bool before = prop_flag(vm, prop->name);
	int running;

	if (prop_set_or_reset(vm, prop, text) != 0)
		return -1;
	if (prop_flag(vm, prop->name) == before || vmm_offline(vm->qubes))
		return 0;
	running = vmm_is_running(vm);
	if (running > 0)
		qubes_after_save(vm->qubes, send_gui_mode, vm);
	if (running >= 0)
		return 0;
	error_note("whether %s runs is not known, and it is not told: %s", vm->name, error_message());
	error_clear();
	return 0;
}

/* ---- the table ---- */

static const struct {
	const char *property;
	unsigned classes; /* of enum vm_kind: what runs in release 4 is qubesd's */
	int (*set)(struct vm *vm, const struct prop *prop, const char *text); /* TEXT NULL: to the default */
} more_than_stored[] = {
	{ "name", VM_ALL | VM4_LOCAL, set_name },
	{ "netvm", VM_ALL, network_set_netvm },
	{ "seamless_gui_mode", VM_ALL, set_gui_mode },
};

int lifecycle_set(struct vm *vm, const struct prop *prop, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(more_than_stored); i++)
		if (!strcmp(prop->name, more_than_stored[i].property) &&
		    vm_is(vm, more_than_stored[i].classes))
			return more_than_stored[i].set(vm, prop, text);
	return prop_set_or_reset(vm, prop, text);
}
