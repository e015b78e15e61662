/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hotplug - devices of VMs that run: disks and USB devices that one VM offers to others, who has them, giving
 * and taking them; PCI devices of the host.
 *
 * Offers are read from the QubesDB of running VMs and of dom0. Whatever is there was written by a VM: each field
 * is checked, and what is not as it should be is left out, with a word on stderr.
 */
#ifndef QUBES_HOTPLUG_H
#define QUBES_HOTPLUG_H

#include <stdbool.h>
#include <stddef.h>

#include "vm.h"

struct vmm_disk;

/* Disks, or USB devices. */
struct hotplug_kind;
extern const struct hotplug_kind hotplug_disks, hotplug_usb;

/* What a VM offers; the texts live in the arena. */
struct hotplug_device {
	struct vm *backend;
	const char *name;	 /* "sda"; "2-1.4" */
	const char *description; /* printable ASCII */
	struct vm *user;	 /* who has it; NULL: nobody; of a disk: by hotplug_list() alone */

	/* of a disk: */
	const char *path; /* in its backend */
	unsigned long long bytes;
	bool read_only;
	struct hotplug_use *uses; /* NULL: nobody has it; USER is the first's */
	const char *frontend;	  /* what that one calls it: "xvdi" */
};

struct hotplug_use {
	struct vm *vm;
	const struct vmm_disk *disk;
	struct hotplug_use *next;
};

struct hotplug_devices {
	struct hotplug_device *items; /* in the arena, by the backend's qid, then by name */
	size_t count, room;
};

/*
 * All devices of KIND. Without a hypervisor (what is missing is said on stderr) those of dom0. 0, or -1 with an
 * error.
 */
int hotplug_list(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices);

/* The disk of a VM's image files: dom0 offers them too. */
bool hotplug_is_system_disk(const struct hotplug_device *device);

/* "BACKEND:NAME" taken apart. The backend, or NULL with an error: it is not of that form, or there is no such VM. */
struct vm *hotplug_backend(struct qubes *q, const char *ident, const char **name);

/* The device of KIND that BACKEND offers by that name. NULL with an error: no such, or that cannot be known. */
struct hotplug_device *hotplug_find(struct vm *backend, const struct hotplug_kind *kind, const char *name);

/* ---- giving and taking; each 0, or -1 with an error ---- */

enum hotplug_mode {
	HOTPLUG_OWN_MODE, /* what the device itself says */
	HOTPLUG_READ_ONLY,
	HOTPLUG_WRITABLE,
};

struct hotplug_how {
	bool take_over; /* from whoever has it; otherwise that is an error */

	/* of a disk: */
	enum hotplug_mode mode;
	bool is_cdrom;
	const char *frontend; /* NULL: the first that is free */
};

/*
 * VM and the device's backend must run. Who has a disk is looked for only then, and no other program of ours
 * gives or takes one until it is done.
 */
int hotplug_attach(struct vm *vm, const struct hotplug_kind *kind, const struct hotplug_device *device,
		   const struct hotplug_how *how);
/*
 * Takes BACKEND's device NAME from VM, which must have it; NULL: from whoever has it, nobody being a word on stderr.
 * A disk that is not offered any more is looked for by the path that it has if nothing else is said: /dev/NAME.
 */
int hotplug_detach(struct vm *backend, const struct hotplug_kind *kind, const char *name, struct vm *vm);
/* Takes all devices of KIND from VM, but for the disks that it runs from. None is fine. */
int hotplug_detach_all(struct vm *vm, const struct hotplug_kind *kind);

/*
 * A file or block device of BACKEND that it does not offer, as a disk; an absolute path, dom0's below the root.
 * NULL with an error.
 */
struct hotplug_device *hotplug_file(struct vm *backend, const char *path);
/* Takes the disk that VM calls FRONTEND from it. */
int hotplug_detach_frontend(struct vm *vm, const char *frontend);

/*
 * devices_assign_pci() and so on, which change the store; once it is saved, a VM that runs gets the device, or is
 * rid of it, at once. If that fails, a word on stderr says that it takes effect at the next start.
 */
int hotplug_assign_pci(struct vm *vm, const char *address);
int hotplug_release_pci(struct vm *vm, const char *address);
int hotplug_release_all_pci(struct vm *vm);

#endif
