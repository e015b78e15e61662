/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The literals of R3 stores: every form in which a list of devices or a dictionary of services may stand
 * there, what is no such thing, and the one form that is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "literal.h"
#include "util.h"

static struct arena *arena;

static int make_arena(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int drop_arena(void **state)
{
	(void)state;
	arena_free(arena);
	error_clear();
	return 0;
}

/* ---- lists ---- */

/* What is read, and how the original tools would write it. */
static void lists_in_all_their_forms(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
		{ "[]", "[]" },
		{ "", "[]" },
		{ "  ", "[]" },
		{ "none", "[]" },
		{ "None", "[]" },
		{ " NONE\n", "[]" },
		{ "()", "[]" },
		{ "['00:19.0', '03:00.0']", "['00:19.0', '03:00.0']" },
		{ "'00:19.0', '03:00.0'", "['00:19.0', '03:00.0']" }, /* R2: without brackets */
		{ "'00:19.0'", "['00:19.0']" },
		{ "'00:19.0',", "['00:19.0']" },
		{ "('00:19.0', '03:00.0')", "['00:19.0', '03:00.0']" },
		{ "[('00:19.0'), (('03:00.0'))]", "['00:19.0', '03:00.0']" },
		{ "[u'00:19.0', U\"03:00.0\"]", "['00:19.0', '03:00.0']" },
		{ "\t[ \"00:19.0\" ,\n'03:00.0' , ] ", "['00:19.0', '03:00.0']" },
		{ "['b', 'a', 'b']", "['b', 'a', 'b']" }, /* order and doubles stay */
		{ "['', '  ']", "['', '  ']" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct literal list;

		if (literal_read_list(arena, rows[i].text, &list) != 0)
			fail_msg("%s: %s", rows[i].text, error_message());
		assert_string_equal(literal_list_text(arena, &list), rows[i].canonical);
	}
}

/* Escapes of byte strings, and of u'' strings where they name characters. */
static void escapes_are_those_of_python(void **state)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "'a\\'b'", "a'b" },
		{ "\"a'b\\\"c\"", "a'b\"c" },
		{ "'\\\\ \\n \\t \\r \\a \\b \\f \\v'", "\\ \n \t \r \a \b \f \v" },
		{ "'\\x41\\101\\7'", "AA\a" },
		{ "'\\1011'", "A1" },
		{ "'\\xc3\\xa9'", "\xc3\xa9" },
		{ "u'\\xe9 \\u20ac \\U0001f600'", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "'\\u20ac \\q'", "\\u20ac \\q" }, /* unknown escapes stand for themselves */
		{ "'one\\\nline'", "oneline" },
		{ "'\xc3\xa9'", "\xc3\xa9" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct literal list;

		if (literal_read_list(arena, rows[i].text, &list) != 0)
			fail_msg("%s: %s", rows[i].text, error_message());
		assert_int_equal(list.count, 1);
		assert_string_equal(list.entries[0].key, rows[i].value);
	}
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = {
		"[",
		"]",
		"['a'",
		"'a']",
		"['a' 'b']",
		"['a',, 'b']",
		"[,]",
		",",
		"['a]",
		"[a]",
		"00:19.0",
		"['a', 5]",
		"['a', None]",
		"[['a'], ['b']]",
		"{'a': True}",
		"['a'] ['b']",
		"['a'], 'b'",
		"('a'",
		"('a']",
		"__import__('os').system('id')",
		"['a'].pop()",
		"['a' + 'b']",
		"b'a'",
		"r'a'",
		"'a\nb'",
		"'\\0'",
		"u'a\\x00b'",
		"'\\x4'",
		"'\\xg0'",
		"'\\400'",
		"u'\\ud800'",
		"u'\\U00110000'",
		"u'\\N{DASH}'",
		"'\\",
		"'a\\",
		"u",
		"u'",
		"noneX",
		"none none",
		"# ['a']",
		"['a'] # a",
		"'''a'''",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct literal list;

		error_clear();
		if (literal_read_list(arena, texts[i], &list) == 0)
			fail_msg("taken as a list: %s", texts[i]);
		assert_int_equal(error_kind(), ERROR_FAILED);
	}
}

static void errors_say_where(void **state)
{
	struct literal literal;

	(void)state;
	assert_int_equal(literal_read_list(arena, "['a' 'b']", &literal), -1);
	assert_string_equal(error_message(),
			    "a comma or the end is expected at character 6 of \"['a' 'b']\"");
	assert_int_equal(literal_read_dict(arena, "{'a': yes}", &literal), -1);
	assert_string_equal(error_message(),
			    "True, False or a number is expected at character 7 of \"{'a': yes}\"");
}

/* ---- dictionaries ---- */

