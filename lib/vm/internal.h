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
	const char *name, *instead; /* release 3: of one that is not in the store; 4: of one that is absent */
};
extern const struct vms_global vms_globals[];

struct vms {
	struct vm **items; /* by ascending qid */
	size_t count, room;
	struct vm **by_name;	   /* a hash table, made when a name is looked up; NULL: not made */
	size_t slots;		   /* of it, a power of two */
	size_t bad_globals;	   /* when it was loaded */
	size_t rejected;	   /* elements that cannot be VMs */
	bool release_known, of_43; /* vms_are_of_43() */
};

/* What the formats do not have in common. */
struct vms_model {
	const struct vm_class *classes; /* ended by a NULL type */
	const struct vms_global *globals;
	int qid_limit; /* qids are below it */
	bool (*provides_network)(const struct vm *vm);
	bool (*netvm_follows)(const struct vm *vm); /* the global default */
	/* The VM that is named as netvm, by VM itself or by the global that it follows, be it one or not. */
	struct vm *(*named_netvm)(const struct vm *vm);
	struct vm *(*global)(const struct qubes *q, const char *name);
	/* It is to name nobody any more. 0, or -1 with an error. */
	int (*clear_global)(struct qubes *q, const char *name);
	const struct vm_label *(*label)(const struct qubes *q, const char *text);
	/* What VM is broken by besides its template and its netvm; NULL: nothing. In the arena. */
	const char *(*fault)(const struct vm *vm);
	void (*report)(struct qubes *q);
};
extern const struct vms_model vms_model_r3, vms_model_r4;
const struct vms_model *vms_model(const struct qubes *q);

/* The first VM of that name by qid, and how many there are; NULL: none. */
struct vm *vms_named(const struct qubes *q, const char *name, size_t *count);
/* Forgets the table of names: one has changed. */
void vms_forget_names(struct vms *vms);

/* The VM that a property of VM names; NULL: none, or one that is not there. */
struct vm *vms_reference(const struct vm *vm, const char *property);

/* For writers: VM has an element of its own. 0, or -1 with an error. */
int vms_need_node(struct vm *vm);

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
