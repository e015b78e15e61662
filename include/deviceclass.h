/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deviceclass - PCI devices, disks and USB devices as one kind of thing, and the command lines of the tools for
 * them: release 4's words (list, attach, detach) for all, and tables of release 3's options for each.
 *
 * A class is a row, a command is a row.
 */
#ifndef QUBES_DEVICECLASS_H
#define QUBES_DEVICECLASS_H

#include <stdbool.h>
#include <stddef.h>

#include "option.h"
#include "selection.h"

/* Who has a device; its options as release 4 writes them ("frontend-dev=xvdi"), NULL: none. */
struct deviceclass_use {
	struct vm *vm;
	const char *options;
	struct deviceclass_use *next;
};

struct deviceclass_row {
	struct vm *backend;
	const char *ident; /* "00_19.0", "sda", "2-1.4" */
	const char *description;
	struct deviceclass_use *uses;
};

struct deviceclass_list {
	struct deviceclass_row *rows; /* sorted, in the arena */
	size_t count, room;
};

/* A member of the applet's argument structure S. */
struct deviceclass_args {
	struct selection which;
	struct strlist options;
	bool persistent, read_only;
};

/* Which of them a command has. */
enum deviceclass_options {
	DEVICECLASS_SELECTION = 1 << 0, /* --all, --exclude */
	DEVICECLASS_OPTIONS = 1 << 1,	/* -o, -p */
	DEVICECLASS_READ_ONLY = 1 << 2, /* --ro */
};

#define OPT_DEVICECLASS(s, m)                                                                              \
	OPT_FLAG(0, "all", s, m.which.all, "list: of every VM but dom0"),                                  \
		OPT_LIST(0, "exclude", "VM", s, m.which.exclude, "list --all: not this one (repeatable)"), \
		OPT_LIST('o', "option", "NAME=VALUE", s, m.options, "attach: an option of the device"),    \
		OPT_FLAG('p', "persistent", s, m.persistent,                                               \
			 "attach: again at each start (PCI devices only, and always)"),                    \
		OPT_FLAG(0, "ro", s, m.read_only, "attach: it can only be read (disks)")

/* 0, or -1 with an error, but for list. */
struct deviceclass {
	const char *name;
	bool stored; /* attaching and detaching change the store */
	int (*list)(struct qubes *q, struct deviceclass_list *list);
	int (*attach)(struct vm *vm, struct vm *backend, const char *ident,
		      const struct deviceclass_args *how);
	int (*detach)(struct vm *vm, struct vm *backend, const char *ident);
	int (*detach_all)(struct vm *vm);
};

extern const struct deviceclass deviceclass_pci, deviceclass_block, deviceclass_usb;
extern const struct deviceclass *const deviceclasses[];		 /* ended by NULL */
const struct deviceclass *deviceclass_by_name(const char *name); /* NULL with an error */

/* A row for BACKEND's IDENT: the one that is there, or a new one. */
struct deviceclass_row *deviceclass_add(struct qubes *q, struct deviceclass_list *list, struct vm *backend,
					const char *ident, const char *description);
/* Texts are not copied. */
void deviceclass_add_use(struct qubes *q, struct deviceclass_row *row, struct vm *vm, const char *options);

/* ---- command lines ---- */

/* A command of release 3, meant by an option. */
struct deviceclass_command {
	int mode; /* of OPT_CHOICE; the first row is meant without an option too */
	size_t fewest, most;
	const char *words[2]; /* what the words are, for a complaint: "VM", "device" */
	bool changes;	      /* something: the store, if the class is stored there, or who has what */
	unsigned options;     /* of enum deviceclass_options */
	int (*act)(struct qubes *q, const void *args, char **words);
};

struct deviceclass_tool {
	const struct deviceclass *class;
	const struct deviceclass_command
		*commands;     /* ended by a NULL act; NULL: none, release 4's words alone */
	const char *exclusive; /* the complaint about options that exclude each other */
	bool loose; /* a second word that is missing is no mistake in usage (exit status 1), as it was */
};

struct hotplug_kind;
/*
 * "-d BACKEND:DEVICE" takes it from whoever has it (from nobody: said, and no failure); "-d VM" takes all from VM.
 * 0, or -1 with an error.
 */
int deviceclass_detach_release3(struct qubes *q, const struct hotplug_kind *kind, const char *word);

/* What of the command line the two below need: MODE its options of release 3, ARGS those of release 4. */
struct deviceclass_call {
	const struct deviceclass_tool *tool;
	const struct deviceclass_args *args;
	const void *all; /* the applet's own structure, for ACT */
	int mode;
	char **words;
};

/* 1: it changes the store; 0: it only reads; -1 with an error. */
int deviceclass_check(const struct deviceclass_call *call);
/* 0, or -1 with an error. */
int deviceclass_run(struct qubes *q, const struct deviceclass_call *call);

#endif
