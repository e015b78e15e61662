/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stores for those who mend them: opened whatever is in them, and given a text that somebody has put right.
 */
#include <fcntl.h>
#include <mxml.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define COPY_MODE 0660

struct store *store_open_unchecked(struct root *root, const char *path, bool write, int seconds)
{
	struct store *store = store_lock_file(root, path, write, seconds);

	if (!store)
		return NULL;
	if (store_read_file(store, store->fd) < 0) {
		store_close(store);
		return NULL;
	}
	store->read = store->text;
	store->text = NULL;
	if (!write)
		store_unlock(store);
	return store;
}

void store_set_format(struct store *store, enum store_format format)
{
	store->format = format;
	if (store->fd >= 0)
		store_remove_leftovers(store->root, store->path, format);
}

const char *store_bytes(const struct store *store, size_t *length)
{
	*length = (size_t)store->original.st_size;
	return store->read;
}

static int report(const struct xml_fault *from, struct store_fault *fault)
{
	*fault = (struct store_fault){ from->offset, from->line, from->column, from->what };
	return -1;
}

int store_take_text(struct store *store, const char *text, size_t length, struct store_fault *fault)
{
	char *copy = util_alloc(length + 1);
	struct xml_document document;
	struct xml_fault found;
	store_node *tree = NULL;

	memcpy(copy, text, length);
	if (wellformed_check(copy, length, &document, &found) == 0) {
		tree = store_parse(copy, &document, store->path, true);
		found = (struct xml_fault){ document.root_start, 1, 1, "it cannot be parsed" };
	}
	if (!tree) {
		free(copy);
		return report(&found, fault);
	}
	if (store->tree)
		mxmlDelete(store->tree);
	free(store->text);
	store->text = copy;
	store->document = document;
	store->tree = tree;
	return 0;
}

struct store *store_from_text(const char *shown, const char *text, size_t length, struct store_fault *fault)
{
	struct store *store = util_alloc(sizeof(*store));

	store->path = util_strdup(shown);
	store->fd = -1;
	if (store_take_text(store, text, length, fault) == 0)
		return store;
	store_close(store);
	return NULL;
}

int store_check_text(const char *text, size_t length, struct store_fault *fault)
{
	AUTO_FREE char *copy = util_alloc(length + 1);
	struct xml_document document;
	struct xml_fault found;

	memcpy(copy, text, length);
	return wellformed_check(copy, length, &document, &found) == 0 ? 0 : report(&found, fault);
}

int store_write_new(struct root *root, const char *path, const char *text, size_t length)
{
	struct stat written;
	int fd = store_replace(root, path, text, length, NULL, &written);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

int store_keep_copy(const struct store *store, const char *copy)
{
	if (root_write(store->root, copy, store->read, (size_t)store->original.st_size, COPY_MODE) < 0)
		return -1;
	root_chgrp_qubes(store->root, copy);
	return 0;
}
