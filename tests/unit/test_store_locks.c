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

static void assert_waited(void)
{
	struct timespec now;
	long seconds;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - asked_for.tv_sec;
	assert_true(seconds * 1000 + (now.tv_nsec - asked_for.tv_nsec) / 1000000 >= HELD);
}

static void a_writer_waits_for_a_lock(void **state)
{
	struct scratch *s = *state;

	put_store(s, EMPTY);
	for (int shared = 0; shared < 2; shared++) {
		pid_t child = lock_elsewhere(s, shared ? F_RDLCK : F_WRLCK, HELD, NULL);

		store_close(open_store(s, true));
		assert_waited();
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
	assert_waited();
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
		assert_waited();
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
	assert_open_fails(s, true, "there is no store " STORE_PATH);
	stop(child);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
