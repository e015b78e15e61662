/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * columns - what a listing can say of a VM: the columns of release 3 and 4 as one table.
 *
 * A cell has the text of release 3's frame, with its marks and words for "nothing", and the plain value
 * that release 4's table and JSON show. What needs the hypervisor degrades when that cannot be asked.
 */
#ifndef QUBES_COLUMNS_H
#define QUBES_COLUMNS_H

#include "option.h"
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

/* CPU time that VM used between the two measurements, in per cent of its CPUs; 0 where that is not KNOWN. */
double columns_cpu_percent(const struct columns *columns, struct vm *vm, bool *known);
/* The memory that VM has. False: none, or it is not known. */
bool columns_memory(const struct columns *columns, struct vm *vm, unsigned long long *kib);

/* The cell of a property that is no column of its own. */
void column_fill_prop(const struct columns *columns, struct vm *vm, const struct prop *prop,
		      struct column_cell *cell);

/* ---- sets of columns that have a name ---- */

struct columns_format {
	const char *name, *columns; /* "NAME,STATE,..." */
};
extern const struct columns_format columns_formats[]; /* the usual one first; ended by a NULL name */
const char *columns_of_format(const char *name);      /* NULL with a usage error: there is none */

/* Groups of columns that a letter adds to release 3's frame, in the order in which they are appended. */
enum columns_group {
	COLUMNS_IDS = 1 << 0,
	COLUMNS_CPU = 1 << 1,
	COLUMNS_MEM = 1 << 2,
	COLUMNS_BACKUP = 1 << 3,
	COLUMNS_NETWORK = 1 << 4,
	COLUMNS_DISK = 1 << 5,
	COLUMNS_KERNEL = 1 << 6,
};
#define COLUMNS_FRAME_MAX 32
/* The fields of the frame with these GROUPS; how many. */
size_t columns_frame(unsigned groups, const char *fields[COLUMNS_FRAME_MAX]);

/* The format of a listing of this store for which these GROUPS alone are asked; NULL: release 3's frame. */
const char *columns_usual_format(const struct qubes *q, unsigned groups);

/* ---- which VMs ---- */

enum columns_states {
	COLUMNS_RUNNING = 1 << 0,
	COLUMNS_PAUSED = 1 << 1,
	COLUMNS_HALTED = 1 << 2,
};

/* Members of options; what is not given lets all through. Words of a list may be several with commas. */
struct columns_filter {
	int states;			/* of enum columns_states */
	struct option_taken tags;	/* one of them */
	struct option_taken no_tags;	/* none of them */
	struct strlist classes, labels; /* one of them */
	struct strlist templates, netvms;
	struct strlist features, prefs;	  /* NAME=VALUE: all of them */
	const char *internal, *servicevm; /* "y", "n" */
	bool pending;			  /* there are updates */
};

/* 0, or -1 with ERROR_USAGE. */
int columns_check_filter(const struct columns_filter *filter);
bool columns_pass(const struct columns *columns, const struct columns_filter *filter, struct vm *vm);

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

/* By the cells of one column: COLUMN, or (NULL) of the property PROP. */
struct columns_sorting {
	const struct column *column;
	const struct prop *prop;
	bool reverse, ignore_case;
};
/* Brings all of PLACES (as columns_order() made them) into that order; what is equal stays as it was. */
void columns_sort(const struct columns *columns, struct columns_place *places,
		  const struct columns_sorting *sorting);

/* The power state's word; "NA" if it cannot be known. */
const char *columns_state(const struct columns *columns, struct vm *vm);

#endif
