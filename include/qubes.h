/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes - the context that a run works in: which root, which store, which hypervisor.
 *
 * Rooms find each other through it; each pointer is the business of the room it is named after. What is
 * allocated from the arena lives as long as the context, and one call of the front door frees it all.
 */
#ifndef QUBES_QUBES_H
#define QUBES_QUBES_H

#include <stdbool.h>

struct arena;
struct root;
struct store;
struct layout;
struct vms;
struct vmm;
struct pending;
struct applet;

enum hypervisor_access {
	VMM_NEVER,    /* asking for it is a bug, and fails loudly */
	VMM_LAZY,     /* opened at first access */
	VMM_REQUIRED, /* the applet is of no use without it */
};

struct qubes {
	struct arena *arena;
	struct root *root;
	struct store *store;	     /* NULL for an applet that has no business with it */
	const struct layout *layout; /* of that store */
	struct vms *vms;
	struct vmm *vmm;
	struct pending *pending;     /* what happens once the store is safely written */
	const struct applet *applet; /* what is running */
	bool force_store;	     /* a store of release 4 is written though qubesd owns it */
	int wait;		     /* how long for the store's lock, as --wait says */
	bool offline;		     /* --offline-mode, or a root that is not the host's */
	bool writing;		     /* the store's write lock is held */
	bool acting;		     /* VMs are changed or acted on: a name that means several is refused */
	bool host_unknown; /* what a value needed of the host could not be had; that has been said */
	bool batch;	   /* several commands over this context: the last one's end saves */
	bool dry_run;	   /* nothing outside the loaded store is touched */
};

/*
 * What may only happen once the store is written: deleting a removed VM's files, defining, starting. The
 * front door runs it after the save, in order, or never when the applet failed. An action that fails
 * leaves a valid store; the exit status is then 1. ARGUMENT must live in the arena.
 */
typedef int pending_action(struct qubes *q, void *argument);
void qubes_after_save(struct qubes *q, pending_action *action, void *argument);

/*
 * The same, but before the store's lock is dropped and before all of the above: for other files that only
 * a writer of the store changes.
 */
void qubes_with_save(struct qubes *q, pending_action *action, void *argument);

/*
 * What takes back a change outside the store (a directory that was made) if the store is not written after
 * all: run in reverse order. Needed in a batch, whose save comes after the command that made the change has
 * returned. ARGUMENT must live in the arena.
 */
typedef void pending_undo(void *argument);
void qubes_on_failure(struct qubes *q, pending_undo *undo, void *argument);

/*
 * Ends the store phase early: saves if something changed, drops the lock and runs the queue. After it the
 * store may not be changed any more. 0, or -1 with an error. In a batch it does nothing: all that is left to
 * its end.
 */
int qubes_commit(struct qubes *q);

#endif
