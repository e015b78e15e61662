/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small pieces of a document: characters in UTF-8, names, references.
 */
#include <stdint.h>

#include "util.h"
#include "wellformed_internal.h"

#define BLANKS (XML_BLANK | XML_IN_TEXT | XML_PLAIN)
#define ANYWHERE (XML_IN_TEXT | XML_IN_VALUE | XML_PLAIN)
#define LETTER (XML_NAME_START | XML_NAME | ANYWHERE)

const u8 xml_class[256] = {
	['\t'] = BLANKS,
	['\n'] = BLANKS,
	['\r'] = BLANKS,
	[' '] = BLANKS | XML_IN_VALUE,
	['!'] = ANYWHERE,
	['"'] = XML_IN_TEXT | XML_PLAIN,
	['#' ... '%'] = ANYWHERE,
	['&'] = XML_PLAIN,
	['\''] = XML_IN_TEXT | XML_PLAIN,
	['(' ... ','] = ANYWHERE,
	['-'] = XML_NAME | XML_IN_TEXT | XML_IN_VALUE,
	['.'] = XML_NAME | ANYWHERE,
	['/'] = ANYWHERE,
	['0' ... '9'] = XML_NAME | ANYWHERE,
	[':'] = LETTER,
	[';'] = ANYWHERE,
	['<'] = XML_PLAIN,
	['=' ... '>'] = ANYWHERE,
	['?'] = XML_IN_TEXT | XML_IN_VALUE,
	['@'] = ANYWHERE,
	['A' ... 'Z'] = LETTER,
	['[' ... '\\'] = ANYWHERE,
	[']'] = XML_IN_VALUE,
	['^'] = ANYWHERE,
	['_'] = LETTER,
	['`'] = ANYWHERE,
	['a' ... 'z'] = LETTER,
	['{' ... 0x7f] = ANYWHERE,
};

/* ---- characters ---- */

/* One beyond ASCII. */
static const u8 *decode(struct xml_scanner *s, const u8 *p, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	static const char what[] = "not UTF-8";
	unsigned int more = *p < 0xe0 ? 1 : *p < 0xf0 ? 2 : 3;
	uint32_t value = *p & (0x3fU >> more);

	if (*p < 0xc2 || *p > 0xf4)
		return xml_fault(s, p, what);
	for (unsigned int i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return xml_fault_seen(s, p + i, p, what);
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < least[more] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return xml_fault(s, p, what);
	*code = value;
	return p + more + 1;
}

static bool is_character(uint32_t code)
{
	if (code < ' ')
		return code == '\t' || code == '\n' || code == '\r';
	return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

const u8 *xml_scan_character(struct xml_scanner *s, const u8 *p)
{
	uint32_t code = *p;
	const u8 *next = code < 0x80 ? p + 1 : decode(s, p, &code);

	if (!next)
		return NULL;
	if (!is_character(code))
		return xml_fault(s, p, "a character that XML does not allow");
	if (code == 0xfeff && s->in_root)
		return xml_fault(s, p, "a byte order mark within the root element");
	return next;
}

/* ---- names ---- */

/* XML 1.0, fifth edition, [4] and [4a], without ASCII. */
static const struct {
	uint32_t first, last;
	bool start; /* may be the first character too */
} name_ranges[] = {
	{ 0xb7, 0xb7, false },	  { 0xc0, 0xd6, true },	    { 0xd8, 0xf6, true },
	{ 0xf8, 0x2ff, true },	  { 0x300, 0x36f, false },  { 0x370, 0x37d, true },
	{ 0x37f, 0x1fff, true },  { 0x200c, 0x200d, true }, { 0x203f, 0x2040, false },
	{ 0x2070, 0x218f, true }, { 0x2c00, 0x2fef, true }, { 0x3001, 0xd7ff, true },
	{ 0xf900, 0xfdcf, true }, { 0xfdf0, 0xfffd, true }, { 0x10000, 0xeffff, true },
};

static bool is_in_name(uint32_t code, bool start)
{
	for (size_t i = 0; i < ARRAY_SIZE(name_ranges); i++)
		if (code >= name_ranges[i].first && code <= name_ranges[i].last)
			return name_ranges[i].start || !start;
	return false;
}

/* Past one character beyond ASCII; P itself if it cannot be in a name there. */
static const u8 *scan_wide(struct xml_scanner *s, const u8 *p, bool start)
{
	uint32_t code = 0;

	if (!xml_scan_character(s, p))
		return NULL;
	decode(s, p, &code);
	return is_in_name(code, start) ? p + (code < 0x800 ? 2 : code < 0x10000 ? 3 : 4) : p;
}

static const u8 *scan_name_start(struct xml_scanner *s, const u8 *p)
{
	const u8 *next = *p < 0x80 ? p + xml_is(*p, XML_NAME_START) : scan_wide(s, p, true);

	return next == p ? xml_fault(s, p, "no name can start with this") : next;
}

const u8 *xml_scan_name(struct xml_scanner *s, const u8 *p)
{
	const u8 *next;

	for (p = scan_name_start(s, p); p; p = next) {
		p = xml_past_name_bytes(p, s->blocks);
		next = *p < 0x80 ? p + xml_is(*p, XML_NAME) : scan_wide(s, p, false);
		if (next == p)
			return p;
	}
	return NULL;
}

/* ---- what stands for a character ---- */

const u8 *xml_scan_equals(struct xml_scanner *s, const u8 *p)
{
	p = xml_past_blanks(p);
	if (*p != '=')
		return xml_fault(s, p, "`=` is missing after an attribute's name");
	return xml_past_blanks(p + 1);
}

static unsigned int digit_value(u8 byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : 16;
}

static const u8 *scan_character_reference(struct xml_scanner *s, const u8 *p)
{
	unsigned int base = p[2] == 'x' ? 16 : 10;
	const u8 *digits = p + (base == 16 ? 3 : 2), *q;
	uint32_t code = 0;

	for (q = digits; digit_value(*q) < base; q++)
		if (code <= 0x10ffff)
			code = code * base + digit_value(*q);
	if (q == digits || *q != ';')
		return xml_fault(s, q, "a character reference that is not a number and `;`");
	if (!is_character(code))
		return xml_fault(s, p, "a reference to a character that XML does not allow");
	if (*digits == '0')
		s->irregular = true;
	return q + 1;
}

const u8 *xml_scan_reference(struct xml_scanner *s, const u8 *p)
{
	static const char *const entities[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;" };

	if (p[1] == '#')
		return scan_character_reference(s, p);
	for (size_t i = 0; i < ARRAY_SIZE(entities); i++) {
		size_t common = xml_common(p, entities[i]);

		if (!entities[i][common])
			return p + common;
		if (p + common == s->end)
			return xml_fault(s, s->end, "");
	}
	return xml_fault(s, p, "`&` without the name of a known entity and `;`");
}
