/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An R4 store as its rules see it: the domains with their class and identity, found by name.
 */
#ifndef QUBES_FSCK_R4_H
#define QUBES_FSCK_R4_H

#include "internal.h"
#include "prop.h"
#include "vm.h"

struct r4_vm {
	store_node *node;
	const struct vm_class *class; /* NULL: none that the releases know */
	const char *name;	      /* as others refer to it; NULL: it has none */
	const char *shown;	      /* for messages */
	long long qid;		      /* -1: none that is any good */
};

struct r4 {
	struct fsck *f;
	struct arena *arena;
	store_node *root;
	struct r4_vm *vms; /* in the order of the file */
	size_t count;
	struct r4_vm **by_name; /* those that have one, sorted; of several of one name the first is first */
	size_t named;
	struct r4_vm dom0;			/* where the file has none */
	struct r4_vm *admin;			/* the first dom0, or the one above */
	bool *qids;				/* taken, up to R4_QID_MAX */
	struct strlist pools_told, labels_told; /* that are gone: said once, however many name them */
	long long labels_given, dispids_given;	/* the last numbers that repairs took */
};

#define R4_QID_MAX 10000
#define R4_QID_MAX_41 254

/* ---- looking ---- */
const struct r4_vm *r4_vm_by_name(const struct r4 *r, const char *name); /* NULL: none */
bool r4_is(const struct r4_vm *vm, unsigned kinds);

/* The ELEMENT called NAME in one of OF's lists; of several the last, which counts. NULL: none. */
store_node *r4_find_item(const store_node *of, const char *list, const char *element, const char *name);
/* The property NAME of a domain or of the root; of several the last, which counts. NULL: none. */
store_node *r4_property(const store_node *of, const char *name);
/* Its value as qubesd takes it: the reference, else the text; NULL: nothing. */
const char *r4_value(const struct r4 *r, const store_node *property);
/* Both in one. NULL: the property is not there; "" if it is empty. */
const char *r4_text(const struct r4 *r, const store_node *of, const char *name);
/* As Python reads a boolean; anything else is false. */
bool r4_flag(const struct r4 *r, const store_node *of, const char *name);
/* The VM whose volumes are those of one called NAME, which there is not: it was renamed by hand. NULL: none. */
const struct r4_vm *r4_vm_by_old_name(struct r4 *r, const char *name);
/* May a VM be called so by qubesd, though it would load others? */
bool r4_name_is_fine(const char *name);
/* The row of a VM's property, or NULL; and VM as the rows' checks want it. */
const struct prop *r4_row(const char *name);
struct vm r4_view(const struct r4 *r, const struct r4_vm *vm);

/* The VM that VM is based on; NULL: none, or one that is not there. */
const struct r4_vm *r4_template(const struct r4 *r, const struct r4_vm *vm);
bool r4_is_disposable_template(const struct r4 *r, const struct r4_vm *vm);
/* Has it a PCI device that is there? */
bool r4_has_pci(const struct r4_vm *vm);

/* Is a volume of VM a snapshot of one that TEMPLATE has of its own? */
bool r4_is_snapshot_of(const struct r4 *r, const struct r4_vm *vm, const struct r4_vm *template);

/* The volume NAME of a domain (of several the last), NULL; its pool's driver, ""; is its ATTRIBUTE true? */
store_node *r4_volume(const store_node *domain, const char *name);
const char *r4_volume_driver(const struct r4 *r, const store_node *volume);
bool r4_volume_flag(const store_node *volume, const char *attribute);

/* A pool that can be made, or NULL; of several of one name the last, which counts. */
store_node *r4_pool(const struct r4 *r, const char *name);
bool r4_pool_driver_known(const char *driver);
/* The label that TEXT stands for, by name, "label-N" or N. */
store_node *r4_label(const struct r4 *r, const char *text);
/* Of one that is not to be had: is there a label of that name, such that another takes its place? */
bool r4_label_is_hidden(const struct r4 *r, const char *name);

/* The next of LIST's elements called NAME in OF, through all lists of that name. */
store_node *r4_next(const store_node *of, const char *list, const char *name, store_node *previous);
#define FOR_EACH_ITEM(of, list, name, item) \
	for (store_node *item = r4_next(of, list, name, NULL); item; item = r4_next(of, list, name, item))

/* ---- repairs ---- */
store_node *r4_add_property(store_node *of, const char *name, const char *text);
fsck_repair r4_put_property; /* of NODE (a domain or the root): NAME becomes VALUE */
fsck_repair r4_drop_source;  /* of the volumes of domain NODE that are snapshots: found anew at load */
/* A free qid, dispid as text in the arena, taken from now on; a new UUID. NULL: none left. */
const char *r4_free_qid(struct r4 *r);
const char *r4_free_dispid(struct r4 *r);
const char *r4_new_uuid(struct r4 *r);

/* ---- rules ---- */
#define R4_LOST_ON_WRITE "it is lost when qubesd writes the store"
void r4_check_labels(struct r4 *r);
void r4_check_pools(struct r4 *r);
void r4_check_pool_references(struct r4 *r);
void r4_check_places(struct r4 *r); /* what is where in the file */
void r4_check_dom0(struct r4 *r);
void r4_check_globals(struct r4 *r);
void r4_check_classes(struct r4 *r);
/* The class that VM has by its volumes and what it is based on, where its own cannot be right; NULL. */
const char *r4_right_class(const struct r4 *r, const struct r4_vm *vm);
void r4_check_identity(struct r4 *r);
void r4_check_references(struct r4 *r, const struct r4_vm *vm);
void r4_check_properties(struct r4 *r, const struct r4_vm *vm);
bool r4_has_foreign_properties(const struct r4 *r, const struct r4_vm *vm);
/* Notes those that its class has not, and that it be RIGHT instead; are there any? */
bool r4_check_foreign_properties(struct r4 *r, const struct r4_vm *vm, const char *right);
void r4_check_template(struct r4 *r, const struct r4_vm *vm);
void r4_check_reference(struct r4 *r, const struct r4_vm *vm, const char *name, store_node *property,
			const char *text);
/* Properties (or features) of OF that are there several times and differ; VM: whose they are; NULL: globals. */
void r4_check_twice(struct r4 *r, store_node *of, const struct r4_vm *vm, const char *list,
		    const char *element);
void r4_check_loops(struct r4 *r);
void r4_check_start(struct r4 *r, const struct r4_vm *vm); /* what only a start would show */
void r4_check_volumes(struct r4 *r);
void r4_check_sources(struct r4 *r); /* the part of it that takes all volumes together */
void r4_check_items(struct r4 *r, const struct r4_vm *vm); /* features, tags, devices */

/* TEXT without the blanks around it, if that is a VM; NULL. */
const char *r4_trimmed_name(const struct r4 *r, const char *text);
/* What a missing reference is repaired by: the backup has a VM of that name. */
bool r4_backup_has_vm(struct r4 *r, const char *name);
fsck_repair r4_restore_vm; /* VALUE: its name */
store_node *r4_backup_volume(struct r4 *r, const char *vm, const char *volume);
store_node *r4_backup_item(struct r4 *r, const char *list, const char *element, const char *name);

#endif
