/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fsck - what is wrong with a store, what the original tools would do with it, and putting it right.
 *
 * Works on what no other room would open: any bytes, either format. A file that ends too early is completed from
 * what is whole in it and from the newest copy that is intact.
 */
#ifndef QUBES_FSCK_H
#define QUBES_FSCK_H

#include <stdbool.h>

#include "qubes.h"

enum fsck_mode {
	FSCK_ASK,     /* each repair, where there is somebody to be asked */
	FSCK_NOTHING, /* only say what is wrong */
	FSCK_ALL,     /* repair all that can be */
};

struct fsck_options {
	enum fsck_mode mode;
	bool json;	     /* one object on stdout, for programs; no questions */
	const char *store;   /* absolute path below the root */
	const char *release; /* "4.2": what will load it; NULL: as the system, or the store itself, says */
	char *const *vms;    /* only what concerns these; NULL-terminated; none: everything */
};

/* As fsck(8) has them. */
enum fsck_status {
	FSCK_CLEAN = 0,	      /* nothing that keeps the store from being loaded */
	FSCK_FIXED = 1,	      /* there was something, and it is put right */
	FSCK_ERRORS_LEFT = 4, /* it cannot be loaded */
	FSCK_TROUBLE = 8,     /* it could not be checked or written */
};

/* Is that one of the releases whose rules are known ("4.2", also "4.2.3")? */
bool fsck_knows_release(const char *release);

/*
 * Checks, asks, repairs and writes as OPTIONS say, and prints on stdout what there is to say. Never writes without
 * having kept a copy. Returns an enum fsck_status; for FSCK_TROUBLE an error is recorded.
 */
int fsck_run(struct qubes *q, const struct fsck_options *options);

#endif
