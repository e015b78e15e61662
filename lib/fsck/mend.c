/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of the bytes that have one sensible repair: characters that may not be there, a `&` or `<` that is text,
 * end tags, what stands around the document. What they are called is the parser's word for them.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* More than these are no slips of a hand but a damaged block of the disk. */
#define CHARACTERS_MAX 16
#define FAULTS_MAX 200
#define TAG_MAX 40
#define LINES_MAX 3 /* that are left out as a whole */
#define LINE_MAX_BYTES 600

/* A repair: LENGTH bytes from FROM become WITH. */
struct mend {
	size_t from, length;
	const char *with;
	const char *words;
	const char *effect; /* set: it is loaded all the same */
};

/* Fills MEND for the fault at OFFSET of TEXT; false: this one needs more. */
typedef bool mender(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend);

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---- characters ---- */

static bool mend_encoding(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	unsigned char byte = (unsigned char)text->text[offset];

	mend->length = 1;
	if (byte < 0xa0) {
		mend->with = "?";
		mend->words = "put a question mark in its place";
	} else {
		mend->with = arena_printf(f->arena, "%c%c", 0xc0 | byte >> 6, 0x80 | (byte & 0x3f));
		mend->words = "take it for a Latin-1 character, and write it in UTF-8";
	}
	return true;
}

static bool only_zeros(const struct strbuf *text, size_t offset)
{
	while (offset < text->length && (text->text[offset] == '\0' || is_blank(text->text[offset])))
		offset++;
	return offset == text->length;
}

static bool mend_character(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	const char *zero = memchr(text->text + offset, '\0', 1);

	(void)f;
	mend->with = "";
	mend->words = "leave it out";
	mend->length = 1;
	while ((text->text[offset] & 0x80) &&
	       ((unsigned char)text->text[offset + mend->length] & 0xc0) == 0x80)
		mend->length++;
	if (!zero)
		return true;
	if (!only_zeros(text, offset))
		return false;
	mend->length = text->length - offset;
	mend->words = "cut them off";
	return true;
}

/* ---- references ---- */

static size_t start_of_reference(const struct strbuf *text, size_t offset)
{
	while (offset > 0 && text->text[offset] != '&')
		offset--;
	return offset;
}

static bool mend_ampersand(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	(void)f;
	mend->from = start_of_reference(text, offset);
	mend->length = 1;
	mend->with = "&amp;";
	mend->words = "write it as &amp;";
	return text->text[mend->from] == '&';
}

static bool mend_reference(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	const char *end;

	if (!mend_ampersand(f, text, offset, mend))
		return false;
	end = strchr(text->text + mend->from, ';');
	if (!end)
		return true;
	mend->length = (size_t)(end + 1 - text->text) - mend->from;
	mend->with = "";
	mend->words = "leave it out";
	return mend->length <= 16;
}

/* ---- tags ---- */

/* A `<` before a blank or a digit is text. */
static bool mend_less(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	(void)f;
	if (offset == 0 || text->text[offset - 1] != '<')
		return false;
	mend->from = offset - 1;
	mend->length = 1;
	mend->with = "&lt;";
	mend->words = "write the `<` as &lt;";
	return true;
}

/*
 * A line of R4 that is damaged beyond what is above, most often cut: the one on which the tag begins in which the
 * fault was seen. What it meant is found again from the rest, or is little.
 */
static bool mend_line(const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t start = offset, first;

	while (start > 0 && text->text[--start] != '<')
		;
	while (start > 0 && text->text[start - 1] != '\n')
		start--;
	first = start + strspn(text->text + start, " \t");
	mend->from = start;
	mend->length = strcspn(text->text + start, "\n") + 1;
	mend->with = "";
	mend->words = "leave the line out";
	if (mend->from + mend->length > text->length)
		return false;
	/* What is more than a slip may have the end of the one VM and the beginning of another in it. */
	for (size_t i = mend->from; i < mend->from + mend->length - 1; i++)
		if ((unsigned char)text->text[i] < ' ' && text->text[i] != '\t' && text->text[i] != '\r')
			return false;
	return text->text[first] == '<' && !util_starts_with(text->text + first, "<Qubes") &&
	       !util_starts_with(text->text + first, "<qubes") && mend->length <= LINE_MAX_BYTES;
}

