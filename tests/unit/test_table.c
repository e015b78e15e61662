/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables: the exact look of each style, what is counted as width, and that no cell can steer a terminal
 * or break JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "error.h"
#include "table.h"
#include "util.h"

static char *drawn(const struct table *table, enum table_style style)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	assert_int_equal(table_print(table, style, stream), 0);
	fclose(stream);
	return text;
}

static void assert_drawn(const struct table *table, enum table_style style, const char *expected)
{
	char *text = drawn(table, style);

	assert_string_equal(text, expected);
	free(text);
}

static void fill(struct table *table, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++)
		table_cell(table, cells[i]);
}

/* The sample of the original's documentation. */
static void frame_is_that_of_release_3(void **state)
{
	static const char *const titles[] = { "name",	  "on",	   "state", "updbl", "type",
					      "template", "netvm", "label", NULL };
	static const char *const cells[] = {
		"{dom0}",	  "*", "Running", "Yes", "Admin", "None",      "n/a",		"black",
		"{sys-net}",	  "*", "Running", "",	 "Net",	  "fedora-23", "n/a",		"red",
		"{sys-firewall}", "*", "Running", NULL,	 "Proxy", "fedora-23", "sys-net",	"green",
		"win7",		  "",  "Halted",  "Yes", "HVM",	  "None",      "*sys-firewall", "gray",
	};
	struct table *table = table_new(titles);

	(void)state;
	fill(table, cells, ARRAY_SIZE(cells));
	assert_drawn(
		table, TABLE_FRAME,
		"----------------+----+---------+-------+-------+-----------+---------------+-------+\n"
		"           name | on |   state | updbl |  type |  template |         netvm | label |\n"
		"----------------+----+---------+-------+-------+-----------+---------------+-------+\n"
		"         {dom0} |  * | Running |   Yes | Admin |      None |           n/a | black |\n"
		"      {sys-net} |  * | Running |       |   Net | fedora-23 |           n/a |   red |\n"
		" {sys-firewall} |  * | Running |       | Proxy | fedora-23 |       sys-net | green |\n"
		"           win7 |    |  Halted |   Yes |   HVM |      None | *sys-firewall |  gray |\n");
	assert_drawn(table, TABLE_RAW,
		     "{dom0}|*|Running|Yes|Admin|None|n/a|black\n"
		     "{sys-net}|*|Running||Net|fedora-23|n/a|red\n"
		     "{sys-firewall}|*|Running||Proxy|fedora-23|sys-net|green\n"
		     "win7||Halted|Yes|HVM|None|*sys-firewall|gray\n");
	table_free(table);
}

static void plain_is_that_of_release_4(void **state)
{
	static const char *const titles[] = { "name", "state", "class", "label", "template", "netvm", NULL };
	static const char *const cells[] = {
		"dom0",	   "Running", "TestVM", "black", NULL,	     "",
		"test-vm", "Running", "TestVM", "green", "template", "sys-net",
	};
	struct table *table = table_new(titles);

	(void)state;
	fill(table, cells, ARRAY_SIZE(cells));
	assert_drawn(table, TABLE_PLAIN,
		     "NAME     STATE    CLASS   LABEL  TEMPLATE  NETVM\n"
		     "dom0     Running  TestVM  black  -         -\n"
		     "test-vm  Running  TestVM  green  template  sys-net\n");
	table_free(table);
}

static void titles_are_those_of_properties(void **state)
{
	static const char *const titles[] = { "name", "default_user", NULL };
	struct table *table = table_new(titles);

	(void)state;
	assert_drawn(table, TABLE_PLAIN, "NAME  DEFAULT-USER\n");
	table_free(table);
}

static void nothing_is_drawn_of_no_rows_but_titles(void **state)
{
	static const char *const titles[] = { "name", "on", NULL };
	struct table *table = table_new(titles);

	(void)state;
	assert_drawn(table, TABLE_FRAME, "------+----+\n name | on |\n------+----+\n");
	assert_drawn(table, TABLE_PLAIN, "NAME  ON\n");
	assert_drawn(table, TABLE_RAW, "");
	assert_drawn(table, TABLE_JSON, "[]\n");
	table_free(table);
	table_free(NULL);
}

static void widths_are_characters_not_bytes(void **state)
{
	static const char *const titles[] = { "a", "b", NULL };
	static const char *const cells[] = { "\xc3\xa9\xe2\x82\xac", "x", "abc", "\xf0\x9f\x98\x80" };
	struct table *table = table_new(titles);

	(void)state;
	fill(table, cells, ARRAY_SIZE(cells));
	assert_drawn(table, TABLE_FRAME,
		     "-----+---+\n   a | b |\n-----+---+\n  \xc3\xa9\xe2\x82\xac | x |\n abc | "
		     "\xf0\x9f\x98\x80 |\n");
	assert_drawn(table, TABLE_PLAIN, "A    B\n\xc3\xa9\xe2\x82\xac   x\nabc  \xf0\x9f\x98\x80\n");
	table_free(table);
}

