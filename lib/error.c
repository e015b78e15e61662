/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error - the last failure of this thread, kept as one bounded line.
 *
 * Messages quote names and texts that others chose, so what is kept or printed is made printable first.
 */
#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX ERROR_MESSAGE_MAX
#define ELLIPSIS "..."

static _Thread_local const char *program = "qubes";
static _Thread_local enum error_kind last_kind;
static _Thread_local char last_message[MESSAGE_MAX];

void error_set_program(const char *name)
{
	program = name;
}

const char *error_program(void)
{
	return program;
}

void error_make_printable(char *text)
{
	unsigned char previous = 0;

	for (unsigned char *byte = (unsigned char *)text; *byte; byte++) {
		unsigned char now = *byte;

		/* 0xc2 0x80..0x9f is UTF-8 for the control characters of the upper half. */
		if (previous == 0xc2 && now >= 0x80 && now <= 0x9f)
			byte[-1] = *byte = '?';
		else if (now < ' ' || now == 0x7f)
			*byte = '?';
		previous = now;
	}
}

/* Ends a text that did not fit so that one sees it, and without half a UTF-8 character. */
static void mark_truncated(char *text, size_t room)
{
	size_t end = room - sizeof(ELLIPSIS);

	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, ELLIPSIS, sizeof(ELLIPSIS));
}

static void format_line(char *text, size_t room, const char *format, va_list arguments)
{
	int length = vsnprintf(text, room, format, arguments);

	if (length < 0)
		text[0] = '\0';
	else if ((size_t)length >= room)
		mark_truncated(text, room);
	error_make_printable(text);
}

/* Puts TEXT and ": " before the last message. */
static void prepend(const char *text)
{
	char old[MESSAGE_MAX];
	size_t length, room;

	memcpy(old, last_message, sizeof(old));
	length = strlen(text);
	memcpy(last_message, text, length);
	room = sizeof(last_message) - length;
	if ((size_t)snprintf(last_message + length, room, ": %s", old) >= room)
		mark_truncated(last_message, sizeof(last_message));
}

int error_set(enum error_kind kind, const char *format, ...)
{
	int saved = errno;
	/* Formatted aside: an argument may well be error_message(). */
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	format_line(text, sizeof(text), format, arguments);
	va_end(arguments);
	memcpy(last_message, text, sizeof(text));
	last_kind = kind;
	errno = saved;
	return -1;
}

int error_errno(const char *format, ...)
{
	int saved = errno;
	char text[MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	format_line(text, sizeof(text), format, arguments);
	va_end(arguments);
	error_set(ERROR_FAILED, "%s", strerror(saved));
	prepend(text);
	errno = saved;
	return -1;
}

int error_within(const char *format, ...)
{
	int saved = errno;
	char text[MESSAGE_MAX];
	va_list arguments;

	if (last_kind == ERROR_SAID)
		return -1;
	va_start(arguments, format);
	format_line(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (last_kind == ERROR_NONE)
		error_set(ERROR_FAILED, "%s", text);
	else
		prepend(text);
	errno = saved;
	return -1;
}

int error_said(void)
{
	last_kind = ERROR_SAID;
	last_message[0] = '\0';
	return -1;
}

struct error_aside error_put_aside(void)
{
	struct error_aside aside = { .kind = last_kind };

	memcpy(aside.message, last_message, sizeof(aside.message));
	error_clear();
	return aside;
}

void error_put_back(const struct error_aside *aside)
{
	last_kind = aside->kind;
	memcpy(last_message, aside->message, sizeof(last_message));
}

enum error_kind error_kind(void)
{
	return last_kind;
}

const char *error_message(void)
{
	return last_message;
}

void error_clear(void)
{
	last_kind = ERROR_NONE;
	last_message[0] = '\0';
}

/* One write, so that lines of several processes do not mix; a stderr that is gone is no failure. */
static void print_line(const char *message)
{
	char line[MESSAGE_MAX + 256];
	int saved = errno;
	int length = snprintf(line, sizeof(line), "%.200s: %s\n", program, message);
	ssize_t written;

	do
		written = write(STDERR_FILENO, line, (size_t)length);
	while (written < 0 && errno == EINTR);
	errno = saved;
}

void error_report(void)
{
	if (last_kind != ERROR_NONE && last_kind != ERROR_SAID)
		print_line(last_message);
	error_clear();
}

int error_exit_status(void)
{
	if (last_kind == ERROR_NONE)
		return 0;
	return last_kind == ERROR_USAGE ? 2 : 1;
}

void error_note(const char *format, ...)
{
	char text[MESSAGE_MAX];
	int saved = errno;
	va_list arguments;

	va_start(arguments, format);
	format_line(text, sizeof(text), format, arguments);
	va_end(arguments);
	print_line(text);
	errno = saved;
}
