/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client of QubesDB and what is written through it, against a daemon (tests/doubles/qubesdb-daemon) that
 * records what it is asked.
 */
#include "qubesdb_world.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>

#define DOUBLE "tests/doubles/qubesdb-daemon"
#define RULES "/qubes-iptables-domainrules/"
#define START_SECONDS 60 /* on a host that has much else to do */

/* ---- daemons ---- */

/* FAULT: as the double has it, "" for none. */
static void start_daemon(const struct world *w, const char *xid, const char *name, const char *fault)
{
	char cwd[4096];
	AUTO_FREE char *program = util_printf("%s/" DOUBLE, getcwd(cwd, sizeof(cwd)));
	const char *argv[] = { program, xid, name, NULL };
	const struct spawn spawn = { .argv = argv, .seconds = START_SECONDS };

	assert_int_equal(root_mkdirs(w->q.root, SOCKETS, 0755), 0);
	setenv("QUBESDB_DOUBLE_ROOT", w->directory, 1);
	setenv("QUBESDB_DOUBLE_FAULT", fault, 1);
	assert_int_equal(util_spawn(&spawn), 0);
}

/* Its last act is to say so in its record. */
static void stop_daemon(const struct world *w, const char *name)
{
	AUTO_FREE char *path = util_printf(SOCKETS "/qubesdb.%s.pid", name);
	AUTO_FREE char *text = root_read(w->q.root, path, 32, NULL);

	assert_non_null(text);
	assert_int_equal(kill(atoi(text), SIGTERM), 0);
	for (int naps = 0; naps < START_SECONDS * 100 && root_exists(w->q.root, path); naps++)
		usleep(10000);
	assert_false(root_exists(w->q.root, path));
}

static char *record_of(const struct world *w, const char *name)
{
	AUTO_FREE char *path = util_printf(SOCKETS "/qubesdb.%s.record", name);
	char *text = root_read(w->q.root, path, 1 << 20, NULL);

	assert_non_null(text);
	return text;
}

#define assert_record(w, name, expected)                      \
	do {                                                  \
		AUTO_FREE char *record_ = record_of(w, name); \
		assert_string_equal(record_, expected);       \
	} while (0)

/* A daemon for "work", xid 104. */
static int make_daemon(void **state)
{
	make_running_network(state);
	start_daemon(*state, "104", "work", "");
	return 0;
}

static int drop_daemon(void **state)
{
	stop_daemon(*state, "work");
	return drop_network(state);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, make_daemon, drop_daemon)

static struct qubesdb *open_work(const struct world *w)
{
	struct qubesdb *db = qubesdb_open((struct qubes *)&w->q, "work");

	if (!db)
		fail_msg("%s", error_message());
	return db;
}

/* ---- the client ---- */

static void what_is_written_can_be_read_and_removed(void **state)
{
	struct world *w = *state;
	struct qubesdb *db = open_work(w);
	AUTO_FREE char *value = NULL;
	char *gone;

	assert_int_equal(qubesdb_write(db, "/name", "work"), 0);
	assert_int_equal(qubesdb_write(db, "/name", "w\xc3\xb6rk\n"), 0);
	assert_int_equal(qubesdb_read(db, "/name", &value), 1);
	assert_string_equal(value, "w\xc3\xb6rk\n");
	assert_int_equal(qubesdb_rm(db, "/name"), 0);
	assert_int_equal(qubesdb_rm(db, "/name"), 0);
	assert_int_equal(qubesdb_read(db, "/name", &gone), 0);
	qubesdb_close(db);
	assert_record(w, "work",
		      "[\"start\", \"104\", \"work\"]\n[\"connect\"]\n[\"write\", \"/name\", \"work\"]\n"
		      "[\"write\", \"/name\", \"w\\u00c3\\u00b6rk\\n\"]\n[\"read\", \"/name\"]\n"
		      "[\"rm\", \"/name\"]\n[\"rm\", \"/name\"]\n[\"read\", \"/name\"]\n");
}

static void a_branch_is_read_and_removed_whole(void **state)
{
	struct world *w = *state;
	struct qubesdb *db = open_work(w);
	struct qubesdb_entries found = { 0 }, left = { 0 }, none = { 0 };

	assert_int_equal(qubesdb_write(db, "/d/b", "2"), 0);
	assert_int_equal(qubesdb_write(db, "/d/a", ""), 0);
	assert_int_equal(qubesdb_write(db, "/d", "0"), 0);
	assert_int_equal(qubesdb_multiread(db, "/d/", &found), 0);
	assert_string_equal(text_of(w, &found), "/d/a=\n/d/b=2\n");
	assert_int_equal(qubesdb_rm(db, "/d/"), 0);
	assert_int_equal(qubesdb_multiread(db, "/", &left), 0);
	assert_string_equal(text_of(w, &left), "/d=0\n");
	assert_int_equal(qubesdb_multiread(db, "/e", &none), 0);
	assert_int_equal(none.count, 0);
	qubesdb_close(db);
}

