/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * halted - is a VM off, as far as that can be known? For tools that change its files.
 */
#ifndef QUBES_HALTED_H
#define QUBES_HALTED_H

#include <stdbool.h>

#include "vm.h"

/*
 * 0 if VM is off, or taken as off offline; -1 with an error that says how to shut it down. Where the
 * hypervisor cannot be asked, that is a note for a change that a running VM would survive, and with MUST_KNOW
 * an error.
 */
int halted_check(struct vm *vm, bool must_know);

/* The same for all VMs that are based on the template VM; it must be known. */
int halted_check_children(const struct vm *vm);

#endif
