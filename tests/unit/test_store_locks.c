/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's lock, against another process that locks as the original tools do: POSIX record locks on the
 * whole file, and a look whether the file is still the one at the path.
 */
#include "store_other.h"

/* ---- our lock keeps others out ---- */

static void a_writer_keeps_everybody_out_until_it_is_closed(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, true);
	assert_false(others_can_lock(s, F_WRLCK));
	assert_false(others_can_lock(s, F_RDLCK));
	store_close(store);
	assert_true(others_can_lock(s, F_WRLCK));
}

static void a_writer_keeps_its_lock_when_another_descriptor_is_closed(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, true);
	assert_store(s, EMPTY); /* opens and closes it */
	assert_false(others_can_lock(s, F_RDLCK));
	store_close(store);
}

static void a_reader_keeps_nobody_out(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, false);
	assert_true(others_can_lock(s, F_WRLCK));
	store_close(store);
}

static void a_save_takes_the_lock_along(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, true);
	store_put_attribute(store_root(store), "a", "b");
	store_touch(store);
	assert_int_equal(store_save(store), 0);
	assert_false(others_can_lock(s, F_RDLCK));
	store_unlock(store);
	assert_true(others_can_lock(s, F_WRLCK));
	assert_non_null(store_root(store));
	store_close(store);
}

static void a_store_that_could_not_be_opened_is_not_locked(void **state)
{
	struct scratch *s = *state;

	put_store(s, "<html/>");
	assert_open_fails(s, true, "is not a store of VMs");
	assert_true(others_can_lock(s, F_WRLCK));
}

/* ---- others' locks keep us out ---- */

#define HELD 200 /* ms */

static void a_writer_waits_for_a_lock(void **state)
{
	struct scratch *s = *state;

	put_store(s, EMPTY);
	for (int shared = 0; shared < 2; shared++) {
		pid_t child = lock_elsewhere(s, shared ? F_RDLCK : F_WRLCK, HELD, NULL);

		store_close(open_store(s, true));
		assert_waited(HELD);
		assert_ends_by_itself(child);
	}
}

static void a_reader_waits_for_a_writer_only(void **state)
{
	struct scratch *s = *state;
	pid_t child;

	put_store(s, EMPTY);
	child = lock_elsewhere(s, F_RDLCK, 10000, NULL);
	store_close(open_store(s, false));
	assert_still_there(child);
	stop(child);

	child = lock_elsewhere(s, F_WRLCK, HELD, NULL);
	store_close(open_store(s, false));
	assert_waited(HELD);
	assert_ends_by_itself(child);
}

/* Who waits for a lock would otherwise change, and bring back, a file that nobody has any more. */
static void a_store_that_was_replaced_meanwhile_is_opened_anew(void **state)
{
	static const char theirs[] = "<QubesVmCollection a=\"theirs\"/>";
	struct scratch *s = *state;

	for (int write = 0; write < 2; write++) {
		pid_t child;
		struct store *store;
		size_t length;

		put_store(s, EMPTY);
		child = lock_elsewhere(s, F_WRLCK, HELD, theirs);
		store = open_store(s, write);
		assert_waited(HELD);
		AUTO_FREE char *text = store_text(store, &length);
		assert_string_equal(text, theirs);
		assert_int_equal(others_can_lock(s, F_RDLCK), !write);
		assert_ends_by_itself(child);
		store_close(store);
	}
}

static void a_store_that_vanished_meanwhile_is_an_error(void **state)
{
	struct scratch *s = *state;
	pid_t child;

	put_store(s, EMPTY);
	child = lock_elsewhere(s, F_WRLCK, 200, NULL);
	assert_int_equal(unlink(s->store), 0);
	assert_open_fails(s, true, "there is no store ");
	stop(child);
}

/* ---- the lock's descriptors ---- */

/* How many of our descriptors are the store's, or of a file that was the store's; all of them end with exec. */
static size_t count_store_descriptors(const struct scratch *s)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		char target[512] = "";

		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1) < 0 ||
		    !util_starts_with(target, s->store))
			continue;
		assert_true(fcntl(atoi(entry->d_name), F_GETFD) & FD_CLOEXEC);
		count++;
	}
	closedir(directory);
	return count;
}

static void a_lock_does_not_outlive_exec(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, EMPTY);
	store = open_store(s, true);
	assert_int_equal(count_store_descriptors(s), 1);
	store_put_attribute(store_root(store), "a", "b");
	store_touch(store);
	assert_int_equal(store_save(store), 0);
	assert_int_equal(count_store_descriptors(s), 1);
	store_close(store);
}

