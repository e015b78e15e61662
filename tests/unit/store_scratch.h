/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch root with a directory for a store, for the tests of the store's room.
 */
#ifndef QUBES_TESTS_STORE_SCRATCH_H
#define QUBES_TESTS_STORE_SCRATCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "store.h"
#include "util.h"

#define DIRECTORY "/var/lib/qubes"

struct scratch {
	char directory[64];
	struct root *root;
	char *store;	    /* its path on the host */
	size_t descriptors; /* open at the start */
};

static inline size_t count_entries(const char *directory)
{
	DIR *dir = opendir(directory);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static inline int scratch_new(void **state)
{
	struct scratch *s = util_alloc(sizeof(*s));

	error_clear();
	strcpy(s->directory, P_tmpdir "/test_store.XXXXXX");
	assert_non_null(mkdtemp(s->directory));
	s->root = root_new(s->directory);
	s->store = util_printf("%s%s", s->directory, STORE_PATH);
	assert_int_equal(root_mkdirs(s->root, DIRECTORY, 0755), 0);
	s->descriptors = count_entries("/proc/self/fd");
	*state = s;
	return 0;
}

/* Every test has to give back the descriptors that it opened, and leave nothing beside the store. */
static inline int scratch_free(void **state)
{
	struct scratch *s = *state;
	struct root *host = root_new("/");
	size_t descriptors = count_entries("/proc/self/fd");

	assert_int_equal(root_remove_tree(host, s->directory), 0);
	root_free(host);
	root_free(s->root);
	assert_int_equal(descriptors, s->descriptors);
	free(s->store);
	free(s);
	return 0;
}

static inline void put_bytes(const char *path, const char *bytes, size_t length)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0660);

	assert_true(fd >= 0);
	assert_int_equal(util_write_all(fd, bytes, length), 0);
}

static inline void put_store(const struct scratch *s, const char *text)
{
	put_bytes(s->store, text, strlen(text));
}

static inline char *file_text(const struct scratch *s, const char *path)
{
	char *text = root_read(s->root, path, 1 << 20, NULL);

	assert_non_null(text);
	return text;
}

static inline void assert_store(const struct scratch *s, const char *expected)
{
	AUTO_FREE char *text = file_text(s, STORE_PATH);

	assert_string_equal(text, expected);
}

static inline struct store *open_store(const struct scratch *s, bool write)
{
	struct store *store = store_open(s->root, STORE_PATH, write);

	if (!store)
		fail_msg("%s", error_message());
	return store;
}

/* The message has WORDS in it, and is forgotten. */
static inline void assert_error(const char *words)
{
	if (!strstr(error_message(), words))
		fail_msg("\"%s\" has no \"%s\"", error_message(), words);
	error_clear();
}

static inline void assert_open_fails(const struct scratch *s, bool write, const char *words)
{
	assert_null(store_open(s->root, STORE_PATH, write));
	assert_error(words);
}

/* Opens, sets the root's attribute NAME, saves, closes. */
static inline void change_store(const struct scratch *s, const char *name, const char *value)
{
	struct store *store = open_store(s, true);

	store_put_attribute(store_root(store), name, value);
	store_touch(store);
	if (store_save(store) != 0)
		fail_msg("%s", error_message());
	store_close(store);
}

#endif