static void dictionaries_in_all_their_forms(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
		{ "{}", "{}" },
		{ "none", "{}" },
		{ "None", "{}" },
		{ "{'meminfo-writer': True}", "{'meminfo-writer': True}" },
		{ "{'ntpd': False, 'meminfo-writer': True}", "{'meminfo-writer': True, 'ntpd': False}" },
		{ "{u'b' : 1 , \"a\":0,}", "{'a': False, 'b': True}" },
		{ "{'a': 00, 'b': 10, 'c': 123456789012345678901234567890, 'd': None}",
		  "{'a': False, 'b': True, 'c': True, 'd': False}" },
		{ "{'a': True, 'b': True, 'a': False}", "{'a': False, 'b': True}" }, /* the last one counts */
		{ "{'b': True, 'B': True, 'a-b': True, 'a': True, '\xc3\xa9': True}",
		  "{'B': True, 'a': True, 'a-b': True, 'b': True, '\\xc3\\xa9': True}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct literal dict;

		if (literal_read_dict(arena, rows[i].text, &dict) != 0)
			fail_msg("%s: %s", rows[i].text, error_message());
		assert_string_equal(literal_dict_text(arena, &dict), rows[i].canonical);
	}
}

static void what_is_no_dictionary_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{",
		"}",
		"{'a'}",
		"{'a': }",
		"{'a': true}",
		"{'a': 'True'}",
		"{'a': TrueX}",
		"{'a': 1x}",
		"{'a': -1}",
		"{'a': 1L}",
		"{'a': True 'b': True}",
		"{a: True}",
		"{'a': {}}",
		"{'a': True}}",
		"{'a': True} or 1",
		"dict(a=True)",
		"{1: True}",
		"{'a': True",
		"{'a' True}",
		"{,}",
		"({})",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct literal dict;

		if (literal_read_dict(arena, texts[i], &dict) == 0)
			fail_msg("taken as a dictionary: %s", texts[i]);
	}
}

/* ---- limits ---- */

static void nesting_and_number_are_bounded(void **state)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	struct literal literal;

	(void)state;
	for (int i = 0; i < 100000; i++)
		strbuf_add(&text, "(");
	assert_int_equal(literal_read_list(arena, text.text, &literal), -1);
	text.length = 0;
	strbuf_add(&text, "{");
	for (int i = 0; i < 1024; i++)
		strbuf_printf(&text, "'%d': 1,", i);
	strbuf_add(&text, "}");
	assert_int_equal(literal_read_dict(arena, text.text, &literal), 0);
	assert_int_equal(literal.count, 1024);
	text.length--;
	strbuf_add(&text, "'one more': 1}");
	assert_int_equal(literal_read_dict(arena, text.text, &literal), -1);
	assert_string_equal(error_message(), "more than 1024 entries in a list");
}

/* ---- writing ---- */

static void texts_are_written_as_python_does(void **state)
{
	static const struct {
		const char *value, *text;
	} rows[] = {
		{ "plain", "['plain']" },
		{ "it's", "[\"it's\"]" },
		{ "\"so\"", "['\"so\"']" },
		{ "it's \"so\"", "['it\\'s \"so\"']" },
		{ "a\\b", "['a\\\\b']" },
		{ "a\nb\tc\rd", "['a\\nb\\tc\\rd']" },
		{ "\x01\x1f\x7f\xff", "['\\x01\\x1f\\x7f\\xff']" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct literal_entry entry = { .key = rows[i].value };
		struct literal list = { .entries = &entry, .count = 1 }, back;
		const char *text = literal_list_text(arena, &list);

		assert_string_equal(text, rows[i].text);
		assert_int_equal(literal_read_list(arena, text, &back), 0);
		assert_string_equal(back.entries[0].key, rows[i].value);
	}
}

/* ---- changing ---- */

static void entries_are_put_found_and_dropped(void **state)
{
	struct literal dict;
	char key[] = "ntpd";

	(void)state;
	assert_int_equal(literal_read_dict(arena, "{'meminfo-writer': True}", &dict), 0);
	literal_put(arena, &dict, key, false);
	memset(key, 'x', 4);
	assert_string_equal(literal_dict_text(arena, &dict), "{'meminfo-writer': True, 'ntpd': False}");
	literal_put(arena, &dict, "ntpd", true);
	assert_true(literal_find(&dict, "ntpd")->value);
	assert_null(literal_find(&dict, "cups"));
	literal_drop(&dict, "cups");
	literal_drop(&dict, "meminfo-writer");
	assert_string_equal(literal_dict_text(arena, &dict), "{'ntpd': True}");
	literal_drop(&dict, "ntpd");
	assert_string_equal(literal_dict_text(arena, &dict), "{}");
	dict = (struct literal){ 0 };
	literal_put(arena, &dict, "cups", true);
	assert_string_equal(literal_dict_text(arena, &dict), "{'cups': True}");
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, drop_arena)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ARENA(lists_in_all_their_forms),	       WITH_ARENA(escapes_are_those_of_python),
		WITH_ARENA(what_is_no_list_is_refused),	       WITH_ARENA(errors_say_where),
		WITH_ARENA(dictionaries_in_all_their_forms),   WITH_ARENA(what_is_no_dictionary_is_refused),
		WITH_ARENA(nesting_and_number_are_bounded),    WITH_ARENA(texts_are_written_as_python_does),
		WITH_ARENA(entries_are_put_found_and_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
