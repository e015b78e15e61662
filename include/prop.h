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

#include "literal.h"
#include "util.h"
#include "vm.h"

enum prop_type {
	PROP_TEXT,
	PROP_BOOL,
	PROP_INT,
	PROP_VM, /* shown by name */
	PROP_LABEL,
	PROP_LIST,     /* of PCI devices */
	PROP_SERVICES, /* name -> on or off */
	PROP_TIME,     /* seconds since the epoch; shown as local time */
};

/* An effective value. Texts live in the arena or the tree. */
struct prop_value {
	enum prop_type type;
	bool none;		/* no value: get prints nothing */
	bool follows;		/* it is the default, not the VM's own */
	bool broken;		/* the stored text is not of this type; TEXT has it */
	const char *text;	/* PROP_TEXT, PROP_LABEL, and the raw text of anything that is broken */
	long long number;	/* PROP_INT, PROP_BOOL, PROP_TIME */
	struct vm *vm;		/* PROP_VM */
	struct literal entries; /* PROP_LIST, PROP_SERVICES */
};

enum prop_flags {
	PROP_LIVE = 1 << 0,	     /* needs the hypervisor to be read */
	PROP_NULLABLE = 1 << 1,	     /* "None" in the store, in any case, is no value */
	PROP_HALTED = 1 << 2,	     /* may only be set while the VM is off */
	PROP_DEFAULTABLE = 1 << 3,   /* prop_reset() works */
	PROP_MARKED = 1 << 4,	     /* a list adds DEFAULT_WORD to a value that is the default */
	PROP_ON_OFF = 1 << 5,	     /* a boolean that lists show as on or off */
	PROP_BY_LIFECYCLE = 1 << 6,  /* setting it is more than a change of the store: lifecycle_rename() */
	PROP_INHERITED = 1 << 7,     /* release 4: what is not said is as in the VM that it is based on */
	PROP_NOT_BEFORE_43 = 1 << 8, /* releases before 4.3 refuse a store that has it */
	PROP_FILLED = 1 << 9,	     /* may not be set to an empty text */
	PROP_OUTSIDE = 1 << 10,	     /* has an effect outside the store, made anew if it is set to the same */
};

struct prop;

/* The effective value; VALUE comes with its type set, all else zero. 0, or -1 with an error. */
typedef int prop_getter(const struct vm *vm, const struct prop *prop, struct prop_value *value);
/* The default that takes some thought; VALUE as for a getter. False: it is decided otherwise. */
typedef bool prop_default(const struct vm *vm, const struct prop *prop, struct prop_value *value);
/*
 * May this text be stored? CANONICAL (in the arena) is what is stored instead of it, if the checker says
 * so. 0, or -1 with an error.
 */
typedef int prop_checker(const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical);
/* Puts a checked text into the store, with what belongs to that. 0, or -1 with an error and nothing changed. */
typedef int prop_setter(struct vm *vm, const struct prop *prop, const char *text);
/* What else a changed value means; it may queue actions for after the save. 0, or -1 with an error. */
typedef int prop_effect(struct vm *vm);

struct prop {
	const char *name;    /* as lists show it */
	const char *aliases; /* other spellings, blank separated; NULL */
	const char *key;     /* what the layout calls it; NULL: like NAME, or it is not stored at all */
	enum prop_type type;
	unsigned classes;	 /* of enum vm_kind: where it can be got */
	unsigned listed;	 /* where a list shows it */
	unsigned settable;	 /* where it can be set */
	unsigned written;	 /* where a new VM's element states it */
	unsigned flags;		 /* of enum prop_flags */
	const char *fallback;	 /* the value when the store has none; NULL: no value */
	const char *global;	 /* release 4: the global that says it before FALLBACK does; NULL: none */
	prop_default *otherwise; /* release 4: asked before all other defaults; NULL: nothing special */
	long long min, max;	 /* PROP_INT, when set */
	prop_getter *get;	 /* NULL: from the store, else FALLBACK */
	/*
	 * Release 4: what qubesd checks when it loads the store, besides the type. A store with another value makes
	 * it refuse to start. CANONICAL is the value as qubesd understands it. NULL: nothing.
	 */
	prop_checker *loads;
	prop_checker *check;	  /* NULL: what the type says */
	prop_checker *resets;	  /* release 4: may it be reset? TEXT is NULL. NULL: it may */
	prop_setter *set;	  /* NULL: store it */
	prop_effect *after;	  /* NULL: nothing */
	const char *none_text;	  /* how a list shows that there is no value; NULL: it leaves the row out */
	const char *default_word; /* what a user writes for "the default"; NULL: there is no such word */
	const char *forms;	  /* accepted values, for messages and help; NULL: not settable */
};