/* A daemon that we start may live for ever. */
static void a_child_has_no_part_in_the_lock(void **state)
{
	static const char *const argv[] = { "/bin/sh", "-c", "sleep 60 >&- 2>&- & echo $!", NULL };
	struct scratch *s = *state;
	AUTO_STRBUF struct strbuf output = { 0 };
	struct store *store;
	pid_t child;

	put_store(s, EMPTY);
	store = open_store(s, true);
	assert_int_equal(util_spawn(&(struct spawn){ .argv = argv, .output = &output }), 0);
	child = (pid_t)atoi(output.text);
	assert_int_equal(kill(child, 0), 0);
	assert_false(others_can_lock(s, F_RDLCK));
	store_close(store);
	assert_true(others_can_lock(s, F_WRLCK));
	assert_int_equal(kill(child, SIGKILL), 0);
}

/* ---- what killed writers leave ---- */

static void put_beside(const struct scratch *s, const char *end)
{
	AUTO_FREE char *path = util_printf("%s%s", s->store, end);

	put_bytes(path, "<Half", 5);
}

static bool is_beside(const struct scratch *s, const char *end)
{
	AUTO_FREE char *path = util_printf("%s%s", s->store, end);

	return access(path, F_OK) == 0;
}

static void a_writer_removes_what_killed_ones_left(void **state)
{
	struct scratch *s = *state;

	put_store(s, EMPTY);
	put_beside(s, ".new-abcdefABCDEF");
	put_beside(s, ".new-zzzzzzzzzzzz");
	store_close(open_store(s, false));
	assert_true(is_beside(s, ".new-abcdefABCDEF"));
	store_close(open_store(s, true));
	assert_false(is_beside(s, ".new-abcdefABCDEF"));
	assert_false(is_beside(s, ".new-zzzzzzzzzzzz"));
	assert_store(s, EMPTY);
}

static void nothing_else_is_removed(void **state)
{
	static const char *const ends[] = {
		".bak",	 "abcdefABCDEF", ".new-abcdefABCDE", ".new-abcdefABCDEFF", ".new-abcdef123456",
		".new-",
	};
	struct scratch *s = *state;

	put_store(s, EMPTY);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		put_beside(s, ends[i]);
	store_close(open_store(s, true));
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		assert_true(is_beside(s, ends[i]));
}

/* Somebody who ignores the lock has replaced the store, and there are two who write it. */
static void a_new_file_that_has_its_writer_yet_stays(void **state)
{
	struct scratch *s = *state;
	AUTO_FREE char *new = util_printf("%s.new-abcdefABCDEF", s->store);
	struct scratch theirs = { .store = new };
	pid_t child;

	put_store(s, EMPTY);
	put_beside(s, ".new-abcdefABCDEF");
	child = hold_elsewhere(&theirs, &(struct other){ F_OFD_SETLK, F_WRLCK, 10000, NULL, NULL, 0 });
	store_close(open_store(s, true));
	assert_true(is_beside(s, ".new-abcdefABCDEF"));
	stop(child);
	store_close(open_store(s, true));
	assert_false(is_beside(s, ".new-abcdefABCDEF"));
}

/* Where the store is a link, new files are made beside what it leads to. */
static void they_are_looked_for_where_the_store_is(void **state)
{
	struct scratch *s = *state;
	AUTO_FREE char *place = util_printf("%s/elsewhere.xml", s->directory);
	AUTO_FREE char *left = util_printf("%s.new-abcdefABCDEF", place);

	put_bytes(place, EMPTY, strlen(EMPTY));
	put_bytes(left, "", 0);
	assert_int_equal(symlink("/elsewhere.xml", s->store), 0);
	store_close(open_store(s, true));
	assert_int_equal(access(left, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_new, scratch_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_writer_keeps_everybody_out_until_it_is_closed),
		TEST(a_writer_keeps_its_lock_when_another_descriptor_is_closed),
		TEST(a_reader_keeps_nobody_out),
		TEST(a_save_takes_the_lock_along),
		TEST(a_store_that_could_not_be_opened_is_not_locked),
		TEST(a_writer_waits_for_a_lock),
		TEST(a_reader_waits_for_a_writer_only),
		TEST(a_store_that_was_replaced_meanwhile_is_opened_anew),
		TEST(a_store_that_vanished_meanwhile_is_an_error),
		TEST(a_lock_does_not_outlive_exec),
		TEST(a_child_has_no_part_in_the_lock),
		TEST(a_writer_removes_what_killed_ones_left),
		TEST(nothing_else_is_removed),
		TEST(a_new_file_that_has_its_writer_yet_stays),
		TEST(they_are_looked_for_where_the_store_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
