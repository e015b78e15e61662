/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening, parsing and saving the store.
 */
#include <errno.h>
#include <mxml.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define BACKUPS "/var/lib/qubes/backup"

static const char empty_store[] =
	"<QubesVmCollection clockvm=\"None\" default_fw_netvm=\"None\" default_kernel=\"None\" "
	"default_netvm=\"None\" default_template=\"None\" updatevm=\"None\"/>\n";

static const struct {
	const char *element;
	enum store_format format;
} formats[] = {
	{ "QubesVmCollection", STORE_R3 },
	{ "qubes", STORE_R4 },
};

/* ---- reading ---- */

static char *read_all(int fd, const struct stat *st, const char *path)
{
	size_t length = 0, size = (size_t)st->st_size;
	char *text = util_alloc(size + 1);

	while (length < size) {
		ssize_t got = read(fd, text + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_errno("cannot read %s", path);
			free(text);
			return NULL;
		}
		if (got == 0)
			break;
		length += (size_t)got;
	}
	if (length == size)
		return text;
	free(text);
	error_set(ERROR_STORE, "%s became shorter while it was read", path);
	return NULL;
}

int store_read_file(struct store *store, int fd)
{
	if (fstat(fd, &store->original) < 0)
		return error_errno("cannot examine %s", store->path);
	if (store->original.st_size > (off_t)WELLFORMED_SIZE_MAX)
		return error_set(ERROR_STORE, "%s is too large for a store", store->path);
	store->text = read_all(fd, &store->original, store->path);
	return store->text ? 0 : -1;
}

static int read_store(struct store *store, int fd)
{
	if (store_read_file(store, fd) < 0)
		return -1;
	if (store->original.st_size == 0)
		return error_set(ERROR_STORE, "%s is empty; copies made at boot are in " BACKUPS,
				 store->path);
	return 0;
}

/* mxml reports through a callback without a context. */
static _Thread_local char mxml_complaint[256];

static void note_complaint(const char *message)
{
	snprintf(mxml_complaint, sizeof(mxml_complaint), "%s", message);
}

static int check_text(struct store *store)
{
	struct xml_fault fault;

	if (wellformed_check(store->text, (size_t)store->original.st_size, &store->document, &fault) == 0)
		return 0;
	return error_set(ERROR_STORE, "%s, line %zu, column %zu: %s; copies made at boot are in " BACKUPS,
			 store->path, fault.line, fault.column, fault.what);
}

/* mxml does not tell <a></a> from <a/>. Both say the same, but what was not changed stays as it is. */
static void keep_empty_pairs(store_node *tree, const char *text, const struct xml_document *document,
			     size_t count)
{
	AUTO_FREE bool *pairs = util_alloc(count * sizeof(*pairs));

	wellformed_find_pairs(text, document, pairs, count);
	for (store_node *node = tree; node; node = mxmlWalkNext(node, tree, MXML_DESCEND)) {
		uintptr_t number = mxmlGetType(node) == MXML_ELEMENT ? store_number(node) : 0;

		if (number && pairs[number - 1])
			mxmlNewOpaque(node, "");
	}
}

static int detect_format(struct store *store)
{
	const char *element = mxmlGetElement(store->tree);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(element, formats[i].element)) {
			store->format = formats[i].format;
			return 0;
		}
	return error_set(ERROR_STORE, "%s is not a store of VMs: its root element is <%s>", store->path,
			 element);
}

store_node *store_parse(char *text, const struct xml_document *document, const char *path, bool pairs)
{
	char *end = text + document->root_end, kept = *end;
	store_node *tree;
	size_t count;

	note_complaint("");
	mxmlSetErrorCallback(note_complaint);
	*end = '\0';
	tree = mxmlLoadString(NULL, text + document->root_start, MXML_OPAQUE_CALLBACK);
	*end = kept;
	if (!tree || mxml_complaint[0]) {
		error_set(ERROR_STORE, "%s cannot be parsed: %s", path,
			  mxml_complaint[0] ? mxml_complaint : "not enough memory");
		if (tree)
			mxmlDelete(tree);
		return NULL;
	}
	count = store_number_elements(tree);
	if (pairs && !strcmp(mxmlGetElement(tree), "qubes"))
		keep_empty_pairs(tree, text, document, count);
	return tree;
}

static int parse(struct store *store, bool write)
{
	store->tree = store_parse(store->text, &store->document, store->path, write);
	return store->tree ? detect_format(store) : -1;
}

struct store *store_lock_file(struct root *root, const char *path, bool write, int seconds)
{
	struct store *store = util_alloc(sizeof(*store));

	store->root = root;
	store->path = util_strdup(path);
	store->fd = store_lock(root, path, write, seconds);
	if (store->fd >= 0)
		return store;
	store_close(store);
	return NULL;
}

