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

/* The text of the root's pci.ids; NULL: it has none. The caller frees. */
char *devices_read_names(const struct root *root);

/* What the device is, by the names of IDS (may be NULL), else in numbers. In the arena. */
const char *devices_describe(struct arena *arena, const char *ids, const struct pci_numbers *numbers);

#endif
