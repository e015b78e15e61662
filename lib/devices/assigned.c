/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which VM has which device: the lists in the store.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "util.h"

int devices_pci_of(const struct vm *vm, struct literal *addresses)
{
	return stored_pci(vm)->read(vm, addresses);
}

/* Otherwise the first device makes it one of mode hvm. */
static bool is_pvh_by_choice(const struct vm *vm)
{
	const char *mode = vm_get(vm, "virt_mode").text;

	return vm_is(vm, VM4_LOCAL) && mode && !strcasecmp(mode, "pvh");
}

int devices_check_pci_vm(const struct vm *vm)
{
	if (vm_is_dom0(vm))
		return error_set(ERROR_FAILED, "dom0 has what no VM has; no device is assigned to it");
	if (vm_is(vm, VM_DISPOSABLE | VM_UNKNOWN | VM4_REMOTE))
		return error_set(ERROR_FAILED, "%s, which is of class %s, cannot be given PCI devices",
				 vm->name, vm->type);
	if (is_pvh_by_choice(vm))
		return error_set(
			ERROR_FAILED,
			"%s is of mode pvh, which cannot have PCI devices; qvm-prefs -s %s virt_mode hvm",
			vm->name, vm->name);
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
	return stored_pci(vm)->add(vm, address);
}

int devices_release_pci(struct vm *vm, const char *address)
{
	struct literal addresses;

	if (devices_pci_of(vm, &addresses) < 0)
		return -1;
	if (!literal_find(&addresses, address))
		return 0;
	return stored_pci(vm)->drop(vm, address);
}

int devices_release_all_pci(struct vm *vm)
{
	struct literal addresses;

	if (devices_pci_of(vm, &addresses) < 0)
		return -1;
	for (size_t i = 0; i < addresses.count; i++)
		if (stored_pci(vm)->drop(vm, addresses.entries[i].key) < 0)
			return -1;
	return 0;
}

/* ---- options ---- */

const char *devices_pci_options(const struct vm *vm, const char *address)
{
	return stored_pci(vm)->options(vm, address);
}

/* The name of "NAME=True", in the arena; NULL with an error. */
static const char *option_name(const struct vm *vm, const char *option)
{
	const char *equals = strchr(option, '=');

	if (equals && !strcasecmp(equals + 1, "true"))
		return arena_printf(vm->qubes->arena, "%.*s", (int)(equals - option), option);
	error_set(ERROR_FAILED, "an option of a PCI device is NAME=True, not '%s'", option);
	return NULL;
}

int devices_check_pci_option(const struct vm *vm, const char *option)
{
	const char *name = option_name(vm, option);

	return name ? stored_pci(vm)->check_option(vm, name) : -1;
}

int devices_set_pci_option(struct vm *vm, const char *address, const char *option)
{
	if (devices_check_pci_option(vm, option) < 0)
		return -1;
	return stored_pci(vm)->set_option(vm, address, option_name(vm, option));
}
