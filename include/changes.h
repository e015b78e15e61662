/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * changes - what two stores, or a store at two moments, say differently, in words: VMs come and gone, their
 * properties, features, devices and volumes, and the globals, with the old and the new values.
 *
 * Only what is written down counts: nothing is computed, and the hypervisor is not asked.
 */
#ifndef QUBES_CHANGES_H
#define QUBES_CHANGES_H

#include <stdbool.h>

#include "qubes.h"
#include "store.h"

/* What a store says, VM by VM. Lives in the arena that it was made with. */
struct facts;

/*
 * All that the tree of STORE says. AS_R4: in the terms of R4, so that an R3 store can be compared with one of R4.
 * Works on damaged stores too; the store may be closed afterwards.
 */
struct facts *facts_of_store(struct arena *arena, const struct store *store, bool as_r4);

/* What the loaded store of Q says now of what the property table has. */
struct facts *facts_of_loaded(struct qubes *q);

enum changes_detail {
	CHANGES_FULL,  /* of a new VM also what it has */
	CHANGES_BRIEF, /* only that it is new */
};

/*
 * Calls EACH (NULL: nobody) for every difference, a line without its end, safe to print. Returns how many there
 * are.
 */
size_t changes_between(const struct facts *before, const struct facts *after, enum changes_detail detail,
		       void (*each)(const char *line, void *context), void *context);

/* Prints on stdout, a line each, what differs. */
void changes_print(const struct facts *before, const struct facts *after);

#endif