static void controls_do_not_reach_a_terminal(void **state)
{
	static const char *const titles[] = { "a", "b", NULL };
	static const char *const cells[] = { "x\x1b[2Jy", "one\ntwo\t\x7f" };
	struct table *table = table_new(titles);

	(void)state;
	fill(table, cells, ARRAY_SIZE(cells));
	assert_drawn(table, TABLE_RAW, "x?[2Jy|one?two??\n");
	assert_drawn(table, TABLE_PLAIN, "A       B\nx?[2Jy  one?two??\n");
	assert_drawn(table, TABLE_FRAME,
		     "--------+-----------+\n      a |         b |\n--------+-----------+\n x?[2Jy | "
		     "one?two?? |\n");
	table_free(table);
}

static void unfinished_row_ends_in_empty_cells(void **state)
{
	static const char *const titles[] = { "a", "b", NULL };
	static const char *const cells[] = { "1", "2", "3" };
	struct table *table = table_new(titles);

	(void)state;
	fill(table, cells, ARRAY_SIZE(cells));
	assert_drawn(table, TABLE_RAW, "1|2\n3|\n");
	table_free(table);
}

/* ---- JSON ---- */

static void json_has_types(void **state)
{
	static const char *const titles[] = { "name", "memory", "on", "netvm", "ip back", NULL };
	struct table *table = table_new(titles);
	json_t *rows, *row;
	char *text;

	(void)state;
	table_cell(table, "work \"1\"\n\x1b");
	table_cell_number(table, -9223372036854775807LL);
	table_cell_bool(table, true, "*");
	table_cell(table, NULL);
	table_cell(table, "");
	assert_drawn(table, TABLE_RAW, "work \"1\"??|-9223372036854775807|*||\n");
	text = drawn(table, TABLE_JSON);
	assert_int_equal(text[strlen(text) - 1], '\n');
	rows = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_int_equal(json_array_size(rows), 1);
	row = json_array_get(rows, 0);
	assert_int_equal(json_object_size(row), 5);
	assert_string_equal(json_string_value(json_object_get(row, "name")), "work \"1\"\n\x1b");
	assert_true(json_integer_value(json_object_get(row, "memory")) == -9223372036854775807LL);
	assert_true(json_is_true(json_object_get(row, "on")));
	assert_true(json_is_null(json_object_get(row, "netvm")));
	assert_string_equal(json_string_value(json_object_get(row, "ip back")), "");
	json_decref(rows);
	free(text);
	table_free(table);
}

static void json_is_always_utf8(void **state)
{
	static const char *const titles[] = { "a", "b", NULL };
	static const char *const cells[] = { "\xc3\xa9", "x\xff\xc3y" };
	struct table *table = table_new(titles);

	(void)state;
	fill(table, cells, ARRAY_SIZE(cells));
	assert_drawn(table, TABLE_JSON, "[\n  {\n    \"a\": \"\xc3\xa9\",\n    \"b\": \"x??y\"\n  }\n]\n");
	table_free(table);
}

/* ---- failures ---- */

static void lost_output_is_an_error(void **state)
{
	static const enum table_style styles[] = { TABLE_FRAME, TABLE_PLAIN, TABLE_RAW, TABLE_JSON };
	static const char *const titles[] = { "a", NULL };
	struct table *table = table_new(titles);

	(void)state;
	table_cell(table, "x");
	for (size_t i = 0; i < ARRAY_SIZE(styles); i++) {
		FILE *full = fopen("/dev/full", "w");

		assert_int_equal(table_print(table, styles[i], full), -1);
		assert_string_equal(error_message(), "cannot write the table: No space left on device");
		fclose(full);
	}
	error_clear();
	table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_is_that_of_release_3),
		cmocka_unit_test(plain_is_that_of_release_4),
		cmocka_unit_test(titles_are_those_of_properties),
		cmocka_unit_test(nothing_is_drawn_of_no_rows_but_titles),
		cmocka_unit_test(widths_are_characters_not_bytes),
		cmocka_unit_test(controls_do_not_reach_a_terminal),
		cmocka_unit_test(unfinished_row_ends_in_empty_cells),
		cmocka_unit_test(json_has_types),
		cmocka_unit_test(json_is_always_utf8),
		cmocka_unit_test(lost_output_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
