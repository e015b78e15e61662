/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving a store: when it is written and when it is refused, and what the new file takes over from the old.
 */
#include "store_scratch.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include "store/internal.h"

#define R3(content) "<QubesVmCollection>" content "</QubesVmCollection>\n"

static struct stat stat_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}

static void what_was_not_changed_is_not_written(void **state)
{
	struct scratch *s = *state;
	struct stat before;
	struct store *store;

	put_store(s, R3(""));
	before = stat_of(s->store);
	store = open_store(s, true);
	assert_int_equal(store_save(store), 0);
	store_close(store);
	assert_int_equal(stat_of(s->store).st_ino, before.st_ino);
}

static void a_store_can_be_saved_again_and_again(void **state)
{
	struct scratch *s = *state;
	struct store *store;

	put_store(s, "<QubesVmCollection/>");
	store = open_store(s, true);
	for (int i = 0; i < 5; i++) {
		AUTO_FREE char *value = util_printf("%d", i);
		AUTO_FREE char *expected = util_printf("<QubesVmCollection a=\"%d\"/>", i);

		store_put_attribute(store_root(store), "a", value);
		store_touch(store);
		assert_true(store_changed(store));
		assert_int_equal(store_save(store), 0);
		assert_false(store_changed(store));
		assert_store(s, expected);
		assert_int_equal(count_entries(s->directory), 1);
	}
	store_close(store);
}

static void mode_and_owner_stay(void **state)
{
	static const mode_t modes[] = { 0660, 0600, 0644, 0444, 02640 };
	struct scratch *s = *state;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		struct stat before, after;

		if (geteuid() != 0 && !(modes[i] & 0200)) /* only root can write it */
			continue;
		put_store(s, "<QubesVmCollection/>");
		if (geteuid() == 0)
			assert_int_equal(chown(s->store, 4711, 4712), 0);
		assert_int_equal(chmod(s->store, modes[i]), 0);
		before = stat_of(s->store);
		change_store(s, "a", "b");
		after = stat_of(s->store);
		assert_int_not_equal(after.st_ino, before.st_ino);
		assert_int_equal(after.st_mode, before.st_mode);
		assert_int_equal(after.st_uid, before.st_uid);
		assert_int_equal(after.st_gid, before.st_gid);
		assert_int_equal(unlink(s->store), 0);
	}
}

static void extended_attributes_stay(void **state)
{
	struct scratch *s = *state;
	char value[16] = "";

	put_store(s, "<QubesVmCollection/>");
	if (setxattr(s->store, "user.note", "kept", 4, 0) != 0)
		skip();
	assert_int_equal(setxattr(s->store, "user.empty", "", 0, 0), 0);
	change_store(s, "a", "b");
	assert_int_equal(getxattr(s->store, "user.note", value, sizeof(value)), 4);
	assert_string_equal(value, "kept");
	assert_int_equal(getxattr(s->store, "user.empty", value, sizeof(value)), 0);
}

/* The text of the link at PATH. */
static void assert_link(const struct scratch *s, const char *path, const char *target)
{
	AUTO_FREE char *link = root_readlink(s->root, path);

	assert_non_null(link);
	assert_string_equal(link, target);
}

static void a_link_to_the_store_stays_one(void **state)
{
	struct scratch *s = *state;
	AUTO_FREE char *real = util_printf("%s/srv/real.xml", s->directory);

	assert_int_equal(root_mkdirs(s->root, "/srv/inner", 0755), 0);
	put_bytes(real, "<QubesVmCollection/>", 20);
	assert_int_equal(root_symlink(s->root, "/srv/inner/../hop", STORE_PATH), 0);
	assert_int_equal(root_symlink(s->root, "./real.xml", "/srv/hop"), 0);
	change_store(s, "a", "b");
	assert_link(s, STORE_PATH, "/srv/inner/../hop");
	assert_link(s, "/srv/hop", "./real.xml");
	assert_true(S_ISREG(stat_of(real).st_mode));
	assert_store(s, "<QubesVmCollection a=\"b\"/>");
}

static void a_forbidden_store_is_not_written(void **state)
{
	struct store *store;

	put_store(*state, "<QubesVmCollection/>");
	store = open_store(*state, true);
	store_forbid_writing(store, "line 3: a VM without a qid");
	store_forbid_writing(store, "a later reason");
	assert_string_equal(store_write_forbidden(store), "line 3: a VM without a qid");
	store_put_attribute(store_root(store), "a", "b");
	store_touch(store);
	assert_int_equal(store_save(store), -1);
	assert_error(STORE_PATH " is not written: line 3: a VM without a qid");
	store_close(store);
	assert_store(*state, "<QubesVmCollection/>");
}

