/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collection itself, for the parts of the vm room.
 */
#ifndef QUBES_VM_INTERNAL_H
#define QUBES_VM_INTERNAL_H

#include "vm.h"

/* The class of what other releases know. */
extern const struct vm_class vm_class_unknown;

/* The globals that are VMs; ended by a NULL name. */
struct vms_global {
	const char *name, *instead; /* of one that is not in the store */
};
extern const struct vms_global vms_globals[];

struct vms {
	struct vm **items; /* by ascending qid */
	size_t count, room;
	size_t bad_globals; /* when it was loaded */
	size_t rejected;    /* elements that cannot be VMs */
};

/* Says on stderr what is wrong with the globals. */
void vms_report_globals(const struct qubes *q);

/* How many globals of the store are neither a VM nor none. */
size_t vms_bad_globals(const struct qubes *q);

/* Makes a VM and puts it into its place in the collection; the qid must be free. */
struct vm *vms_insert(struct qubes *q, const struct vm_class *class, const char *type, int qid,
		      const char *name, store_node *node);

/* The VM that a reference names; NULL for none and for one that is not there. */
struct vm *vm_resolve(const struct qubes *q, const struct layout_reference *reference);

#endif
