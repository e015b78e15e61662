/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store - what is read, what is refused, and that whatever was not changed is written back as it was.
 */
#include "store_scratch.h"

#include <mxml.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "store/internal.h"

#define R3(content) "<QubesVmCollection>" content "</QubesVmCollection>\n"

/* ---- reading ---- */

static void a_store_is_recognised_by_its_root(void **state)
{
	static const struct {
		const char *text;
		enum store_format format;
	} stores[] = {
		{ "<QubesVmCollection/>", STORE_R3 },
		{ "<?xml version='1.0'?><QubesVmCollection></QubesVmCollection>", STORE_R3 },
		{ "<!-- qubes --><QubesVmCollection/>\n", STORE_R3 },
		{ "<qubes version='3.0'/>", STORE_R4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(stores); i++) {
		struct store *store;

		put_store(*state, stores[i].text);
		store = open_store(*state, false);
		assert_int_equal(store_format(store), stores[i].format);
		assert_false(store_changed(store));
		assert_null(store_write_forbidden(store));
		store_close(store);
	}
}

static void what_is_no_store_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *words;
	} texts[] = {
		{ "<html/>", STORE_PATH " is not a store of VMs: its root element is <html>" },
		{ "", STORE_PATH " is empty; copies made at boot are in /var/lib/qubes/backup" },
		{ "<QubesVmCollection>\n  <QubesAppVm qid='1/>\n</QubesVmCollection>\n",
		  STORE_PATH ", line 3, column 1: `<` in an attribute value; copies made at boot are in" },
		{ "<QubesVmCollection>\n<QubesAppVm/>\n",
		  STORE_PATH ", line 3, column 1: the file is cut short; copies made at boot are in" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (int write = 0; write < 2; write++) {
			put_store(*state, texts[i].text);
			assert_open_fails(*state, write, texts[i].words);
			assert_store(*state, texts[i].text);
		}
}

static void what_is_no_file_is_refused(void **state)
{
	struct scratch *s = *state;

	assert_open_fails(s, false, "there is no store " STORE_PATH "; qvm-init-storage makes one");
	assert_open_fails(s, true, "there is no store " STORE_PATH);
	assert_int_equal(mkfifo(s->store, 0600), 0);
	assert_open_fails(s, false, STORE_PATH " is not a regular file");
	assert_open_fails(s, true, STORE_PATH " is not a regular file");
	assert_int_equal(unlink(s->store), 0);
	assert_int_equal(mkdir(s->store, 0700), 0);
	assert_open_fails(s, false, STORE_PATH " is not a regular file");
	assert_open_fails(s, true, "cannot open " STORE_PATH ": Is a directory");
	assert_int_equal(rmdir(s->store), 0);
	put_store(s, "");
	assert_int_equal(truncate(s->store, (off_t)WELLFORMED_SIZE_MAX + 1), 0);
	assert_open_fails(s, false, STORE_PATH " is too large for a store");
}

/* The installer's and the rescue shell's case. Where this test may not mount, it cannot tell. */
static void a_store_on_a_read_only_file_system_can_be_read(void **state)
{
	struct scratch *s = *state;
	int status;
	pid_t child;

	put_store(s, R3("<QubesAppVm qid='1'/>"));
	child = fork();
	if (child == 0) {
		struct store *store;

		if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) != 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		    mount(s->directory, s->directory, NULL, MS_BIND, NULL) != 0 ||
		    mount(NULL, s->directory, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) != 0)
			_exit(77);
		root_free(s->root);
		s->root = root_new(s->directory);
		store = store_open(s->root, STORE_PATH, false);
		_exit(store && !store_open(s->root, STORE_PATH, true) &&
				      strstr(error_message(), "Read-only file system") ?
			      0 :
			      1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void lines_are_those_of_the_file_even_when_the_tree_has_changed(void **state)
{
	struct store *store;
	store_node *first, *second, *inner, *new;

	put_store(*state, "<?xml version='1.0'?>\r\n<qubes>\r\n\r\n<a/><!----><!-- x -->\r\n"
			  "<b>\r\n<c/>\r\n</b></qubes>");
	store = open_store(*state, true);
	first = mxmlFindElement(store_root(store), store_root(store), "a", NULL, NULL, MXML_DESCEND);
	second = mxmlFindElement(store_root(store), store_root(store), "b", NULL, NULL, MXML_DESCEND);
	inner = mxmlFindElement(store_root(store), store_root(store), "c", NULL, NULL, MXML_DESCEND);
	assert_int_equal(store_line(store, store_root(store)), 2);
	assert_int_equal(store_line(store, first), 4);
	assert_int_equal(store_line(store, second), 5);
	assert_int_equal(store_line(store, inner), 6);

	new = mxmlNewElement(MXML_NO_PARENT, "new");
	mxmlAdd(store_root(store), MXML_ADD_BEFORE, second, new);
	mxmlDelete(first);
	store_put_attribute(second, "x", "y");
	assert_int_equal(store_line(store, new), 0);
	assert_int_equal(store_line(store, second), 5);
	assert_int_equal(store_line(store, inner), 6);
	store_close(store);
}

/* ---- round trips ---- */

/* What is written when the tree is the same, and EXPECTED of it. */
static void assert_written_as(struct scratch *s, const char *text, const char *expected)
{
	struct store *store;

	put_store(s, text);
	store = open_store(s, true);
	store_touch(store);
	assert_int_equal(store_save(store), 0);
	store_close(store);
	assert_store(s, expected);
}

static void what_was_not_changed_is_written_as_it_was(void **state)
{
	static const char *const same[] = {
		"<QubesVmCollection/>",
		"<QubesVmCollection/>\n",
		R3("\n  <QubesAppVm name=\"a\" qid=\"1\"/>\n  <QubesAppVm name=\"b\" qid=\"2\"/>\n"),
		/* things that nobody knows, in their order */
		R3("<Unknown z=\"1\" a=\"2\"><deep b=\"3\"> text </deep></Unknown>more"
		   "<QubesAppVm odd=\"4\"/>"),
		/* values with everything in them */
		R3("<a b=\"&quot;'&lt;&gt;&amp;&#10;&#9;&#13;]]&gt;"
		   "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"/>"),
		R3("<a>\"'&lt;&gt;&amp;\n\t&#13;]]&gt; \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80</a>"),
		R3("<a b=\"&#xFEFF;\">&#xFEFF;\xef\xbf\xbd</a>"),
		/* what is no element */
		R3("<!-- a & <b> --><!----><!-- - --><!-->-->"),
		R3("<![CDATA[a & <b> ]] ]>]]]]><![CDATA[]]>"),
		R3("<?a?><?b ?><?c d & <e> ?" "?>"),
		/* around the root */
		"<?xml version='1.0' encoding='UTF-8'?>\n<!----><?a b?>\n\n<QubesVmCollection/>\n"
		"\n<!-- c -->\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_written_as(*state, same[i], same[i]);
}

static void what_means_the_same_is_written_in_one_way(void **state)
{
	assert_written_as(*state, "\xef\xbb\xbf<QubesVmCollection />", "<QubesVmCollection/>");
	assert_written_as(*state, "<QubesVmCollection></QubesVmCollection >", "<QubesVmCollection/>");
	assert_written_as(*state, R3("<a  b = 'c\"'\n/>"), R3("<a b=\"c&quot;\"/>"));
	assert_written_as(*state, R3("<a b='\r\n\t'>\r\n\r</a>\r"), R3("<a b=\"  \">\n\n</a>\n"));
	assert_written_as(*state, R3("&apos;&#x41;&#0066;"), R3("'AB"));
	assert_written_as(*state, "<!--\r\n--><QubesVmCollection/>\r\n", "<!--\n--><QubesVmCollection/>\n");
}

static void a_new_attribute_is_in_its_sorted_place(void **state)
{
	put_store(*state, "<QubesVmCollection c=\"1\" a=\"2\"/>");
	change_store(*state, "b", "3");
	assert_store(*state, "<QubesVmCollection b=\"3\" c=\"1\" a=\"2\"/>");
}

static void the_text_is_that_which_is_saved(void **state)
{
	struct store *store;
	size_t length;

	put_store(*state, "<?a?><QubesVmCollection/>\n");
	store = open_store(*state, false);
	store_put_attribute(store_root(store), "a", "<");
	AUTO_FREE char *text = store_text(store, &length);
	assert_string_equal(text, "<?a?><QubesVmCollection a=\"&lt;\"/>\n");
	assert_int_equal(length, strlen(text));
	store_close(store);
}

/* ---- saving ---- */

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
		TEST(a_store_is_recognised_by_its_root),
		TEST(what_is_no_store_is_refused_with_the_reason),
		TEST(what_is_no_file_is_refused),
		TEST(a_store_on_a_read_only_file_system_can_be_read),
		TEST(lines_are_those_of_the_file_even_when_the_tree_has_changed),
		TEST(what_was_not_changed_is_written_as_it_was),
		TEST(what_means_the_same_is_written_in_one_way),
		TEST(a_new_attribute_is_in_its_sorted_place),
		TEST(the_text_is_that_which_is_saved),
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