/* Rows in the order that qvm-prefs lists them; ended by a NULL name. */
extern const struct prop prop_table[];	  /* of release 3 */
extern const struct prop prop4_table[];	  /* of release 4 */
extern const struct prop prop4_globals[]; /* of release 4's globals, as properties of the store itself */
/* Those of the store that is loaded; release 3's without one. */
const struct prop *prop_rows(const struct qubes *q);
#define FOR_EACH_PROP(q, prop) for (const struct prop *prop = prop_rows(q); prop->name; prop++)

/* By name or alias, in any case, '-' and '_' alike. NULL: unknown (no error). */
const struct prop *prop_find(const struct qubes *q, const char *name);

/* What the layout calls it. */
const char *prop_key(const struct prop *prop);

/* The accepted values, for a message; those that depend on what is installed are listed. In the arena. */
const char *prop_forms(struct qubes *q, const struct prop *prop);

/* Can it be got of this VM / set there? */
bool prop_applies(const struct vm *vm, const struct prop *prop);
bool prop_settable(const struct vm *vm, const struct prop *prop);

int prop_get(const struct vm *vm, const struct prop *prop, struct prop_value *value);
/*
 * Release 4: would qubesd load a store in which VM's PROP is TEXT? 0, or -1 with an error that says why not.
 * CANONICAL (in the arena; may be NULL): the value as it understands it.
 */
int prop_check_loads(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical);
/*
 * Is VALUE what VM would have if its store entry said nothing of PROP? For one that can say that it follows its
 * default: does it say so?
 */
bool prop_is_default(const struct vm *vm, const struct prop *prop, const struct prop_value *value);
/* As qvm-prefs -g prints it; NULL: nothing to print. In the arena. */
const char *prop_text(const struct vm *vm, const struct prop_value *value);
/* As a list shows it; NULL: not at all. In the arena. */
const char *prop_list_text(const struct vm *vm, const struct prop *prop, const struct prop_value *value);

/* Is it in VM's list? */
bool prop_is_listed(const struct vm *vm, const struct prop *prop);
/*
 * The line that a list has for it, printable; NULL: none, as the default with HIDE_DEFAULT. In the arena.
 * 0, or -1 with an error.
 */
int prop_list_line(const struct vm *vm, const struct prop *prop, bool hide_default, const char **line);

/*
 * Checks TEXT, as a user wrote it, and stores it. 0, or -1 with an error and nothing changed. Not for
 * PROP_BY_LIFECYCLE.
 */
int prop_set(struct vm *vm, const struct prop *prop, const char *text);
int prop_reset(struct vm *vm, const struct prop *prop); /* back to the default */
int prop_set_or_reset(struct vm *vm, const struct prop *prop,
		      const char *text); /* TEXT NULL: to the default */

/*
 * As Python reads it: blanks around it, a sign, single underscores between the digits, which may be of any
 * script. False: it is none. One that does not fit is the nearest that does.
 */
bool prop4_read_number(const char *text, long long *number);
/* The same as plain decimal, of any length, in ARENA; NULL: it is none. */
const char *prop4_number_text(struct arena *arena, const char *text);

/* The words for true and false in any case: 1, 0, or -1 for anything else. */
int prop_boolean_word(const char *text);

/* ---- globals ---- */
struct prop_global {
	const char *name; /* "default-netvm" */
	const char *key;  /* "default_netvm" */
	/* May VM be it? 0, or -1 with an error. NULL: this one is not a VM but a kernel. */
	int (*check)(const struct vm *vm);
	const char *forms;
	const struct prop *row; /* release 4: of prop4_globals; then KEY and CHECK say nothing */
	const char
		*running; /* what VMs that run keep when it changes, for a message; NULL: nothing of note */
};

/* The store itself as what has the globals of release 4. In the arena. */
struct vm *prop_store(struct qubes *q);

