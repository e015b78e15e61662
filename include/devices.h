/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * devices - devices of the host that a VM may have: which there are, and which VM has them by the store.
 *
 * PCI devices so far. The host's are those below /sys of the root. Does not know the hypervisor: what a
 * running VM has at the moment is not seen from here.
 */
#ifndef QUBES_DEVICES_H
#define QUBES_DEVICES_H

#include <stdbool.h>

#include "literal.h"
#include "vm.h"

#define DEVICES_PCI_FORM "BB:DD.F in lower-case hex"

struct devices_pci {
	const char *address;	 /* "00:19.0" */
	unsigned class;		 /* 0x020000; 0: not known */
	const char *description; /* what it is, by name where the root has the names (pci.ids) */
};

/* "BB:DD.F", lower-case hex, the function one of eight, in PCI domain 0. */
bool devices_is_pci_address(const char *text);

/*
 * The host's PCI devices, sorted, in the arena, ended by a NULL address. NULL with an error if they cannot
 * be known.
 */
const struct devices_pci *devices_list_pci(struct qubes *q);

/* Does the host have that device? 1, 0, or -1 (no error set): the root has no list of them. */
int devices_has_pci(const struct qubes *q, const char *address);

/* ---- assigned by the store ---- */

/* The addresses that VM has. 0, or -1 with an error. */
int devices_pci_of(const struct vm *vm, struct literal *addresses);

/* Has VM that one? A list that cannot be read has none. */
bool devices_vm_has_pci(const struct vm *vm, const char *address);

/* May VM have PCI devices? 0, or -1 with an error. */
int devices_check_pci_vm(const struct vm *vm);

/* Says which other VM has that device too: only one of them can run. */
void devices_note_shared(const struct vm *vm, const char *address);

/* What is done already is fine. 0, or -1 with an error and nothing changed. */
int devices_assign_pci(struct vm *vm, const char *address);
int devices_release_pci(struct vm *vm, const char *address);
int devices_release_all_pci(struct vm *vm);

/*
 * What it has besides, as "no-strict-reset=True, permissive=True". In release 3 that is the same for all devices
 * of a VM. In the arena; NULL: nothing.
 */
const char *devices_pci_options(const struct vm *vm, const char *address);
/* May a device of VM have OPTION, "NAME=True"? Sets it. 0, or -1 with an error. */
int devices_check_pci_option(const struct vm *vm, const char *option);
int devices_set_pci_option(struct vm *vm, const char *address, const char *option);

#endif
