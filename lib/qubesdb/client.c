/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions to a QubesDB daemon, and what its answers mean.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define PATH_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.:@"

/* ---- what may be asked ---- */

int qubesdb_check_branch(const char *path)
{
	size_t length = strlen(path);

	if (path[0] == '/' && length < QUBESDB_PATH_LIMIT && strspn(path, PATH_CHARACTERS) == length)
		return 0;
	return error_set(ERROR_FAILED,
			 "'%s' is no path in QubesDB: it takes '/' and at most %d letters, digits, '-', '_', "
			 "'/', '.', ':' and '@'",
			 path, QUBESDB_PATH_LIMIT - 2);
}

int qubesdb_check_path(const char *path)
{
	if (qubesdb_check_branch(path) != 0)
		return -1;
	if (!util_ends_with(path, "/"))
		return 0;
	return error_set(ERROR_FAILED, "'%s' is no path of one entry", path);
}

static int check_entry(const char *path, const char *value)
{
	if (!value)
		return qubesdb_check_branch(path);
	if (qubesdb_check_path(path) != 0)
		return -1;
	if (strlen(value) < QUBESDB_VALUE_LIMIT)
		return 0;
	return error_set(ERROR_FAILED, "QubesDB holds no value of %zu bytes, %d are the most", strlen(value),
			 QUBESDB_VALUE_LIMIT - 1);
}

/* ---- one question ---- */

static int ask(struct qubesdb *db, enum qubesdb_type type, const char *path, const char *value,
	       struct qubesdb_answer *answer)
{
	qubesdb_begin(db);
	if (qubesdb_send(db, type, path, value) != 0)
		return -1;
	return qubesdb_receive(db, answer);
}

/* 0: done; 1: there was no such entry; -1 with an error. */
static int result_of(struct qubesdb *db, const struct qubesdb_answer *answer)
{
	if (answer->type == QUBESDB_ERROR)
		return error_set(ERROR_FAILED, "the QubesDB daemon of %s refuses it", db->name);
	if (answer->value[0] || (answer->type != QUBESDB_OK && answer->type != QUBESDB_NO_ENTRY))
		return qubesdb_fail(db, "has sent what is no answer");
	return answer->type == QUBESDB_OK ? 0 : 1;
}

int qubesdb_write(struct qubesdb *db, const char *path, const char *value)
{
	struct qubesdb_answer answer;
	int result;

	if (check_entry(path, value) != 0 || ask(db, QUBESDB_WRITE, path, value, &answer) != 0)
		return error_within("cannot write %s", path);
	result = result_of(db, &answer);
	if (result > 0)
		qubesdb_fail(db, "has sent what is no answer");
	return result == 0 ? 0 : error_within("cannot write %s", path);
}

int qubesdb_rm(struct qubesdb *db, const char *path)
{
	struct qubesdb_answer answer;

	if (check_entry(path, NULL) == 0 && ask(db, QUBESDB_RM, path, NULL, &answer) == 0 &&
	    result_of(db, &answer) >= 0)
		return 0;
	return error_within("cannot remove %s", path);
}

int qubesdb_write_all(struct qubesdb *db, const struct qubesdb_entries *entries)
{
	const struct qubesdb_entry *entry, *end = entries->items + entries->count;

	for (entry = entries->items; entry < end; entry++)
		if (check_entry(entry->path, entry->value) != 0)
			return error_within("cannot write %s", entry->path);
	for (entry = entries->items; entry < end; entry++)
		if ((entry->value ? qubesdb_write(db, entry->path, entry->value) :
				    qubesdb_rm(db, entry->path)) != 0)
			return -1;
	return 0;
}

int qubesdb_read(struct qubesdb *db, const char *path, char **value)
{
	struct qubesdb_answer answer;
	int result;

	*value = NULL;
	if (qubesdb_check_path(path) != 0 || ask(db, QUBESDB_READ, path, NULL, &answer) != 0)
		return error_within("cannot read %s", path);
	if (answer.type == QUBESDB_VALUE) {
		*value = util_strdup(answer.value);
		return 1;
	}
	result = result_of(db, &answer);
	if (result > 0)
		return 0;
	if (result == 0)
		qubesdb_fail(db, "has sent what is no answer");
	return error_within("cannot read %s", path);
}

/* ---- series ---- */

/* 1: one more; 0: that was the end; -1 with an error. */
static int take_one(struct qubesdb *db, const char *prefix, struct qubesdb_entries *entries)
{
	struct qubesdb_answer answer;

	if (qubesdb_receive(db, &answer) != 0)
		return -1;
	if (answer.type == QUBESDB_ERROR && !answer.value[0])
		return result_of(db, &answer);
	if (answer.type != QUBESDB_VALUES)
		return qubesdb_fail(db, "has sent what is no answer");
	if (!answer.path[0] && !answer.value[0])
		return 0;
	if (!util_starts_with(answer.path, prefix) || qubesdb_check_path(answer.path) != 0)
		return qubesdb_fail(db, "has sent an entry that was not asked for");
	qubesdb_add(db->q, entries, answer.path, answer.value);
	return 1;
}

int qubesdb_multiread(struct qubesdb *db, const char *prefix, struct qubesdb_entries *entries)
{
	int more = 1;

	qubesdb_begin(db);
	if (qubesdb_check_branch(prefix) != 0 || qubesdb_send(db, QUBESDB_MULTIREAD, prefix, NULL) != 0)
		return error_within("cannot read %s", prefix);
	for (size_t count = 0; more > 0; count++)
		more = count <= QUBESDB_ENTRIES_MOST ? take_one(db, prefix, entries) :
						       qubesdb_fail(db, "has more entries than can be");
	return more == 0 ? 0 : error_within("cannot read %s", prefix);
}