#define LONGEST "/23456789012345678901234567890123456789012345678901234567890123" /* 63 */

static const struct {
	const char *path;
	bool entry, branch; /* may it be written, or removed? */
} paths[] = {
	{ "/a", true, true },	  { "/a-b_c/d.e:f@g/Z9", true, true },
	{ LONGEST, true, true },  { LONGEST "4", false, false },
	{ "/a/", false, true },	  { "/", false, true },
	{ "", false, false },	  { "a", false, false },
	{ "/a b", false, false }, { "/a\"b", false, false },
	{ "/a\n", false, false }, { "/\xc3\xb6", false, false },
};

static void paths_are_checked_before_they_are_sent(void **state)
{
	struct world *w = *state;
	struct qubesdb *db = open_work(w);

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct qubesdb_entries found = { 0 };
		AUTO_FREE char *value = NULL;

		assert_int_equal(qubesdb_write(db, paths[i].path, "x"), paths[i].entry ? 0 : -1);
		assert_int_equal(qubesdb_read(db, paths[i].path, &value), paths[i].entry ? 1 : -1);
		assert_int_equal(qubesdb_multiread(db, paths[i].path, &found), paths[i].branch ? 0 : -1);
		assert_int_equal(qubesdb_rm(db, paths[i].path), paths[i].branch ? 0 : -1);
	}
	qubesdb_close(db);
	AUTO_FREE char *record = record_of(w, "work");

	assert_null(strstr(record, "\"bad\""));
}

static void values_have_a_limit(void **state)
{
	struct world *w = *state;
	struct qubesdb *db = open_work(w);
	char value[QUBESDB_VALUE_LIMIT + 1] = "";
	AUTO_FREE char *found = NULL;

	memset(value, 'v', QUBESDB_VALUE_LIMIT);
	assert_int_equal(qubesdb_write(db, "/a", value), -1);
	assert_string_equal(error_message(),
			    "cannot write /a: QubesDB holds no value of 3072 bytes, 3071 are the "
			    "most");
	value[QUBESDB_VALUE_LIMIT - 1] = '\0';
	assert_int_equal(qubesdb_write(db, "/a", value), 0);
	assert_int_equal(qubesdb_read(db, "/a", &found), 1);
	assert_string_equal(found, value);
	qubesdb_close(db);
}

/* ---- all at once ---- */

static void entries_are_written_in_order_over_one_connection(void **state)
{
	struct world *w = *state;
	struct qubesdb_entries entries = { 0 };

	qubesdb_add(&w->q, &entries, "/b", "1");
	qubesdb_add(&w->q, &entries, "/c/", NULL);
	qubesdb_add(&w->q, &entries, "/a", "");
	assert_int_equal(qubesdb_publish(the(w, "work"), &entries), 0);
	assert_record(w, "work",
		      "[\"start\", \"104\", \"work\"]\n[\"connect\"]\n[\"write\", \"/b\", \"1\"]\n"
		      "[\"rm\", \"/c/\"]\n[\"write\", \"/a\", \"\"]\n");
}

static void one_that_cannot_be_held_keeps_all_back(void **state)
{
	struct world *w = *state;
	struct qubesdb_entries entries = { 0 };

	qubesdb_add(&w->q, &entries, "/a", "1");
	qubesdb_add(&w->q, &entries, "/b b", "1");
	assert_int_equal(qubesdb_publish(the(w, "work"), &entries), -1);
	assert_string_equal(error_message(),
			    "cannot write /b b: '/b b' is no path in QubesDB: it takes '/' and at "
			    "most 62 letters, digits, '-', '_', '/', '.', ':' and '@'");
	AUTO_FREE char *record = record_of(w, "work");

	assert_null(strstr(record, "\"write\""));
}

/* Every entry of a start, as the daemon got it. */
static void a_start_is_one_connection(void **state)
{
	struct world *w = *state;
	struct qubesdb_entries entries = { 0 }, held = { 0 };
	struct qubesdb *db;

	assert_int_equal(qubesdb_entries_of(the(w, "work"), false, &entries), 0);
	assert_int_equal(qubesdb_publish(the(w, "work"), &entries), 0);
	AUTO_FREE char *record = record_of(w, "work");
	const char *first = strstr(record, "[\"connect\"]");

	assert_non_null(first);
	assert_null(strstr(first + 1, "[\"connect\"]"));
	db = open_work(w);
	assert_int_equal(qubesdb_multiread(db, "/", &held), 0);
	qubesdb_close(db);
	assert_int_equal(held.count, entries.count);
	for (size_t i = 0; i < entries.count; i++)
		assert_string_equal(value_of(&held, entries.items[i].path), entries.items[i].value);
}

