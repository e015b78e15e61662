/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain as a file: saved with its memory, and brought back to life from there under another identity.
 */
#include <libvirt/virterror.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define RESTORE "restore"

/* ---- saving ---- */

int vmm_set_memory(struct vm *vm, unsigned long long kib, unsigned long long max_kib)
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;

	if (act_begin(vm, "set the memory of", &handle) < 0)
		return -1;
	if (act_end(vm, "set the memory of", virDomainSetMemory(handle, kib)) < 0)
		return -1;
	return act_end(vm, "limit the memory of", virDomainSetMaxMemory(handle, max_kib));
}

int vmm_save(struct vm *vm, const char *file)
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;

	if (act_begin(vm, "save", &handle) < 0)
		return -1;
	return act_end(vm, "save", virDomainSave(handle, file));
}

/* ---- restoring ---- */

/* Stock libvirt takes a saved domain only for what it was when it was saved. */
static int not_restored(struct vm *vm)
{
	struct vmm *vmm = vm->qubes->vmm;
	struct failure failure = failure_take(vmm);
	AUTO_FREE char *why = NULL;

	failure_set(vmm, &failure, "cannot " RESTORE " %s", vm->name);
	if (failure.code != VIR_ERR_ARGUMENT_UNSUPPORTED && failure.code != VIR_ERR_NO_SUPPORT)
		return -1;
	why = util_strdup(error_message());
	return error_set(ERROR_VMM, "%s (disposable VMs take the libvirt of Qubes, which can)", why);
}

/* What runs on unpaused does not know yet who it is. */
static int suspend_restored(struct vm *vm)
{
	AUTO_DOMAIN virDomainPtr handle = NULL;

	if (act_begin(vm, RESTORE, &handle) < 0)
		return -1;
	if (virDomainSuspend(handle) == 0)
		return 0;
	act_end(vm, RESTORE, -1);
	virDomainDestroy(handle);
	return -1;
}

int vmm_restore_paused(struct vm *vm, const char *file, const char *xml)
{
	HOLD_PIPE_SIGNAL;
	struct vmm *vmm;

	if (act_gate(vm, RESTORE) < 0 || vmm_check_identity(vm, xml) < 0)
		return -1;
	vmm = vm->qubes->vmm;
	if (!vmm->no_start_paused) {
		if (virDomainRestoreFlags(vmm->connection, file, xml, VIR_DOMAIN_SAVE_PAUSED) == 0)
			return 0;
		if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
			return not_restored(vm);
	}
	if (virDomainRestoreFlags(vmm->connection, file, xml, 0) < 0)
		return not_restored(vm);
	vmm->no_start_paused = true;
	return suspend_restored(vm);
}
