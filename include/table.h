/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - rows and columns of text, drawn in one of several styles. Does not know VMs.
 */
#ifndef QUBES_TABLE_H
#define QUBES_TABLE_H

#include <stdbool.h>
#include <stdio.h>

enum table_style {
	TABLE_FRAME, /* R3: right-aligned, frame of dashes above and below the titles */
	TABLE_PLAIN, /* R4: left-aligned, two blanks between columns, titles in capitals, "-" for empty */
	TABLE_RAW,   /* cells joined by '|', no titles */
	TABLE_JSON,  /* an array of objects; NULL cells are null */
};

struct table;

/* TITLES: NULL-terminated, must outlive the table. */
struct table *table_new(const char *const *titles);
void table_free(struct table *table); /* NULL is fine */

/* Appends a cell to the current row (copied; NULL: no value); a full row starts the next. */
void table_cell(struct table *table, const char *text);
/* The same for a value that JSON shows as a number or a boolean. */
void table_cell_number(struct table *table, long long number);
void table_cell_bool(struct table *table, bool value, const char *text);

/* 0, or -1 with an error when the stream failed. */
int table_print(const struct table *table, enum table_style style, FILE *stream);

#endif
