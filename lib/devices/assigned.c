/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which VM has which device: the lists in the store.
 */
#include "error.h"
#include "internal.h"
#include "util.h"

#define PCIDEVS "pcidevs"

int devices_pci_of(const struct vm *vm, struct literal *addresses)
{
	const char *text = vm_get(vm, PCIDEVS).text;

	if (literal_read_list(vm->qubes->arena, text ? text : "", addresses) < 0)
		return error_within("%s of %s cannot be read (qvm-prefs -s %s %s [] forgets them)", PCIDEVS,
				    vm->name, vm->name, PCIDEVS);
	return 0;
}

int devices_check_pci_vm(const struct vm *vm)
{
	if (vm_is_dom0(vm))
		return error_set(ERROR_FAILED, "dom0 has what no VM has; no device is assigned to it");
	if (vm_is(vm, VM_DISPOSABLE | VM_UNKNOWN))
		return error_set(ERROR_FAILED, "%s, which is of class %s, cannot be given PCI devices",
				 vm->name, vm->type);
	return 0;
}

bool devices_vm_has_pci(const struct vm *vm, const char *address)
{
	struct literal addresses;

	if (devices_pci_of(vm, &addresses) == 0)
		return literal_find(&addresses, address) != NULL;
	error_clear();
	return false;
}

void devices_note_shared(const struct vm *vm, const char *address)
{
	const struct vm *other;

	FOR_EACH_VM(vm->qubes, other)
		if (other != vm && devices_vm_has_pci(other, address))
			error_note("warning: %s has PCI device %s too: only one of the two can run",
				   other->name, address);
}

/* A root without /sys is that of another system, or an installer's; nothing can be known there. */
static int check_address(const struct vm *vm, const char *address)
{
	int there;

	if (!devices_is_pci_address(address))
		return error_set(ERROR_FAILED, "'%s' is no PCI device: it takes the form " DEVICES_PCI_FORM,
				 address);
	there = devices_has_pci(vm->qubes, address);
	if (there > 0)
		return 0;
	if (there == 0 || !vm->qubes->offline)
		return error_set(ERROR_FAILED, "this host has no PCI device %s", address);
	error_note("whether there is a PCI device %s is not known: there is no " DEVICES_PCI_SYSFS, address);
	return 0;
}

static int store(struct vm *vm, const struct literal *addresses)
{
	return vm_set(vm, PCIDEVS, literal_list_text(vm->qubes->arena, addresses));
}

int devices_assign_pci(struct vm *vm, const char *address)
{
	struct literal addresses;

	if (devices_pci_of(vm, &addresses) < 0)
		return -1;
	if (literal_find(&addresses, address))
		return 0;
	if (devices_check_pci_vm(vm) < 0 || check_address(vm, address) < 0)
		return -1;
	devices_note_shared(vm, address);
	literal_put(vm->qubes->arena, &addresses, address, false);
	return store(vm, &addresses);
}

int devices_release_pci(struct vm *vm, const char *address)
{
	struct literal addresses;

	if (devices_pci_of(vm, &addresses) < 0)
		return -1;
	if (!literal_find(&addresses, address))
		return 0;
	/* A list may name it twice. */
	while (literal_find(&addresses, address))
		literal_drop(&addresses, address);
	return store(vm, &addresses);
}

int devices_release_all_pci(struct vm *vm)
{
	struct literal addresses;

	if (devices_pci_of(vm, &addresses) < 0)
		return -1;
	if (addresses.count == 0)
		return 0;
	addresses.count = 0;
	return store(vm, &addresses);
}
