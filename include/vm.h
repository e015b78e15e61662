/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm - the VMs of the loaded store: their classes, how they refer to each other, and free numbers.
 *
 * A struct vm is a view on its element. Relations are read from the tree when asked for, so that there is
 * nothing to keep in step. Does not know the hypervisor.
 */
#ifndef QUBES_VM_H
#define QUBES_VM_H

#include <stdbool.h>
#include <stddef.h>

#include "layout.h"
#include "qubes.h"

#define QID_LIMIT 254	  /* qids of release 3 are below it; 0 is dom0 */
#define QID_LIMIT_4 10001 /* and those of release 4; the most that any store may have */
#define NETID_LIMIT 254
#define VM_NAME_MAX 31

/* Bits, so that a property row can say which classes have it. */
enum vm_kind {
	VM_ADMIN = 1 << 0,
	VM_TEMPLATE = 1 << 1,
	VM_TEMPLATE_HVM = 1 << 2,
	VM_NET = 1 << 3,
	VM_PROXY = 1 << 4,
	VM_APP = 1 << 5,
	VM_HVM = 1 << 6,
	VM_DISPOSABLE = 1 << 7,
	VM_UNKNOWN = 1 << 8, /* a class of another release: kept and shown */
	/* Release 4's; dom0 is VM_ADMIN there too. */
	VM4_TEMPLATE = 1 << 9,
	VM4_APP = 1 << 10,
	VM4_STANDALONE = 1 << 11,
	VM4_DISPOSABLE = 1 << 12,
	VM4_REMOTE = 1 << 13,
	VM4_STORE = 1 << 14, /* no VM: the store, as what has the global properties */
};

#define VM_TEMPLATES (VM_TEMPLATE | VM_TEMPLATE_HVM | VM4_TEMPLATE)
#define VM_HVMS (VM_HVM | VM_TEMPLATE_HVM)
#define VM_PVS (VM_TEMPLATE | VM_NET | VM_PROXY | VM_APP | VM_DISPOSABLE) /* have a kernel */
#define VM_NETVMS (VM_ADMIN | VM_NET | VM_PROXY) /* of release 3; of any: vm_provides_network() */
#define VM_APPS (VM_APP | VM_HVM | VM4_APP | VM4_STANDALONE)
#define VM_DISPOSABLES (VM_DISPOSABLE | VM4_DISPOSABLE)
#define VM_ALL ((1 << 9) - 1) /* of release 3 */
#define VM4_LOCAL \
	(VM4_TEMPLATE | VM4_APP | VM4_STANDALONE | VM4_DISPOSABLE) /* all but dom0 and remote ones */
#define VM4_BASED (VM4_APP | VM4_DISPOSABLE)			   /* on another VM */

/* One row per class. */
struct vm_class {
	enum vm_kind kind;
	const char *type;	/* "AppVM" */
	const char *short_type; /* qvm-ls' type column: "", "Tpl", "Net", ... */
	const char *directory;	/* below /var/lib/qubes: "appvms", ...; NULL: none of its own */
	const char *default_label;
	int default_memory;	/* MiB */
	unsigned template_kind; /* the classes that its template may have; 0: takes none */
};

/* Those of release 3, of which VMs can be made. */
extern const struct vm_class vm_classes[];
#define FOR_EACH_CLASS(row) for (const struct vm_class *row = vm_classes; row->type; row++)
const struct vm_class *vm_class_by_type(const char *type); /* NULL: unknown */
/* The same for release 4. */
const struct vm_class *vm4_class_by_type(const char *type);

struct vm_label {
	int index;
	const char *name;
	const char *colour; /* "0xcc0000" */
};
extern const struct vm_label vm_labels[]; /* release 3's, by index; ended by a NULL name */
const struct vm_label *vm_label_by_name(const char *name);
/* The label that TEXT stands for in this store, by name or otherwise. In the arena; NULL: none. */
const struct vm_label *vm_find_label(const struct qubes *q, const char *text);

struct vm {
	struct qubes *qubes;
	const struct vm_class *class;
	int qid;
	const char *name;
	const char *type;		   /* as the store has it; class->type but for VM_UNKNOWN */
	store_node *node;		   /* NULL: a dom0 that is not in the store */
	struct vmm_domain *domain;	   /* the vmm room's */
	struct vm_globals *globals_before; /* of one that was just added */
};

/*
 * Makes the collection from the loaded store: VMs in ascending qid, dom0 added if the store lacks it. An
 * element that cannot be one of them is said on stderr, left out, and forbids writing. 0, or -1 with an error.
 */
int vms_load(struct qubes *q);
void vms_free(struct vms *vms);

/* Says on stderr what is odd in the references of the whole store (dangling, double, of the wrong class). */
void vms_report(struct qubes *q);

/*
 * May the store be saved as far as its globals go? -1 with an error if one of them is neither a VM nor none,
 * unless this run has mended one.
 */
int vms_check_globals(const struct qubes *q);

/* Why VM may not be started as far as its references go, in the arena; NULL: it may. */
const char *vm_broken(const struct vm *vm);

size_t vms_count(const struct qubes *q);
struct vm *vms_at(const struct qubes *q, size_t index);
#define FOR_EACH_VM(q, vm) \
	for (size_t vm_index_ = 0; vm_index_ < vms_count(q) && ((vm) = vms_at(q, vm_index_)); vm_index_++)

