/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * element - what is in a tree, and that what is added, moved or removed leaves the rest of the file as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "element.h"
#include "util.h"

static struct store *store_of(const char *text)
{
	struct store_fault fault;
	struct store *store = store_from_text("a text", text, strlen(text), &fault);

	assert_non_null(store);
	return store;
}

static void assert_text(const struct store *store, const char *expected)
{
	size_t length;
	AUTO_FREE char *text = store_text(store, &length);

	assert_string_equal(text, expected);
}

/* ---- looking ---- */

static void comments_and_the_like_are_no_elements(void **state)
{
	struct store *store = store_of("<a><!-- x --><b/>text<?pi?><b n='2'/><c/></a>");
	store_node *root = store_root(store), *first = element_next(root, NULL, NULL);

	(void)state;
	assert_string_equal(element_name(first), "b");
	assert_string_equal(element_attribute(element_next(root, first, "b"), "n"), "2");
	assert_null(element_next(root, element_next(root, NULL, "c"), NULL));
	assert_null(element_next(NULL, NULL, NULL));
	assert_ptr_equal(element_parent(first), root);
	store_close(store);
}

static void a_text_ends_at_the_first_thing_that_is_none(void **state)
{
	static const struct {
		const char *document, *text, *all;
		bool cut;
	} texts[] = {
		{ "<a>80<!-- x -->0</a>", "80", "800", true },
		{ "<a>80<b/>\n</a>", "80", "80\n", false },
		{ "<a>8<![CDATA[0]]>0</a>", "800", "800", false },
		{ "<a></a>", "", "", false },
		{ "<a/>", NULL, "", false },
		{ "<a><b/>x</a>", NULL, "x", true },
	};
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct store *store = store_of(texts[i].document);
		const char *text = element_text(arena, store_root(store));

		/* Only for <qubes> are empty pairs kept apart. */
		assert_string_equal(text ? text : "", texts[i].text ? texts[i].text : "");
		assert_string_equal(element_all_text(arena, store_root(store)), texts[i].all);
		assert_int_equal(element_text_is_cut(store_root(store)), texts[i].cut);
		store_close(store);
	}
	arena_free(arena);
}

/* ---- changing ---- */

static const char lists[] =
	"<qubes>\n  <labels>\n    <label/>\n  </labels>\n  <domains></domains>\n</qubes>\n";

static void what_is_added_gets_a_line(void **state)
{
	struct store *store = store_of(lists);
	store_node *labels = element_next(store_root(store), NULL, "labels");
	store_node *domains = element_next(store_root(store), NULL, "domains");

	(void)state;
	store_put_attribute(element_add(labels, NULL, "label"), "id", "2");
	element_add(labels, element_next(labels, NULL, NULL), "first");
	element_set_text(element_add(domains, NULL, "domain"), "x < y");
	assert_text(store,
		    "<qubes>\n  <labels>\n    <first/>\n    <label/>\n    <label id=\"2\"/>\n  </labels>\n"
		    "  <domains>\n    <domain>x &lt; y</domain>\n  </domains>\n</qubes>\n");
	store_close(store);
}

static void what_goes_takes_its_line_along(void **state)
{
	struct store *store = store_of(lists);
	store_node *labels = element_next(store_root(store), NULL, "labels");
	store_node *domains = element_next(store_root(store), NULL, "domains");

	(void)state;
	element_move(element_next(labels, NULL, "label"), domains, NULL);
	assert_text(store,
		    "<qubes>\n  <labels>\n  </labels>\n  <domains>\n    <label/>\n  </domains>\n</qubes>\n");
	element_remove(labels);
	assert_text(store, "<qubes>\n  <domains>\n    <label/>\n  </domains>\n</qubes>\n");
	store_close(store);
}

static void a_copy_has_all_that_the_other_store_has(void **state)
{
	struct store *from =
		store_of("<qubes>\n  <x a=\"1\">\n    <!-- c -->\n    <y>&amp;</y>\n  </x>\n</qubes>");
	struct store *into = store_of("<qubes>\n</qubes>\n");

	(void)state;
	element_add_copy(store_root(into), NULL, element_next(store_root(from), NULL, "x"));
	store_close(from);
	assert_text(into, "<qubes>\n  <x a=\"1\">\n    <!-- c -->\n    <y>&amp;</y>\n  </x>\n</qubes>\n");
	assert_int_equal(store_line(into, element_next(store_root(into), NULL, "x")), 0);
	store_close(into);
}

static void a_text_that_is_no_xml_leaves_the_store_as_it_was(void **state)
{
	struct store *store = store_of("<qubes/>");
	struct store_fault fault;

	(void)state;
	assert_int_equal(store_take_text(store, "<a>\n  <b></a>", 12, &fault), -1);
	assert_int_equal(fault.line, 2);
	assert_int_equal(fault.column, 8);
	assert_string_equal(fault.what, "the end tag is not that of the element");
	assert_text(store, "<qubes/>");
	assert_int_equal(store_take_text(store, "<other/>", 8, &fault), 0);
	assert_text(store, "<other/>");
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comments_and_the_like_are_no_elements),
		cmocka_unit_test(a_text_ends_at_the_first_thing_that_is_none),
		cmocka_unit_test(what_is_added_gets_a_line),
		cmocka_unit_test(what_goes_takes_its_line_along),
		cmocka_unit_test(a_copy_has_all_that_the_other_store_has),
		cmocka_unit_test(a_text_that_is_no_xml_leaves_the_store_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
