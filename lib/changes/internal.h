/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the changes room share: facts, as they are gathered and compared.
 */
#ifndef QUBES_CHANGES_INTERNAL_H
#define QUBES_CHANGES_INTERNAL_H

#include "changes.h"
#include "util.h"

#define FACTS_ABSENT_PROPERTY "default"
#define FACTS_ABSENT "(none)"

/* One thing that a store says of a VM. */
struct fact {
	const char *what, *text;
	const char *absent; /* what it is when the store says nothing of it */
	bool told_if_new;   /* belongs to what is said of a VM that was not there before */
};

/* A VM, or the globals, which have no name. */
struct facts_vm {
	const char *name, *class, *qid;
	const char *key;  /* VMs of the same key are the same */
	const char *uuid; /* NULL: none; tells a VM under another name */
	struct fact *facts;
	size_t count, room;
};

struct facts {
	struct arena *arena;
	struct facts_vm *vms; /* the globals first */
	size_t count, room;
};

struct facts *facts_new(struct arena *arena);

/* A new VM; what is in the list before may move. */
struct facts_vm *facts_add_vm(struct facts *facts, const char *name, const char *class, const char *qid,
			      const char *key);

/* The texts must live as long as the facts. */
void facts_add(struct facts *facts, struct facts_vm *vm, const char *what, const char *text,
	       const char *absent);

/* NULL: nothing is said of it. Of several the last counts. */
const struct fact *facts_find(const struct facts_vm *vm, const char *what);

/* What "new, class AppVM, qid 5" has said already need not be told of a new VM. */
void facts_hide_identity(struct facts_vm *vm);

/* Adds everything that the tree below ROOT says. */
void facts_read_r3(struct facts *facts, const store_node *root, bool as_r4);
void facts_read_r4(struct facts *facts, const store_node *root);

#endif
