/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of one VM's domain. It may be defined, change or vanish between any two calls, and none of
 * that is an error of a question.
 */
#include <limits.h>
#include <string.h>

#include <libvirt/virterror.h>

#include "error.h"
#include "internal.h"
#include "util.h"

static const struct vmm_info not_defined = { .power = VMM_HALTED, .defined = false, .xid = -1 };
static const struct vmm_info not_known = { .power = VMM_UNKNOWN, .defined = false, .xid = -1 };
static const struct vmm_info of_dom0 = { .power = VMM_RUNNING, .defined = true, .xid = 0 };

/* ---- domains ---- */

void domain_free_at(virDomainPtr *handle)
{
	if (*handle)
		virDomainFree(*handle);
}

int domain_xid(virDomainPtr handle)
{
	unsigned id = virDomainGetID(handle);

	return id > INT_MAX ? -1 : (int)id;
}

/* Xen lists dom0 too; nothing in a store may ever be taken for it. */
bool domain_is_host(virDomainPtr handle)
{
	return domain_xid(handle) == 0;
}

enum vmm_power domain_power(int state)
{
	static const enum vmm_power powers[] = {
		[VIR_DOMAIN_NOSTATE] = VMM_RUNNING,  [VIR_DOMAIN_RUNNING] = VMM_RUNNING,
		[VIR_DOMAIN_BLOCKED] = VMM_RUNNING,  [VIR_DOMAIN_PAUSED] = VMM_PAUSED,
		[VIR_DOMAIN_SHUTDOWN] = VMM_HALTING, [VIR_DOMAIN_SHUTOFF] = VMM_DYING,
		[VIR_DOMAIN_CRASHED] = VMM_CRASHED,  [VIR_DOMAIN_PMSUSPENDED] = VMM_SUSPENDED,
	};

	return state >= 0 && (size_t)state < ARRAY_SIZE(powers) ? powers[state] : VMM_RUNNING;
}

int domain_lookup(struct vm *vm, virDomainPtr *handle)
{
	struct vmm *vmm = vm->qubes->vmm;
	const char *uuid = vm_uuid(vm);
	struct failure failure;

	*handle = uuid ? virDomainLookupByUUIDString(vmm->connection, uuid) :
			 virDomainLookupByName(vmm->connection, vm->name);
	if (!*handle) {
		failure = failure_take(vmm);
		return failure_is_absence(&failure, false) ?
			       0 :
			       failure_set(vmm, &failure, "cannot look up the domain of %s", vm->name);
	}
	if (!domain_is_host(*handle))
		return 1;
	domain_free_at(handle);
	*handle = NULL;
	return 0;
}

/* ---- what is remembered ---- */

struct vmm_domain *vmm_domain_of(struct vm *vm)
{
	struct vmm *vmm = vm->qubes->vmm;

	if (!vm->domain) {
		vm->domain = arena_alloc(vm->qubes->arena, sizeof(*vm->domain));
		vm->domain->next = vmm->domains;
		vmm->domains = vm->domain;
	}
	return vm->domain;
}

static void forget_one(struct vmm_domain *domain, bool alone)
{
	*domain = (struct vmm_domain){ .alone = alone, .next = domain->next };
}

void vmm_domain_changed(struct vm *vm)
{
	forget_one(vmm_domain_of(vm), true);
}

void vmm_forget(struct qubes *q)
{
	if (!q->vmm)
		return;
	for (struct vmm_domain *domain = q->vmm->domains; domain; domain = domain->next)
		forget_one(domain, false);
	listing_free(&q->vmm->listing);
}

/* ---- states ---- */

/* Of a domain that was active when HANDLE was made. */
static int ask_power(struct vm *vm, virDomainPtr handle, struct vmm_info *info)
{
	struct vmm *vmm = vm->qubes->vmm;
	int state, reason;

	*info = (struct vmm_info){ .power = VMM_HALTED, .defined = true, .xid = domain_xid(handle) };
	if (info->xid < 0)
		return 0;
	if (virDomainGetState(handle, &state, &reason, 0) < 0) {
		struct failure failure = failure_take(vmm);

		if (!failure_is_absence(&failure, true))
			return failure_set(vmm, &failure, "cannot ask for the state of %s", vm->name);
		*info = not_defined;
		return 0;
	}
	info->power = domain_power(state);
	/* It may have ended since; one that ends leaves its id last. */
	if (info->power == VMM_DYING && virDomainIsActive(handle) != 1) {
		info->power = VMM_HALTED;
		info->xid = -1;
	}
	return 0;
}

static int ask_alone(struct vm *vm, struct vmm_info *info)
{
	AUTO_DOMAIN virDomainPtr handle = NULL;
	int found = domain_lookup(vm, &handle);

	if (found > 0)
		return ask_power(vm, handle, info);
	*info = not_defined;
	return found;
}

