/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults of the bytes that have one sensible repair: characters that may not be there, a `&` or `<` that is text,
 * end tags, what stands around the document. What they are called is the parser's word for them.
 */
#include <stdlib.h>
#include <string.h>

#include "mend.h"

/* More than these are no slips of a hand but a damaged block of the disk. */
#define CHARACTERS_MAX 16
#define FAULTS_MAX 200
#define ZEROS_MAX 8 /* in a row; more are a block that was lost */
#define LINES_MAX 3 /* that are left out as a whole */

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
	while (offset < text->length && (text->text[offset] == '\0' || mend_is_blank(text->text[offset])))
		offset++;
	return offset == text->length;
}

/* A few inside of a text are slips like other control characters; at the end they are what is left of a file. */
static bool mend_zeros(const struct strbuf *text, size_t offset, struct mend *mend)
{
	size_t end = offset;

	if (only_zeros(text, offset)) {
		mend->length = text->length - offset;
		mend->words = "cut them off";
		return true;
	}
	while (text->text[end] == '\0')
		end++;
	mend->length = end - offset;
	return mend->length <= ZEROS_MAX;
}

static bool mend_character(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend)
{
	(void)f;
	mend->with = "";
	mend->words = "leave it out";
	mend->length = 1;
	if (text->text[offset] == '\0')
		return mend_zeros(text, offset, mend);
	while ((text->text[offset] & 0x80) &&
	       ((unsigned char)text->text[offset + mend->length] & 0xc0) == 0x80)
		mend->length++;
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
	if (!known && (++*lines > LINES_MAX || !mend_line(f, text, fault->offset, &mend)))
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
