/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second look at the store, for sequences of the lifecycle room that take long.
 */
#ifndef QUBES_LIFECYCLE_AGAIN_H
#define QUBES_LIFECYCLE_AGAIN_H

#include "vm.h"

/*
 * Loads the store as it is now into AGAIN, which shares all else with Q: to write (qubes_commit saves it), or
 * to read, when what is changed is never saved. Q must not hold the store's lock. Texts of AGAIN's VMs end
 * with it. 0, or -1 with an error.
 */
int again_open(const struct qubes *q, bool write, struct qubes *again);
/* VM as AGAIN has it, by its UUID, or by qid and name where it has none; NULL: it is there no more. */
struct vm *again_vm(const struct qubes *again, const struct vm *vm);
void again_close(struct qubes *again);

#endif
