/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table - the cells of a table, and how each style draws them.
 *
 * Cells show what others chose: what would steer a terminal is replaced, except in JSON, which escapes it.
 */
#include "table.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "util.h"

enum cell_kind { CELL_TEXT, CELL_NUMBER, CELL_BOOL };

struct cell {
	enum cell_kind kind;
	const char *text;  /* as given; NULL: no value */
	const char *shown; /* the same, harmless to a terminal; never NULL */
	long long number;  /* of a number; 0 or 1 of a boolean */
};

struct table {
	const char *const *titles;
	size_t columns;
	struct cell *cells; /* row after row */
	size_t count, room;
	struct arena *arena;
};

struct table *table_new(const char *const *titles)
{
	struct table *table = util_alloc(sizeof(*table));

	table->titles = titles;
	while (titles[table->columns])
		table->columns++;
	table->arena = arena_new();
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	arena_free(table->arena);
	free(table->cells);
	free(table);
}

/* ---- cells ---- */

static const char *shown_text(struct arena *arena, const char *text)
{
	char *copy;

	for (const char *c = text; *c >= ' ' && *c < 0x7f; c++)
		if (c[1] == '\0')
			return text;
	copy = arena_strdup(arena, text);
	error_make_printable(copy);
	return copy;
}

static void add_cell(struct table *table, enum cell_kind kind, const char *text, long long number)
{
	struct cell *cell;

	if (table->count == table->room) {
		table->room = table->room ? table->room * 2 : 64;
		table->cells = util_realloc(table->cells, table->room * sizeof(*table->cells));
	}
	cell = &table->cells[table->count++];
	*cell = (struct cell){ .kind = kind, .shown = "", .number = number };
	if (text) {
		cell->text = arena_strdup(table->arena, text);
		cell->shown = shown_text(table->arena, cell->text);
	}
}

void table_cell(struct table *table, const char *text)
{
	add_cell(table, CELL_TEXT, text, 0);
}

void table_cell_number(struct table *table, long long number)
{
	AUTO_FREE char *text = util_printf("%lld", number);

	add_cell(table, CELL_NUMBER, text, number);
}

void table_cell_bool(struct table *table, bool value, const char *text)
{
	add_cell(table, CELL_BOOL, text, value);
}

static size_t row_count(const struct table *table)
{
	return table->columns ? (table->count + table->columns - 1) / table->columns : 0;
}

/* A row that was not filled ends in cells without a value. */
static const struct cell *cell_at(const struct table *table, size_t row, size_t column)
{
	static const struct cell nothing = { .shown = "" };
	size_t index = row * table->columns + column;

	return index < table->count ? &table->cells[index] : &nothing;
}

/* ---- what the styles of text share ---- */

/* Characters, not bytes: those of UTF-8 that continue one are not counted. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* The width of each column: that of its widest text, as TEXT_OF gives it. The caller frees. */
static size_t *widths_of(const struct table *table, const char *(*text_of)(const struct cell *cell))
{
	size_t *widths = util_alloc(table->columns * sizeof(*widths));

	for (size_t column = 0; column < table->columns; column++) {
		widths[column] = width_of(table->titles[column]);
		for (size_t row = 0; row < row_count(table); row++) {
			size_t width = width_of(text_of(cell_at(table, row, column)));

			if (width > widths[column])
				widths[column] = width;
		}
	}
	return widths;
}

static void repeat(FILE *stream, char c, size_t times)
{
	while (times-- > 0)
		putc(c, stream);
}

static const char *plainly(const struct cell *cell)
{
	return cell->shown;
}

static const char *dash_if_empty(const struct cell *cell)
{
	return *cell->shown ? cell->shown : "-";
}

/* ---- styles ---- */

static void print_framed(FILE *stream, const char *text, size_t width)
{
	repeat(stream, ' ', width + 1 - width_of(text));
	fprintf(stream, "%s |", text);
}

static void print_frame_line(FILE *stream, const size_t *widths, size_t columns)
{
	for (size_t column = 0; column < columns; column++) {
		repeat(stream, '-', widths[column] + 2);
		putc('+', stream);
	}
	putc('\n', stream);
}

