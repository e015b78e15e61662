/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client of QubesDB against servers that do not keep to the protocol: whatever comes, and whatever does
 * not, each question ends in time, with one line that says what was wrong.
 */
#include "qubesdb_world.h"

#include <pthread.h>

#define IN_VAIN 300 /* milliseconds that are waited where there will be no answer */
#define WIRE_HEADER 72

/* ---- a server for one connection: reads one question, and sends what it was given ---- */

enum then {
	CLOSE, /* the connection */
	WAIT,  /* until the client does */
	AGAIN, /* sends the same on and on */
};

struct server {
	struct world *w;
	int listener;
	pthread_t thread;
	struct strbuf bytes; /* to be sent */
	size_t piece;	     /* so many at a time; 0: all at once */
	enum then then;
	bool in_vain;
};

/* HEADER's parts as they go over the wire. */
static void add_message(struct strbuf *bytes, int type, const char *path, const char *value, uint32_t length)
{
	char header[WIRE_HEADER] = { 0 };

	header[0] = (char)type;
	memcpy(header + 1, path, strnlen(path, QUBESDB_PATH_LIMIT));
	memcpy(header + 68, &length, sizeof(length));
	strbuf_add_bytes(bytes, header, sizeof(header));
	strbuf_add_bytes(bytes, value, strlen(value));
}

static void add_text(struct strbuf *bytes, int type, const char *path, const char *value)
{
	add_message(bytes, type, path, value, (uint32_t)strlen(value));
}

static void read_question(int fd)
{
	char bytes[WIRE_HEADER + QUBESDB_VALUE_LIMIT];

	(void)!recv(fd, bytes, sizeof(bytes), 0);
}

/* False: the client has gone. */
static bool send_pieces(int fd, const struct server *server)
{
	size_t piece = server->piece ? server->piece : server->bytes.length;

	for (size_t at = 0; at < server->bytes.length; at += piece) {
		size_t length = server->bytes.length - at;

		if (send(fd, server->bytes.text + at, length < piece ? length : piece, MSG_NOSIGNAL) < 0)
			return false;
		if (server->piece)
			usleep(100);
	}
	return true;
}

static void *serve(void *argument)
{
	struct server *server = argument;
	AUTO_CLOSE int fd = accept(server->listener, NULL, NULL);
	char byte;

	read_question(fd);
	while (send_pieces(fd, server) && server->then == AGAIN)
		;
	if (server->then != CLOSE)
		while (recv(fd, &byte, 1, 0) > 0)
			;
	return NULL;
}

static struct server *server_new(void)
{
	struct server *server = util_alloc(sizeof(*server));

	*server = (struct server){ .w = world_new(NULL), .then = WAIT };
	server->listener = listen_at(server->w, "qubesdb.work.sock", 8);
	return server;
}

static struct qubesdb *start(struct server *server)
{
	struct qubesdb *db;

	assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
	db = qubesdb_open_within(&server->w->q, "work", server->in_vain ? IN_VAIN : QUBESDB_MILLISECONDS);
	assert_non_null(db);
	return db;
}

static void server_free(struct server *server, struct qubesdb *db)
{
	qubesdb_close(db);
	pthread_join(server->thread, NULL);
	close(server->listener);
	strbuf_free(&server->bytes);
	world_free(server->w);
	free(server);
}

/* ---- answers to "read /x" ---- */

#define LONG_PATH "/23456789012345678901234567890123456789012345678901234567890123" /* 63 */

