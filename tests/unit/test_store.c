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
		{ "", STORE_PATH " is empty; copies made at boot are in " },
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

	assert_open_fails(s, false, "there is no store ");
	assert_open_fails(s, false, "; qvm-init-storage makes one");
	assert_open_fails(s, true, "there is no store ");
	assert_int_equal(mkfifo(s->store, 0600), 0);
	assert_open_fails(s, false, STORE_PATH " is not a regular file");
	assert_open_fails(s, true, STORE_PATH " is not a regular file");
	assert_int_equal(unlink(s->store), 0);
	assert_int_equal(mkdir(s->store, 0700), 0);
	assert_open_fails(s, false, STORE_PATH " is not a regular file");
	assert_open_fails(s, true, STORE_PATH ": Is a directory");
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
		R3("<?a?><?b ?><?c d & <e> ?"
		   "?>"),
		/* around the root */
		("<?xml version='1.0' encoding='UTF-8'?>\n<!----><?a b?>\n\n<QubesVmCollection/>\n"
		 "\n<!-- c -->\n"),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
