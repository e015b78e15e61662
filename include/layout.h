/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * layout - where things live in each format of the store: R3 and R4 behind one interface.
 *
 * Properties go by one name in both ("netvm", "memory", ...); the layout knows the attribute or element
 * that holds them, how "follows the default" is said, and how one VM refers to another. It does not know
 * what a value means. NODE is a VM's element, or the place of the globals; NULL reads as "nothing there".
 * A text stays valid until the value that it is changes.
 */
#ifndef QUBES_LAYOUT_H
#define QUBES_LAYOUT_H

#include "store.h"

enum layout_presence {
	LAYOUT_ABSENT,	/* the store says nothing */
	LAYOUT_FOLLOWS, /* explicitly the default; TEXT may hold a stale value (R3), or be NULL */
	LAYOUT_SET,	/* TEXT is the value, possibly "" */
};

struct layout_value {
	enum layout_presence presence;
	const char *text;
};

enum layout_reference_kind { LAYOUT_NO_VM, LAYOUT_BY_QID, LAYOUT_BY_NAME, LAYOUT_BAD_REFERENCE };

/* One VM named by another, or by a global. */
struct layout_reference {
	enum layout_presence presence;
	enum layout_reference_kind kind;
	int qid;	  /* LAYOUT_BY_QID */
	const char *text; /* as it stands in the store; the name for LAYOUT_BY_NAME */
};

/* The lists that a store of R4 has. One of R3 has none of them: its walks end at once, its writers refuse. */
enum layout_list {
	LAYOUT_LABELS,	 /* of the globals: attributes id, color; the text is the name */
	LAYOUT_POOLS,	 /* of the globals: attributes only */
	LAYOUT_FEATURES, /* of a VM: attribute name, text */
	LAYOUT_TAGS,	 /* of a VM: attribute name */
	LAYOUT_DEVICES,	 /* of a VM: attributes backend-domain, id, ...; their class: layout_device_class() */
	LAYOUT_VOLUMES,	 /* of a VM: attributes only */
	LAYOUT_OPTIONS,	 /* of a device: attribute name, text */
};

struct layout {
	const char *name; /* "R3", "R4" */
	enum store_format format;

	/* The next VM element after PREVIOUS (NULL: the first), in document order; NULL at the end. */
	store_node *(*next_vm)(store_node *root, store_node *previous);

	/* The type string of a VM element ("AppVM", "AdminVM", ...); unknown ones as they stand. */
	const char *(*vm_class)(const store_node *node);

	/* The two properties that every look-up needs, in one pass; NULL where absent. */
	void (*identity)(const store_node *node, const char **qid, const char **name);

	/*
	 * Calls EACH for every qid that the store mentions, whether or not it is that of a VM: one that a
	 * reference or an unknown element has kept is not free.
	 */
	void (*each_qid)(store_node *root, void (*each)(int qid, void *context), void *context);

	/* Where the globals are. */
	store_node *(*globals)(store_node *root);

	struct layout_value (*get)(const store_node *node, const char *property);
	struct layout_reference (*get_reference)(const store_node *node, const char *property);

	/*
	 * The property after PREVIOUS (NULL: the first) of a VM or of the globals, in document order, with its name
	 * (NULL: it has none) and text; NULL at the end.
	 */
	store_node *(*next_property)(const store_node *node, store_node *previous, const char **name,
				     const char **text);

	/* The item after PREVIOUS (NULL: the first) in one of OF's lists, in document order; NULL at the end. */
	store_node *(*next_item)(const store_node *of, enum layout_list list, store_node *previous);

	/* Writers: 0, or -1 with an error when this layout has no place for that property. */
	int (*set)(store_node *node, const char *property, const char *text);
	int (*set_reference)(store_node *node, const char *property, int qid,
			     const char *name);			    /* name NULL: none */
	int (*set_default)(store_node *node, const char *property); /* follow the default */
	int (*unset)(store_node *node, const char *property);	    /* say nothing */

	/* A new element of that class with its identity, in its sorted place; NULL with an error. */
	store_node *(*add_vm)(store_node *root, const char *vm_class, int qid, const char *name);
	int (*remove_vm)(store_node *node);

	/*
	 * A new item at the end of one of OF's lists; NAME is its name, or the class of a device. NULL with an
	 * error.
	 */
	store_node *(*add_item)(store_node *of, enum layout_list list, const char *name);
	int (*remove_item)(store_node *item);
};

const struct layout *layout_of(enum store_format format);

/* ---- items of lists ---- */

/* NULL: there is none of that name. */
const char *layout_item_attribute(const store_node *item, const char *name);
/* All of its text; "" if there is none. */
const char *layout_item_text(const store_node *item);
const char *layout_device_class(const store_node *device); /* "pci", "block", ...; NULL: not said */
/* The item of that name; NULL: none. Of several, the last one, which is what counts. */
store_node *layout_find_item(const struct layout *layout, const store_node *of, enum layout_list list,
			     const char *name);
void layout_set_item_text(store_node *item, const char *text);

#endif
