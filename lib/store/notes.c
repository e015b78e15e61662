/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a node remembers of the file: which of its elements it was, and how many attributes it had then.
 *
 * mxml puts a new attribute behind the others, the file has it in its sorted place. Moving the others in
 * the tree would free their texts, which callers hold; so the order is made when the tree is written.
 */
#include <mxml.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Both notes are in the node's user data: the element's number above, that of attributes plus one below. */
#define COUNT_BITS 16
#define COUNT_MASK (((uintptr_t)1 << COUNT_BITS) - 1)

_Static_assert(WELLFORMED_SIZE_MAX >> 2 < UINTPTR_MAX >> COUNT_BITS, "an element takes 4 bytes at least");

uintptr_t store_number(const store_node *node)
{
	return (uintptr_t)mxmlGetUserData((store_node *)node) >> COUNT_BITS;
}

void store_set_number(store_node *node, uintptr_t number)
{
	mxmlSetUserData(node, (void *)(number << COUNT_BITS));
}

size_t store_number_elements(store_node *root)
{
	uintptr_t number = 0;

	for (store_node *node = root; node; node = mxmlWalkNext(node, root, MXML_DESCEND))
		if (mxmlGetType(node) == MXML_ELEMENT && !strchr("!?", mxmlGetElement(node)[0]))
			store_set_number(node, ++number);
	return number;
}

/* All of them, as long as none was added. */
static int count_read(store_node *node)
{
	uintptr_t noted = (uintptr_t)mxmlGetUserData(node) & COUNT_MASK;

	return noted ? (int)noted - 1 : mxmlElementGetAttrCount(node);
}

static void set_count_read(store_node *node, int count)
{
	uintptr_t number = store_number(node) << COUNT_BITS;

	mxmlSetUserData(node, (void *)(number | (uintptr_t)(count + 1)));
}

void store_put_attribute(store_node *node, const char *name, const char *value)
{
	if (!mxmlElementGetAttr(node, name))
		set_count_read(node, count_read(node));
	mxmlElementSetAttr(node, name, value);
}

static int place_of(store_node *node, const char *name)
{
	int count = mxmlElementGetAttrCount(node);

	for (int i = 0; i < count; i++) {
		const char *other;

		mxmlElementGetAttrByIndex(node, i, &other);
		if (!strcmp(name, other))
			return i;
	}
	return -1;
}

void store_drop_attribute(store_node *node, const char *name)
{
	int place = place_of(node, name), read = count_read(node);

	if (place < 0)
		return;
	if (place < read)
		set_count_read(node, read - 1);
	mxmlElementDeleteAttr(node, name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct store_attribute *)a)->name, ((const struct store_attribute *)b)->name);
}

size_t store_attributes(store_node *node, struct store_attribute *attributes)
{
	size_t count = (size_t)mxmlElementGetAttrCount(node), read = (size_t)count_read(node), next = 0;
	struct store_attribute *all = util_alloc((count + 1) * sizeof(*all)), *added = all + read;

	for (size_t i = 0; i < count; i++)
		all[i].value = mxmlElementGetAttrByIndex(node, (int)i, &all[i].name);
	qsort(added, count - read, sizeof(*all), by_name);
	/* Each one that was added goes before the first that was there and is greater. */
	for (size_t i = 0; i < read; i++) {
		while (added < all + count && strcmp(added->name, all[i].name) < 0)
			attributes[next++] = *added++;
		attributes[next++] = all[i];
	}
	while (added < all + count)
		attributes[next++] = *added++;
	free(all);
	return count;
}