/* Sorted by name; ended by a NULL name. */
const struct prop_global *prop_global_rows(struct qubes *q);
#define FOR_EACH_GLOBAL(q, global) \
	for (const struct prop_global *global = prop_global_rows(q); global->name; global++)
const struct prop_global *prop_find_global(struct qubes *q, const char *name); /* '-' and '_' alike */

/* As qubes-prefs prints it; "" for no VM, "None" for no kernel. In the arena. */
const char *prop_get_global(struct qubes *q, const struct prop_global *global);
/* The line that a list has for it, printable. In the arena. */
const char *prop_global_line(struct qubes *q, const struct prop_global *global);
/* "none" and "" clear a VM. 0, or -1 with an error. */
int prop_set_global(struct qubes *q, const struct prop_global *global, const char *text);
int prop_reset_global(struct qubes *q, const struct prop_global *global); /* to none */

/* The kernels below /var/lib/qubes/vm-kernels, sorted, each behind a blank; " none". In the arena. */
const char *prop_kernel_names(struct qubes *q);

/* ---- short cuts for rooms that need one value by its name; the property must exist ---- */
/* 0, or -1 with an error when the value is broken or cannot be had now. */
int prop_number(const struct vm *vm, const char *name, long long *number);
const char *prop_string(const struct vm *vm, const char *name); /* NULL: none, without an error */
bool prop_flag(const struct vm *vm, const char *name);		/* broken: false */

/* ---- features: those of release 4; a store of release 3 keeps a few of them ---- */

struct prop_feature {
	const char *name, *value; /* "": off */
};
/* VALUE NULL: it is not set. 0, or -1 with an error: the store has no place for it. */
int prop_get_feature(const struct vm *vm, const char *feature, const char **value);
bool prop_feature_is_on(const struct vm *vm, const char *feature); /* VM's own */
/* All that are set, sorted, in the arena. NULL with an error. */
struct prop_feature *prop_features(const struct vm *vm, size_t *count);
/* TEXT NULL: takes it away. 0, or -1 with an error and nothing changed. */
int prop_set_feature(struct vm *vm, const char *feature, const char *text);

/* The tags of VM, sorted; the texts are the tree's. 0, or -1 with an error: the store knows none. */
int prop_tags(const struct vm *vm, struct strlist *tags);
/* 0, or -1 with an error and nothing changed. */
int prop_set_tag(struct vm *vm, const char *tag, bool has);

/* Is it virtualised in full, by its class or by its mode? */
bool prop_is_hvm(const struct vm *vm);

/* Services as the tools see them: with what always holds (store.md 5.3) added. 0, or -1 with an error. */
int prop_services(const struct vm *vm, struct literal *services);
int prop_pcidevs(const struct vm *vm, struct literal *devices);

enum prop_switch {
	PROP_ABSENT, /* the service's own default */
	PROP_OFF,
	PROP_ON,
};

/* May a service be called so? 0, or -1 with an error. */
int prop_check_service_name(const char *name);
/*
 * Turns one service of VM on or off, or leaves it to its default, whatever it is called then. A value that
 * cannot hold (store.md 5.3) is stored and said. 0, or -1 with an error and nothing changed.
 */
int prop_set_service(struct vm *vm, const char *name, enum prop_switch to);
/* Forgets all that is set of VM's services, readable or not. 0, or -1 with an error. */
int prop_reset_services(struct vm *vm);

/* The line that a list has for one of them, names padded to WIDTH. In the arena. */
const char *prop_service_line(struct qubes *q, const char *name, int width, bool on);

#define PROP_UPDATE_CHECK "qubes-update-check" /* the service that looks for updates */

/* Does dom0, and does a new VM, look for updates? As flag files say, or will say once the store is saved. */
struct prop_updates {
	bool dom0, new_vms;
};
struct prop_updates prop_update_checks(struct qubes *q);
/* Sets both flags, once the store is saved. */
void prop_set_update_checks(struct qubes *q, bool on);

/*
 * Why VM may not be started as far as its own values go (one that is not of its type), in the arena; NULL:
 * it may.
 */
const char *prop_broken(const struct vm *vm);

/*
 * Completes the element of a VM that was just added to the form that the original tools give a new one:
 * every property that is always written, with its default; what is set already stays. TEMPLATE: the one it
 * is based on; NULL: none. 0, or -1 with an error.
 */
int prop_initialise(struct vm *vm, const struct vm *template);

#endif
