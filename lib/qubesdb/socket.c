/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of a QubesDB daemon, and the messages on it. Every wait ends at the question's deadline.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define SOCKETS "/var/run/qubes"

/* As it goes over the wire, in the byte order of the host. */
struct header {
	uint8_t type;
	char path[QUBESDB_PATH_LIMIT];
	uint8_t padding[3];
	uint32_t length;
};

_Static_assert(sizeof(struct header) == 72 && offsetof(struct header, length) == 68, "not QubesDB's header");

/* ---- time ---- */

void qubesdb_begin(struct qubesdb *db)
{
	db->deadline = util_milliseconds() + db->milliseconds;
}

static int left(const struct qubesdb *db)
{
	long long milliseconds = db->deadline - util_milliseconds();

	return milliseconds > 0 ? (int)milliseconds : 0;
}

/* ---- the connection ---- */

/* Leaves errno alone. */
static void end(struct qubesdb *db)
{
	util_close_at(&db->fd);
	db->fd = -1;
}

/* Waits to be let in. -1 with errno. */
static int connect_below(struct qubesdb *db, const char *path)
{
	db->fd = root_connect_before(db->q->root, path, db->deadline);
	return db->fd < 0 ? -1 : 0;
}

/* Later releases have a second one that is for reading alone, and more may open it. */
static int connect_any(struct qubesdb *db, const char *path)
{
	AUTO_FREE char *all = util_printf("%s.sock", path);
	AUTO_FREE char *read_only = util_printf("%s.ro.sock", path);
	int why;

	if (connect_below(db, all) == 0)
		return 0;
	why = errno;
	if (why == EACCES && connect_below(db, read_only) == 0)
		return 0;
	errno = why;
	return -1;
}

static int make_connection(struct qubesdb *db)
{
	bool is_host = strcmp(db->name, "dom0") == 0;
	AUTO_FREE char *path =
		is_host ? util_strdup(SOCKETS "/qubesdb") : util_printf(SOCKETS "/qubesdb.%s", db->name);

	/* A store may hold any name; a file can't. */
	if (strchr(db->name, '/'))
		return error_set(ERROR_FAILED, "'%s' is no name of a VM", db->name);
	qubesdb_begin(db);
	if (connect_any(db, path) == 0)
		return 0;
	if (util_means_no_daemon(errno))
		return error_set(ERROR_NOT_FOUND, "no QubesDB daemon serves %s: %s.sock: %s", db->name, path,
				 strerror(errno));
	return error_errno("cannot connect to the QubesDB daemon of %s: %s.sock", db->name, path);
}

struct qubesdb *qubesdb_open_within(struct qubes *q, const char *name, int milliseconds)
{
	struct qubesdb *db = util_alloc(sizeof(*db));

	*db = (struct qubesdb){ .q = q, .name = util_strdup(name), .fd = -1, .milliseconds = milliseconds };
	if (make_connection(db) == 0)
		return db;
	qubesdb_close(db);
	return NULL;
}

struct qubesdb *qubesdb_open(struct qubes *q, const char *name)
{
	return qubesdb_open_within(q, name, QUBESDB_MILLISECONDS);
}

void qubesdb_close(struct qubesdb *db)
{
	if (!db)
		return;
	end(db);
	free(db->name);
	free(db);
}

int qubesdb_fail(struct qubesdb *db, const char *why)
{
	end(db);
	return error_set(ERROR_FAILED, "the QubesDB daemon of %s %s", db->name, why);
}

static int fail_by_errno(struct qubesdb *db)
{
	if (errno == ETIMEDOUT)
		return qubesdb_fail(db, "does not answer");
	if (errno == EPIPE || errno == ECONNRESET)
		return qubesdb_fail(db, "has ended the connection");
	end(db);
	return error_errno("the QubesDB daemon of %s", db->name);
}

/* ---- messages ---- */

int qubesdb_send(struct qubesdb *db, enum qubesdb_type type, const char *path, const char *value)
{
	struct header header = { .type = (uint8_t)type };
	AUTO_STRBUF struct strbuf message = { 0 };

	if (db->fd < 0)
		return error_set(ERROR_FAILED, "the connection to the QubesDB daemon of %s has ended",
				 db->name);
	strncpy(header.path, path, sizeof(header.path) - 1);
	header.length = value ? (uint32_t)strlen(value) : 0;
	strbuf_add_bytes(&message, (const char *)&header, sizeof(header));
	if (value)
		strbuf_add(&message, value);
	if (util_send_before(db->fd, message.text, message.length, db->deadline) == 0)
		return 0;
	return fail_by_errno(db);
}

static int receive_bytes(struct qubesdb *db, void *to, size_t length)
{
	if (util_receive_before(db->fd, to, length, db->deadline) == 0)
		return 0;
	return fail_by_errno(db);
}

static int receive_any(struct qubesdb *db, struct qubesdb_answer *answer)
{
	struct header header;

	if (receive_bytes(db, &header, sizeof(header)) != 0)
		return -1;
	if (!memchr(header.path, '\0', sizeof(header.path)))
		return qubesdb_fail(db, "has sent a path without an end");
	if (header.length >= sizeof(answer->value))
		return qubesdb_fail(db, "has sent a value that is too long");
	if (receive_bytes(db, answer->value, header.length) != 0)
		return -1;
	answer->value[header.length] = '\0';
	if (strlen(answer->value) != header.length)
		return qubesdb_fail(db, "has sent a value that is not a text");
	answer->type = header.type;
	memcpy(answer->path, header.path, sizeof(answer->path));
	return 0;
}

/* One that tells what has changed faster than we read never makes us wait, so that no wait would end it. */
int qubesdb_receive(struct qubesdb *db, struct qubesdb_answer *answer)
{
	do {
		if (receive_any(db, answer) != 0)
			return -1;
		if (answer->type != QUBESDB_CHANGED)
			return 0;
	} while (left(db) > 0);
	errno = ETIMEDOUT;
	return fail_by_errno(db);
}
