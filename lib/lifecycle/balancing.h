/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping the memory balancer of the host still for a while, for what saves domains.
 */
#ifndef QUBES_LIFECYCLE_BALANCING_H
#define QUBES_LIFECYCLE_BALANCING_H

#include <stdbool.h>

struct root;

struct balancing {
	const struct root *root;
	int mark;  /* -1: not stopped */
	bool ours; /* of us, or of one like us who is at it: not left over */
};

/* 0, or -1 with an error. One that is left over is said, and left alone. */
int balancing_stop(const struct root *root, struct balancing *stopped);
/* Lets it go on, unless others still need it to be still. A second call does nothing. */
void balancing_resume(struct balancing *stopped);

#endif
