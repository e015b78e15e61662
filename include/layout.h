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

struct layout {
	const char *name; /* "R3", "R4" */

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

	/* Writers: 0, or -1 with an error when this layout has no place for that property. */
	int (*set)(store_node *node, const char *property, const char *text);
	int (*set_reference)(store_node *node, const char *property, int qid,
			     const char *name);			    /* name NULL: none */
	int (*set_default)(store_node *node, const char *property); /* follow the default */
	int (*unset)(store_node *node, const char *property);	    /* say nothing */

	/* A new element of that class with its identity, in its sorted place; NULL with an error. */
	store_node *(*add_vm)(store_node *root, const char *vm_class, int qid, const char *name);
	int (*remove_vm)(store_node *node);
};

const struct layout *layout_of(enum store_format format);

#endif
