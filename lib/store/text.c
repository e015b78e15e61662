/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a text may consist of to survive in an XML file: the characters of XML 1.0, in UTF-8.
 */
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* How long a sequence the first byte starts, and the smallest code point that needs that many bytes. */
static const struct {
	unsigned char mask, lead;
	uint32_t least;
} sequences[] = {
	{ 0x80, 0x00, 0 },
	{ 0xe0, 0xc0, 0x80 },
	{ 0xf0, 0xe0, 0x800 },
	{ 0xf8, 0xf0, 0x10000 },
};

#define SEQUENCES (sizeof(sequences) / sizeof(sequences[0]))

/* The next character, TEXT moved behind it; 0 for a malformed one (and for the end). */
static uint32_t next_character(const unsigned char **text)
{
	const unsigned char *byte = *text;
	uint32_t character;
	size_t more = 0;

	while (more < SEQUENCES && (*byte & sequences[more].mask) != sequences[more].lead)
		more++;
	if (more == SEQUENCES)
		return 0;
	character = *byte++ & (unsigned char)~sequences[more].mask;
	for (size_t i = 0; i < more; i++, byte++) {
		if ((*byte & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (*byte & 0x3f);
	}
	*text = byte;
	return character < sequences[more].least ? 0 : character;
}

static bool is_xml_character(uint32_t c)
{
	if (c < ' ')
		return c == '\t' || c == '\n' || c == '\r';
	return c < 0xd800 || (c > 0xdfff && c < 0xfffe) || (c > 0xffff && c <= 0x10ffff);
}

bool store_can_hold(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at)
		if (!is_xml_character(next_character(&at)))
			return false;
	return true;
}
