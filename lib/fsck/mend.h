/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A repair of the bytes of a store, and the functions that know one.
 */
#ifndef QUBES_FSCK_MEND_H
#define QUBES_FSCK_MEND_H

#include "internal.h"

/* A repair: LENGTH bytes from FROM become WITH. */
struct mend {
	size_t from, length;
	const char *with;
	const char *words;
	const char *effect; /* set: it is loaded all the same */
};

/* Fills MEND for the fault at OFFSET of TEXT; false: this one needs more. */
typedef bool mender(struct fsck *f, const struct strbuf *text, size_t offset, struct mend *mend);

static inline bool mend_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

mender mend_less, mend_less_in_value, mend_section_end, mend_hyphens, mend_double_attribute, mend_end_tag,
	mend_declaration, mend_epilog, mend_second_root, mend_outside, mend_line;

#endif
