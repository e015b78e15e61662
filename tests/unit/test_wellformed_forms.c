/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wellformed - its caps, the form that mxml gets to read, and lines for messages.
 */
#include "wellformed_texts.h"

/* ---- caps ---- */

static char *nested(size_t depth)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < depth; i++)
		strbuf_add(&out, "<a>");
	for (size_t i = 0; i < depth; i++)
		strbuf_add(&out, "</a>");
	return out.text;
}

static void test_depth_is_bounded(void **state)
{
	AUTO_FREE char *deepest = nested(WELLFORMED_DEPTH_MAX), *deeper = nested(WELLFORMED_DEPTH_MAX + 1);
	struct xml_fault fault;

	(void)state;
	assert_accepted(deepest);
	fault = refused(deeper, strlen(deeper));
	assert_string_equal(fault.what, "the elements are nested too deep");
	assert_int_equal(fault.column, WELLFORMED_DEPTH_MAX * strlen("<a>") + 1);
}

static char *with_attributes(size_t count)
{
	struct strbuf out = { 0 };

	strbuf_add(&out, "<a");
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&out, " a%zu=''", i);
	strbuf_add(&out, "/>");
	return out.text;
}

static void test_attributes_are_bounded(void **state)
{
	AUTO_FREE char *most = with_attributes(WELLFORMED_ATTRIBUTES_MAX);
	AUTO_FREE char *more = with_attributes(WELLFORMED_ATTRIBUTES_MAX + 1);

	(void)state;
	assert_accepted(most);
	assert_string_equal(refused(more, strlen(more)).what, "too many attributes");
}

static void test_every_second_attribute_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < 200; i++) {
		AUTO_FREE char *text = with_attributes(200);
		AUTO_FREE char *again = util_printf("%.*s a%zu=''/>", (int)strlen(text) - 2, text, i);
		struct xml_fault fault = refused(again, strlen(again));

		assert_string_equal(fault.what, "an attribute for the second time");
		assert_int_equal(fault.offset, strlen(text) - 1);
	}
}

static void test_size_is_bounded(void **state)
{
	size_t length = WELLFORMED_SIZE_MAX + 1;
	char *text = malloc(length + 1);
	struct xml_document doc;
	struct xml_fault fault;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', length);
	memcpy(text, "<a/>", 4);
	assert_int_equal(wellformed_check(text, length, &doc, &fault), -1);
	assert_string_equal(fault.what, "the file is too large");
	assert_int_equal(wellformed_check(text, length - 1, &doc, &fault), 0);
	free(text);
}

/* ---- the normal form ---- */

static void assert_normal_form(const char *text, const char *expected)
{
	char *normal = accepted(text, strlen(text));

	assert_string_equal(normal, expected);
	free(normal);
}

static void test_what_mxml_reads_is_what_a_parser_reads(void **state)
{
	(void)state;
	/* line ends, outside and inside the root */
	assert_normal_form("<!--\r\r\n-->\r<a>\r\nb\rc<!--\r\n--><![CDATA[\r]]><?d\r\n\r?></a\r>\r\n",
			   "<!--\n\n-->\n<a>\nb\nc<!--\n--><![CDATA[\n]]><?d\n\n?></a\n>\n");
	/* blanks in attribute values, and only there */
	assert_normal_form("<a\n\tb='\r\n\t\r\n\n'\r\nc=\"'\t\">\t\n</a>",
			   "<a\n\tb='    '\nc=\"' \">\t\n</a>");
	/* references stay, but for zeros in front of the number */
	assert_normal_form("<a b='&#9;&#xA;&#13;'>&#13;&#100;&amp;#01;</a>",
			   "<a b='&#9;&#xA;&#13;'>&#13;&#100;&amp;#01;</a>");
	assert_normal_form("<a b='&#x00A0;'>&#0000065;</a>", "<a b='&#xA0;'>&#65;</a>");
	assert_normal_form("<a>\r<!--&#01;--><![CDATA[&#01;]]><?b &#01;?></a>",
			   "<a>\n<!--&#01;--><![CDATA[&#01;]]><?b &#01;?></a>");
	/* an empty comment, and what only looks like one */
	assert_normal_form("<!----><a><!----></a><!---->", "<!----><a><!></a><!---->");
	assert_normal_form("<a>\r<!-->--><![CDATA[<!---->]]><?b <!---->?></a>",
			   "<a>\n<!-->--><![CDATA[<!---->]]><?b <!---->?></a>");
	assert_normal_form("<a b='>\t' c=\"'>\t\"/>", "<a b='> ' c=\"'> \"/>");
	/* the byte order mark goes */
	assert_normal_form(BOM "<?xml version='1.0'?><a/>", "<?xml version='1.0'?><a/>");
}

static void test_a_normal_form_is_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
		AUTO_FREE char *once = accepted(documents[i], strlen(documents[i]));

		if (!strstr(once, "<!>"))
			assert_normal_form(once, once);
	}
}

static void test_the_parts_of_a_document(void **state)
{
	char text[64] = BOM "<!--\r\n-->\r\n<a b='\t'>\r\n<!----></a>\r\n<!---->";
	struct xml_document doc;
	struct xml_fault fault;

	(void)state;
	assert_int_equal(wellformed_check(text, strlen(text), &doc, &fault), 0);
	assert_string_equal(text, "<!--\n-->\n<a b=' '>\n<!></a>\n<!---->");
	assert_int_equal(doc.length, strlen(text));
	assert_ptr_equal(text + doc.root_start, strstr(text, "<a"));
	assert_ptr_equal(text + doc.root_end, strstr(text, "\n<!---->"));
}

/* ---- lines, for messages ---- */

static void test_lines_of_elements(void **state)
{
	char text[] = "<?xml version='1.0'?>\r\n"
		      "<!--1-->\r\n"
		      "<a>\r\n"
		      "<b/><!----><c>\n"
		      "<d/><!-- <e/> -->\n"
		      "</c><![CDATA[<e/>\n"
		      "]]><?e <e/>?>\n"
		      "<e\n"
		      "f='>'/></a>\n"
		      "<!--g-->";
	static const size_t lines[] = { 3, 4, 4, 5, 8, 0, 0 };
	struct xml_document doc;
	struct xml_fault fault;

	(void)state;
	assert_int_equal(wellformed_check(text, strlen(text), &doc, &fault), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(wellformed_element_line(text, &doc, i), lines[i]);
	assert_int_equal(wellformed_line(text, 0), 1);
	assert_int_equal(wellformed_line(text, doc.root_start), 3);
	assert_int_equal(wellformed_line(text, doc.length), 10);
}

static void test_an_empty_root_is_the_only_element(void **state)
{
	char text[] = "<a/><!--b-->";
	struct xml_document doc;
	struct xml_fault fault;

	(void)state;
	assert_int_equal(wellformed_check(text, strlen(text), &doc, &fault), 0);
	assert_int_equal(wellformed_element_line(text, &doc, 0), 1);
	assert_int_equal(wellformed_element_line(text, &doc, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_attributes_are_bounded),
		cmocka_unit_test(test_every_second_attribute_is_found),
		cmocka_unit_test(test_size_is_bounded),
		cmocka_unit_test(test_what_mxml_reads_is_what_a_parser_reads),
		cmocka_unit_test(test_a_normal_form_is_its_own),
		cmocka_unit_test(test_the_parts_of_a_document),
		cmocka_unit_test(test_lines_of_elements),
		cmocka_unit_test(test_an_empty_root_is_the_only_element),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
