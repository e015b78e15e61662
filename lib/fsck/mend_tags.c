/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Repairs of tags, of lines that are beyond that, and of what stands around the document.
 */
#include <stdlib.h>
#include <string.h>

#include "mend.h"

#define TAG_MAX 40
#define LINE_MAX_BYTES 600

/* ---- tags ---- */

/* A `<` before a blank or a digit is text. */
bool mend_less(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
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
bool mend_line(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t start = offset, first;
	const char *end;

	(void)f;
	while (start > 0 && text->text[--start] != '<')
		;
	while (start > 0 && text->text[start - 1] != '\n')
		start--;
	first = start + strspn(text->text + start, " \t");
	mend->from = start;
	mend->with = "";
	mend->words = "leave the line out";
	end = memchr(text->text + start, '\n', text->length - start);
	if (!end)
		return false;
	mend->length = (size_t)(end + 1 - text->text) - start;
	/* What is more than a slip may have the end of the one VM and the beginning of another in it. */
	for (size_t i = mend->from; i < mend->from + mend->length - 1; i++)
		if ((unsigned char)text->text[i] < ' ' && text->text[i] != '\t' && text->text[i] != '\r')
			return false;
	return text->text[first] == '<' && !util_starts_with(text->text + first, "<Qubes") &&
	       !util_starts_with(text->text + first, "<qubes") && mend->length <= LINE_MAX_BYTES;
}

/* A value that has no second quote: it is to be before the tag ends, if that is on the same line. */
static bool mend_quote(struct fsck *f, const struct strbuf *text, size_t open, struct mend *mend)
{
	size_t end = open + 1 + strcspn(text->text + open + 1, ">\n");

	if (text->text[end] != '>')
		return mend_line(f, text, open, mend);
	mend->from = end > open + 1 && text->text[end - 1] == '/' ? end - 1 : end;
	mend->length = 0;
	mend->with = "\"";
	mend->words = "end the value before the tag ends";
	return true;
}

/* Within quotes that are closed before the line or the next tag ends, it is text. */
bool mend_less_in_value(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t quote = offset + strcspn(text->text + offset, "\"\n>"), open = offset;

	(void)f;
	while (open > 0 && text->text[open] != '"')
		open--;
	if (memchr(text->text + open, '\n', offset - open))
		return mend_quote(f, text, open, mend);
	if (text->text[quote] != '"')
		return false;
	mend->length = 1;
	mend->with = "&lt;";
	mend->words = "write it as &lt;";
	return true;
}

bool mend_section_end(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	(void)f, (void)text, (void)offset;
	mend->length = 3;
	mend->with = "]]&gt;";
	mend->words = "write its `>` as &gt;";
	return true;
}

bool mend_hyphens(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	(void)f;
	mend->length = 2;
	mend->with = text->text[offset + 2] == '-' ? "- -" : "- - ";
	mend->words = "put a blank between them";
	return true;
}

bool mend_double_attribute(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	const char *quote = strpbrk(text->text + offset, "\"'");
	const char *end = quote ? strchr(quote + 1, *quote) : NULL;

	(void)f;
	if (!end || memchr(text->text + offset, '>', (size_t)(end - text->text) - offset))
		return false;
	while (mend->from > 0 && mend_is_blank(text->text[mend->from - 1]))
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

bool mend_end_tag(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
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
		size_t text_end = start;

		/* Of a text the line end behind it is no part. */
		while (text_end > 0 && mend_is_blank(text->text[text_end - 1]))
			text_end--;
		if (text_end > 0 && text->text[text_end - 1] != '>')
			mend->from = text_end;
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

bool mend_declaration(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t start = offset;

	while (start > 0 && text->text[start] != '<')
		start--;
	mend->from = 0;
	mend->length = start;
	mend->with = "";
	mend->words = "cut off what is before it";
	for (size_t i = 0; i < start; i++) {
		if (!mend_is_blank(text->text[i]))
			return false;
		f->lines_cut += text->text[i] == '\n';
	}
	return true;
}

/* The end of the last thing before OFFSET. */
bool mend_epilog(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
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
bool mend_second_root(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
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

bool mend_outside(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
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
