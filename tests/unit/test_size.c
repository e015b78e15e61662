/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * size: the words for amounts of bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "error.h"
#include "size.h"
#include "util.h"

#define GIB (1ULL << 30)

static void suffixes_are_powers_of_1024(void **state)
{
	static const struct {
		const char *word;
		uint64_t bytes;
	} cases[] = { { "0", 0 },
		      { "3221225472", 3 * GIB },
		      { "3145728K", 3 * GIB },
		      { "3145728kb", 3 * GIB },
		      { "3072M", 3 * GIB },
		      { "3072MB", 3 * GIB },
		      { "3G", 3 * GIB },
		      { "3gB", 3 * GIB },
		      { "3 G", 3 * GIB },
		      { "3 \t Gb", 3 * GIB },
		      { "007", 7 },
		      { "0G", 0 },
		      { "9223372036854775807", INT64_MAX },
		      { "8589934591G", 8589934591 * GIB } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t bytes = 1;

		assert_int_equal(size_parse(cases[i].word, &bytes), 0);
		assert_int_equal(bytes, cases[i].bytes);
	}
}

static void all_else_is_a_usage_error(void **state)
{
	static const char *const words[] = { "",
					     " ",
					     "G",
					     "-1",
					     "+1",
					     " 3G",
					     "3T",
					     "3TB",
					     "3Gi",
					     "3GiB",
					     "3B",
					     "2.5G",
					     "1e3",
					     "0x10",
					     "3G 3G",
					     "3GG",
					     "abc",
					     "3\nG",
					     "\xb2G",
					     "8589934592G",
					     "9223372036854775808",
					     "18446744073709551616",
					     "99999999999999999999999999999999999999" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		uint64_t bytes = 1;

		assert_int_equal(size_parse(words[i], &bytes), -1);
		assert_int_equal(error_kind(), ERROR_USAGE);
		assert_int_equal(bytes, 1);
	}
}

static void sizes_are_shown_with_one_decimal(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = { { 0, "0" },
		      { 1023, "1023" },
		      { 1024, "1.0 KiB" },
		      { 104648090, "99.8 MiB" },
		      { 10 * GIB, "10.0 GiB" },
		      { 5000 * GIB, "5000.0 GiB" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_FREE char *text = size_text(cases[i].bytes);

		assert_string_equal(text, cases[i].text);
	}
}

static void lists_of_disks_show_whole_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = { { 0, "0 B" },
		      { 1024, "1024 B" },
		      { 1025, "1 KiB" },
		      { 1048577, "1024 KiB" },
		      { 5000000000, "4 GiB" },
		      { UINT64_MAX, "17179869183 GiB" } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_FREE char *text = size_whole_text(cases[i].bytes);

		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suffixes_are_powers_of_1024),
		cmocka_unit_test(all_else_is_a_usage_error),
		cmocka_unit_test(sizes_are_shown_with_one_decimal),
		cmocka_unit_test(lists_of_disks_show_whole_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
