/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pending - what waits for the store to be written: saved first, then run in order.
 */
#include "pending.h"

#include "error.h"
#include "store.h"
#include "util.h"
#include "vm.h"

struct pending_item {
	pending_action *action;
	void *argument;
	struct pending_item *next;
};

struct pending_queue {
	struct pending_item *first, **end;
};

/* A change that can be taken back; the last one made comes first. */
struct pending_change {
	pending_undo *undo;
	void *argument;
	struct pending_change *before;
};

struct pending {
	struct pending_queue with_save, after_save;
	struct pending_change *changes;
};

struct pending *pending_new(struct qubes *q)
{
	struct pending *pending = arena_alloc(q->arena, sizeof(*pending));

	pending->with_save.end = &pending->with_save.first;
	pending->after_save.end = &pending->after_save.first;
	return pending;
}

static void add(struct qubes *q, struct pending_queue *queue, pending_action *action, void *argument)
{
	struct pending_item *item = arena_alloc(q->arena, sizeof(*item));

	item->action = action;
	item->argument = argument;
	*queue->end = item;
	queue->end = &item->next;
}

void qubes_after_save(struct qubes *q, pending_action *action, void *argument)
{
	add(q, &q->pending->after_save, action, argument);
}

void qubes_with_save(struct qubes *q, pending_action *action, void *argument)
{
	add(q, &q->pending->with_save, action, argument);
}

void qubes_on_failure(struct qubes *q, pending_undo *undo, void *argument)
{
	struct pending_change *change = arena_alloc(q->arena, sizeof(*change));

	*change = (struct pending_change){ undo, argument, q->pending->changes };
	q->pending->changes = change;
}

void pending_take_back(struct qubes *q)
{
	for (; q->pending->changes; q->pending->changes = q->pending->changes->before)
		q->pending->changes->undo(q->pending->changes->argument);
}

struct pending_mark pending_mark(const struct qubes *q)
{
	return (struct pending_mark){ q->pending->with_save.end, q->pending->after_save.end,
				      q->pending->changes };
}

static void cut(struct pending_queue *queue, struct pending_item **end)
{
	queue->end = end;
	*end = NULL;
}

void pending_rewind(struct qubes *q, const struct pending_mark *mark)
{
	cut(&q->pending->with_save, mark->with_save);
	cut(&q->pending->after_save, mark->after_save);
	q->pending->changes = mark->changes;
}

static void *last_argument(const struct pending_queue *queue, pending_action *action, void *argument)
{
	for (const struct pending_item *item = queue->first; item; item = item->next)
		if (item->action == action)
			argument = item->argument;
	return argument;
}

void *pending_argument(const struct qubes *q, pending_action *action)
{
	void *argument = NULL;

	if (!q->pending)
		return NULL;
	argument = last_argument(&q->pending->with_save, action, argument);
	return last_argument(&q->pending->after_save, action, argument);
}

/* A failed action leaves a valid store, and says nothing about the ones behind it: they run too. */
static int run_queue(struct qubes *q, struct pending_queue *queue)
{
	int result = 0;

	while (queue->first) {
		struct pending_item *item = queue->first;

		queue->first = item->next;
		if (!queue->first)
			queue->end = &queue->first;
		if (item->action(q, item->argument) != 0) {
			error_report();
			result = -1;
		}
	}
	return result;
}

int pending_check_save(const struct qubes *q)
{
	const char *forbidden = store_write_forbidden(q->store);

	if (forbidden)
		return error_set(ERROR_STORE, "%s may only be read: %s", STORE_PATH, forbidden);
	return q->vms ? vms_check_globals(q) : 0;
}

static int save(struct qubes *q)
{
	if (!q->store || !store_changed(q->store))
		return 0;
	if (!q->writing)
		return error_set(ERROR_FAILED, "the store was changed without its lock: nothing is saved");
	return pending_check_save(q) != 0 ? -1 : store_save(q->store);
}

int qubes_commit(struct qubes *q)
{
	return q->batch ? 0 : pending_finish(q);
}

static int finish(struct qubes *q)
{
	int with, after;

	if (save(q) != 0)
		return -1;
	q->pending->changes = NULL;
	with = run_queue(q, &q->pending->with_save);
	if (q->writing) {
		store_unlock(q->store);
		q->writing = false;
	}
	after = run_queue(q, &q->pending->after_save);
	return with == 0 && after == 0 ? 0 : error_said();
}

/* A signal must not leave a half-written new store behind, nor what belongs to a saved one undone. */
int pending_finish(struct qubes *q)
{
	sigset_t before;
	int result;

	util_hold_signals(&before);
	result = finish(q);
	util_release_signals(&before);
	return result;
}
