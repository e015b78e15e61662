/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text and memory: numbers that are strictly decimal, likeness of words, growing texts and lists, arenas,
 * and the end of memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util.h"

/* The test of a memory that has run out wants NULL from malloc, not the sanitizer's report. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* ---- numbers ---- */

static void decimal_digits_only(void **state)
{
	static const struct {
		const char *text;
		unsigned long long max, value;
	} good[] = {
		{ "0", 0, 0 },
		{ "7", 7, 7 },
		{ "0042", 42, 42 },
		{ "253", 253, 253 },
		{ "18446744073709551615", UINT64_MAX, UINT64_MAX },
	};
	static const struct {
		const char *text;
		unsigned long long max;
	} bad[] = {
		{ "", 100 },	{ " 1", 100 },	{ "1 ", 100 },
		{ "+1", 100 },	{ "-1", 100 },	{ "0x10", 100 },
		{ "1.0", 100 }, { "one", 100 }, { "101", 100 },
		{ "8", 7 },	{ "1", 0 },	{ "18446744073709551616", UINT64_MAX },
		{ "1\n", 100 }, { "254", 253 }, { "99999999999999999999999999", UINT64_MAX },
	};
	unsigned long long value;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(util_parse_decimal(good[i].text, good[i].max, &value));
		assert_true(value == good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		value = 12345;
		if (util_parse_decimal(bad[i].text, bad[i].max, &value))
			fail_msg("'%s' was taken as a number", bad[i].text);
		assert_true(value == 12345);
	}
}

/* ---- comparing ---- */

static void distance_counts_edits(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} rows[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "qvm-ls", "qvm-ls", 0 },
		{ "qvm-s", "qvm-ls", 1 },	 /* one missing */
		{ "qvm-lss", "qvm-ls", 1 },	 /* one too many */
		{ "qvm-lx", "qvm-ls", 1 },	 /* a wrong one */
		{ "qvm-strat", "qvm-start", 1 }, /* two swapped */
		{ "qvm-prefs", "qvm-start", 5 },
		{ "ca", "abc", 3 }, /* a swapped pair is not edited again */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(util_edit_distance(rows[i].a, rows[i].b), rows[i].distance);
		assert_int_equal(util_edit_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}

static void beginnings_and_ends(void **state)
{
	(void)state;
	assert_true(util_starts_with("sys-net", "sys-"));
	assert_true(util_starts_with("sys-net", ""));
	assert_false(util_starts_with("sys", "sys-"));
	assert_true(util_ends_with("fedora-dm", "-dm"));
	assert_true(util_ends_with("fedora-dm", ""));
	assert_false(util_ends_with("dm", "-dm"));
}

static void printable_replaces_controls(void **state)
{
	AUTO_FREE char *text = util_printable("a\x1b[31m\tb\n\x7f \xc3\xa9 \xc2\x9b");

	(void)state;
	assert_string_equal(text, "a?[31m?b?? \xc3\xa9 ??");
}

/* ---- growing ---- */

static void text_grows(void **state)
{
	AUTO_STRBUF struct strbuf buf = { 0 };

	(void)state;
	strbuf_add(&buf, "");
	assert_string_equal(buf.text, "");
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&buf, "%d,", i);
	assert_int_equal(buf.length, strlen(buf.text));
	assert_memory_equal(buf.text, "0,1,2,", 6);
	assert_string_equal(buf.text + buf.length - 8, "998,999,");
	strbuf_add_bytes(&buf, "a\0b", 3);
	assert_memory_equal(buf.text + buf.length - 3, "a\0b", 4);
	strbuf_free(&buf);
	assert_null(buf.text);
	strbuf_printf(&buf, "%s", "again");
	assert_string_equal(buf.text, "again");
}

static void list_grows_and_ends_in_null(void **state)
{
	static const char *const names[] = { "dom0", "sys-net", "work" };
	AUTO_STRLIST struct strlist list = { 0 };

	(void)state;
	assert_false(strlist_has(&list, "dom0"));
	for (int i = 0; i < 99; i++) {
		strlist_add(&list, names[i % 3]);
		assert_null(list.items[list.count]);
	}
	assert_int_equal(list.count, 99);
	assert_string_equal(list.items[98], "work");
	assert_true(strlist_has(&list, "sys-net"));
	assert_false(strlist_has(&list, "sys"));
}

/* ---- arenas ---- */

static bool all_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Sizes around and beyond those of the blocks; every piece is written to, so that overlaps would show. */
static void arena_gives_zeroed_aligned_memory(void **state)
{
	static const size_t sizes[] = { 0, 1, 7, 16, 100, 1999, 2001, 4000, 4001, 70000, 3, 1000000, 5 };
	struct arena *arena = arena_new();
	unsigned char *pieces[20 * ARRAY_SIZE(sizes)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		size_t size = sizes[i % ARRAY_SIZE(sizes)];

		arena_strdup(arena, "odd");
		pieces[i] = arena_alloc(arena, size);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		assert_true(all_zero(pieces[i], size));
		memset(pieces[i], (int)i | 1, size);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++)
		for (size_t at = 0; at < sizes[i % ARRAY_SIZE(sizes)]; at++)
			assert_int_equal(pieces[i][at], (unsigned char)(i | 1));
	arena_free(arena);
	arena_free(NULL);
}

/* Whatever is left of a block, and however it is aligned, no piece goes over its end (the sanitizer sees it).
 */
static void arena_ends_its_blocks_in_time(void **state)
{
	struct arena *arena = arena_new();
	unsigned random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		random = random * 1103515245u + 12345u;
		if (random >> 30)
			memset(arena_alloc(arena, (random >> 16) % 48), 'x', (random >> 16) % 48);
		else
			arena_printf(arena, "%.*s", (int)((random >> 16) % 20), "12345678901234567890");
	}
	arena_free(arena);
}

static void arena_keeps_texts(void **state)
{
	struct arena *arena = arena_new();
	char *first = arena_strdup(arena, "first");
	char *longer = arena_printf(arena, "%s %06000d", "number", 5);

	(void)state;
	for (int i = 0; i < 5000; i++)
		arena_printf(arena, "%d", i);
	assert_string_equal(first, "first");
	assert_int_equal(strlen(longer), 6007);
	assert_memory_equal(longer, "number 000", 10);
	arena_free(arena);
}

/* ---- no memory ---- */

static jmp_buf out_of_memory;

static void jump_out(void)
{
	longjmp(out_of_memory, 1);
}

static void exhausted_memory_goes_to_its_handler(void **state)
{
	void (*before)(void) = util_out_of_memory;
	volatile bool called = false;
	volatile size_t too_much = (size_t)1 << 60;

	(void)state;
	util_out_of_memory = jump_out;
	if (setjmp(out_of_memory) == 0)
		util_alloc(too_much);
	else
		called = true;
	util_out_of_memory = before;
	assert_true(called);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimal_digits_only),
		cmocka_unit_test(distance_counts_edits),
		cmocka_unit_test(beginnings_and_ends),
		cmocka_unit_test(printable_replaces_controls),
		cmocka_unit_test(text_grows),
		cmocka_unit_test(list_grows_and_ends_in_null),
		cmocka_unit_test(arena_gives_zeroed_aligned_memory),
		cmocka_unit_test(arena_ends_its_blocks_in_time),
		cmocka_unit_test(arena_keeps_texts),
		cmocka_unit_test(exhausted_memory_goes_to_its_handler),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