static const struct {
	int type;
	const char *path, *value;
	uint32_t length; /* as its header says */
	int cut;	 /* so many bytes of it are not sent */
	enum then then;
	const char *error; /* NULL: it is read */
} answers[] = {
	{ 10, "/x", "value", 5, 0, WAIT, NULL },
	{ 10, "/x", "value", 5, 0, CLOSE, NULL },
	{ 10, "/x", "", 0, 0, WAIT, NULL },
	{ 10, LONG_PATH, "value", 5, 0, WAIT, NULL },
	{ 9, "/x", "", 0, 0, WAIT, "the QubesDB daemon of work refuses it" },
	/* it ends too early */
	{ 10, "/x", "value", 5, 1, CLOSE, "the QubesDB daemon of work has ended the connection" },
	{ 10, "/x", "value", 5, 6, CLOSE, "the QubesDB daemon of work has ended the connection" },
	{ 10, "/x", "value", 5, 5 + WIRE_HEADER, CLOSE,
	  "the QubesDB daemon of work has ended the connection" },
	/* it does not end */
	{ 10, "/x", "value", 5, 1, WAIT, "the QubesDB daemon of work does not answer" },
	{ 10, "/x", "value", 5, 6, WAIT, "the QubesDB daemon of work does not answer" },
	{ 10, "/x", "value", 5, 5 + WIRE_HEADER, WAIT, "the QubesDB daemon of work does not answer" },
	{ 13, "/x", "", 0, 0, WAIT, "the QubesDB daemon of work does not answer" },
	{ 13, "/x", "", 0, 0, AGAIN, "the QubesDB daemon of work does not answer" },
	/* it is none */
	{ 7, "/x", "", 0, 0, WAIT, "the QubesDB daemon of work has sent what is no answer" },
	{ 8, "/x", "x", 1, 0, WAIT, "the QubesDB daemon of work has sent what is no answer" },
	{ 11, "/x", "value", 5, 0, WAIT, "the QubesDB daemon of work has sent what is no answer" },
	{ 0, "/x", "", 0, 0, WAIT, "the QubesDB daemon of work has sent what is no answer" },
	{ 255, "/x", "", 0, 0, WAIT, "the QubesDB daemon of work has sent what is no answer" },
	{ 10, "/x", "value", 3072, 0, WAIT, "the QubesDB daemon of work has sent a value that is too long" },
	{ 10, "/x", "value", UINT32_MAX, 0, WAIT,
	  "the QubesDB daemon of work has sent a value that is too long" },
	{ 10, LONG_PATH "4", "value", 5, 0, WAIT,
	  "the QubesDB daemon of work has sent a path without an end" },
};

static void check_answer(size_t i, size_t piece)
{
	struct server *server = server_new();
	AUTO_FREE char *value = NULL;
	struct qubesdb *db;

	add_message(&server->bytes, answers[i].type, answers[i].path, answers[i].value, answers[i].length);
	server->bytes.length -= (size_t)answers[i].cut;
	server->piece = piece;
	server->then = answers[i].then;
	server->in_vain = answers[i].error && strstr(answers[i].error, "does not answer");
	db = start(server);
	if (answers[i].error) {
		AUTO_FREE char *message = util_printf("cannot read /x: %s", answers[i].error);

		assert_int_equal(qubesdb_read(db, "/x", &value), -1);
		assert_string_equal(error_message(), message);
		assert_null(value);
	} else {
		assert_int_equal(qubesdb_read(db, "/x", &value), 1);
		assert_string_equal(value, answers[i].value);
	}
	server_free(server, db);
}

static void every_answer_is_one_or_an_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		check_answer(i, 0);
}

static void answers_may_come_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		if (answers[i].then != AGAIN)
			check_answer(i, 1);
}

/* Each byte comes in time, but the answer as a whole does not. */
static void dripping_does_not_win_time(void **state)
{
	struct server *server = server_new();
	struct qubesdb *db;
	char *value;

	(void)state;
	for (int i = 0; i < 100; i++)
		add_text(&server->bytes, 13, "/x", "");
	server->piece = 1;
	server->in_vain = true;
	db = start(server);
	assert_int_equal(qubesdb_read(db, "/x", &value), -1);
	assert_string_equal(error_message(), "cannot read /x: the QubesDB daemon of work does not answer");
	server_free(server, db);
}

static void the_longest_value_is_read(void **state)
{
	struct server *server = server_new();
	char longest[QUBESDB_VALUE_LIMIT] = "";
	AUTO_FREE char *value = NULL;
	struct qubesdb *db;

	(void)state;
	memset(longest, 'v', sizeof(longest) - 1);
	add_text(&server->bytes, 13, "/changed", "");
	add_text(&server->bytes, 10, "/x", longest);
	db = start(server);
	assert_int_equal(qubesdb_read(db, "/x", &value), 1);
	assert_string_equal(value, longest);
	server_free(server, db);
}

static void a_value_with_a_nul_is_no_text(void **state)
{
	struct server *server = server_new();
	struct qubesdb *db;
	char *value;

	(void)state;
	add_message(&server->bytes, 10, "/x", "", 3);
	strbuf_add_bytes(&server->bytes, "a\0b", 3);
	db = start(server);
	assert_int_equal(qubesdb_read(db, "/x", &value), -1);
	assert_string_equal(error_message(),
			    "cannot read /x: the QubesDB daemon of work has sent a value that "
			    "is not a text");
	server_free(server, db);
}

static void what_is_not_there_is_no_error(void **state)
{
	struct server *server = server_new();
	char *value = "kept";
	struct qubesdb *db;

	(void)state;
	add_text(&server->bytes, 8, "/x", "");
	db = start(server);
	assert_int_equal(qubesdb_read(db, "/x", &value), 0);
	assert_null(value);
	server_free(server, db);
}

