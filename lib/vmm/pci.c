/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices of the host that a VM is to have.
 */
#include <stdbool.h>
#include <stdio.h>

#include <libvirt/virterror.h>

#include "devices.h"
#include "error.h"
#include "internal.h"

static void make_node_name(const char *device, char *name, size_t room)
{
	snprintf(name, room, "pci_0000_%s", device);
	for (; *name; name++)
		*name = *name == ':' || *name == '.' ? '_' : *name;
}

static int no_node(const struct vm *vm, const char *device)
{
	struct vmm *vmm = vm->qubes->vmm;
	struct failure failure = failure_take(vmm);

	if (failure.code == VIR_ERR_NO_NODE_DEVICE)
		return error_set(ERROR_NOT_FOUND, "PCI device %s of %s does not exist on this host", device,
				 vm->name);
	return failure_set(vmm, &failure, "cannot look up PCI device %s of %s", device, vm->name);
}

static int take_from_host(const struct vm *vm, virNodeDevicePtr node, const char *device)
{
	struct vmm *vmm = vm->qubes->vmm;
	struct failure failure;

	if (virNodeDeviceDettach(node) == 0)
		return 0;
	failure = failure_take(vmm);
	/* That is how drivers say that the host has no hold on it any more. */
	if (failure.code == VIR_ERR_INTERNAL_ERROR && !failure.lost)
		return 0;
	return failure_set(vmm, &failure, "cannot take PCI device %s from the host for %s", device, vm->name);
}

int vmm_pci_detach(struct vm *vm, const char *device)
{
	HOLD_PIPE_SIGNAL;
	char name[sizeof("pci_0000_BB:DD.F")];
	virNodeDevicePtr node;
	int result;

	if (!devices_is_pci_address(device))
		return error_set(ERROR_FAILED, "'%s' of %s is no PCI device of the form BB:DD.F", device,
				 vm->name);
	if (vmm_connection(vm->qubes) < 0)
		return error_within("cannot take PCI device %s from the host for %s", device, vm->name);
	make_node_name(device, name, sizeof(name));
	node = virNodeDeviceLookupByName(vm->qubes->vmm->connection, name);
	if (!node)
		return no_node(vm, device);
	result = take_from_host(vm, node, device);
	virNodeDeviceFree(node);
	return result;
}