static void the_first_refusal_ends_it(void **state)
{
	struct world *w = *state;
	struct qubesdb_entries entries = { 0 };

	start_daemon(w, "104", "work", "refuse:/b");
	qubesdb_add(&w->q, &entries, "/a", "1");
	qubesdb_add(&w->q, &entries, "/b", "2");
	qubesdb_add(&w->q, &entries, "/c", "3");
	assert_int_equal(qubesdb_publish(the(w, "work"), &entries), -1);
	assert_string_equal(error_message(), "cannot write /b: the QubesDB daemon of work refuses it");
	assert_record(w, "work",
		      "[\"start\", \"104\", \"work\"]\n[\"connect\"]\n[\"write\", \"/a\", \"1\"]\n"
		      "[\"write\", \"/b\", \"2\"]\n");
	stop_daemon(w, "work");
}

/* ---- the firewall of a ProxyVM ---- */

static void clients_that_run_are_told_of(void **state)
{
	struct world *w = running_network("other");
	struct qubesdb_entries entries = { 0 };

	(void)state;
	assert_int_equal(qubesdb_firewall_entries(the(w, "sys-firewall"), &entries), 0);
	assert_string_equal(entries.items[0].path, RULES);
	assert_null(entries.items[0].value);
	assert_string_equal(value_of(&entries, RULES "104"),
			    "*filter\n"
			    "-A FORWARD -s 10.137.2.6 -p udp -d 10.137.1.1 --dport 53 -j ACCEPT\n"
			    "-A FORWARD -s 10.137.2.6 -p udp -d 10.137.1.254 --dport 53 -j ACCEPT\n"
			    "-A FORWARD -s 10.137.2.6 -p tcp -d 10.137.1.1 --dport 53 -j ACCEPT\n"
			    "-A FORWARD -s 10.137.2.6 -p tcp -d 10.137.1.254 --dport 53 -j ACCEPT\n"
			    "-A FORWARD -s 10.137.2.6 -p icmp -j ACCEPT\n"
			    "-A FORWARD -s 10.137.2.6 -p tcp -d 10.137.255.254 --dport 8082 -j DROP\n"
			    "-A FORWARD -s 10.137.2.6 -j ACCEPT\nCOMMIT\n");
	assert_null(value_of(&entries, RULES "105")); /* no client */
	assert_null(value_of(&entries, RULES "108")); /* halted */
	assert_null(value_of(&entries, RULES "-1"));
	assert_string_equal(value_of(&entries, "/qubes-netvm-domid"), "102");
	assert_string_equal(entries.items[entries.count - 1].path, "/qubes-iptables");
	assert_string_equal(entries.items[entries.count - 1].value, "reload");
	world_free(w);
}

static void a_netvm_that_is_halted_has_no_domain(void **state)
{
	struct world *w = running_network("sys-net");
	struct qubesdb_entries entries = { 0 };

	(void)state;
	assert_int_equal(qubesdb_firewall_entries(the(w, "sys-firewall"), &entries), 0);
	assert_string_equal(value_of(&entries, "/qubes-netvm-domid"), "");
	world_free(w);
}

static void offline_nobody_knows_who_runs(void **state)
{
	struct qubesdb_entries proxy = { 0 }, work = { 0 };
	struct world *w = world_new(NULL);

	(void)state;
	world_load(w, network);
	assert_int_equal(qubesdb_entries_of(the(w, "sys-firewall"), false, &proxy), -1);
	assert_int_equal(error_kind(), ERROR_OFFLINE);
	assert_int_equal(qubesdb_entries_of(the(w, "work"), false, &work), 0);
	world_free(w);
}

/* Nothing would be enforced for it, or what was before. */
static void rules_that_are_too_long_refuse_everything(void **state)
{
	struct world *w = *state;
	struct qubesdb_entries entries = { 0 };
	AUTO_STRBUF struct strbuf rules = { 0 };

	for (int i = 0; i < 100; i++)
		strbuf_printf(&rules, "<rule address='host-%d.example' proto='tcp' port='80'/>", i);
	write_rules(w, "policy='deny'", rules.text);
	assert_int_equal(qubesdb_firewall_entries(the(w, "sys-firewall"), &entries), 0);
	assert_string_equal(value_of(&entries, RULES "104"),
			    "*filter\n-A FORWARD -s 10.137.2.6 -j REJECT --reject-with icmp-host-prohibited\n"
			    "COMMIT\n");
}