/* A value that has no second quote: it is to be before the tag ends, if that is on the same line. */
static bool mend_quote(const struct strbuf *text, size_t open, struct mend *mend)
{
	size_t end = open + 1 + strcspn(text->text + open + 1, ">\n");

	if (text->text[end] != '>')
		return mend_line(text, open, mend);
	mend->from = end > open + 1 && text->text[end - 1] == '/' ? end - 1 : end;
	mend->length = 0;
	mend->with = "\"";
	mend->words = "end the value before the tag ends";
	return true;
}

/* Within quotes that are closed before the line or the next tag ends, it is text. */
static bool mend_less_in_value(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t quote = offset + strcspn(text->text + offset, "\"\n>"), open = offset;

	(void)f;
	while (open > 0 && text->text[open] != '"')
		open--;
	if (memchr(text->text + open, '\n', offset - open))
		return mend_quote(text, open, mend);
	if (text->text[quote] != '"')
		return false;
	mend->length = 1;
	mend->with = "&lt;";
	mend->words = "write it as &lt;";
	return true;
}

static bool mend_section_end(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	(void)f, (void)text, (void)offset;
	mend->length = 3;
	mend->with = "]]&gt;";
	mend->words = "write its `>` as &gt;";
	return true;
}

static bool mend_hyphens(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	(void)f;
	mend->length = 2;
	mend->with = text->text[offset + 2] == '-' ? "- -" : "- - ";
	mend->words = "put a blank between them";
	return true;
}

static bool mend_double_attribute(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	const char *quote = strpbrk(text->text + offset, "\"'");
	const char *end = quote ? strchr(quote + 1, *quote) : NULL;

	(void)f;
	if (!end || memchr(text->text + offset, '>', (size_t)(end - text->text) - offset))
		return false;
	while (mend->from > 0 && is_blank(text->text[mend->from - 1]))
		mend->from--;
	mend->length = (size_t)(end + 1 - text->text) - mend->from;
	mend->with = "";
	mend->words = "leave the second one out";
	return true;
}

/* The names of the elements that are open at END; the caller frees the list. */
static void open_elements(struct arena *arena, const struct strbuf *text, size_t end, struct strlist *open)
{
	const char *at = text->text, *stop = text->text + end;

	while ((at = memchr(at, '<', (size_t)(stop - at)))) {
		const char *name = at + 1, *close;
		size_t length = strcspn(name, " \t\r\n/>");

		if (util_starts_with(at, "<!--"))
			close = strstr(at, "-->");
		else if (util_starts_with(at, "<![CDATA["))
			close = strstr(at, "]]>");
		else
			close = strchr(at, '>');
		if (!close || close >= stop)
			return;
		if (*name == '/')
			open->count -= open->count > 0;
		else if (!strchr("!?", *name) && close[-1] != '/')
			strlist_add(open, arena_printf(arena, "%.*s", (int)length, name));
		at = close;
	}
}

