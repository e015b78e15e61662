/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Acting on one VM's domain: looked up for each act, and to be asked anew after it.
 */
#include <libvirt/virterror.h>

#include "error.h"
#include "internal.h"

static int no_domain(const struct vm *vm, const char *what)
{
	return error_set(ERROR_NOT_FOUND, "cannot %s %s: the hypervisor has no such domain", what, vm->name);
}

int act_gate(struct vm *vm, const char *what)
{
	if (vm_is_dom0(vm))
		return error_set(ERROR_FAILED, "cannot %s %s: it is no domain of its own", what, vm->name);
	if (vmm_connection(vm->qubes) < 0)
		return error_within("cannot %s %s", what, vm->name);
	vmm_domain_changed(vm);
	return 0;
}

int act_begin(struct vm *vm, const char *what, virDomainPtr *handle)
{
	int found;

	if (act_gate(vm, what) < 0)
		return -1;
	found = domain_lookup(vm, handle);
	if (found < 0)
		return error_within("cannot %s %s", what, vm->name);
	return found > 0 ? 0 : no_domain(vm, what);
}

int act_end(struct vm *vm, const char *what, int result)
{
	struct vmm *vmm = vm->qubes->vmm;
	struct failure failure;

	if (result >= 0)
		return 0;
	failure = failure_take(vmm);
	if (failure_is_absence(&failure, false))
		return no_domain(vm, what);
	return failure_set(vmm, &failure, "cannot %s %s", what, vm->name);
}

static int act(struct vm *vm, const char *what, int (*call)(virDomainPtr))
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;

	if (act_begin(vm, what, &handle) < 0)
		return -1;
	return act_end(vm, what, call(handle));
}

static int act_with(struct vm *vm, const char *what, int (*call)(virDomainPtr, const char *), const char *xml)
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;

	if (act_begin(vm, what, &handle) < 0)
		return -1;
	return act_end(vm, what, call(handle, xml));
}

/* ---- starting ---- */

#define START "start"

/* One that runs on unpaused is not what was asked for. */
static int suspend_or_destroy(struct vm *vm, virDomainPtr handle)
{
	if (virDomainSuspend(handle) == 0)
		return 0;
	act_end(vm, START, -1);
	virDomainDestroy(handle);
	return -1;
}

static int create_paused(struct vm *vm, virDomainPtr handle)
{
	struct vmm *vmm = vm->qubes->vmm;

	if (!vmm->no_start_paused) {
		if (virDomainCreateWithFlags(handle, VIR_DOMAIN_START_PAUSED) == 0)
			return 0;
		if (virGetLastErrorCode() != VIR_ERR_INVALID_ARG)
			return act_end(vm, START, -1);
	}
	if (virDomainCreate(handle) < 0)
		return act_end(vm, START, -1);
	vmm->no_start_paused = true;
	return suspend_or_destroy(vm, handle);
}

int vmm_create_paused(struct vm *vm)
{
	HOLD_PIPE_SIGNAL;
	AUTO_DOMAIN virDomainPtr handle = NULL;

	if (act_begin(vm, START, &handle) < 0)
		return -1;
	return create_paused(vm, handle);
}

/* ---- the others ---- */

int vmm_resume(struct vm *vm)
{
	return act(vm, "resume", virDomainResume);
}

int vmm_suspend(struct vm *vm)
{
	return act(vm, "pause", virDomainSuspend);
}

int vmm_shutdown(struct vm *vm)
{
	return act(vm, "shut down", virDomainShutdown);
}

int vmm_destroy(struct vm *vm)
{
	return act(vm, "kill", virDomainDestroy);
}

int vmm_attach(struct vm *vm, const char *device_xml)
{
	return act_with(vm, "attach a device to", virDomainAttachDevice, device_xml);
}

/* Its end may have been seen by the hypervisor before us. */
static int detach(virDomainPtr handle, const char *xml)
{
	if (virDomainDetachDevice(handle, xml) == 0 || virGetLastErrorCode() == VIR_ERR_DEVICE_MISSING)
		return 0;
	return -1;
}

int vmm_detach(struct vm *vm, const char *device_xml)
{
	return act_with(vm, "detach a device from", detach, device_xml);
}