struct vm *vm_by_qid(const struct qubes *q, int qid); /* NULL: none */
/* NULL with an error: no such VM, or several of that name and the applet would change or act on one of them. */
struct vm *vm_by_name(const struct qubes *q, const char *name);
/* The same without an error and a warning: of several the one with the lowest qid. */
struct vm *vm_find(const struct qubes *q, const char *name);
bool vm_name_taken(const struct qubes *q, const char *name);

/* ---- predicates ---- */
bool vm_is(const struct vm *vm, unsigned kinds);
bool vm_is_dom0(const struct vm *vm);
bool vm_is_standalone(const struct vm *vm); /* no template and not one */
bool vm_is_updateable(const struct vm *vm);
bool vm_provides_network(const struct vm *vm);

/* ---- relations: the effective ones; NULL: none, or one that is not in the store ---- */
struct vm *vm_template(const struct vm *vm);
/* No network also when the reference is to a VM that provides none. */
struct vm *vm_netvm(const struct vm *vm);
bool vm_netvm_follows(const struct vm *vm); /* it follows the global default */
struct vm *vm_dispvm_netvm(const struct vm *vm);
bool vm_dispvm_netvm_follows(const struct vm *vm);

/*
 * A global of the store: "default_netvm", "default_fw_netvm", "default_template", "clockvm", "updatevm",
 * with the replacements of store.md section 8 for what is dangling or absent. NULL: none.
 */
struct vm *vm_global(const struct qubes *q, const char *name);

/* The netid of a VM that provides network (0 for dom0, a computed one when the store has none), else -1. */
int vm_netid(const struct vm *vm);

/* ---- raw access for the rooms that give values their meaning ---- */
struct layout_value vm_get(const struct vm *vm, const char *property);
/* Writers touch the store; dom0 gets its element first if it has none. 0, or -1 with an error. */
int vm_set(struct vm *vm, const char *property, const char *text);
int vm_set_reference(struct vm *vm, const char *property, const struct vm *to); /* TO NULL: none */
int vm_set_default(struct vm *vm, const char *property);
int vm_unset(struct vm *vm, const char *property);
int vm_set_global(struct qubes *q, const char *name, const char *text);
int vm_set_global_reference(struct qubes *q, const char *name, const struct vm *to);

/* Has the store what only 4.3 and later write? Their properties may be written then, too. */
bool vms_are_of_43(const struct qubes *q);

/* ---- features and tags, which stores of release 4 have ---- */

/* VM's own; NULL: it is not set. */
const char *vm_feature(const struct vm *vm, const char *name);
/* VM's own, or that of the nearest of those that it is based on. */
const char *vm_feature_inherited(const struct vm *vm, const char *name);
/* TEXT NULL: takes it away. 0, or -1 with an error. */
int vm_set_feature(struct vm *vm, const char *name, const char *text);
bool vm_has_tag(const struct vm *vm, const char *name);
/* What is so already is fine. 0, or -1 with an error. */
int vm_set_tag(struct vm *vm, const char *name, bool has);

/* The UUID of the store, lower case; NULL if there is none, or a bad one. */
const char *vm_uuid(const struct vm *vm);
/* The same; makes one with libuuid and puts it into the store if there is none. NULL with an error. */
const char *vm_need_uuid(struct vm *vm);

/* Gives VM the UUID that follows from that of FROM and PURPOSE: always the same. NULL with an error. */
const char *vm_derive_uuid(struct vm *vm, const struct vm *from, const char *purpose);

/* dir_path as the store has it, or the class's place. Lives in the arena; NULL for a VM without one. */
const char *vm_directory(const struct vm *vm);
/* That directory joined with FILE. Lives in the arena. */
const char *vm_path(const struct vm *vm, const char *file);

/* What systemd starts at boot: VMs whose link is there, to the unit. The name has no slash. The caller frees. */
#define VM_AUTOSTART_LINKS "/etc/systemd/system/multi-user.target.wants"
#define VM_AUTOSTART_UNIT "/usr/lib/systemd/system/qubes-vm@.service"
char *vm_autostart_link(const char *name);

/* ---- names and numbers ---- */
/* May a VM be made or renamed to NAME (the rules of R3.2)? 0, or -1 with an error. */
int vm_check_name(const char *name);
int vm_check_name4(const char *name); /* the same by the rules of R4 */
/* Calls it so from now on; the store is the caller's business. NAME lives as long as VM. */
void vm_call(struct vm *vm, const char *name);
/*
 * The lowest qid that is free and that no reference names, else the lowest free one; 252 is left out as long
 * as there is another. -1 with an error.
 */
int vm_free_qid(const struct qubes *q);

/* The lowest free netid; -1 with an error. Before, those that netvms have without the store saying so are stored. */
int vm_free_netid(struct qubes *q);

/*
 * Stores the netids of netvms that have none in the store: they are computed from the others, so that they
 * would change with them. 0, or -1 with an error.
 */
int vm_keep_netids(struct qubes *q);

/*
 * Adds a VM with qid, name and class to collection and tree. Its other properties are prop's business.
 * NULL with an error.
 */
struct vm *vm_add(struct qubes *q, const struct vm_class *class, const char *name);

/* Takes a VM that was just added out again; the globals become what they were before that. */
void vm_take_back(struct vm *vm);

/* Takes it out of collection and tree, and out of the globals that name it. */
void vm_remove(struct vm *vm);

/* Every VM whose netvm (or template) is VM: calls EACH until it returns non-zero, and returns that. */
int vm_for_clients(const struct vm *vm, int (*each)(struct vm *client, void *context), void *context);
int vm_for_children(const struct vm *vm, int (*each)(struct vm *child, void *context), void *context);

#endif
