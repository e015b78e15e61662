/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The well-formedness check of a whole document: byte order mark, XML declaration, what is around the
 * root, and where a fault is in lines and columns.
 */
#include "wellformed.h"

#include <string.h>
#include <strings.h>

#include "util.h"
#include "wellformed_internal.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

const u8 *xml_fault(struct xml_scanner *s, const u8 *at, const char *what)
{
	s->fault = at;
	s->what = at == s->end ? "the file is cut short" : what;
	return NULL;
}

const u8 *xml_fault_seen(struct xml_scanner *s, const u8 *seen, const u8 *at, const char *what)
{
	return xml_fault(s, seen == s->end ? seen : at, what);
}

size_t xml_common(const u8 *p, const char *literal)
{
	size_t n = 0;

	while (literal[n] && p[n] == (u8)literal[n])
		n++;
	return n;
}

bool xml_starts(const u8 *p, const char *literal)
{
	return !literal[xml_common(p, literal)];
}

const u8 *xml_expect(struct xml_scanner *s, const u8 *p, const char *literal, const char *what)
{
	size_t common = xml_common(p, literal);

	return literal[common] ? xml_fault(s, p + common, what) : p + common;
}

/* ---- the XML declaration ---- */

static bool is_version(const char *value, size_t length)
{
	return length == 3 && !memcmp(value, "1.0", length);
}

static bool is_utf8(const char *value, size_t length)
{
	return length == 5 && !strncasecmp(value, "UTF-8", length);
}

static bool is_yes_or_no(const char *value, size_t length)
{
	return length == 3 ? !memcmp(value, "yes", 3) : length == 2 && !memcmp(value, "no", 2);
}

/* In this order, the first is required. */
static const struct declared {
	const char *name;
	bool (*is_fine)(const char *value, size_t length);
	const char *what;
} declared[] = {
	{ "version", is_version, "only XML version 1.0 is supported" },
	{ "encoding", is_utf8, "only the encoding UTF-8 is supported" },
	{ "standalone", is_yes_or_no, "`standalone` must be `yes` or `no`" },
};

static const u8 *scan_declared_value(struct xml_scanner *s, const u8 *p, const struct declared *expected)
{
	const u8 *value, *end;

	p = xml_scan_equals(s, p);
	if (!p)
		return NULL;
	if (*p != '"' && *p != '\'')
		return xml_fault(s, p, "a value must be in quotes");
	value = p + 1;
	end = memchr(value, *p, (size_t)(s->end - value));
	if (!end)
		return xml_fault(s, s->end, "");
	if (!expected->is_fine((const char *)value, (size_t)(end - value)))
		return xml_fault(s, value, expected->what);
	return end + 1;
}

static const u8 *scan_declaration(struct xml_scanner *s, const u8 *p)
{
	static const char what[] = "not as it should be in an XML declaration";

	p += strlen("<?xml");
	for (size_t i = 0; i < ARRAY_SIZE(declared); i++) {
		const u8 *name = xml_past_blanks(p);
		size_t common = xml_common(name, declared[i].name);

		if (declared[i].name[common] && (i == 0 || name + common == s->end))
			return xml_fault(s, name + common, what);
		if (declared[i].name[common])
			continue;
		if (name == p)
			return xml_fault(s, name, "a blank is missing");
		p = scan_declared_value(s, name + common, &declared[i]);
		if (!p)
			return NULL;
	}
	return xml_expect(s, xml_past_blanks(p), "?>", what);
}

/* ---- the document ---- */

static const u8 *scan_start(struct xml_scanner *s, const u8 *p)
{
	if (xml_starts(p, BYTE_ORDER_MARK))
		p += strlen(BYTE_ORDER_MARK);
	if (xml_starts(p, "<?xml") && xml_is(p[strlen("<?xml")], XML_BLANK))
		return scan_declaration(s, p);
	return p;
}

static const u8 *scan_comment_outside(struct xml_scanner *s, const u8 *p)
{
	size_t comment = xml_common(p, "<!--"), doctype = xml_common(p, "<!DOCTYPE");

	if (comment == strlen("<!--"))
		return xml_scan_comment(s, p);
	if (doctype == strlen("<!DOCTYPE"))
		return xml_fault(s, p, "a document type declaration is not accepted");
	return xml_fault(s, p + (comment > doctype ? comment : doctype), "only a comment may be here");
}

/* Comments, processing instructions and blanks; it ends at a tag or at the end of the text. */
static const u8 *scan_outside(struct xml_scanner *s, const u8 *p)
{
	while (p) {
		p = xml_past_blanks(p);
		if (p == s->end)
			return p;
		if (*p != '<')
			return xml_scan_character(s, p) ?
				       xml_fault(s, p, "text outside of the root element") :
				       NULL;
		if (p[1] == '?')
			p = xml_scan_instruction(s, p);
		else if (p[1] == '!')
			p = scan_comment_outside(s, p);
		else
			return p;
	}
	return NULL;
}

