/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * prop - the property table: one row says all there is to a property.
 *
 * Name, type, which classes have it, its default, how text is parsed and checked, how it is shown, what
 * setting it does besides. qvm-prefs, qubes-prefs, qvm-ls columns, help and man pages come from the rows.
 * A row without a live value never touches the hypervisor.
 */
#ifndef QUBES_PROP_H
#define QUBES_PROP_H

#include <stdbool.h>

#include "vm.h"

enum prop_type {
	PROP_TEXT,
	PROP_BOOL,
	PROP_INT,
	PROP_VM,       /* shown by name */
	PROP_LABEL,
	PROP_LIST,     /* pcidevs */
	PROP_SERVICES,
	PROP_TIME,     /* seconds since the epoch; shown as local time */
};

/* An effective value. */
struct prop_value {
	enum prop_type type;
	bool none;	   /* no value: get prints nothing, a list prints "None" or leaves the row out */
	bool follows;	   /* it is the default, not the VM's own */
	const char *text;  /* PROP_TEXT, PROP_LABEL, and the raw text of anything that is broken */
	long long number;  /* PROP_INT, PROP_BOOL, PROP_TIME */
	struct vm *vm;	   /* PROP_VM */
	bool broken;	   /* the stored text is not of this type; TEXT has it */
};

enum prop_flags {
	PROP_SETTABLE = 1 << 0,
	PROP_DEFAULTABLE = 1 << 1, /* "default" (or -D) goes back to the default */
	PROP_LIVE = 1 << 2,	   /* needs the hypervisor to be read */
	PROP_HIDDEN = 1 << 3,	   /* not in the list, only by name */
	PROP_HALTED = 1 << 4,	   /* may only be set while the VM is off */
};

struct prop;

/* Setting: TEXT is what the user wrote. 0, or -1 with an error and nothing changed. */
typedef int prop_setter(struct vm *vm, const struct prop *prop, const char *text);
/* The effective value. 0, or -1 with an error. */
typedef int prop_getter(const struct vm *vm, const struct prop *prop, struct prop_value *value);
/* May this text be stored? What is stored is CANONICAL (arena), by default the text. 0, or -1 with an error. */
typedef int prop_checker(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical);

struct prop {
	const char *name;
	const char *alias;	/* other spellings, blank separated; NULL */
	enum prop_type type;
	unsigned classes;	/* of enum vm_kind: where it can be got */
	unsigned set_classes;	/* where it can be set */
	unsigned flags;
	const char *fallback;	/* the value when the store has none; NULL: no value */
	long long min, max;	/* PROP_INT */
	prop_getter *get;	/* NULL: from the store, else FALLBACK */
	prop_checker *check;	/* NULL: what the type says */
	prop_setter *set;	/* NULL: check and store */
	const char *forms;	/* accepted values, for help and messages */
	const char *summary;
};

/* Rows in the order that qvm-prefs lists them; ended by a NULL name. */
extern const struct prop prop_table[];
/* The globals of qubes-prefs, sorted; ended by a NULL name. */
extern const struct prop prop_globals[];

/* By name or alias, '-' and '_' alike. NULL: unknown (no error). */
const struct prop *prop_find(const char *name);
const struct prop *prop_find_global(const char *name);

/* Does this VM have it / may it be set there? */
bool prop_applies(const struct vm *vm, const struct prop *prop);
bool prop_settable(const struct vm *vm, const struct prop *prop);

int prop_get(const struct vm *vm, const struct prop *prop, struct prop_value *value);
/* As qvm-prefs -g prints it; NULL: nothing to print. In the arena. */
const char *prop_text(const struct vm *vm, const struct prop_value *value);

int prop_set(struct vm *vm, const struct prop *prop, const char *text);
int prop_reset(struct vm *vm, const struct prop *prop); /* back to the default */

int prop_get_global(struct qubes *q, const struct prop *prop, struct prop_value *value);
int prop_set_global(struct qubes *q, const struct prop *prop, const char *text);

/* Short cuts for rooms that need one value by name; the property must exist. A broken value is an error. */
int prop_number(const struct vm *vm, const char *name, long long *number);
const char *prop_string(const struct vm *vm, const char *name); /* NULL: none, without an error */
bool prop_flag(const struct vm *vm, const char *name);

/* Services of VM as the tools see them (store.md 5.3 and 8 applied). 0, or -1 with an error. */
struct literal;
int prop_services(const struct vm *vm, struct literal *services);
int prop_pcidevs(const struct vm *vm, struct literal *devices);

/* The attribute set of a VM that was just added, as store.md section 9 wants its first saved form. 0, or -1. */
int prop_initialise(struct vm *vm, const struct vm *template);

#endif