/* What stores have, so that it is no slip of the pen for another one. */
static bool is_element(const char *name)
{
	static const char *const names[] = { "qubes",	   "labels",   "label",	  "pools",   "pool",
					     "properties", "property", "domain",  "domains", "features",
					     "tag",	   "feature",  "devices", "device",  "option",
					     "tags",	   "volume" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool mend_end_tag(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	AUTO_STRLIST struct strlist open = { 0 };
	size_t start = offset, length;
	const char *name, *expected;
	bool closed;

	while (start > 0 && text->text[start] != '<')
		start--;
	open_elements(f->arena, text, start, &open);
	if (open.count == 0)
		return false;
	length = strcspn(text->text + start + 2, " \t\r\n>");
	/* What is no tag at all is a damaged block. */
	if (length > TAG_MAX || strcspn(text->text + start + 1, "<\n") < length)
		return false;
	closed = text->text[start + 1 + strcspn(text->text + start + 1, "<>\n")] == '>';
	name = arena_printf(f->arena, "%.*s", (int)length, text->text + start + 2);
	expected = open.items[open.count - 1];
	mend->from = start;
	mend->length = closed ? strcspn(text->text + start, ">") + 1 : length + 2;
	if (!closed) {
		mend->with = arena_printf(f->arena, "</%s>", expected);
		mend->words = arena_printf(f->arena, "make it </%s>", expected);
		return util_starts_with(expected, name);
	}
	if (strlist_has(&open, name)) {
		mend->length = 0;
		mend->with = arena_printf(f->arena, "</%s>", expected);
		mend->words = arena_printf(f->arena, "put the missing end tag of <%s> before it", expected);
	} else if (util_edit_distance(name, expected) <= 2 && !is_element(name)) {
		mend->with = arena_printf(f->arena, "</%s>", expected);
		mend->words = arena_printf(f->arena, "make it </%s>", expected);
	} else {
		mend->with = "";
		mend->words = "leave it out";
	}
	return true;
}

/* ---- around the document ---- */

static bool mend_declaration(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t start = offset;

	while (start > 0 && text->text[start] != '<')
		start--;
	mend->from = 0;
	mend->length = start;
	mend->with = "";
	mend->words = "cut off what is before it";
	for (size_t i = 0; i < start; i++) {
		if (!is_blank(text->text[i]))
			return false;
		f->lines_cut += text->text[i] == '\n';
	}
	return true;
}

/* The end of the last thing before OFFSET. */
static bool mend_epilog(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	const char *root = strstr(text->text, "</qubes>");

	(void)f;
	if (!root)
		root = strstr(text->text, "</QubesVmCollection>");
	if (!root || (size_t)(root - text->text) > offset)
		return false;
	mend->length = text->length - offset;
	mend->with = "\n";
	mend->words = "cut the file after its first document";
	return true;
}

/* The names of what is inside of a store. */
static bool is_inside(const char *tag)
{
	static const char *const names[] = { "<labels", "<pools", "<properties", "<domain",
					     "<label",	"<pool",  "<Qubes" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (util_starts_with(tag, names[i]))
			return !util_starts_with(tag, "<QubesVmCollection");
	return false;
}

/* Where what belongs inside of the root comes behind it, the root was ended too early. */
static bool mend_second_root(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t end = offset, start;

	while (end > 0 && text->text[end - 1] != '>')
		end--;
	for (start = end; start > 0 && text->text[start] != '<';)
		start--;
	if (!is_inside(text->text + offset) || end < 2)
		return mend_epilog(f, text, offset, mend);
	if (text->text[start + 1] == '/') {
		mend->from = start;
		mend->length = end - start;
		mend->with = "";
	} else if (text->text[end - 2] == '/') {
		mend->from = end - 2;
		mend->length = 1;
		mend->with = "";
	} else {
		return false;
	}
	mend->words = "end the root element behind it";
	return true;
}

static bool mend_outside(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	const char *root;

	if (mend_epilog(f, text, offset, mend))
		return true;
	root = strstr(text->text, "<qubes>");
	if (!root)
		root = strstr(text->text, "<QubesVmCollection");
	if (!root || (size_t)(root - text->text) < offset)
		return false;
	for (const char *at = text->text; at < root; at++)
		f->lines_cut += *at == '\n';
	mend->from = 0;
	mend->length = (size_t)(root - text->text);
	mend->with = "";
	mend->words = "cut off what is before the document";
	return true;
}

static const struct {
	const char *what; /* how the parser's words start */
	const char *id;
	mender *mend;
	bool character; /* too many of them are no slips */
} menders[] = {
	{ "not UTF-8", "bytes-encoding", mend_encoding, true },
	{ "a character that XML", "bytes-character", mend_character, true },
	{ "`&` without", "bytes-ampersand", mend_ampersand, true },
	{ "a character reference that", "bytes-reference", mend_ampersand, true },
	{ "a reference to a character", "bytes-reference", mend_reference, true },
	{ "no name can start", "bytes-less-than", mend_less, true },
	{ "`<` in an attribute", "bytes-less-than", mend_less_in_value, true },
	{ "`]]>` in text", "bytes-section-end", mend_section_end, true },
	{ "`--` within a comment", "bytes-comment", mend_hyphens, true },
	{ "an attribute for the second", "bytes-attribute-twice", mend_double_attribute, false },
	{ "the end tag is not", "bytes-end-tag", mend_end_tag, false },
	{ "an XML declaration must", "bytes-declaration", mend_declaration, false },
	{ "a second root", "bytes-after-end", mend_second_root, false },
	{ "only a comment may", "bytes-after-end", mend_outside, false },
	{ "text outside", "bytes-after-end", mend_outside, false },
};

static void apply(struct strbuf *text, const struct mend *mend)
{
	struct strbuf out = { 0 };

	strbuf_add_bytes(&out, text->text, mend->from);
	strbuf_add(&out, mend->with);
	strbuf_add_bytes(&out, text->text + mend->from + mend->length,
			 text->length - mend->from - mend->length);
	strbuf_free(text);
	*text = out;
}

static void note_mend(struct fsck *f, const char *id, const struct store_fault *fault,
		      const struct mend *mend)
{
	struct fsck_finding *finding = fsck_note(f, id, mend->effect ? FSCK_LOADS : f->loaded_by, NULL, NULL,
						 "column %zu: %s", fault->column, fault->what);

	finding->line = fault->line + f->lines_cut;
	finding->effect = mend->effect;
	finding->remedy = mend->words;
}

/* The fault's row, or -1. */
static int find_mender(const struct store_fault *fault)
{
	for (size_t i = 0; i < ARRAY_SIZE(menders); i++)
		if (util_starts_with(fault->what, menders[i].what))
			return (int)i;
	return -1;
}

static bool zeros_behind_a_document(const struct strbuf *text, const struct mend *mend)
{
	struct store_fault unused;

	return mend->from + mend->length == text->length && mend->length && text->text[mend->from] == '\0' &&
	       store_check_text(text->text, mend->from, &unused) == 0;
}

static bool mend_one(struct fsck *f, struct strbuf *text, const struct store_fault *fault, size_t *characters,
		     size_t *lines)
{
	struct mend mend = { .from = fault->offset };
	int row = find_mender(fault);
	bool known;

	if (fault->offset >= text->length)
		return false;
	if (row >= 0 && menders[row].character && ++*characters > CHARACTERS_MAX)
		return false;
	known = row >= 0 && menders[row].mend(f, text, fault->offset, &mend);
	if (!known && (++*lines > LINES_MAX || !mend_line(text, fault->offset, &mend)))
		return false;
	if (zeros_behind_a_document(text, &mend))
		mend.effect = "libxml2 of today takes it, others may not";
	note_mend(f, known ? menders[row].id : "bytes-line", fault, &mend);
	apply(text, &mend);
	return true;
}

int fsck_mend(struct fsck *f, struct strbuf *text, struct store_fault *fault)
{
	struct store_fault first;
	struct strbuf original = { 0 };
	size_t characters = 0, lines = 0, faults = 0, cut = f->lines_cut;

	if (store_check_text(text->length ? text->text : "", text->length, fault) == 0)
		return 0;
	first = *fault;
	strbuf_add_bytes(&original, text->length ? text->text : "", text->length);
	do {
		if (faults++ == FAULTS_MAX || !mend_one(f, text, fault, &characters, &lines)) {
			bool block = characters > CHARACTERS_MAX || faults > FAULTS_MAX;

			/* Then none of them was a slip. */
			if (block) {
				strbuf_free(text);
				*text = original;
				*fault = first;
				f->found.count = 0;
				f->lines_cut = cut;
			} else {
				strbuf_free(&original);
			}
			return -1;
		}
	} while (store_check_text(text->length ? text->text : "", text->length, fault) < 0);
	strbuf_free(&original);
	return 0;
}
