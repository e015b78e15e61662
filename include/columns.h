/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * columns - what a listing can say of a VM: the columns of release 3 and 4 as one table.
 *
 * A cell has the text of release 3's frame, with its marks and words for "nothing", and the plain value
 * that release 4's table and JSON show. What needs the hypervisor degrades when that cannot be asked.
 */
#ifndef QUBES_COLUMNS_H
#define QUBES_COLUMNS_H

#include "prop.h"
#include "vm.h"

enum column_type {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_BOOL,
};

struct column_cell {
	const char *shown; /* as release 3 shows it; never NULL */
	enum column_type type;
	bool none;	  /* no plain value; TEXT, if any, says so in words */
	const char *text; /* COLUMN_TEXT, the plain value */
	long long number; /* COLUMN_NUMBER, COLUMN_BOOL */
};

/* What one listing knows beside the store. */
struct columns {
	struct qubes *q;
	bool blind;			/* the hypervisor could not be asked */
	unsigned long long *cpu_before; /* by qid, ns per CPU; NULL: not measured */
	double seconds;			/* between the two measurements */
};

enum column_needs {
	COLUMN_LIVE = 1 << 0, /* the hypervisor */
	COLUMN_CPU = 1 << 1,  /* two measurements, a second apart */
};

struct column {
	const char *field; /* release 3's name and title; NULL: it has none */
	const char *name;  /* release 4's; NULL: it has none */
	unsigned needs;	   /* of enum column_needs */
	void (*fill)(const struct columns *columns, struct vm *vm, struct column_cell *cell);
};

/* Sorted by field; those that only release 4 has at the end; ended by a NULL fill. */
extern const struct column columns_table[];
const struct column *column_by_field(const char *field); /* exactly; NULL: unknown */
const struct column *column_by_name(const char *name);	 /* any case, '_' and '-' alike; NULL: unknown */

/* Asks the hypervisor what columns with these NEEDS will need (of all VMs at once), and says once on stderr if it can't. */
void columns_prepare(struct columns *columns, struct qubes *q, unsigned needs);
void columns_free(struct columns *columns);

/* CPU time that VM used between the two measurements, in per cent of its CPUs. */
double columns_cpu_percent(const struct columns *columns, struct vm *vm);
/* The memory that VM has. False: none, or it is not known. */
bool columns_memory(const struct columns *columns, struct vm *vm, unsigned long long *kib);

/* The cell of a property that is no column of its own. */
void column_fill_prop(const struct columns *columns, struct vm *vm, const struct prop *prop,
		      struct column_cell *cell);

/* ---- in which order ---- */

enum columns_order {
	COLUMNS_BY_QID,
	COLUMNS_BY_GROUP, /* release 3's: netvms, standalone VMs, each template with the VMs based on it, the rest */
	COLUMNS_BY_NAME,
	COLUMNS_AS_TREE, /* VMs without network, then each netvm with its clients below it */
};

struct columns_place {
	struct vm *vm;
	size_t level; /* COLUMNS_AS_TREE: how deep below a root; else 0 */
};

/* All VMs of the store, each once, in the arena. */
struct columns_place *columns_order(struct qubes *q, enum columns_order order);

/* The power state's word; "NA" if it cannot be known. */
const char *columns_state(const struct columns *columns, struct vm *vm);

#endif
