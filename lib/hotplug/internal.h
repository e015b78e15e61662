/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the hotplug room share: the two kinds of devices that VMs offer.
 */
#ifndef QUBES_HOTPLUG_INTERNAL_H
#define QUBES_HOTPLUG_INTERNAL_H

#include "hotplug.h"
#include "util.h"

/* What is below one name in a backend's QubesDB, untrusted; NULL: absent. */
struct offer {
	const char *name, *size, *description, *mode, *device, *connected_to;
};

struct hotplug_kind {
	const char *what;   /* "disk" */
	const char *branch; /* of QubesDB, with the slash at its end */
	bool (*is_name)(const char *text);
	/* Fills DEVICE, whose backend is set, from OFFER. NULL, or what is wrong with it. */
	const char *(*read)(struct qubes *q, const struct offer *offer, struct hotplug_device *device);
	/* Sets the users of devices, where reading did not; NULL: it did. 0, or -1 with an error. */
	int (*find_users)(struct qubes *q, struct hotplug_devices *devices);
	int (*attach)(struct vm *vm, const struct hotplug_device *device, const struct hotplug_how *how);
	int (*detach)(const struct hotplug_device *device);
	int (*detach_all)(struct vm *vm);
};

/* Room for one more, zeroed. */
struct hotplug_device *offers_add(struct qubes *q, struct hotplug_devices *devices);

/* The devices of KIND that BACKEND offers; a QubesDB that fails has none, and is said on stderr. */
void offers_read(struct vm *backend, const struct hotplug_kind *kind, struct hotplug_devices *devices);

/* 0; -1 with an error: VM does not run, or that cannot be known. */
int hotplug_check_running(struct vm *vm);

/* ---- policy.c ---- */

/*
 * Lets service NAME be called by CALLER in TARGET, by a line at the top of its policy file; and takes that line
 * away again. 0, or -1 with an error and nothing changed.
 */
int policy_allow(struct qubes *q, const char *name, const char *caller, const char *target);
int policy_withdraw(struct qubes *q, const char *name, const char *caller, const char *target);

#endif
