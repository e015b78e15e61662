/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the sequences of the lifecycle room have in common: running a table of steps, taking back what was
 * done, and the moments in which an interruption must wait.
 */
#ifndef QUBES_LIFECYCLE_INTERNAL_H
#define QUBES_LIFECYCLE_INTERNAL_H

#include "lifecycle.h"

struct root;

/* One step of a sequence that works on a structure of its own; the last one has no ACT. */
struct step {
	int (*act)(void *work);	  /* 0, or -1 with an error and nothing done */
	void (*undo)(void *work); /* NULL: nothing to take back */
	bool outside;		  /* touches files or the hypervisor: left out in a dry run */
};

/*
 * Acts in order. At the first failure, what was done is undone in reverse, and the error is that of the
 * failure; an undo that fails is a note. In a batch, what was done can still be undone later: there WORK
 * must live in the arena. Signals are held meanwhile. 0, or -1.
 */
int steps_run(struct qubes *q, const struct step *steps, void *work);

/* A step of such sequences: what takes long is over, and may have been interrupted. */
int stop_if_interrupted(void *work);

/*
 * Saves the store while what was done can still be taken back. 0, and in AFTER what became of the queued
 * actions; or -1 with an error and the store unchanged.
 */
int save_store(struct qubes *q, int *after);

/* May a VM be made with, or get, this name (of a store of release 3)? 0, or -1 with an error. */
int check_new_name(const struct qubes *q, const char *name);

/* Globals that are unset name the first VM that can be them. 0, or -1 with an error. */
int fill_globals(struct vm *vm);

/*
 * Who else lives in DIRECTORY or below it, or has a stored image there, by a store that was edited, or made
 * in the same batch; NULL: nobody but VM.
 */
const struct vm *directory_sharer(const struct qubes *q, const struct vm *vm, const char *directory);

/*
 * Notes beside the store that a rename is under way, so that the next writer can take it back if this one is
 * killed; and that it is over. 0, or -1 with an error.
 */
int note_rename(struct qubes *q, const char *class_directory, const char *old_name, const char *new_name);
int forget_rename(struct qubes *q, const char *new_name);

/*
 * One start of a VM at a time: two programs that start the same netvm must not both make it a new volatile
 * image. Waits for the VM's directory, and locks it with LOCK, which the caller closes; the one that comes
 * second finds the VM running. 0, or -1 with an error, also when it was interrupted (util_interrupted).
 */
int turn_wait(const struct vm *vm, int *lock);

/*
 * The same lock for who changes the store and the VM's files: not waited for, and held until the store is
 * saved or a batch is taken back. A command that fails drops it. TURN is NULL where the process has it
 * already, or there is no directory. 0, or -1 with an error.
 */
struct turn;
int turn_take(const struct vm *vm, struct turn **turn);
void turn_drop(struct turn *turn);

/* How a netvm is started for the sake of a VM that is started like HOW. */
struct lifecycle_start as_netvm(const struct lifecycle_start *how);

/* lifecycle_start() for who has VM's turn already; the error does not name VM. */
int start_in_turn(struct vm *vm, const struct lifecycle_start *how);

/* In the directory of what disposable VMs start from: what its network and its kernel were when it was saved. */
#define SAVED_NETWORK "netvm-id.txt"
#define SAVED_KERNEL "dvm-kernel.txt"

/* The kernel of BASE as it is now, a path below the root, in the arena; NULL: none. */
const char *base_kernel(const struct vm *base);

/* Can disposable VMs start from a VM like BASE? From BASE as it is now? 0, or -1 with an error. */
int base_check_kind(const struct vm *base);
int base_check(const struct vm *base);

/* What a disposable VM of that name has for itself, all else being another VM's. What cannot be is a note. */
void remove_disposable_files(const struct root *root, const char *directory, const char *name);

/*
 * Gives VM what a copy of SOURCE has, and the rest as to a new one. 0, or -1 with an error. The second: its
 * firewall's rules as they stand, written at once.
 */
int copy_values(struct vm *source, struct vm *vm);
int copy_firewall_file(const struct vm *source, const struct vm *vm);

/* The files of a new VM are no longer unfinished, once the store that has it is written. */
void finish_with_save(struct vm *vm);

/* Destroys VM's domain, if it is active, and ends its QubesDB daemon. 0 (there is none), or -1 with an error. */
int stop_domain(struct vm *vm);

/* Makes the domain of VM known to the hypervisor, from fresh XML. 0, or -1 with an error. */
int define_domain(struct vm *vm);

#endif