static int ask_listing(struct vm *vm, struct vmm_domain *domain, struct vmm_info *info)
{
	struct vmm *vmm = vm->qubes->vmm;
	struct listed *listed;

	if (!vmm->listing.made && listing_make(vmm) < 0)
		return -1;
	listed = listing_find(vmm, vm);
	domain->listed = listed;
	if (!listed)
		*info = not_defined;
	else if (listed->power == VMM_UNKNOWN)
		return ask_power(vm, listed->handle, info);
	else
		*info = (struct vmm_info){ listed->power, true, domain_xid(listed->handle) };
	return 0;
}

int vmm_info(struct vm *vm, struct vmm_info *info)
{
	struct vmm_domain *domain;

	*info = of_dom0;
	if (vm_is_dom0(vm))
		return 0;
	*info = not_known;
	if (vmm_connection(vm->qubes) < 0)
		return -1;
	domain = vmm_domain_of(vm);
	if (!domain->known) {
		HOLD_PIPE_SIGNAL;

		if ((domain->alone ? ask_alone(vm, &domain->info) : ask_listing(vm, domain, &domain->info)) <
		    0)
			return -1;
		domain->known = true;
	}
	*info = domain->info;
	return 0;
}

int vmm_info_now(struct vm *vm, struct vmm_info *info)
{
	if (!vm_is_dom0(vm) && !vmm_offline(vm->qubes))
		vmm_domain_changed(vm);
	return vmm_info(vm, info);
}

int vmm_is_running(struct vm *vm)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return 1;
	if (vmm_offline(vm->qubes))
		return 0;
	if (vmm_info(vm, &info) < 0)
		return -1;
	return info.power != VMM_HALTED;
}

/* ---- figures ---- */

static int measure_domain(const struct vmm *vmm, const char *name, virDomainPtr handle,
			  struct vmm_figures *figures)
{
	virDomainInfo info;

	if (virDomainGetInfo(handle, &info) < 0) {
		struct failure failure = failure_take(vmm);

		return failure_is_absence(&failure, true) ?
			       0 :
			       failure_set(vmm, &failure, "cannot ask for the memory and CPUs of %s", name);
	}
	/* Halted since: what it would have is not what it has. */
	if (info.state == VIR_DOMAIN_SHUTOFF)
		return 0;
	*figures = (struct vmm_figures){
		.memory_kib = info.memory,
		.max_memory_kib = info.maxMem,
		.cpu_time_ns = info.cpuTime,
		.vcpus = info.nrVirtCpu,
	};
	return 0;
}

static int measure_alone(struct vm *vm, struct vmm_figures *figures)
{
	AUTO_DOMAIN virDomainPtr handle = NULL;
	int found = domain_lookup(vm, &handle);

	return found > 0 ? measure_domain(vm->qubes->vmm, vm->name, handle, figures) : found;
}

static int measure(struct vm *vm, struct vmm_domain *domain)
{
	struct listed *listed = domain->listed;

	if (!listed)
		return measure_alone(vm, &domain->figures);
	listing_measure(vm->qubes->vmm);
	if (!listed->measured)
		return measure_domain(vm->qubes->vmm, vm->name, listed->handle, &domain->figures);
	domain->figures = listed->figures;
	return 0;
}

int vmm_figures(struct vm *vm, struct vmm_figures *figures)
{
	struct vmm_domain *domain;
	struct vmm_info info;

	memset(figures, 0, sizeof(*figures));
	if (vm_is_dom0(vm))
		return 0;
	if (vmm_info(vm, &info) < 0)
		return -1;
	domain = vmm_domain_of(vm);
	if (info.power != VMM_HALTED && !domain->measured) {
		HOLD_PIPE_SIGNAL;

		if (measure(vm, domain) < 0)
			return -1;
		domain->measured = true;
	}
	*figures = domain->figures;
	return 0;
}

/* To the other drivers 0 is nobody's number, or anybody's. */
int vmm_figures_dom0(struct qubes *q, struct vmm_figures *figures)
{
	AUTO_DOMAIN virDomainPtr handle = NULL;
	const char *type = vmm_domain_type(q);
	struct failure failure;

	memset(figures, 0, sizeof(*figures));
	if (!type || strcmp(type, "xen") != 0)
		return type ? 0 : -1;
	HOLD_PIPE_SIGNAL;
	handle = virDomainLookupByID(q->vmm->connection, 0);
	if (handle)
		return measure_domain(q->vmm, "dom0", handle, figures) == 0 ? 1 : -1;
	failure = failure_take(q->vmm);
	return failure_set(q->vmm, &failure, "cannot look up the domain of dom0");
}
