/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The copies that are made of the store at each boot: the newest that is any good, what is taken from it, and where
 * our own copies go.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "layout.h"

#define BACKUPS "/var/lib/qubes/backup"
#define OURS "-before-fsck"
#define BACKUP_MAX ((size_t)64 << 20)

/* ---- where they are ---- */

static char *beside_store(struct fsck *f)
{
	const char *path = f->options->store;
	size_t directory = (size_t)(strrchr(path, '/') - path);

	return arena_printf(f->arena, "%.*s", (int)directory, path);
}

const char *fsck_backup_directory(struct fsck *f, bool make)
{
	char *beside = beside_store(f), *own = arena_printf(f->arena, "%s/backup", beside);

	if (root_exists(f->q->root, own))
		return own;
	if (!strcmp(f->options->store, STORE_PATH)) {
		if (make && root_mkdirs(f->q->root, own, 02770) < 0)
			return NULL;
		if (make)
			root_chgrp_qubes(f->q->root, own);
		return own;
	}
	/* A store at another place: its copies are with the others, or with it. */
	return !make && root_exists(f->q->root, BACKUPS) ? BACKUPS : *beside ? beside : "/";
}

static int newest_first(const void *a, const void *b)
{
	return -strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_copy(const char *name)
{
	return util_starts_with(name, "qubes") && util_ends_with(name, ".xml") && !strstr(name, OURS) &&
	       strcmp(name, "qubes.xml") != 0;
}

/* The names of the copies, the newest first: they have their time in them. */
static void list_copies(struct fsck *f, const char *directory, struct strlist *names)
{
	int fd = root_open(f->q->root, directory, O_RDONLY | O_DIRECTORY, 0);
	DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	while (listing && (entry = readdir(listing)))
		if (is_copy(entry->d_name))
			strlist_add(names, arena_strdup(f->arena, entry->d_name));
	if (listing)
		closedir(listing);
	else
		util_close_at(&fd);
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), newest_first);
}

/* ---- which is good ---- */

/* Would it be loaded? */
static bool is_intact(struct fsck *f, struct store *store)
{
	struct fsck check = {
		.q = f->q,
		.arena = f->arena,
		.options = f->options,
		.store = store,
		.format = fsck_format(store),
		.hidden = true,
		.backup_sought = true,
	};
	bool intact = f->any_format || check.format == f->format;

	check.loaded_by = fsck_loaded_by(&check);
	if (intact)
		fsck_check(&check);
	for (size_t i = 0; i < check.found.count; i++)
		intact = intact && !fsck_is_error(&check.found.items[i]);
	free(check.found.items);
	return intact;
}

static struct store *read_copy(struct fsck *f, const char *path)
{
	struct store_fault unused;
	size_t length;
	AUTO_FREE char *text = root_read(f->q->root, path, BACKUP_MAX, &length);
	struct store *store = text && length ? store_from_text(path, text, length, &unused) : NULL;

	if (store && is_intact(f, store))
		return store;
	store_close(store);
	return NULL;
}

const struct store *fsck_backup(struct fsck *f)
{
	AUTO_STRLIST struct strlist names = { 0 };
	const char *directory;

	if (f->backup_sought)
		return f->backup;
	f->backup_sought = true;
	directory = fsck_backup_directory(f, false);
	list_copies(f, directory, &names);
	for (size_t i = 0; i < names.count && !f->backup; i++) {
		f->backup_name = arena_printf(f->arena, "%s/%s", directory, names.items[i]);
		f->backup = read_copy(f, f->backup_name);
	}
	return f->backup;
}

/* ---- our own ---- */

static const char *copy_name(struct fsck *f, const char *directory, int number)
{
	char when[32], again[16] = "";
	time_t now = time(NULL);
	struct tm local;

	localtime_r(&now, &local);
	strftime(when, sizeof(when), "%Y-%m-%d-%H:%M:%S", &local);
	if (number > 1)
		snprintf(again, sizeof(again), "-%d", number);
	return arena_printf(f->arena, "%s/qubes-%s" OURS "%s.xml", directory[1] ? directory : "", when,
			    again);
}

