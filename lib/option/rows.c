/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rows - what parsing, help and manual page all ask of an option table.
 */
#include "rows.h"

#include <string.h>

struct option_table option_table(const struct option_row *rows)
{
	struct option_table table = { .rows = rows };

	while (rows && rows[table.count].kind != OPTION_END)
		table.count++;
	return table;
}

bool option_has_value(const struct option_row *row)
{
	return row->kind == OPTION_TEXT || row->kind == OPTION_LIST || row->kind == OPTION_NUMBER;
}

bool option_is_option(const struct option_row *row)
{
	return row->kind != OPTION_WORDS && row->kind != OPTION_NOTE;
}

const struct option_row *option_words_row(const struct option_row *rows)
{
	for (; rows->kind != OPTION_END; rows++)
		if (rows->kind == OPTION_WORDS)
			return rows;
	return NULL;
}

static bool letter_taken(char letter, const struct option_row *own)
{
	for (; own && own->kind != OPTION_END; own++)
		if (letter && own->letter == letter)
			return true;
	return false;
}

static bool name_taken(const char *name, const struct option_row *own)
{
	for (; own && own->kind != OPTION_END; own++)
		if (name && own->name && strcmp(own->name, name) == 0)
			return true;
	return false;
}

bool option_is_shadowed(const struct option_row *common, const struct option_row *own)
{
	return (!common->letter || letter_taken(common->letter, own)) &&
	       (!common->name || name_taken(common->name, own));
}

size_t option_count_words(char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	return count;
}

bool option_is_ambiguous(int choice)
{
	return choice & (choice - 1);
}

void option_spell(struct strbuf *buf, const struct option_row *row, const struct option_row *own)
{
	bool letter = row->letter && !letter_taken(row->letter, own);
	bool name = row->name && !name_taken(row->name, own);

	if (letter)
		strbuf_printf(buf, "-%c", row->letter);
	if (letter && name)
		strbuf_add(buf, ", ");
	if (name)
		strbuf_printf(buf, "--%s", row->name);
	if (row->value)
		strbuf_printf(buf, " %s", row->value);
}
