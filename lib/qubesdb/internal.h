/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the qubesdb room share: one connection and the messages on it, and some entries.
 */
#ifndef QUBES_QUBESDB_INTERNAL_H
#define QUBES_QUBESDB_INTERNAL_H

#include <stdint.h>

#include "qubesdb.h"

#define QUBESDB_MILLISECONDS 5000

enum qubesdb_type {
	QUBESDB_READ = 0,
	QUBESDB_WRITE = 1,
	QUBESDB_MULTIREAD = 2,
	QUBESDB_RM = 4,
	QUBESDB_OK = 7,
	QUBESDB_NO_ENTRY = 8,
	QUBESDB_ERROR = 9,
	QUBESDB_VALUE = 10,
	QUBESDB_VALUES = 11,  /* one of a series, which an empty path ends */
	QUBESDB_CHANGED = 13, /* what somebody watches; not an answer */
};

struct qubesdb {
	struct qubes *q;
	char *name;
	int fd; /* -1: the connection has failed */
	int milliseconds;
	long long deadline; /* of the question that is being asked */
};

/* An answer; the path may be anything that is terminated, the value holds no NUL. */
struct qubesdb_answer {
	uint8_t type;
	char path[QUBESDB_PATH_LIMIT];
	char value[QUBESDB_VALUE_LIMIT];
};

/* ---- socket.c: each 0 or a descriptor, or -1 with an error ---- */

/* qubesdb_open with another limit. */
struct qubesdb *qubesdb_open_within(struct qubes *q, const char *name, int milliseconds);

/* From now on it takes as long as a question may. */
void qubesdb_begin(struct qubesdb *db);
/* Sends a message whose parts have been checked; VALUE NULL: none. */
int qubesdb_send(struct qubesdb *db, enum qubesdb_type type, const char *path, const char *value);
/* The next message that is an answer. */
int qubesdb_receive(struct qubesdb *db, struct qubesdb_answer *answer);
/* What came makes no sense, so nothing later can either: ends the connection. -1 with that error. */
int qubesdb_fail(struct qubesdb *db, const char *why);

/* ---- client.c ---- */

/* May it be the path of an entry, or of all entries below it? 0, or -1 with an error. */
int qubesdb_check_path(const char *path);
int qubesdb_check_branch(const char *path);

/* ---- firewall.c ---- */

/* Which domain the network of a ProxyVM comes from. 0, or -1 with an error. */
int qubesdb_add_netvm_domid(struct vm *proxy, struct qubesdb_entries *entries);

/* ---- seed.c ---- */

#define QUBESDB_SEED_BYTES 64
#define QUBESDB_SEED_TEXT QUBESDB_BASE64_SIZE(QUBESDB_SEED_BYTES)

/* What the VM stirs into its random numbers. 0, or -1 with an error. */
int qubesdb_make_seed(char text[QUBESDB_SEED_TEXT]);

/* ---- timezone.c ---- */

/* "Europe/Berlin", the host's; in the arena. NULL: not known. */
const char *qubesdb_timezone(struct qubes *q);

#endif