static void without_the_lock_nothing_is_written(void **state)
{
	struct store *store;

	put_store(*state, "<QubesVmCollection/>");
	for (int write = 0; write < 2; write++) {
		store = open_store(*state, write);
		store_unlock(store);
		store_touch(store);
		assert_int_equal(store_save(store), -1);
		assert_error(STORE_PATH " is not written: it is not locked for that");
		store_close(store);
	}
}

static void what_xml_cannot_hold_is_not_written(void **state)
{
	static const char *const values[] = { "\x01", "\xff", "\xef\xbf\xbf", "\xc0\x80" };
	struct store *store;

	put_store(*state, "<QubesVmCollection/>");
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_false(store_can_hold(values[i]));
		store = open_store(*state, true);
		store_put_attribute(store_root(store), "a", values[i]);
		store_touch(store);
		assert_int_equal(store_save(store), -1);
		assert_error("is not written, for it would be damaged: line 1, column 23: ");
		store_close(store);
	}
	assert_true(store_can_hold("<>&\"'\t\n\r\x7f\xc3\xa9\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbd"));
	assert_true(store_can_hold("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
	assert_store(*state, "<QubesVmCollection/>");
}

/* An editor does not ask for the lock; what was done with it must not get lost. */
static void a_store_that_something_else_changed_is_not_written(void **state)
{
	struct scratch *s = *state;
	AUTO_FREE char *other = util_printf("%s.edited", s->store);

	for (int renamed = 0; renamed < 2; renamed++) {
		struct store *store;

		put_store(s, "<QubesVmCollection/>");
		store = open_store(s, true);
		put_bytes(renamed ? other : s->store, R3("edited"), strlen(R3("edited")));
		assert_int_equal(renamed ? rename(other, s->store) : 0, 0);
		store_touch(store);
		assert_int_equal(store_save(store), -1);
		assert_error("something changed it in spite of our lock");
		store_close(store);
		assert_store(s, R3("edited"));
	}
}

/* ---- a new one ---- */

static void a_new_store_is_empty_and_of_the_group(void **state)
{
	struct scratch *s = *state;
	struct stat st;

	AUTO_FREE char *groups = util_printf("qubes:x:%d:\n", geteuid() ? (int)getegid() : 4713);
	assert_int_equal(root_mkdirs(s->root, "/etc", 0755), 0);
	assert_int_equal(root_write(s->root, "/etc/group", groups, strlen(groups), 0644), 0);
	assert_int_equal(store_create(s->root, STORE_PATH), 0);
	assert_store(s, "<QubesVmCollection clockvm=\"None\" default_fw_netvm=\"None\" "
			"default_kernel=\"None\" default_netvm=\"None\" default_template=\"None\" "
			"updatevm=\"None\"/>\n");
	st = stat_of(s->store);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, geteuid() ? getegid() : 4713);
	store_close(open_store(s, true));
}

static void a_new_store_replaces_nothing(void **state)
{
	struct scratch *s = *state;

	put_store(s, "");
	assert_int_equal(store_create(s->root, STORE_PATH), -1);
	assert_error(STORE_PATH " exists already");
	assert_store(s, "");
	assert_int_equal(unlink(s->store), 0);
	assert_int_equal(symlink("nowhere", s->store), 0);
	assert_int_equal(store_create(s->root, STORE_PATH), -1);
	assert_error(STORE_PATH " exists already");
	assert_int_equal(unlink(s->store), 0);
	assert_int_equal(store_create(s->root, "/nowhere/qubes.xml"), -1);
	assert_error("cannot write /nowhere/qubes.xml: cannot open the directory: No such file or directory");
}

static void what_appeared_just_now_is_not_replaced(void **state)
{
	struct scratch *s = *state;
	struct stat written;

	put_store(s, "mine");
	assert_int_equal(store_replace(s->root, STORE_PATH, "yours", 5, NULL, &written), -1);
	assert_error("cannot write " STORE_PATH ": cannot put the new file in its place: File exists");
	assert_store(s, "mine");
	AUTO_FREE char *directory = util_printf("%s" DIRECTORY, s->directory);
	assert_int_equal(count_entries(directory), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_new, scratch_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_not_changed_is_not_written),
		TEST(a_store_can_be_saved_again_and_again),
		TEST(mode_and_owner_stay),
		TEST(extended_attributes_stay),
		TEST(a_link_to_the_store_stays_one),
		TEST(a_forbidden_store_is_not_written),
		TEST(without_the_lock_nothing_is_written),
		TEST(what_xml_cannot_hold_is_not_written),
		TEST(a_store_that_something_else_changed_is_not_written),
		TEST(a_new_store_is_empty_and_of_the_group),
		TEST(a_new_store_replaces_nothing),
		TEST(what_appeared_just_now_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
