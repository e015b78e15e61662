/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Acting on a running VM: shut it down, kill it, pause it, go on. One question, one action.
 */
#include "error.h"
#include "helpers.h"
#include "internal.h"
#include "network.h"
#include "vmm.h"

enum wanted {
	WANT_ACTIVE, /* in whatever state */
	WANT_RUNNING,
	WANT_PAUSED,
};

static int check_power(struct vm *vm, enum wanted wanted)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return error_set(ERROR_FAILED, "it is the host itself");
	if (vmm_info_now(vm, &info) != 0)
		return -1;
	if (info.power == VMM_HALTED)
		return error_set(ERROR_FAILED, "it is not running");
	if (wanted == WANT_PAUSED && info.power != VMM_PAUSED)
		return error_set(ERROR_FAILED, "it is not paused");
	if (wanted == WANT_RUNNING && info.power == VMM_PAUSED)
		return error_set(ERROR_FAILED, "it is paused already");
	return 0;
}

static int act_on(struct vm *vm, enum wanted wanted, int (*act)(struct vm *vm))
{
	if (check_power(vm, wanted) == 0 && act(vm) == 0)
		return 0;
	return error_within("%s", vm->name);
}

static int shut_down_netvm(struct vm *vm)
{
	struct error_aside failure;

	network_detach_clients(vm);
	if (vmm_shutdown(vm) == 0)
		return 0;
	failure = error_put_aside();
	network_reattach_clients(vm);
	error_put_back(&failure);
	return -1;
}

/* A netvm that is paused does not hear it, and its clients are not to lose their network for that. */
int lifecycle_shutdown(struct vm *vm, bool force)
{
	struct vmm_info info;

	if (!force || !vm_is(vm, VM_NETVMS) || vm_is_dom0(vm) || vmm_info_now(vm, &info) != 0 ||
	    info.power != VMM_RUNNING)
		return act_on(vm, WANT_ACTIVE, vmm_shutdown);
	return act_on(vm, WANT_ACTIVE, shut_down_netvm);
}

int lifecycle_kill(struct vm *vm)
{
	return act_on(vm, WANT_ACTIVE, vmm_destroy);
}

int lifecycle_pause(struct vm *vm)
{
	return act_on(vm, WANT_RUNNING, vmm_suspend);
}

int lifecycle_unpause(struct vm *vm)
{
	return act_on(vm, WANT_PAUSED, vmm_resume);
}

int stop_domain(struct vm *vm)
{
	struct vmm_info info;

	if (vmm_info_now(vm, &info) != 0)
		return -1;
	if (info.power != VMM_HALTED && vmm_destroy(vm) != 0 && error_kind() != ERROR_NOT_FOUND)
		return -1;
	return helpers_qubesdb_stop(vm);
}