static void print_frame(const struct table *table, FILE *stream)
{
	AUTO_FREE size_t *widths = widths_of(table, plainly);

	print_frame_line(stream, widths, table->columns);
	for (size_t column = 0; column < table->columns; column++)
		print_framed(stream, table->titles[column], widths[column]);
	putc('\n', stream);
	print_frame_line(stream, widths, table->columns);
	for (size_t row = 0; row < row_count(table); row++) {
		for (size_t column = 0; column < table->columns; column++)
			print_framed(stream, cell_at(table, row, column)->shown, widths[column]);
		putc('\n', stream);
	}
}

/* Blanks up to the next column, none behind the last. */
static void print_padding(const struct table *table, FILE *stream, size_t column, size_t used, size_t width)
{
	if (column + 1 < table->columns)
		repeat(stream, ' ', width - used + 2);
	else
		putc('\n', stream);
}

static void print_plain_titles(const struct table *table, FILE *stream, const size_t *widths)
{
	for (size_t column = 0; column < table->columns; column++) {
		const char *title = table->titles[column];

		for (const char *c = title; *c; c++)
			putc(*c == '_' ? '-' : toupper((unsigned char)*c), stream);
		print_padding(table, stream, column, width_of(title), widths[column]);
	}
}

static void print_plain(const struct table *table, FILE *stream)
{
	AUTO_FREE size_t *widths = widths_of(table, dash_if_empty);

	print_plain_titles(table, stream, widths);
	for (size_t row = 0; row < row_count(table); row++) {
		for (size_t column = 0; column < table->columns; column++) {
			const char *text = dash_if_empty(cell_at(table, row, column));

			fputs(text, stream);
			print_padding(table, stream, column, width_of(text), widths[column]);
		}
	}
}

static void print_raw(const struct table *table, FILE *stream)
{
	for (size_t row = 0; row < row_count(table); row++) {
		for (size_t column = 0; column < table->columns; column++) {
			fputs(cell_at(table, row, column)->shown, stream);
			putc(column + 1 < table->columns ? '|' : '\n', stream);
		}
	}
}

/* ---- JSON ---- */

/* JSON is UTF-8: of a text that is not, only the ASCII can be told. */
static json_t *json_text(const char *text)
{
	json_t *string = json_string(text);

	if (!string) {
		AUTO_FREE char *ascii = util_strdup(text);

		for (char *c = ascii; *c; c++)
			if ((unsigned char)*c > 0x7f)
				*c = '?';
		string = json_string(ascii);
	}
	return string;
}

static json_t *json_cell(const struct cell *cell)
{
	switch (cell->kind) {
	case CELL_NUMBER:
		return json_integer(cell->number);
	case CELL_BOOL:
		return json_boolean(cell->number);
	default:
		return cell->text ? json_text(cell->text) : json_null();
	}
}

static void print_json(const struct table *table, FILE *stream)
{
	json_t *rows;

	json_set_alloc_funcs(util_alloc, free);
	json_object_seed(1); /* else it reads random bytes, which titles of our own don't need */
	rows = json_array();
	for (size_t row = 0; row < row_count(table); row++) {
		json_t *object = json_object();

		for (size_t column = 0; column < table->columns; column++)
			json_object_set_new(object, table->titles[column],
					    json_cell(cell_at(table, row, column)));
		json_array_append_new(rows, object);
	}
	/* A failed write is known to the stream. */
	(void)!json_dumpf(rows, stream, JSON_INDENT(2));
	putc('\n', stream);
	json_decref(rows);
}

int table_print(const struct table *table, enum table_style style, FILE *stream)
{
	static void (*const printers[])(const struct table *table, FILE *stream) = {
		[TABLE_FRAME] = print_frame,
		[TABLE_PLAIN] = print_plain,
		[TABLE_RAW] = print_raw,
		[TABLE_JSON] = print_json,
	};

	printers[style](table, stream);
	if (fflush(stream) != 0 || ferror(stream))
		return error_errno("cannot write the table");
	return 0;
}