/* Without its directory or its file nothing says what it may do: the default would be to allow all. */
static void what_has_no_place_for_rules_any_more_is_refused_everything(void **state)
{
	static const char refusal[] = "-j REJECT --reject-with icmp-host-prohibited\nCOMMIT\n";
	struct world *w = *state;
	struct qubesdb_entries before = { 0 }, after = { 0 };
	const struct vm *disposable = the(w, "disp9");
	AUTO_FREE char *path = util_printf(RULES "%d", FIRST_XID + disposable->qid);

	assert_int_equal(qubesdb_firewall_entries(the(w, "sys-firewall"), &before), 0);
	assert_true(util_ends_with(value_of(&before, path), "-j ACCEPT\nCOMMIT\n"));
	assert_int_equal(root_unlink(w->q.root, firewall_path(disposable)), 0);
	assert_int_equal(root_remove_tree(w->q.root, vm_directory(the(w, "work"))), 0);
	assert_int_equal(qubesdb_firewall_entries(the(w, "sys-firewall"), &after), 0);
	assert_true(util_ends_with(value_of(&after, path), refusal));
	assert_null(strstr(value_of(&after, path), "ACCEPT"));
	assert_string_equal(value_of(&after, RULES "104"),
			    arena_printf(w->q.arena, "*filter\n-A FORWARD -s 10.137.2.6 %s", refusal));
}

static void a_start_tells_the_proxies_above(void **state)
{
	struct world *w = *state;

	start_daemon(w, "103", "sys-firewall", "");
	assert_int_equal(qubesdb_publish_firewalls_above(the(w, "work")), 0);
	AUTO_FREE char *record = record_of(w, "sys-firewall");

	assert_non_null(strstr(record,
			       "[\"connect\"]\n[\"rm\", \"" RULES "\"]\n"
			       "[\"write\", \"/qubes-iptables-header\", \"# Generated by Qubes Core on "));
	assert_non_null(strstr(record, "[\"write\", \"" RULES "104\", \"*filter\\n"));
	assert_non_null(strstr(record, "[\"write\", \"/qubes-netvm-domid\", \"102\"]\n"
				       "[\"write\", \"/qubes-iptables\", \"reload\"]\n"));
	stop_daemon(w, "sys-firewall");
}

static void a_proxy_that_is_halted_is_told_nothing(void **state)
{
	struct world *w = running_network("sys-firewall");

	(void)state;
	assert_int_equal(qubesdb_publish_firewalls_above(the(w, "work")), 0);
	world_free(w);
}

static void a_proxy_without_a_daemon_is_an_error(void **state)
{
	struct world *w = *state;

	assert_int_equal(qubesdb_publish_firewalls_above(the(w, "work")), -1);
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_string_equal(error_message(),
			    "the firewall of sys-firewall: no QubesDB daemon serves sys-firewall: "
			    "/var/run/qubes/qubesdb.sys-firewall.sock: No such file or directory");
}

/* ---- two programs at once ---- */

struct holder {
	int lock;
	atomic_bool released;
};

static void *release_later(void *argument)
{
	struct holder *holder = argument;

	usleep(300000);
	atomic_store(&holder->released, true);
	close(holder->lock);
	return NULL;
}

static void one_program_at_a_time_tells_a_proxy(void **state)
{
	struct world *w = *state;
	struct holder holder = { 0 };
	pthread_t thread;

	start_daemon(w, "103", "sys-firewall", "");
	holder.lock = root_open(w->q.root, SOCKETS, O_RDONLY | O_DIRECTORY, 0);
	assert_int_equal(flock(holder.lock, LOCK_EX), 0);
	assert_int_equal(pthread_create(&thread, NULL, release_later, &holder), 0);
	assert_int_equal(qubesdb_publish_firewall(the(w, "sys-firewall")), 0);
	assert_true(atomic_load(&holder.released));
	pthread_join(thread, NULL);
	stop_daemon(w, "sys-firewall");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(what_is_written_can_be_read_and_removed),
		SERVED(a_branch_is_read_and_removed_whole),
		SERVED(paths_are_checked_before_they_are_sent),
		SERVED(values_have_a_limit),
		SERVED(entries_are_written_in_order_over_one_connection),
		SERVED(one_that_cannot_be_held_keeps_all_back),
		SERVED(a_start_is_one_connection),
		RUNNING(the_first_refusal_ends_it),
		cmocka_unit_test(clients_that_run_are_told_of),
		cmocka_unit_test(a_netvm_that_is_halted_has_no_domain),
		cmocka_unit_test(offline_nobody_knows_who_runs),
		RUNNING(rules_that_are_too_long_refuse_everything),
		RUNNING(what_has_no_place_for_rules_any_more_is_refused_everything),
		RUNNING(a_start_tells_the_proxies_above),
		cmocka_unit_test(a_proxy_that_is_halted_is_told_nothing),
		RUNNING(a_proxy_without_a_daemon_is_an_error),
		RUNNING(one_program_at_a_time_tells_a_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
