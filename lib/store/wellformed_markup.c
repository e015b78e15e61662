/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The markup of a document: comments, processing instructions, CDATA sections, tags with their attributes.
 */
#include <stdint.h>
#include <string.h>

#include "util.h"
#include "wellformed_internal.h"

/* ---- what has no structure inside ---- */

const u8 *xml_scan_comment(struct xml_scanner *s, const u8 *p)
{
	if (s->in_root && xml_starts(p, "<!---->"))
		s->irregular = true;
	for (p += strlen("<!--"); p;) {
		p = xml_past_plain_bytes(p);
		if (p[0] != '-' || p[1] != '-')
			p = xml_scan_character(s, p);
		else if (p[2] == '>')
			return p + 3;
		else
			return xml_fault_seen(s, p + 2, p, "`--` within a comment");
	}
	return NULL;
}

static const u8 *scan_cdata(struct xml_scanner *s, const u8 *p)
{
	for (p += strlen("<![CDATA["); p; p = xml_scan_character(s, p)) {
		p = xml_past_plain_bytes(p);
		if (p[0] == ']' && p[1] == ']' && p[2] == '>')
			return p + 3;
	}
	return NULL;
}

static bool is_reserved(const u8 *name, size_t length)
{
	return length == 3 && (name[0] | 0x20) == 'x' && (name[1] | 0x20) == 'm' && (name[2] | 0x20) == 'l';
}

const u8 *xml_scan_instruction(struct xml_scanner *s, const u8 *p)
{
	static const char what[] = "a processing instruction's target must end with a blank or `?>`";
	const u8 *target = p + strlen("<?");

	p = xml_scan_name(s, target);
	if (!p)
		return NULL;
	if (!xml_is(*p, XML_BLANK) && *p != '?')
		return xml_fault(s, p, what);
	if (is_reserved(target, (size_t)(p - target)))
		return xml_fault_seen(s, p + 1, target,
				      "an XML declaration must be the first thing in a file");
	if (*p == '?')
		return xml_expect(s, p, "?>", what);
	for (; p; p = xml_scan_character(s, p)) {
		p = xml_past_plain_bytes(p);
		if (p[0] == '?' && p[1] == '>')
			return p + 2;
	}
	return NULL;
}

/* ---- tags ---- */

#define BUCKETS 64

/* The attributes of one tag, in chains of those that may have the same name; by index plus 1, 0 ends one. */
struct attributes {
	size_t count;
	uint16_t newest[BUCKETS];
	struct attribute {
		const u8 *name;
		size_t length;
		uint16_t older;
	} all[WELLFORMED_ATTRIBUTES_MAX];
};

static uint16_t *bucket_of(struct attributes *attributes, const u8 *name, size_t length)
{
	size_t sum = name[0] + 3U * name[length / 2] + 7U * name[length - 1] + 5U * length;

	return &attributes->newest[sum % BUCKETS];
}

static bool is_known(const struct attributes *attributes, uint16_t newest, const u8 *name, size_t length)
{
	for (uint16_t i = newest; i > 0; i = attributes->all[i - 1].older) {
		const struct attribute *other = &attributes->all[i - 1];

		if (other->length == length && !memcmp(other->name, name, length))
			return true;
	}
	return false;
}

static const u8 *note_attribute(struct xml_scanner *s, struct attributes *attributes, const u8 *name,
				const u8 *end)
{
	size_t length = (size_t)(end - name);
	uint16_t *newest;

	if (attributes->count == 0)
		memset(attributes->newest, 0, sizeof(attributes->newest));
	if (attributes->count == WELLFORMED_ATTRIBUTES_MAX)
		return xml_fault_seen(s, end, name, "too many attributes");
	newest = bucket_of(attributes, name, length);
	if (is_known(attributes, *newest, name, length))
		return xml_fault_seen(s, end, name, "an attribute for the second time");
	attributes->all[attributes->count] = (struct attribute){ name, length, *newest };
	*newest = (uint16_t)++attributes->count;
	return end;
}

static const u8 *scan_value_part(struct xml_scanner *s, const u8 *p)
{
	switch (*p) {
	case '<':
		return xml_fault(s, p, "`<` in an attribute value");
	case '&':
		return xml_scan_reference(s, p);
	case '\t':
	case '\n':
		s->irregular = true;
		return p + 1;
	default:
		return xml_scan_character(s, p);
	}
}

