/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules that a VM must meet to be started, for the start sequence.
 */
#ifndef QUBES_LIFECYCLE_STARTABLE_H
#define QUBES_LIFECYCLE_STARTABLE_H

#include "vm.h"

/* FIRST: a disposable VM, for its first and only start. 0, or -1 with an error that says what is in the way. */
int startable(struct vm *vm, bool first);

/* Can the values be used that the store has of VM? 0, or -1 with an error. */
int check_values(const struct vm *vm);

/* Does the chain of VM's netvms have an end? 0, or -1 with an error. */
int netvms_end(const struct vm *vm);

#endif
