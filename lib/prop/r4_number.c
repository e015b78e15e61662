/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole numbers of release 4, which qubesd reads with Python's int(): the digits of any script, blanks of any
 * kind around them, and no largest one.
 */
#include <stdlib.h>
#include <string.h>

#include "prop.h"
#include "util.h"

/* The zeros of Unicode 14's decimal digits; one to nine follow each. */
static const unsigned zeros[] = {
	0x30,	 0x660,	  0x6f0,   0x7c0,   0x966,   0x9e6,   0xa66,   0xae6,	0xb66,	 0xbe6,	  0xc66,
	0xce6,	 0xd66,	  0xde6,   0xe50,   0xed0,   0xf20,   0x1040,  0x1090,	0x17e0,	 0x1810,  0x1946,
	0x19d0,	 0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,	0xa8d0,	 0xa900,  0xa9d0,
	0xa9f0,	 0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0,
	0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
	0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
};

/* First and last of each run. */
static const unsigned blanks[][2] = {
	{ 0x9, 0xd },	    { 0x1c, 0x20 },	{ 0x85, 0x85 },	    { 0xa0, 0xa0 },	{ 0x1680, 0x1680 },
	{ 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 },
};

/* The character at TEXT, which is UTF-8, and its length; what is not UTF-8 is a character of one byte. */
static unsigned character_at(const char *text, size_t *length)
{
	unsigned char first = (unsigned char)*text;
	unsigned code;

	*length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
	code = *length == 1 ? first : first & (0x7fU >> *length);
	for (size_t i = 1; i < *length; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80) {
			*length = 1;
			return first;
		}
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	return code;
}

/* What the character at TEXT is worth as a digit, -1: it is none. */
static int digit_at(const char *text, size_t *length)
{
	unsigned code = character_at(text, length);

	for (size_t i = 0; i < ARRAY_SIZE(zeros); i++)
		if (code >= zeros[i] && code < zeros[i] + 10)
			return (int)(code - zeros[i]);
	return -1;
}

static const char *skip_blanks(const char *text)
{
	size_t i = 0, length;

	while (*text && i < ARRAY_SIZE(blanks)) {
		unsigned code = character_at(text, &length);

		for (i = 0; i < ARRAY_SIZE(blanks); i++)
			if (code >= blanks[i][0] && code <= blanks[i][1])
				break;
		text += i < ARRAY_SIZE(blanks) ? length : 0;
	}
	return text;
}

/* Adds the digits at TEXT without leading zeros; returns what is behind them, NULL: there are none. */
static const char *add_digits(const char *text, struct strbuf *digits)
{
	size_t length, start = digits->length;
	int digit = digit_at(text, &length);

	if (digit < 0)
		return NULL;
	while (digit >= 0) {
		if (digit || digits->length > start)
			strbuf_printf(digits, "%d", digit);
		text += length;
		digit = digit_at(text + (*text == '_'), &length);
		text += *text == '_' && digit >= 0;
	}
	return text;
}

/* The number in TEXT as plain decimal. False: it is none. */
static bool read_plain(const char *text, struct strbuf *number)
{
	text = skip_blanks(text);
	if (*text == '-')
		strbuf_add(number, "-");
	text = add_digits(text + (*text == '-' || *text == '+'), number);
	if (!text || *skip_blanks(text))
		return false;
	if (!number->length || !strcmp(number->text, "-")) {
		number->length = 0;
		strbuf_add(number, "0");
	}
	return true;
}

const char *prop4_number_text(struct arena *arena, const char *text)
{
	AUTO_STRBUF struct strbuf number = { 0 };

	return read_plain(text, &number) ? arena_strdup(arena, number.text) : NULL;
}

bool prop4_read_number(const char *text, long long *number)
{
	AUTO_STRBUF struct strbuf plain = { 0 };
	bool is_number = read_plain(text, &plain);

	*number = is_number ? strtoll(plain.text, NULL, 10) : 0;
	return is_number;
}
