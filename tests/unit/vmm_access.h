/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every way into the hypervisor that the vmm room offers, as functions of one form.
 */
#ifndef TESTS_VMM_ACCESS_H
#define TESTS_VMM_ACCESS_H

#include "vmm_world.h"

static inline int ask_type(struct vm *vm)
{
	return vmm_domain_type(vm->qubes) ? 0 : -1;
}

static inline int ask_host(struct vm *vm)
{
	struct vmm_host host;

	return vmm_host(vm->qubes, &host);
}

static inline int ask_info(struct vm *vm)
{
	struct vmm_info info;

	return vmm_info(vm, &info);
}

static inline int ask_info_now(struct vm *vm)
{
	struct vmm_info info;

	return vmm_info_now(vm, &info);
}

static inline int ask_figures(struct vm *vm)
{
	struct vmm_figures figures;

	return vmm_figures(vm, &figures);
}

static inline int define_it(struct vm *vm)
{
	AUTO_FREE char *xml = context_domain("test", vm->name, vm_uuid(vm), 0);

	return vmm_define(vm, xml);
}

#define INTERFACE "<interface type='ethernet'><mac address='00:16:3e:5e:6c:02'/></interface>"

static inline int attach_it(struct vm *vm)
{
	return vmm_attach(vm, INTERFACE);
}

static inline int detach_it(struct vm *vm)
{
	return vmm_detach(vm, INTERFACE);
}

static inline int take_pci(struct vm *vm)
{
	return vmm_pci_detach(vm, "00:19.0");
}

typedef int access_function(struct vm *vm);

static access_function *const questions[] = { ask_type, ask_host, ask_info, ask_info_now, ask_figures };
static access_function *const acts[] = {
	define_it,    vmm_undefine, vmm_create_paused, vmm_resume, vmm_suspend,
	vmm_shutdown, vmm_destroy,  attach_it,	       detach_it,  take_pci,
};

#endif
