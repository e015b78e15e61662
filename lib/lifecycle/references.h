/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who names a VM in the store, and what becomes of that when it goes.
 */
#ifndef QUBES_LIFECYCLE_REFERENCES_H
#define QUBES_LIFECYCLE_REFERENCES_H

#include "vm.h"

/* Does that property of USER name VM itself? */
bool reference_names(const struct vm *user, const char *property, const struct vm *vm);

/* Does USER count? */
typedef bool reference_filter(const void *context, const struct vm *user);

/*
 * All that names VM besides templates and netvms, "guivm of work, updatevm", of those users that count. In the
 * arena; NULL: nothing.
 */
const char *references_to(const struct vm *vm, reference_filter *counts, const void *context);

/* USER's own ones of that kind name GONE no more, which is said. 0, or -1 with an error. */
int references_clear(struct vm *user, const struct vm *gone);

/*
 * All that names the VM OLD in a store of release 4, templates and netvms too, names NEW. 0, or -1 with an error.
 */
int references_rename(struct qubes *q, const char *old, const char *new);

#endif