static const u8 *scan_value(struct xml_scanner *s, const u8 *p)
{
	u8 quote = *p;

	if (quote != '"' && quote != '\'')
		return xml_fault(s, p, "an attribute value must be in quotes");
	for (p++; p; p = scan_value_part(s, p)) {
		p = xml_past_value_bytes(p, s->blocks, quote);
		if (*p == quote)
			return p + 1;
	}
	return NULL;
}

static const u8 *scan_attribute(struct xml_scanner *s, struct attributes *attributes, const u8 *name)
{
	const u8 *p = xml_scan_name(s, name);

	if (p)
		p = note_attribute(s, attributes, name, p);
	if (p)
		p = xml_scan_equals(s, p);
	return p ? scan_value(s, p) : NULL;
}

/* From the byte after the element's name. */
static const u8 *scan_attributes(struct xml_scanner *s, const u8 *p)
{
	struct attributes attributes;

	for (attributes.count = 0; p;) {
		const u8 *next = xml_past_blanks(p);

		if (*next == '>')
			return next + 1;
		if (*next == '/') {
			s->depth--;
			return xml_expect(s, next, "/>", "`>` is missing after `/`");
		}
		if (next == p)
			return xml_fault(s, p, "a blank, `>` or `/>` is missing");
		p = scan_attribute(s, &attributes, next);
	}
	return NULL;
}

const u8 *xml_scan_start_tag(struct xml_scanner *s, const u8 *p)
{
	const u8 *name = p + 1, *end;

	if (s->depth == WELLFORMED_DEPTH_MAX)
		return xml_fault_seen(s, name, p, "the elements are nested too deep");
	end = xml_scan_name(s, name);
	if (!end)
		return NULL;
	s->open[s->depth].name = name;
	s->open[s->depth].length = (size_t)(end - name);
	s->depth++;
	return scan_attributes(s, end);
}

static const u8 *scan_end_tag(struct xml_scanner *s, const u8 *p)
{
	static const char what[] = "the end tag is not that of the element";
	const u8 *name = p + strlen("</"), *open = s->open[s->depth - 1].name;
	size_t length = s->open[s->depth - 1].length, common = 0;

	while (common < length && name[common] == open[common])
		common++;
	p = name + common;
	if (common < length || (!xml_is(*p, XML_BLANK) && *p != '>'))
		return xml_fault_seen(s, p, name, what);
	s->depth--;
	return xml_expect(s, xml_past_blanks(p), ">", "`>` is missing in an end tag");
}

/* ---- the root ---- */

static const u8 *scan_text(struct xml_scanner *s, const u8 *p)
{
	while (p) {
		p = xml_past_text_bytes(p, s->blocks);
		if (*p == '<')
			return p;
		if (*p == '&')
			p = xml_scan_reference(s, p);
		else if (p[0] == ']' && p[1] == ']' && p[2] == '>')
			return xml_fault(s, p, "`]]>` in text");
		else
			p = xml_scan_character(s, p);
	}
	return NULL;
}

static const u8 *scan_exclamation(struct xml_scanner *s, const u8 *p)
{
	size_t comment = xml_common(p, "<!--"), cdata = xml_common(p, "<![CDATA[");

	if (comment == strlen("<!--"))
		return xml_scan_comment(s, p);
	if (cdata == strlen("<![CDATA["))
		return scan_cdata(s, p);
	return xml_fault(s, p + (comment > cdata ? comment : cdata), "neither a comment nor a CDATA section");
}

const u8 *xml_scan_step(struct xml_scanner *s, const u8 *p)
{
	p = scan_text(s, p);
	if (!p)
		return NULL;
	switch (p[1]) {
	case '/':
		return scan_end_tag(s, p);
	case '!':
		return scan_exclamation(s, p);
	case '?':
		return xml_scan_instruction(s, p);
	default:
		return xml_scan_start_tag(s, p);
	}
}

const u8 *xml_scan_root(struct xml_scanner *s, const u8 *p)
{
	if (*p != '<')
		return xml_fault(s, p, "the root element is missing");
	p = xml_scan_start_tag(s, p);
	while (p && s->depth > 0)
		p = xml_scan_step(s, p);
	return p;
}
