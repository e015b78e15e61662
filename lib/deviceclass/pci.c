/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices as a class: all are dom0's, and which VM has which is in the store.
 */
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "error.h"
#include "hotplug.h"
#include "internal.h"

/* ---- "00_19.0" and "00:19.0" ---- */

static const char *replaced(struct arena *arena, const char *text, char from, char to)
{
	char *copy = arena_strdup(arena, text), *at = strchr(copy, from);

	if (at)
		*at = to;
	return copy;
}

/* The address, in the arena; NULL with an error. */
static const char *address_of(struct vm *backend, const char *ident)
{
	if (vm_is_dom0(backend))
		return replaced(backend->qubes->arena, ident, '_', ':');
	error_set(ERROR_FAILED, "%s has no PCI device: all are dom0's", backend->name);
	return NULL;
}

/* ---- listing ---- */

static void add_device(struct qubes *q, struct deviceclass_list *list, const char *address,
		       const char *description)
{
	size_t count = list->count;
	struct deviceclass_row *row =
		deviceclass_add(q, list, vm_by_qid(q, 0), replaced(q->arena, address, ':', '_'), description);
	struct vm *vm;

	if (list->count == count)
		return;
	FOR_EACH_VM(q, vm)
		if (devices_vm_has_pci(vm, address))
			deviceclass_add_use(q, row, vm, devices_pci_options(vm, address));
}

static int by_ident(const void *a, const void *b)
{
	const struct deviceclass_row *left = a, *right = b;

	return strcmp(left->ident, right->ident);
}

/* What the host has, and what VMs are to have although it does not. */
static int list_devices(struct qubes *q, struct deviceclass_list *list)
{
	const struct devices_pci *device = devices_list_pci(q);
	const char *missing = device ? "(not on this host)" : "(unknown)";
	struct literal devices;
	struct vm *vm;

	if (!device)
		error_report();
	for (; device && device->address; device++)
		add_device(q, list, device->address, device->description);
	FOR_EACH_VM(q, vm) {
		if (devices_pci_of(vm, &devices) < 0) {
			error_report();
			continue;
		}
		for (size_t i = 0; i < devices.count; i++)
			add_device(q, list, devices.entries[i].key, missing);
	}
	if (list->count)
		qsort(list->rows, list->count, sizeof(*list->rows), by_ident);
	return 0;
}

/* ---- attaching and detaching ---- */

static int attach(struct vm *vm, struct vm *backend, const char *ident, const struct deviceclass_args *how)
{
	const char *address = address_of(backend, ident);

	if (!address)
		return -1;
	if (how->read_only)
		return error_set(ERROR_FAILED, "a PCI device cannot be given read-only");
	for (size_t i = 0; i < how->options.count; i++)
		if (devices_check_pci_option(vm, how->options.items[i]) < 0)
			return -1;
	if (hotplug_assign_pci(vm, address) < 0)
		return -1;
	for (size_t i = 0; i < how->options.count; i++)
		if (devices_set_pci_option(vm, address, how->options.items[i]) < 0)
			return -1;
	return 0;
}

static int detach(struct vm *vm, struct vm *backend, const char *ident)
{
	const char *address = address_of(backend, ident);

	return address ? hotplug_release_pci(vm, address) : -1;
}

const struct deviceclass deviceclass_pci = {
	.name = "pci",
	.stored = true,
	.list = list_devices,
	.attach = attach,
	.detach = detach,
	.detach_all = hotplug_release_all_pci,
};
