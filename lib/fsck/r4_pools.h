/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a pool of an R4 store most likely is, told from its name and from the volumes in it.
 */
#ifndef QUBES_FSCK_R4_POOLS_H
#define QUBES_FSCK_R4_POOLS_H

#include "r4.h"

#define R4_KERNELS "linux-kernel"
#define R4_KERNELS_DIRECTORY "/var/lib/qubes/vm-kernels"
#define R4_FILES_DIRECTORY "/var/lib/qubes"

/* A vid of a volume in pool NAME; NULL: there is none. */
const char *r4_some_vid(const struct r4 *r, const char *name);

/* The volume group in VID, if it is that of a thin volume; NULL. */
const char *r4_volume_group(struct arena *arena, const char *vid);

/* Keeps it, or a volume in it, more than one revision? The driver "file" cannot. */
bool r4_keeps_revisions(const struct r4 *r, const char *name);

/* The driver and arguments that a pool called NAME most likely has; false: nobody knows. */
struct r4_guess {
	const char *driver, *volume_group, *thin_pool, *directory;
};
bool r4_guess_pool(const struct r4 *r, const char *name, struct r4_guess *guess);

#endif
