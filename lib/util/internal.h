/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the util room share: the root, and the place that a path below it leads to.
 */
#ifndef QUBES_UTIL_INTERNAL_H
#define QUBES_UTIL_INTERNAL_H

#include "util.h"

struct root {
	char *directory; /* absolute, without links; "" for the host's own root */
	int fd;		 /* O_PATH; -1 for the host's own root */
};

/* Where a path leads: what an *at() call needs. */
struct place {
	int fd;		  /* of the directory; AT_FDCWD on the host, where the kernel does the walking */
	const char *name; /* in it; "." for the root itself */
	int flags;	  /* AT_SYMLINK_NOFOLLOW, unless it is left to the kernel to follow the last link */
	char *owned;
};

/*
 * Walks PATH (absolute) below the root; FOLLOW: through a link at its end too. What is at the end need not
 * exist. 0, or -1 with errno set.
 */
int root_find(const struct root *root, const char *path, bool follow, struct place *place);
void root_leave(struct place *place);
#define AUTO_PLACE __attribute__((cleanup(root_leave)))

/* PATH below the root without links, as far as it exists; lexically clean beyond. The caller frees. */
char *root_canonical(const struct root *root, const char *path);

#endif