/* A late answer to one question must not be taken for that to the next. */
static void after_a_failure_nothing_is_asked(void **state)
{
	struct server *server = server_new();
	struct qubesdb *db;
	char *value;

	(void)state;
	server->in_vain = true;
	db = start(server);
	assert_int_equal(qubesdb_read(db, "/x", &value), -1);
	assert_int_equal(qubesdb_write(db, "/x", "y"), -1);
	assert_string_equal(error_message(),
			    "cannot write /x: the connection to the QubesDB daemon of work has "
			    "ended");
	server_free(server, db);
}

/* SIGPIPE would end the tests. */
static void a_server_that_hangs_up_kills_nobody(void **state)
{
	struct world *w = world_new(NULL);
	int listener = listen_at(w, "qubesdb.work.sock", 8);
	struct qubesdb *db = qubesdb_open(&w->q, "work");

	(void)state;
	close(accept(listener, NULL, NULL));
	assert_int_equal(qubesdb_write(db, "/x", "y"), -1);
	assert_string_equal(error_message(), "cannot write /x: the QubesDB daemon of work has ended the "
					     "connection");
	qubesdb_close(db);
	close(listener);
	world_free(w);
}

/* ---- answers to "write /x" ---- */

static void a_write_is_done_or_refused(void **state)
{
	static const struct {
		int type, result;
	} results[] = { { 7, 0 }, { 8, -1 }, { 9, -1 }, { 10, -1 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		struct server *server = server_new();
		struct qubesdb *db;

		add_text(&server->bytes, results[i].type, "/x", "");
		db = start(server);
		assert_int_equal(qubesdb_write(db, "/x", "value"), results[i].result);
		server_free(server, db);
	}
}

/* ---- series ---- */

static const struct {
	int type;
	const char *path, *value, *error; /* error NULL: the series is fine with this in its middle */
} members[] = {
	{ 11, "/a/2", "two", NULL },
	{ 11, "/a/2", "", NULL },
	{ 13, "/a/2", "", NULL },
	{ 13, "/b", "", NULL },
	{ 11, "/b", "two", "has sent an entry that was not asked for" },
	{ 11, "/a/", "two", "has sent an entry that was not asked for" },
	{ 11, "/a/\033[2J", "two", "has sent an entry that was not asked for" },
	{ 11, "/a/2 3", "two", "has sent an entry that was not asked for" },
	{ 11, "", "two", "has sent an entry that was not asked for" },
	{ 10, "/a/2", "two", "has sent what is no answer" },
	{ 12, "/a/2", "", "has sent what is no answer" },
	{ 7, "/a/2", "", "has sent what is no answer" },
	{ 9, "/a/2", "", "refuses it" },
};

static void check_member(size_t i)
{
	struct server *server = server_new();
	struct qubesdb_entries entries = { 0 };
	bool counts = members[i].type == 11;
	struct qubesdb *db;

	add_text(&server->bytes, 11, "/a/1", "one");
	add_text(&server->bytes, members[i].type, members[i].path, members[i].value);
	add_text(&server->bytes, 11, "/a/3", "three");
	add_text(&server->bytes, 11, "", "");
	server->piece = 7;
	db = start(server);
	if (members[i].error) {
		AUTO_FREE char *message =
			util_printf("cannot read /a/: the QubesDB daemon of work %s", members[i].error);

		assert_int_equal(qubesdb_multiread(db, "/a/", &entries), -1);
		assert_string_equal(error_message(), message);
	} else {
		assert_int_equal(qubesdb_multiread(db, "/a/", &entries), 0);
		assert_int_equal(entries.count, counts ? 3 : 2);
		assert_string_equal(value_of(&entries, "/a/3"), "three");
	}
	server_free(server, db);
}

static void a_series_has_what_was_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		check_member(i);
}

static void a_series_must_end(void **state)
{
	struct server *server = server_new();
	struct qubesdb_entries entries = { 0 };
	struct qubesdb *db;

	(void)state;
	add_text(&server->bytes, 11, "/a/1", "one");
	server->then = AGAIN;
	db = start(server);
	assert_int_equal(qubesdb_multiread(db, "/a/", &entries), -1);
	assert_string_equal(error_message(),
			    "cannot read /a/: the QubesDB daemon of work has more entries than "
			    "can be");
	server_free(server, db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_one_or_an_error),
		cmocka_unit_test(answers_may_come_byte_by_byte),
		cmocka_unit_test(dripping_does_not_win_time),
		cmocka_unit_test(the_longest_value_is_read),
		cmocka_unit_test(a_value_with_a_nul_is_no_text),
		cmocka_unit_test(what_is_not_there_is_no_error),
		cmocka_unit_test(after_a_failure_nothing_is_asked),
		cmocka_unit_test(a_server_that_hangs_up_kills_nobody),
		cmocka_unit_test(a_write_is_done_or_refused),
		cmocka_unit_test(a_series_has_what_was_asked_for),
		cmocka_unit_test(a_series_must_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
