/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pending - what waits for the store to be written: the queue behind qubes_after_save and qubes_commit.
 *
 * The applets' and rooms' side of it is in qubes.h; this is the front door's.
 */
#ifndef QUBES_PENDING_H
#define QUBES_PENDING_H

#include "qubes.h"

/* An empty queue, in the arena. */
struct pending *pending_new(struct qubes *q);

/* What ACTION was queued with last; NULL: it does not wait. */
void *pending_argument(const struct qubes *q, pending_action *action);

#endif