struct store *store_open_within(struct root *root, const char *path, bool write, int seconds)
{
	struct store *store = store_lock_file(root, path, write, seconds);

	if (!store)
		return NULL;
	if (read_store(store, store->fd) < 0 || check_text(store) < 0 || parse(store, write) < 0) {
		store_close(store);
		return NULL;
	}
	if (write)
		store_remove_leftovers(root, path, store->format);
	else
		store_unlock(store);
	return store;
}

struct store *store_open(struct root *root, const char *path, bool write)
{
	return store_open_within(root, path, write, STORE_WAIT_FOREVER);
}

static bool is_there(const struct root *root, const char *path)
{
	struct stat st;

	return root_lstat(root, path, &st) == 0;
}

int store_create(struct root *root, const char *path)
{
	struct stat st;
	int fd = -1;

	if (!is_there(root, path))
		fd = store_replace(root, path, empty_store, sizeof(empty_store) - 1, NULL, &st);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	/* By now, too: somebody else may have been faster. */
	return is_there(root, path) ? error_set(ERROR_FAILED, "%s exists already", path) : -1;
}

/* ---- what is open ---- */

enum store_format store_format(const struct store *store)
{
	return store->format;
}

store_node *store_root(const struct store *store)
{
	return store->tree;
}

size_t store_line(const struct store *store, const store_node *node)
{
	uintptr_t number = store_number(node);

	return number ? wellformed_element_line(store->text, &store->document, number - 1) : 0;
}

void store_touch(struct store *store)
{
	store->changed = true;
}

bool store_changed(const struct store *store)
{
	return store->changed;
}

void store_forbid_writing(struct store *store, const char *reason)
{
	if (!store->forbidden)
		store->forbidden = util_strdup(reason);
}

const char *store_write_forbidden(const struct store *store)
{
	return store->forbidden;
}

/* ---- saving ---- */

static void build_text(struct strbuf *out, const struct store *store)
{
	const struct xml_document *document = &store->document;

	strbuf_add_bytes(out, store->text, document->root_start);
	store_write_tree(out, store->tree);
	strbuf_add_bytes(out, store->text + document->root_end, document->length - document->root_end);
}

char *store_text(const struct store *store, size_t *length)
{
	struct strbuf out = { 0 };

	build_text(&out, store);
	*length = out.length;
	return out.text;
}

/* What XML cannot hold must not get into the file, whoever put it into the tree. */
static int check_output(const struct store *store, const struct strbuf *out)
{
	AUTO_FREE char *copy = util_alloc(out->length + 1);
	struct xml_document document;
	struct xml_fault fault;

	memcpy(copy, out->text, out->length);
	if (wellformed_check(copy, out->length, &document, &fault) == 0)
		return 0;
	return error_set(ERROR_STORE, "%s is not written, for it would be damaged: line %zu, column %zu: %s",
			 store->path, fault.line, fault.column, fault.what);
}

/* One that began to start just now may have read the old file while it waited for our lock. */
static void note_new_owner(const struct store *store)
{
	if (!store->forced && store_is_owned(store))
		error_note(
			"warning: qubesd was started while %s was written: restart it now, or it may undo this",
			store->path);
}

bool store_is_current(const struct store *store)
{
	const struct stat *known = &store->original;
	struct stat now;

	return root_stat(store->root, store->path, &now) == 0 && now.st_dev == known->st_dev &&
	       now.st_ino == known->st_ino && now.st_size == known->st_size &&
	       now.st_mtim.tv_sec == known->st_mtim.tv_sec && now.st_mtim.tv_nsec == known->st_mtim.tv_nsec;
}

int store_save(struct store *store)
{
	const struct store_like like = { &store->original, store->fd, store->format };
	AUTO_STRBUF struct strbuf out = { 0 };
	struct stat written;
	int fd;

	if (!store->changed)
		return 0;
	if (store->forbidden)
		return error_set(ERROR_STORE, "%s is not written: %s", store->path, store->forbidden);
	if (store->fd < 0)
		return error_set(ERROR_FAILED, "%s is not written: it is not locked for that", store->path);
	if (store_check_owner(store) < 0)
		return -1;
	build_text(&out, store);
	if (check_output(store, &out) < 0)
		return -1;
	fd = store_replace(store->root, store->path, out.text, out.length, &like, &written);
	if (fd < 0)
		return -1;
	close(store->fd);
	store->fd = fd;
	store->original = written;
	store->changed = false;
	note_new_owner(store);
	return 0;
}

void store_unlock(struct store *store)
{
	util_close_at(&store->fd);
	store->fd = -1;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->tree)
		mxmlDelete(store->tree);
	util_close_at(&store->fd);
	free(store->read);
	free(store->text);
	free(store->forbidden);
	free(store->path);
	free(store);
}
