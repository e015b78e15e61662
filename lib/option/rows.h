/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows - what parsing, help and manual page all ask of an option table. Private to the option room.
 */
#ifndef QUBES_OPTION_ROWS_H
#define QUBES_OPTION_ROWS_H

#include "option.h"

struct option_table {
	const struct option_row *rows;
	size_t count;
};

struct option_table option_table(const struct option_row *rows); /* NULL: an empty one */

bool option_has_value(const struct option_row *row);
bool option_is_option(const struct option_row *row); /* not words, not a note */

/* The row that describes the words; NULL: there may be none. */
const struct option_row *option_words_row(const struct option_row *rows);

/* Is a row of COMMON worth showing beside OWN: is something left of it that OWN has not taken? */
bool option_is_shadowed(const struct option_row *common, const struct option_row *own);

/*
 * An option as help shows it: "-l, --label LABEL". A letter that OWN has for itself is left out of a
 * common row; OWN NULL: nothing is. BUF starts empty or is appended to.
 */
void option_spell(struct strbuf *buf, const struct option_row *row, const struct option_row *own);

#endif
