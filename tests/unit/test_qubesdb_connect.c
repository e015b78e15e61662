/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding the daemon of a VM: its socket below the root, and what it means that there is none.
 */
#include "qubesdb_world.h"

#define IN_VAIN 300 /* milliseconds that are waited where nobody will answer */

static void a_server_that_lets_nobody_in_is_not_waited_for(void **state)
{
	struct world *w = world_new(NULL);
	int listener = listen_at(w, "qubesdb.work.sock", 0);
	struct qubesdb *waiting = qubesdb_open_within(&w->q, "work", IN_VAIN);

	(void)state;
	assert_non_null(waiting);
	assert_null(qubesdb_open_within(&w->q, "work", IN_VAIN));
	assert_string_equal(error_message(), "cannot connect to the QubesDB daemon of work: "
					     "/var/run/qubes/qubesdb.work.sock: Connection timed out");
	qubesdb_close(waiting);
	close(listener);
	world_free(w);
}

static void no_daemon_is_said_so(void **state)
{
	struct world *w = world_new(NULL);

	(void)state;
	assert_null(qubesdb_open(&w->q, "work"));
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_string_equal(error_message(),
			    "no QubesDB daemon serves work: /var/run/qubes/qubesdb.work.sock: No "
			    "such file or directory");
	close(listen_at(w, "qubesdb.work.sock", 8));
	assert_null(qubesdb_open(&w->q, "work"));
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_string_equal(error_message(),
			    "no QubesDB daemon serves work: /var/run/qubes/qubesdb.work.sock: "
			    "Connection refused");
	assert_null(qubesdb_open(&w->q, "../work"));
	assert_int_equal(error_kind(), ERROR_FAILED);
	world_free(w);
}

/* The daemon of another system is not that of this one. */
static void a_link_does_not_lead_out_of_the_root(void **state)
{
	struct world *inner = world_new(NULL), *outer = world_new(NULL);
	int listener = listen_at(outer, "qubesdb.work.sock", 8);
	AUTO_FREE char *target = inside(outer, SOCKETS);

	(void)state;
	assert_int_equal(root_mkdirs(inner->q.root, "/var/run", 0755), 0);
	assert_int_equal(root_symlink(inner->q.root, target, SOCKETS), 0);
	assert_null(qubesdb_open(&inner->q, "work"));
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	close(listener);
	world_free(inner);
	world_free(outer);
}

/* An address of a socket has 108 bytes. */
static void a_root_may_have_a_long_path(void **state)
{
	struct world *w = world_new(NULL);
	char path[] = "/a.directory.with.a.very.long.name.that.alone.takes.more.than.sixty.bytes/"
		      "another.directory.with.a.very.long.name.that.takes.more.than.sixty.bytes";
	AUTO_FREE char *directory = inside(w, path);
	struct root *outer = w->q.root;
	struct qubesdb *db;
	int listener;

	(void)state;
	assert_int_equal(root_mkdirs(outer, path, 0755), 0);
	w->q.root = root_new(directory);
	listener = listen_at(w, "qubesdb.work.sock", 8);
	db = qubesdb_open(&w->q, "work");
	assert_non_null(db);
	qubesdb_close(db);
	close(listener);
	root_free(w->q.root);
	w->q.root = outer;
	world_free(w);
}

static void the_connection_is_not_inherited(void **state)
{
	struct world *w = world_new(NULL);
	int listener = listen_at(w, "qubesdb.sock", 8);
	struct qubesdb *db = qubesdb_open(&w->q, "dom0");

	(void)state;
	assert_non_null(db);
	assert_int_equal(fcntl(db->fd, F_GETFD), FD_CLOEXEC);
	qubesdb_close(db);
	close(listener);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_lets_nobody_in_is_not_waited_for),
		cmocka_unit_test(no_daemon_is_said_so),
		cmocka_unit_test(a_link_does_not_lead_out_of_the_root),
		cmocka_unit_test(a_root_may_have_a_long_path),
		cmocka_unit_test(the_connection_is_not_inherited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