struct parts {
	const u8 *start, *root_start, *root_end;
};

static const u8 *scan_document(struct xml_scanner *s, const u8 *text, struct parts *parts)
{
	const u8 *p = scan_start(s, text);

	p = p ? scan_outside(s, p) : NULL;
	if (!p)
		return NULL;
	parts->start = text + (xml_starts(text, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0);
	parts->root_start = p;
	s->in_root = true;
	p = xml_scan_root(s, p);
	s->in_root = false;
	parts->root_end = p;
	p = p ? scan_outside(s, p) : NULL;
	if (p && p != s->end)
		return xml_fault_seen(s, p + 1, p, "a second root element");
	return p;
}

static struct xml_scanner scanner_for(const char *text, size_t length)
{
	const u8 *end = (const u8 *)text + length;

	/* The byte at the end may be read too. */
	return (struct xml_scanner){ .end = end, .blocks = length < 15 ? (const u8 *)text : end - 14 };
}

/* ---- where a fault is ---- */

static void locate(const char *text, size_t offset, struct xml_fault *fault)
{
	size_t i = strncmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) ? 0 : strlen(BYTE_ORDER_MARK);

	fault->offset = offset;
	fault->line = fault->column = 1;
	for (; i < offset; i++) {
		if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n')) {
			fault->line++;
			fault->column = 1;
		} else if (text[i] != '\r' && ((u8)text[i] & 0xc0) != 0x80) {
			fault->column++;
		}
	}
}

static int report(const char *text, size_t offset, const char *what, struct xml_fault *fault)
{
	locate(text, offset, fault);
	fault->what = what;
	return -1;
}

static void normalise(char *text, size_t length, const struct parts *parts, struct xml_document *doc)
{
	size_t start = (size_t)(parts->start - (const u8 *)text);
	size_t root_start = (size_t)(parts->root_start - (const u8 *)text);
	size_t root_end = (size_t)(parts->root_end - (const u8 *)text);

	doc->root_start = xml_normalise(text, start, root_start, 0, false);
	doc->root_end = xml_normalise(text, root_start, root_end, doc->root_start, true);
	doc->length = xml_normalise(text, root_end, length, doc->root_end, false);
	text[doc->length] = '\0';
}

int wellformed_check(char *text, size_t length, struct xml_document *doc, struct xml_fault *fault)
{
	struct xml_scanner s = scanner_for(text, length);
	struct parts parts;

	text[length] = '\0';
	if (length > WELLFORMED_SIZE_MAX)
		return report(text, 0, "the file is too large", fault);
	if (!scan_document(&s, (const u8 *)text, &parts))
		return report(text, (size_t)(s.fault - (const u8 *)text), s.what, fault);
	if (s.irregular || parts.start != (const u8 *)text || memchr(text, '\r', length)) {
		normalise(text, length, &parts, doc);
	} else {
		doc->length = length;
		doc->root_start = (size_t)(parts.root_start - (const u8 *)text);
		doc->root_end = (size_t)(parts.root_end - (const u8 *)text);
	}
	return 0;
}

size_t wellformed_line(const char *text, size_t offset)
{
	size_t line = 1;

	for (const char *p = text; (p = memchr(p, '\n', offset - (size_t)(p - text))); p++)
		line++;
	return line;
}

size_t wellformed_element_line(const char *text, const struct xml_document *doc, size_t index)
{
	struct xml_scanner s = scanner_for(text, doc->length);
	const u8 *markup = (const u8 *)text + doc->root_start, *p = xml_scan_start_tag(&s, markup);

	while (index > 0 && p && s.depth > 0) {
		markup = memchr(p, '<', (size_t)(s.end - p));
		if (!strchr("/!?", markup[1]))
			index--;
		/* The normal form of an empty comment is not XML. */
		p = xml_starts(markup, "<" WELLFORMED_EMPTY_COMMENT ">") ? markup + 3 : xml_scan_step(&s, p);
	}
	return index == 0 ? wellformed_line(text, (size_t)(markup - (const u8 *)text)) : 0;
}

void wellformed_find_pairs(const char *text, const struct xml_document *doc, bool *pairs, size_t count)
{
	struct xml_scanner s = scanner_for(text, doc->length);
	const u8 *markup = (const u8 *)text + doc->root_start, *p = xml_scan_start_tag(&s, markup);

	for (size_t index = 0; p && index < count;) {
		pairs[index++] = p[-2] != '/' && xml_starts(p, "</");
		do {
			if (s.depth == 0)
				return;
			markup = memchr(p, '<', (size_t)(s.end - p));
			/* The normal form of an empty comment is not XML. */
			p = xml_starts(markup, "<" WELLFORMED_EMPTY_COMMENT ">") ? markup + 3 :
										   xml_scan_step(&s, p);
		} while (p && strchr("/!?", markup[1]));
	}
}
