/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the renames of both formats share.
 */
#ifndef QUBES_LIFECYCLE_RENAME_H
#define QUBES_LIFECYCLE_RENAME_H

#include "vm.h"

/*
 * The link that starts a VM at boot gets its new name, if there is one (THERE). 0, or -1 with an error and nothing
 * changed.
 */
int rename_autostart(const struct root *root, const char *from, const char *to, bool *there);

/* lifecycle_rename for a local VM of a store of release 4. */
int rename_release4(struct vm *vm, const char *name);

#endif
