/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle - what happens to a VM as sequences of steps, in order, each with its undo beside it.
 */
#ifndef QUBES_LIFECYCLE_H
#define QUBES_LIFECYCLE_H

#include "vm.h"

struct lifecycle_new {
	const struct vm_class *class;
	const char *name;
	const char *label;	   /* NULL: the class's */
	const struct vm *template; /* its template, or what it is a copy of when standalone; NULL */
	bool standalone;
	const char *directory;	   /* for registering; NULL: the class's place */
	const char *conf_file;	   /* for registering; NULL: the generated one */
	bool installed_by_rpm;
	bool internal;
	int memory, vcpus;	   /* 0: the default */
	bool with_images;	   /* make directory and images; else they must be there */
	bool quiet;
};

/*
 * Adds the VM to the store, makes its images (or verifies those that are there), gives it a UUID and, when
 * online, defines its domain after the store is written. NULL with an error and nothing left behind.
 */
struct vm *lifecycle_create(struct qubes *q, const struct lifecycle_new *what);

/* Renames store entry, directory and (online) domain. 0, or -1 with an error and everything as it was. */
int lifecycle_rename(struct vm *vm, const char *name);

struct lifecycle_start {
	bool quiet;
	bool no_guid;
	bool skip_if_running;
};

/* Its netvms first, then itself. 0, or -1 with an error. */
int lifecycle_start(struct vm *vm, const struct lifecycle_start *how);

int lifecycle_shutdown(struct vm *vm); /* asks the VM; does not wait */
int lifecycle_kill(struct vm *vm);
int lifecycle_pause(struct vm *vm);
int lifecycle_unpause(struct vm *vm);

/* The state as users know it: "Running", "Transient", "Halted", ..., "NA" if it cannot be known. */
const char *lifecycle_state(struct vm *vm);

#endif
