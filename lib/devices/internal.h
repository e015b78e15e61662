/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the devices room share.
 */
#ifndef QUBES_DEVICES_INTERNAL_H
#define QUBES_DEVICES_INTERNAL_H

#include "devices.h"

#define DEVICES_PCI_SYSFS "/sys/bus/pci/devices"

struct pci_numbers {
	unsigned class; /* 0x020000: class, subclass, interface */
	unsigned vendor, device;
};

/* The PCI devices of a VM as its store has them, by address. 0, or -1 with an error. */
struct stored_pci {
	int (*read)(const struct vm *vm, struct literal *addresses);
	int (*add)(struct vm *vm, const char *address);
	int (*drop)(struct vm *vm, const char *address);
	const char *(*options)(const struct vm *vm, const char *address);
	int (*check_option)(const struct vm *vm, const char *name);
	int (*set_option)(struct vm *vm, const char *address, const char *name);
};
const struct stored_pci *stored_pci(const struct vm *vm);

/* The text of the root's pci.ids; NULL: it has none. The caller frees. */
char *devices_read_names(const struct root *root);

/* What the device is, by the names of IDS (may be NULL), else in numbers. In the arena. */
const char *devices_describe(struct arena *arena, const char *ids, const struct pci_numbers *numbers);

#endif
