/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * applet - what the front door knows of each applet, and what an applet may use of the front door.
 *
 * An applet returns; it never exits. Its result is 0, or a positive exit status of its own, or -1 with an
 * error that the front door prints and turns into an exit status.
 */
#ifndef QUBES_APPLET_H
#define QUBES_APPLET_H

#include "error.h"
#include "option.h"
#include "qubes.h"
#include "util.h"

enum store_access {
	STORE_NONE,
	STORE_READ,
	STORE_WRITE,
};

enum applet_flags {
	APPLET_BATCH = 1 << 0, /* may run in a batch */
	APPLET_R3 = 1 << 1,    /* refused on an R4 store */
};

struct applet {
	const char *name;
	const char *summary;
	const struct option_row *options; /* they also say how big the argument structure is */
	int (*main)(struct qubes *q, const void *args, char **words); /* WORDS is NULL-terminated */
	enum store_access store;				      /* the most it may touch */
	/*
	 * What these arguments need (of enum store_access); may also refuse them: -1 with ERROR_USAGE.
	 * NULL: STORE.
	 */
	int (*access)(const void *args, char **words);
	enum hypervisor_access hypervisor;
	unsigned flags; /* of enum applet_flags */
};

/*
 * Locks and loads the store, for an applet whose access function asked for STORE_NONE because something long
 * comes first. 0, or -1 with an error.
 */
int applet_open_store(struct qubes *q, enum store_access access);

/*
 * Runs one command of a batch inside its context Q: finds the applet, parses, checks that it may run there.
 * ARGV must live in the arena. 0, or -1 with an error and the store as it was.
 */
int applet_call(struct qubes *q, int argc, char **argv);

extern const struct applet applets[];		    /* sorted by name; ended by a NULL name */
const struct applet *applet_find(const char *name); /* NULL: unknown */

/* What applets/FUNCTION.c exports, for every row. An access function exists only where the row names it. */
#define APPLET(name, function, store, access, hypervisor, flags, summary)     \
	extern const struct option_row function##_options[];                  \
	int function##_main(struct qubes *q, const void *args, char **words); \
	int function##_access(const void *args, char **words);
#include "applets.h"

#endif
