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

/*
 * Where the queues end now, and back to there: what a command of a batch queued that then failed. What it did
 * outside the store it has taken back itself.
 */
struct pending_mark {
	struct pending_item **with_save, **after_save;
	struct pending_change *changes;
};
struct pending_mark pending_mark(const struct qubes *q);
void pending_rewind(struct qubes *q, const struct pending_mark *mark);

/* Runs what qubes_on_failure() was given, the last one first. */
void pending_take_back(struct qubes *q);

/* May the store be saved as it is now? 0, or -1 with an error. */
int pending_check_save(const struct qubes *q);

/* The end of a batch: what qubes_commit() is for a single command. 0, or -1 with an error. */
int pending_finish(struct qubes *q);

/* What ACTION was queued with last; NULL: it does not wait. */
void *pending_argument(const struct qubes *q, pending_action *action);

#endif
