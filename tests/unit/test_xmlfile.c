/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small XML files beside the store: walking their elements and attributes, and what is refused.
 */
#include "scratch_world.h"

#include "xmlfile.h"

#define PATH "/etc/qubes/small.xml"

static const char small[] = "<?xml version='1.0'?>\n"
			    "<!-- before -->\n"
			    "<top a='1'\n"
			    "     b='&lt;&#10;&#233;'>text\n"
			    "  <!-- between --><![CDATA[<no/>]]>\n"
			    "  <first/>\n"
			    "  <?instruction?><second x=''><inner/></second>\n"
			    "</top>\n"
			    "<!-- behind -->\n";

static int set_up(void **state)
{
	*state = world_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static struct xmlfile *file_of(const struct world *w, const char *text)
{
	make_file(w, PATH, 0, text);
	return xmlfile_read(w->q.root, PATH, 1000);
}

static void only_elements_are_walked(void **state)
{
	AUTO_XMLFILE struct xmlfile *file = file_of(*state, small);
	xmlfile_element *top, *first, *second;

	assert_non_null(file);
	top = xmlfile_root(file);
	assert_string_equal(xmlfile_name(top), "top");
	first = xmlfile_next(top, NULL);
	assert_string_equal(xmlfile_name(first), "first");
	assert_null(xmlfile_next(first, NULL));
	second = xmlfile_next(top, first);
	assert_string_equal(xmlfile_name(second), "second");
	assert_string_equal(xmlfile_name(xmlfile_next(second, NULL)), "inner");
	assert_null(xmlfile_next(top, second));
	assert_ptr_equal(xmlfile_child(top, "second"), second);
	assert_null(xmlfile_child(top, "inner"));
	assert_null(xmlfile_child(NULL, "first"));
}

static void attributes_are_found_by_name_and_by_number(void **state)
{
	AUTO_XMLFILE struct xmlfile *file = file_of(*state, small);
	xmlfile_element *top = xmlfile_root(file);

	assert_string_equal(xmlfile_attribute(top, "a"), "1");
	assert_string_equal(xmlfile_attribute(top, "b"), "<\n\xc3\xa9");
	assert_null(xmlfile_attribute(top, "c"));
	assert_string_equal(xmlfile_attribute_name(top, 0), "a");
	assert_string_equal(xmlfile_attribute_name(top, 1), "b");
	assert_null(xmlfile_attribute_name(top, 2));
	assert_null(xmlfile_attribute_name(xmlfile_next(top, NULL), 0));
}

static void an_elements_line_is_known(void **state)
{
	AUTO_XMLFILE struct xmlfile *file = file_of(*state, small);
	xmlfile_element *top = xmlfile_root(file), *first = xmlfile_next(top, NULL);

	assert_int_equal(xmlfile_line(file, top), 3);
	assert_int_equal(xmlfile_line(file, first), 6);
	assert_int_equal(xmlfile_line(file, xmlfile_next(top, first)), 7);
}

static void what_is_no_xml_is_refused(void **state)
{
	struct world *w = *state;

	assert_null(file_of(w, "<a>"));
	assert_string_equal(error_message(), PATH ", line 1, column 4: the file is cut short");
	assert_null(file_of(w, ""));
	assert_string_equal(error_message(), PATH ", line 1, column 1: the file is cut short");
	assert_null(file_of(w, "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"));
}

static void absence_is_told_from_other_failures(void **state)
{
	struct world *w = *state;

	assert_null(xmlfile_read(w->q.root, PATH, 1000));
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_int_equal(root_mkdirs(w->q.root, PATH, 0755), 0);
	assert_null(xmlfile_read(w->q.root, PATH, 1000));
	assert_int_equal(error_kind(), ERROR_FAILED);
	assert_null(xmlfile_read(w->q.root, PATH "/x", 1000));
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
}

static void a_file_beyond_the_limit_is_refused(void **state)
{
	struct world *w = *state;
	AUTO_XMLFILE struct xmlfile *file = file_of(w, "<a/>");

	assert_non_null(file);
	assert_null(xmlfile_read(w->q.root, PATH, 3));
	assert_string_equal(error_message(), "cannot read " PATH ": File too large");
}

static void a_text_in_memory_is_read_the_same_way(void **state)
{
	AUTO_XMLFILE struct xmlfile *file = xmlfile_parse("<a>\r\n<b>x&amp;y</b></a>", "it");
	xmlfile_element *b;

	(void)state;
	assert_non_null(file);
	b = xmlfile_next(xmlfile_root(file), NULL);
	assert_string_equal(xmlfile_text(b), "x&y");
	assert_int_equal(xmlfile_line(file, b), 2);
	assert_null(xmlfile_parse("<a>\n<b></a>", "it"));
	assert_string_equal(error_message(), "it, line 2, column 6: the end tag is not that of the element");
}

static void a_text_is_all_of_its_element_or_none(void **state)
{
	static const char *const none[] = {
		"<a/>",
		"<a></a>",
		"<a>x<b/></a>",
		"<a>x<!-- -->y</a>",
		"<a><![CDATA[x]]></a>",
		"<a><b>x</b></a>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		AUTO_XMLFILE struct xmlfile *file = xmlfile_parse(none[i], "it");

		assert_non_null(file);
		assert_null(xmlfile_text(xmlfile_root(file)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(only_elements_are_walked),
		WITH_ROOT(attributes_are_found_by_name_and_by_number),
		WITH_ROOT(an_elements_line_is_known),
		WITH_ROOT(what_is_no_xml_is_refused),
		WITH_ROOT(absence_is_told_from_other_failures),
		cmocka_unit_test(a_text_in_memory_is_read_the_same_way),
		cmocka_unit_test(a_text_is_all_of_its_element_or_none),
		WITH_ROOT(a_file_beyond_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
