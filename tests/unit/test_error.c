/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The last failure: how it is told, what it means to a shell, and that a message is one bounded line
 * whatever it quotes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "error.h"

static int forget(void **state)
{
	(void)state;
	error_clear();
	error_set_program("qvm-test");
	return 0;
}

static void nothing_failed_at_first(void **state)
{
	(void)state;
	assert_int_equal(error_kind(), ERROR_NONE);
	assert_string_equal(error_message(), "");
	assert_int_equal(error_exit_status(), 0);
}

static void failure_is_kept_until_the_next(void **state)
{
	(void)state;
	assert_int_equal(error_set(ERROR_NOT_FOUND, "no VM called '%s'", "work"), -1);
	assert_int_equal(error_kind(), ERROR_NOT_FOUND);
	assert_string_equal(error_message(), "no VM called 'work'");
	error_set(ERROR_STORE, "line %d", 7);
	assert_int_equal(error_kind(), ERROR_STORE);
	assert_string_equal(error_message(), "line 7");
	error_clear();
	assert_string_equal(error_message(), "");
}

static void usage_is_two_and_all_else_one(void **state)
{
	static const enum error_kind ones[] = { ERROR_FAILED, ERROR_NOT_FOUND, ERROR_OFFLINE,
						ERROR_VMM,    ERROR_STORE,     ERROR_SAID };

	(void)state;
	error_set(ERROR_USAGE, "too few arguments");
	assert_int_equal(error_exit_status(), 2);
	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++) {
		error_set(ones[i], "no");
		assert_int_equal(error_exit_status(), 1);
	}
}

static void errno_is_told_and_left_alone(void **state)
{
	(void)state;
	errno = ENOSPC;
	assert_int_equal(error_errno("cannot write %s", "/x"), -1);
	assert_string_equal(error_message(), "cannot write /x: No space left on device");
	assert_int_equal(error_kind(), ERROR_FAILED);
	assert_int_equal(errno, ENOSPC);
	errno = EINTR;
	error_set(ERROR_VMM, "x");
	error_within("y");
	assert_int_equal(errno, EINTR);
}

static void context_comes_before(void **state)
{
	(void)state;
	error_set(ERROR_STORE, "not a number");
	assert_int_equal(error_within("memory of %s", "work"), -1);
	error_within("line %d", 3);
	assert_string_equal(error_message(), "line 3: memory of work: not a number");
	assert_int_equal(error_kind(), ERROR_STORE);
	error_clear();
	error_within("alone");
	assert_string_equal(error_message(), "alone");
	assert_int_equal(error_kind(), ERROR_FAILED);
}

static void message_may_quote_the_last_one(void **state)
{
	(void)state;
	error_set(ERROR_FAILED, "first");
	error_set(ERROR_FAILED, "%s, and again: %s", error_message(), error_message());
	assert_string_equal(error_message(), "first, and again: first");
}

static void what_was_said_is_not_said_again(void **state)
{
	(void)state;
	error_set(ERROR_FAILED, "x");
	assert_int_equal(error_said(), -1);
	error_within("context");
	assert_int_equal(error_kind(), ERROR_SAID);
	assert_string_equal(error_message(), "");
}

static void message_is_one_printable_line(void **state)
{
	char text[] = "a\nb\tc\x1b[0m \xc3\xa9 \xc2\x9b \x7f";

	(void)state;
	error_set(ERROR_FAILED, "'%s.'", "a\nb\x1b[31m\xc2\x85");
	assert_string_equal(error_message(), "'a?b?[31m??.'");
	error_within("x\ty");
	assert_string_equal(error_message(), "x?y: 'a?b?[31m??.'");
	error_make_printable(text);
	assert_string_equal(text, "a?b?c?[0m \xc3\xa9 ?? ?");
}

/* A cut message ends in dots, and not in half a character. */
static void message_is_bounded(void **state)
{
	char long_text[5000];

	(void)state;
	for (int shift = 0; shift < 2; shift++) {
		for (size_t i = 0; i < sizeof(long_text) - 1; i += 2)
			memcpy(long_text + i, "\xc3\xa9", 2);
		long_text[sizeof(long_text) - 1] = '\0';
		error_set(ERROR_FAILED, "%s%s", shift ? "x" : "", long_text);
		assert_true(strlen(error_message()) < 2048);
		assert_true(strlen(error_message()) > 2000);
		assert_string_equal(error_message() + strlen(error_message()) - 5, "\xc3\xa9...");
		error_within("context");
		assert_memory_equal(error_message(), "context: ", 9);
		assert_string_equal(error_message() + strlen(error_message()) - 3, "...");
		error_within("%s", long_text);
		assert_true(strlen(error_message()) < 2048);
	}
}

/* What REPORT prints on stderr. */
static void read_stderr(void (*report)(void), char *text, size_t size)
{
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t length;

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	report();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	length = read(ends[0], text, size - 1);
	close(ends[0]);
	text[length > 0 ? length : 0] = '\0';
}

static int errno_after_note;

static void note_something(void)
{
	errno = EINTR;
	error_note("line %d is odd", 3);
	errno_after_note = errno;
}

static void reports_start_with_the_program(void **state)
{
	char text[200];

	(void)state;
	error_set(ERROR_VMM, "no hypervisor");
	read_stderr(error_report, text, sizeof(text));
	assert_string_equal(text, "qvm-test: no hypervisor\n");
	assert_int_equal(error_kind(), ERROR_NONE);
	read_stderr(error_report, text, sizeof(text));
	assert_string_equal(text, "");
	error_said();
	read_stderr(error_report, text, sizeof(text));
	assert_string_equal(text, "");
	error_set(ERROR_VMM, "kept");
	read_stderr(note_something, text, sizeof(text));
	assert_string_equal(text, "qvm-test: line 3 is odd\n");
	assert_string_equal(error_message(), "kept");
	assert_int_equal(errno_after_note, EINTR);
}

#define AFRESH(test) cmocka_unit_test_setup(test, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AFRESH(nothing_failed_at_first),
		AFRESH(failure_is_kept_until_the_next),
		AFRESH(usage_is_two_and_all_else_one),
		AFRESH(errno_is_told_and_left_alone),
		AFRESH(context_comes_before),
		AFRESH(message_may_quote_the_last_one),
		AFRESH(what_was_said_is_not_said_again),
		AFRESH(message_is_one_printable_line),
		AFRESH(message_is_bounded),
		AFRESH(reports_start_with_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