int fsck_keep_copy(struct fsck *f)
{
	const char *directory = fsck_backup_directory(f, true);

	for (int number = 1; directory && !f->copy; number++) {
		const char *name = copy_name(f, directory, number);
		struct stat st;

		if (number < 100 && root_lstat(f->q->root, name, &st) == 0)
			continue;
		if (store_keep_copy(f->store, name) < 0)
			break;
		f->copy = name;
	}
	return f->copy ? 0 : error_within("nothing is changed, as no copy can be kept");
}

/* ---- taking from one ---- */

/* The order in which VMs stand in a file: dom0, then by qid (R3) or by name (R4). */
static int compare_place(enum store_format format, const char *a, const char *b)
{
	if (format == STORE_R3)
		return atoi(a) - atoi(b);
	if (!strcmp(a, "dom0") || !strcmp(b, "dom0"))
		return strcmp(b, "dom0") == 0 ? strcmp(a, "dom0") != 0 : -1;
	return strcmp(a, b);
}

static const char *place_of(enum store_format format, const store_node *node)
{
	const char *qid, *name, *place;

	layout_of(format)->identity(node, &qid, &name);
	place = format == STORE_R3 ? qid : name;
	return place ? place : "";
}

/* Only in a file that is in order can be told which VMs were lost, and which removed before. */
static bool is_sorted(struct fsck *f, const struct store *store)
{
	const struct layout *layout = layout_of(f->format);
	store_node *root = store_root(store), *last = NULL;

	for (store_node *node = layout->next_vm(root, NULL); node; node = layout->next_vm(root, node)) {
		if (last &&
		    compare_place(f->format, place_of(f->format, last), place_of(f->format, node)) >= 0)
			return false;
		last = node;
	}
	return true;
}

static bool was_lost(struct fsck *f, const struct fsck_lost *lost, const char *place)
{
	if (lost->after && compare_place(f->format, place, lost->after) <= 0)
		return false;
	return !lost->before || compare_place(f->format, place, lost->before) < 0;
}

static store_node *find_vm(struct fsck *f, const char *place)
{
	const struct layout *layout = layout_of(f->format);
	store_node *root = store_root(f->store);

	for (store_node *node = layout->next_vm(root, NULL); node; node = layout->next_vm(root, node))
		if (!strcmp(place_of(f->format, node), place))
			return node;
	return NULL;
}

static void merge_vms(struct fsck *f, const struct store *backup, const struct fsck_lost *lost)
{
	const struct layout *layout = layout_of(f->format);
	store_node *from = store_root(backup), *into = store_root(f->store);
	bool sorted = is_sorted(f, f->store) && is_sorted(f, backup);
	store_node *before = lost->before ? find_vm(f, lost->before) : NULL;

	if (f->format == STORE_R4 && !element_next(into, NULL, "domains"))
		element_add(into, NULL, "domains");
	for (store_node *node = layout->next_vm(from, NULL); node; node = layout->next_vm(from, node)) {
		const char *place = place_of(f->format, node);

		if (find_vm(f, place) || (sorted && !was_lost(f, lost, place)))
			continue;
		element_add_copy(f->format == STORE_R4 ? element_next(into, NULL, "domains") : into, before,
				 node);
	}
}

static bool has_same(struct fsck *f, store_node *list, const store_node *node)
{
	const char *name = element_attribute(node, "name"), *text = element_text(f->arena, node);

	FOR_EACH_ELEMENT(list, element_name(node), other)
	{
		const char *other_name = element_attribute(other, "name");
		const char *other_text = element_text(f->arena, other);

		if (name ? other_name && !strcmp(name, other_name) :
			   text && other_text && !strcmp(text, other_text))
			return true;
	}
	return false;
}

/* Labels, pools and globals; those that are there stay as they are. */
static void merge_list(struct fsck *f, const struct store *backup, const char *name)
{
	store_node *from = element_next(store_root(backup), NULL, name);
	store_node *root = store_root(f->store), *into = element_next(root, NULL, name);

	if (!into)
		into = element_add(root, element_next(root, NULL, "domains"), name);
	FOR_EACH_ELEMENT(from, NULL, node)
	if (!has_same(f, into, node))
		element_add_copy(into, NULL, node);
}

void fsck_merge(struct fsck *f, const struct store *backup, const struct fsck_lost *lost)
{
	static const char *const lists[] = { "labels", "pools", "properties" };

	for (size_t i = 0; f->format == STORE_R4 && lost->head && i < ARRAY_SIZE(lists); i++)
		merge_list(f, backup, lists[i]);
	merge_vms(f, backup, lost);
}
