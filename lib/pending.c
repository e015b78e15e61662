/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pending - what waits for the store to be written: saved first, then run in order.
 */
#include "pending.h"

#include "error.h"
#include "store.h"
#include "util.h"

struct pending_item {
	pending_action *action;
	void *argument;
	struct pending_item *next;
};

struct pending {
	struct pending_item *first, **end;
};

struct pending *pending_new(struct qubes *q)
{
	struct pending *pending = arena_alloc(q->arena, sizeof(*pending));

	pending->end = &pending->first;
	return pending;
}

void qubes_after_save(struct qubes *q, pending_action *action, void *argument)
{
	struct pending_item *item = arena_alloc(q->arena, sizeof(*item));

	item->action = action;
	item->argument = argument;
	*q->pending->end = item;
	q->pending->end = &item->next;
}

/* A failed action leaves a valid store, and says nothing about the ones behind it: they run too. */
static int run_queue(struct qubes *q)
{
	struct pending *pending = q->pending;
	int result = 0;

	while (pending->first) {
		struct pending_item *item = pending->first;

		pending->first = item->next;
		if (!pending->first)
			pending->end = &pending->first;
		if (item->action(q, item->argument) != 0) {
			error_report();
			result = -1;
		}
	}
	return result == 0 ? 0 : error_said();
}

static int save(struct qubes *q)
{
	if (!q->store || !store_changed(q->store))
		return 0;
	if (!q->writing)
		return error_set(ERROR_FAILED, "the store was changed without its lock: nothing is saved");
	return store_save(q->store);
}

int qubes_commit(struct qubes *q)
{
	if (save(q) != 0)
		return -1;
	if (q->writing) {
		store_unlock(q->store);
		q->writing = false;
	}
	return run_queue(q);
}
