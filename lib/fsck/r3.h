/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMs of an R3 store as its rules see them: attributes, without any order that would have to be right.
 */
#ifndef QUBES_FSCK_R3_H
#define QUBES_FSCK_R3_H

#include "internal.h"
#include "vm.h"

struct r3_vm {
	store_node *node;
	const struct vm_class *class;
	const char *name; /* for messages, never NULL */
	int qid;	  /* -1: it has none that is any good */
};

struct r3 {
	struct fsck *f;
	store_node *root;
	struct r3_vm *vms; /* in the order of the file */
	size_t count;
	struct r3_vm *by_qid[QID_LIMIT]; /* the first of each; NULL */
	struct strlist given;		 /* names that repairs give */
	bool mentioned[QID_LIMIT];	 /* qids that somebody has or names, and those given out as repairs */
};

/* A reference: -1 none, -2 not a number, else the qid. */
#define R3_NONE (-1)
#define R3_BAD (-2)
int r3_reference(const char *text);

/* A free qid as text, in the arena; it is taken from now on. NULL: there is none left. */
const char *r3_free_qid(struct r3 *r);

void r3_check_identity(struct r3 *r);	/* qids, names, UUIDs, netids */
void r3_check_references(struct r3 *r); /* templates, netvms, globals */
void r3_check_values(struct r3 *r);	/* all the other attributes */

#endif
