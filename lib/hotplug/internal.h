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
	/*
	 * Sets the users of devices anew, where reading did not; NULL: it did. 0, or -1 with an error. Who has a
	 * device is known by looking alone then: no two programs may give and take at once.
	 */
	int (*find_users)(struct qubes *q, struct hotplug_devices *devices);
	/* The device of that name if it is not offered any more. NULL: there is no way to tell. */
	struct hotplug_device *(*guess)(struct vm *backend, const char *name);
	int (*attach)(struct vm *vm, const struct hotplug_device *device, const struct hotplug_how *how);
	/* From VM; NULL: from all users. On error DEVICE's user is who keeps it. */
	int (*detach)(struct hotplug_device *device, struct vm *vm);
	int (*detach_all)(struct vm *vm);
};

/* Room for one more, zeroed. */
struct hotplug_device *offers_add(struct qubes *q, struct hotplug_devices *devices);

/* Adds the devices of KIND that BACKEND offers. 0, or -1 with an error: its QubesDB fails. */
int offers_read(struct vm *backend, const struct hotplug_kind *kind, struct hotplug_devices *devices);
/* Those of all VMs that run. 0, or -1 with an error: also when one could not be asked. */
int offers_read_all(struct qubes *q, const struct hotplug_kind *kind, struct hotplug_devices *devices);

/* 0; -1 with an error: VM does not run, or that cannot be known. */
int hotplug_check_running(struct vm *vm);

/*
 * Waits until no other program gives or takes devices of KIND, if that matters. In LOCK what is to be closed
 * then. 0, or -1 with an error.
 */
int hotplug_take_turn(struct qubes *q, const struct hotplug_kind *kind, int *lock);

/*
 * GIVEs the former user WHAT was taken from it. The error that is recorded stays, and says how that went; what
 * went wrong is said on stderr.
 */
void hotplug_undo(struct vm *former, int (*give)(struct vm *vm, const void *what), const void *what);

/* ---- disks.c, moves.c ---- */

#define DISKS_BRANCH "/qubes-block-devices"
#define DISKS_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789"
#define DISKS_NAME_MAX 12

/* The path of a file of the host without links, in the arena; PATH if there is none. */
const char *disks_real_path(struct arena *arena, const char *path);
/* 1 to MOST of these. */
bool disks_consists_of(const char *text, const char *characters, size_t most);

int disks_attach(struct vm *vm, const struct hotplug_device *device, const struct hotplug_how *how);
int disks_detach(struct hotplug_device *device, struct vm *vm);
int disks_detach_all(struct vm *vm);

/* ---- policy.c ---- */

/*
 * Lets service NAME be called by CALLER in TARGET, by a line at the top of its policy file; and takes that line
 * away again. 0, or -1 with an error and nothing changed.
 */
int policy_allow(struct qubes *q, const char *name, const char *caller, const char *target);
int policy_withdraw(struct qubes *q, const char *name, const char *caller, const char *target);

#endif
