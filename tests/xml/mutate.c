/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of a text that hit what XML is about, the same ones for the same seed.
 */
#include <stdlib.h>
#include <string.h>

#include "differential.h"

static uint64_t random_state;

void random_seed(uint64_t seed)
{
	random_state = seed;
}

/* splitmix64 */
size_t random_below(size_t limit)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (size_t)((z ^ z >> 31) % limit);
}

/* What is worth putting somewhere. */
static const struct piece {
	const char *bytes;
	size_t length;
} pieces[] = {
#define PIECE(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}
	/* These leave most texts well-formed, */
	PIECE(" "),
	PIECE("  "),
	PIECE("\n"),
	PIECE("\r"),
	PIECE("\r\n"),
	PIECE("\t"),
	PIECE("a"),
	PIECE("1"),
	PIECE("."),
	PIECE("-"),
	PIECE(":"),
	PIECE(">"),
	PIECE("]"),
	PIECE("]]"),
	PIECE("&amp;"),
	PIECE("&lt;"),
	PIECE("&#10;"),
	PIECE("&#13;"),
	PIECE("&#x9;"),
	PIECE("&#x1F600;"),
	PIECE("&#xFEFF;"),
	PIECE("&#00000065;"),
	PIECE("\x7f"),
	PIECE("\xc2\x85"),
	PIECE("\xe2\x80\xa8"),
	PIECE("\xc3\xa9"),
	PIECE("\xe2\x82\xac"),
	PIECE("\xf0\x9f\x98\x80"),
	PIECE("\xc2\xb7"),
	PIECE("\xcc\x80"),
	PIECE("\xcd\xbe"),
#define HARMLESS 31
	/* and these seldom; the ends of some belong to the starts of others. */
	PIECE("<"),
	PIECE("/"),
	PIECE("/>"),
	PIECE("</"),
	PIECE("="),
	PIECE("\""),
	PIECE("'"),
	PIECE("&"),
	PIECE(";"),
	PIECE("?"),
	PIECE("?>"),
	PIECE("<?"),
	PIECE("!"),
	PIECE("--"),
	PIECE("-->"),
	PIECE("<!--"),
	PIECE("<!---->"),
	PIECE("<!-- x -->"),
	PIECE("]]>"),
	PIECE("<![CDATA["),
	PIECE("<![CDATA[ x ]]>"),
	PIECE("<!DOCTYPE a>"),
	PIECE("<!DOCTYPE"),
	PIECE("<!DOCTYPE a [<!ENTITY b 'c'>]>"),
	PIECE("<?x?>"),
	PIECE("<?x y?>"),
	PIECE("<?xml version='1.0'?>"),
	PIECE("<?xml version='1.1'?>"),
	PIECE("<?XML x?>"),
	PIECE(" version='1.1'"),
	PIECE(" encoding='latin1'"),
	PIECE(" standalone='no'"),
	PIECE("&nbsp;"),
	PIECE("&#0;"),
	PIECE("&#xD800;"),
	PIECE("&#xFFFE;"),
	PIECE("&#x110000;"),
	PIECE("&#x0;"),
	PIECE("&#4294967361;"),
	PIECE("&#"),
	PIECE("&#x"),
	PIECE("\0"),
	PIECE("\1"),
	PIECE(BYTE_ORDER_MARK),
	PIECE("\xff\xfe"),
	PIECE("\xc0\x80"),
	PIECE("\xc1\xbf"),
	PIECE("\xe0\x9f\xbf"),
	PIECE("\xed\xa0\x80"),
	PIECE("\xf4\x90\x80\x80"),
	PIECE("\xf0\x8f\xbf\xbf"),
	PIECE("\xef\xbf\xbe"),
	PIECE("\xef\xbf\xbf"),
	PIECE("\x80"),
	PIECE("\xbf"),
	PIECE("\xf5"),
	PIECE("<a>"),
	PIECE("</a>"),
	PIECE("<a/>"),
	PIECE(" a=''"),
	PIECE(" a='' a=\"\""),
	PIECE(" xmlns:a=''"),
	PIECE("x:"),
};

/* Puts the LENGTH bytes of NEW, which are not of TEXT, in place of the GONE bytes at AT. */
static void replace(struct text *text, size_t at, size_t gone, const char *new, size_t length)
{
	char *bytes = util_alloc(text->length - gone + length + 1);

	memcpy(bytes, text->bytes, at);
	memcpy(bytes + at, new, length);
	memcpy(bytes + at + length, text->bytes + at + gone, text->length - at - gone);
	free(text->bytes);
	*text = (struct text){ bytes, text->length - gone + length };
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

void text_mutate(struct text *text)
{
	size_t at = random_below(text->length + 1), rest = text->length - at;
	const struct piece *piece = &pieces[random_below(random_below(2) ? HARMLESS : ARRAY_SIZE(pieces))];
	size_t gone = smaller(rest, random_below(2) ? 1 : random_below(30));
	char byte = (char)random_below(256);
	size_t from = random_below(text->length + 1);
	size_t copied = smaller(text->length - from, random_below(200));
	AUTO_FREE char *copy = util_alloc(copied + 1);

	memcpy(copy, text->bytes + from, copied);
	switch (random_below(10)) {
	case 0:
		replace(text, at, smaller(rest, 1), &byte, 1);
		break;
	case 1:
		replace(text, at, gone, "", 0);
		break;
	case 2:
		replace(text, at, 0, copy, copied);
		break;
	case 3:
		replace(text, at, gone, piece->bytes, piece->length);
		break;
	default:
		replace(text, at, 0, piece->bytes, piece->length);
	}
}
