/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two sets of facts compared: which VM is which, and what differs, in words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* VMs by their key, and by their UUID, to be found in no time. */
struct index {
	const struct facts_vm **by_key, **by_uuid;
	size_t keys, uuids;
};

struct comparison {
	const struct facts *before, *after;
	struct index old, new;
	enum changes_detail detail;
	void (*each)(const char *line, void *context);
	void *context;
	size_t found;
};

/* Of two of the same key the first stays first. */
static int compare_places(const struct facts_vm *a, const struct facts_vm *b)
{
	return a < b ? -1 : a > b;
}

static int by_key(const void *a, const void *b)
{
	const struct facts_vm *first = *(const struct facts_vm *const *)a;
	const struct facts_vm *second = *(const struct facts_vm *const *)b;
	int order = strcmp(first->key, second->key);

	return order ? order : compare_places(first, second);
}

static int by_uuid(const void *a, const void *b)
{
	const struct facts_vm *first = *(const struct facts_vm *const *)a;
	const struct facts_vm *second = *(const struct facts_vm *const *)b;
	int order = strcmp(first->uuid, second->uuid);

	return order ? order : compare_places(first, second);
}

static struct index index_of(const struct facts *facts)
{
	struct index index = {
		.by_key = util_alloc((facts->count + 1) * sizeof(*index.by_key)),
		.by_uuid = util_alloc((facts->count + 1) * sizeof(*index.by_uuid)),
	};

	for (size_t i = 0; i < facts->count; i++) {
		index.by_key[index.keys++] = &facts->vms[i];
		if (facts->vms[i].uuid)
			index.by_uuid[index.uuids++] = &facts->vms[i];
	}
	qsort(index.by_key, index.keys, sizeof(*index.by_key), by_key);
	qsort(index.by_uuid, index.uuids, sizeof(*index.by_uuid), by_uuid);
	return index;
}

static void index_free(struct index *index)
{
	free(index->by_key);
	free(index->by_uuid);
}

/* The first in sorted VMs that is not less than KEY, by what the member at OFFSET says. */
static size_t lower_bound(const struct facts_vm *const *vms, size_t count, const char *key, bool uuid)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(uuid ? vms[middle]->uuid : vms[middle]->key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct facts_vm *find_key(const struct index *index, const char *key)
{
	size_t place = lower_bound(index->by_key, index->keys, key, false);

	return place < index->keys && !strcmp(index->by_key[place]->key, key) ? index->by_key[place] : NULL;
}

/* VM of the one set in the other: by its key, or under another name by its UUID. */
static const struct facts_vm *counterpart(const struct index *own, const struct index *other,
					  const struct facts_vm *vm)
{
	const struct facts_vm *same = find_key(other, vm->key);
	size_t place;

	if (same || !vm->uuid)
		return same;
	place = lower_bound(other->by_uuid, other->uuids, vm->uuid, true);
	if (place >= other->uuids || strcmp(other->by_uuid[place]->uuid, vm->uuid))
		return NULL;
	same = other->by_uuid[place];
	return find_key(own, same->key) ? NULL : same;
}

/* ---- words ---- */

static void tell(struct comparison *c, const char *line)
{
	AUTO_FREE char *shown = util_printable(line);

	c->found++;
	if (c->each)
		c->each(shown, c->context);
}

static void tell_change(struct comparison *c, const char *of, const char *what, const char *from,
			const char *to)
{
	AUTO_FREE char *line = util_printf("%s%s%s: %s -> %s", of, *of ? ": " : "", what, *from ? from : "''",
					   *to ? to : "''");

	tell(c, line);
}

static void tell_new(struct comparison *c, const struct facts_vm *vm)
{
	AUTO_FREE char *line = util_printf("%s: new, class %s, qid %s", vm->name, vm->class, vm->qid);

	tell(c, line);
	for (size_t i = 0; c->detail == CHANGES_FULL && i < vm->count; i++)
		if (vm->facts[i].told_if_new)
			tell_change(c, vm->name, vm->facts[i].what, FACTS_ABSENT, vm->facts[i].text);
}

static void compare_vm(struct comparison *c, const struct facts_vm *before, const struct facts_vm *after)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct fact *old = &before->facts[i], *new = facts_find(after, old->what);
		const char *text = new ? new->text : old->absent;

		if (facts_find(before, old->what) == old && strcmp(old->text, text))
			tell_change(c, before->name, old->what, old->text, text);
	}
	for (size_t i = 0; i < after->count; i++) {
		const struct fact *new = &after->facts[i];

		if (!facts_find(before, new->what) &&
		    facts_find(after, new->what) == new &&strcmp(new->text, new->absent))
			tell_change(c, before->name, new->what, new->absent, new->text);
	}
}

static void compare_all(struct comparison *c)
{
	for (size_t i = 1; i < c->before->count; i++) {
		const struct facts_vm *vm = &c->before->vms[i], *same = counterpart(&c->old, &c->new, vm);
		AUTO_FREE char *removed = same ? NULL : util_printf("%s: removed", vm->name);

		if (same)
			compare_vm(c, vm, same);
		else
			tell(c, removed);
	}
	for (size_t i = 1; i < c->after->count; i++)
		if (!counterpart(&c->new, &c->old, &c->after->vms[i]))
			tell_new(c, &c->after->vms[i]);
	compare_vm(c, &c->before->vms[0], &c->after->vms[0]);
}

size_t changes_between(const struct facts *before, const struct facts *after, enum changes_detail detail,
		       void (*each)(const char *line, void *context), void *context)
{
	struct comparison c = {
		.before = before,
		.after = after,
		.old = index_of(before),
		.new = index_of(after),
		.detail = detail,
		.each = each,
		.context = context,
	};

	compare_all(&c);
	index_free(&c.old);
	index_free(&c.new);
	return c.found;
}

static void print_line(const char *line, void *unused)
{
	(void)unused;
	puts(line);
}

void changes_print(const struct facts *before, const struct facts *after)
{
	changes_between(before, after, CHANGES_FULL, print_line, NULL);
}
