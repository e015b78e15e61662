/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the well-formedness check share: the state of a scan, the classes of bytes, and
 * the search for the byte that ends a run of plain ones, 16 bytes at a time where the machine can.
 *
 * Every scan function takes the place where its construct starts and returns the byte after it, or
 * NULL with the fault noted in the scanner. The text ends with a 0 byte, which no construct may
 * contain, so a scan stops there without looking at the length.
 */
#ifndef STORE_WELLFORMED_INTERNAL_H
#define STORE_WELLFORMED_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "wellformed.h"

#if defined(__SSE2__) && !defined(WELLFORMED_PLAIN)
#define XML_BLOCKS
#include <emmintrin.h>
#endif

typedef unsigned char u8;

struct xml_scanner {
	const u8 *end;	  /* the 0 byte after the text */
	const u8 *blocks; /* from any byte before this one, 16 can be read */
	bool in_root;	  /* mxml will see this */
	bool irregular;	  /* something has to be normalised */
	size_t depth;
	struct {
		const u8 *name;
		size_t length;
	} open[WELLFORMED_DEPTH_MAX];
	const u8 *fault;
	const char *what;
};

/* Notes a fault at AT; a scan that ran into the end of the text always has the same one. */
const u8 *xml_fault(struct xml_scanner *s, const u8 *at, const char *what);

/* The same, found only at SEEN, which is where the text may have been cut. */
const u8 *xml_fault_seen(struct xml_scanner *s, const u8 *seen, const u8 *at, const char *what);

/* How many bytes at P are as in LITERAL; all of them only if P starts with it. */
size_t xml_common(const u8 *p, const char *literal);
bool xml_starts(const u8 *p, const char *literal);

/* Past LITERAL, which has to be there. */
const u8 *xml_expect(struct xml_scanner *s, const u8 *p, const char *literal, const char *what);

/* One character, whichever; a name; the `=` of an attribute with the blanks around it; `&` to `;`. */
const u8 *xml_scan_character(struct xml_scanner *s, const u8 *p);
const u8 *xml_scan_name(struct xml_scanner *s, const u8 *p);
const u8 *xml_scan_equals(struct xml_scanner *s, const u8 *p);
const u8 *xml_scan_reference(struct xml_scanner *s, const u8 *p);

/* Each at its first byte: `<!--`, `<?`, and the root's `<` (up to the end of its end tag). */
const u8 *xml_scan_comment(struct xml_scanner *s, const u8 *p);
const u8 *xml_scan_instruction(struct xml_scanner *s, const u8 *p);
const u8 *xml_scan_root(struct xml_scanner *s, const u8 *p);

/* The root's start tag, and then one run of text and the markup after it: the steps of a root. */
const u8 *xml_scan_start_tag(struct xml_scanner *s, const u8 *p);
const u8 *xml_scan_step(struct xml_scanner *s, const u8 *p);

/*
 * Rewrites the part of a well-formed TEXT from START up to END as wellformed_check promises, and
 * puts it to TEXT + TO, which is not behind START. Returns the offset after what it wrote.
 */
size_t xml_normalise(char *text, size_t start, size_t end, size_t to, bool in_root);

enum {
	XML_NAME_START = 1, /* only these three know ASCII alone */
	XML_NAME = 2,
	XML_BLANK = 4,
	XML_IN_TEXT = 8,   /* needs no second look in text */
	XML_IN_VALUE = 16, /* nor in an attribute value */
	XML_PLAIN = 32,	   /* nor in a comment, CDATA section or processing instruction */
};

extern const u8 xml_class[256];

static inline bool xml_is(u8 byte, int class)
{
	return xml_class[byte] & class;
}

static inline const u8 *xml_past_blanks(const u8 *p)
{
	while (xml_is(*p, XML_BLANK))
		p++;
	return p;
}

#ifdef XML_BLOCKS

static inline __m128i xml_block(const u8 *p)
{
	return _mm_loadu_si128((const __m128i *)p);
}

/* Each of these has bit N set where byte N of the block at P may end the run in question. */

/* Small letters and `_`, which real names consist of, are 0x5f to 0x7a without 0x60. */
static inline unsigned int xml_name_stops(const u8 *p)
{
	__m128i block = xml_block(p);
	__m128i from_lowest = _mm_add_epi8(block, _mm_set1_epi8((char)(0x80 - '_')));
	__m128i outside = _mm_cmpgt_epi8(from_lowest, _mm_set1_epi8((char)(0x80 + 'z' - '_')));

	return (unsigned int)_mm_movemask_epi8(
		_mm_or_si128(outside, _mm_cmpeq_epi8(block, _mm_set1_epi8('`'))));
}

/* Signed, control characters and everything beyond ASCII are below the blank. */
static inline __m128i xml_not_printable(__m128i block)
{
	return _mm_cmpgt_epi8(_mm_set1_epi8(' '), block);
}

/* `"` and `&` differ in one bit, `'` and `&` in another. */
static inline unsigned int xml_value_stops(const u8 *p, u8 quote)
{
	__m128i block = xml_block(p);
	__m128i merged = _mm_or_si128(block, _mm_set1_epi8((char)(quote ^ '&')));
	__m128i special = _mm_cmpeq_epi8(merged, _mm_set1_epi8((char)(quote | '&')));
	__m128i tag = _mm_cmpeq_epi8(block, _mm_set1_epi8('<'));

	return (unsigned int)_mm_movemask_epi8(
		_mm_or_si128(_mm_or_si128(special, tag), xml_not_printable(block)));
}

static inline unsigned int xml_text_stops(const u8 *p)
{
	__m128i block = xml_block(p);
	__m128i special = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('<')),
				       _mm_cmpeq_epi8(block, _mm_set1_epi8('&')));
	__m128i bracket = _mm_cmpeq_epi8(block, _mm_set1_epi8(']'));
	__m128i newline = _mm_cmpeq_epi8(block, _mm_set1_epi8('\n'));
	__m128i control = _mm_andnot_si128(newline, xml_not_printable(block));

	return (unsigned int)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(special, bracket), control));
}

#define XML_SKIP_BLOCKS(p, blocks, stops)                  \
	while ((p) < (blocks)) {                           \
		unsigned int found = (stops);              \
                                                           \
		if (found)                                 \
			return (p) + __builtin_ctz(found); \
		(p) += 16;                                 \
	}

#else
#define XML_SKIP_BLOCKS(p, blocks, stops) (void)(blocks)
#endif

/* The first byte from P that may not be plain here. It stops early rather than late. */

static inline const u8 *xml_past_name_bytes(const u8 *p, const u8 *blocks)
{
	XML_SKIP_BLOCKS(p, blocks, xml_name_stops(p));
	while (xml_is(*p, XML_NAME))
		p++;
	return p;
}

static inline const u8 *xml_past_value_bytes(const u8 *p, const u8 *blocks, u8 quote)
{
	(void)quote;
	XML_SKIP_BLOCKS(p, blocks, xml_value_stops(p, quote));
	while (xml_is(*p, XML_IN_VALUE))
		p++;
	return p;
}

static inline const u8 *xml_past_text_bytes(const u8 *p, const u8 *blocks)
{
	XML_SKIP_BLOCKS(p, blocks, xml_text_stops(p));
	while (xml_is(*p, XML_IN_TEXT))
		p++;
	return p;
}

static inline const u8 *xml_past_plain_bytes(const u8 *p)
{
	while (xml_is(*p, XML_PLAIN))
		p++;
	return p;
}

#endif
