/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text: growing, listed, compared, read as numbers, made fit to be shown.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"

/* ---- growing text ---- */

/* Room for LENGTH more bytes and the end. */
static void strbuf_reserve(struct strbuf *buf, size_t length)
{
	size_t needed = buf->length + length + 1;

	if (needed <= buf->length)
		needed = SIZE_MAX / 2; /* more than there is of memory */
	if (needed <= buf->room)
		return;
	buf->room = needed > buf->room * 2 ? needed : buf->room * 2;
	if (buf->room < 64)
		buf->room = 64;
	buf->text = util_realloc(buf->text, buf->room);
}

void strbuf_add_bytes(struct strbuf *buf, const char *bytes, size_t length)
{
	strbuf_reserve(buf, length);
	if (length)
		memcpy(buf->text + buf->length, bytes, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

void strbuf_add(struct strbuf *buf, const char *text)
{
	strbuf_add_bytes(buf, text, strlen(text));
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
	va_list arguments, again;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	strbuf_reserve(buf, length > 0 ? (size_t)length : 0);
	buf->text[buf->length] = '\0';
	if (length > 0) {
		vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
		buf->length += (size_t)length;
	}
	va_end(again);
	va_end(arguments);
}

void strbuf_free(struct strbuf *buf)
{
	util_free_at(&buf->text);
	*buf = (struct strbuf){ 0 };
}

/* ---- lists ---- */

void strlist_add(struct strlist *list, const char *item)
{
	if (list->count + 1 >= list->room) {
		list->room = list->room ? list->room * 2 : 8;
		list->items = util_realloc(list->items, list->room * sizeof(*list->items));
	}
	list->items[list->count++] = item;
	list->items[list->count] = NULL;
}

bool strlist_has(const struct strlist *list, const char *item)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], item) == 0)
			return true;
	return false;
}

void strlist_free(struct strlist *list)
{
	util_free_at(&list->items);
	*list = (struct strlist){ 0 };
}

/* ---- looking at text ---- */

bool util_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool util_ends_with(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

static int folded(char c)
{
	return c == '-' ? '_' : tolower((unsigned char)c);
}

bool util_same_word(const char *word, size_t length, const char *name)
{
	for (size_t i = 0; i < length; i++)
		if (folded(word[i]) != folded(name[i])) /* also where NAME ends */
			return false;
	return name[length] == '\0';
}

bool util_parse_decimal(const char *text, unsigned long long max, unsigned long long *value)
{
	unsigned long long number = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - (unsigned)'0';

		if (digit > 9 || digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return true;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One row of the table of distances between the beginnings of A and B: that for the first I letters of A. */
static void fill_distances(const char *a, const char *b, size_t i, const size_t *before_last,
			   const size_t *last, size_t *row)
{
	row[0] = i;
	for (size_t j = 1; b[j - 1]; j++) {
		row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], row[j - 1]) + 1);
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
			row[j] = least(row[j], before_last[j - 2] + 1);
	}
}

size_t util_edit_distance(const char *a, const char *b)
{
	size_t length = strlen(a), width = strlen(b) + 1;
	AUTO_FREE size_t *memory = util_alloc(3 * width * sizeof(size_t));
	size_t *before_last = memory, *last = memory + width, *row = memory + 2 * width;

	for (size_t j = 0; j < width; j++)
		row[j] = j;
	for (size_t i = 1; i <= length; i++) {
		size_t *oldest = before_last;

		before_last = last;
		last = row;
		row = oldest;
		fill_distances(a, b, i, before_last, last, row);
	}
	return row[width - 1];
}

char *util_printable(const char *text)
{
	char *copy = util_strdup(text);

	error_make_printable(copy);
	return copy;
}
