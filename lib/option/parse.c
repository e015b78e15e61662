/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * option - parsing: two tables of rows become one getopt_long call, and what it finds goes into the
 * structures that the rows name.
 */
#include "option.h"

#include <getopt.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "rows.h"

/* getopt_long's codes: a letter is itself, a word is 1, a long option is this and its place in the table. */
#define LONG_CODE 256
#define WORD_CODE 1

struct parser {
	struct option_table tables[2]; /* own, common: the first that knows an option has it */
	void *values[2];
	struct strbuf letters;
	struct option *names;
	size_t name_count;
	struct strlist *words;
	struct strlist *taking; /* the list of the last OPTION_TAKES, as long as only words follow */
};

static size_t member_size(enum option_kind kind)
{
	switch (kind) {
	case OPTION_FLAG:
		return sizeof(bool);
	case OPTION_TEXT:
		return sizeof(const char *);
	case OPTION_LIST:
		return sizeof(struct strlist);
	case OPTION_TAKES:
		return sizeof(struct option_taken);
	case OPTION_COUNT:
	case OPTION_NUMBER:
	case OPTION_CHOICE:
		return sizeof(int);
	default:
		return 0;
	}
}

size_t option_size(const struct option_row *rows)
{
	size_t size = 0;

	for (; rows->kind != OPTION_END; rows++)
		if (rows->offset + member_size(rows->kind) > size)
			size = rows->offset + member_size(rows->kind);
	/* The padding at the end belongs to the structure too. */
	return (size / sizeof(max_align_t) + 1) * sizeof(max_align_t);
}

/* ---- building what getopt_long wants ---- */

static int argument_of(const struct option_row *row)
{
	if (row->kind == OPTION_TAKES)
		return optional_argument;
	return option_has_value(row) ? required_argument : no_argument;
}

static void add_letter(struct parser *parser, const struct option_row *row)
{
	if (!row->letter || strchr(parser->letters.text, row->letter))
		return;
	strbuf_add_bytes(&parser->letters, &row->letter, 1);
	if (option_has_value(row))
		strbuf_add(&parser->letters, ":");
}

static bool name_taken(const struct parser *parser, const char *name)
{
	for (size_t i = 0; i < parser->name_count; i++)
		if (strcmp(parser->names[i].name, name) == 0)
			return true;
	return false;
}

static void add_name(struct parser *parser, const struct option_row *row, int code)
{
	if (!row->name || name_taken(parser, row->name))
		return;
	parser->names[parser->name_count++] =
		(struct option){ .name = row->name, .has_arg = argument_of(row), .val = code };
}

static void add_rows(struct parser *parser)
{
	size_t total = parser->tables[0].count + parser->tables[1].count;
	int code = LONG_CODE;

	parser->names = util_alloc((total + 1) * sizeof(*parser->names));
	/* "-": words come in their place; ":": a missing value is told from an unknown option. */
	strbuf_add(&parser->letters, "-:");
	for (size_t t = 0; t < ARRAY_SIZE(parser->tables); t++) {
		for (size_t i = 0; i < parser->tables[t].count; i++, code++) {
			add_letter(parser, &parser->tables[t].rows[i]);
			add_name(parser, &parser->tables[t].rows[i], code);
		}
	}
}

/* ---- finding the row again ---- */

static const struct option_row *row_of(const struct parser *parser, int code, void **values)
{
	for (size_t t = 0; t < ARRAY_SIZE(parser->tables); t++) {
		const struct option_table *table = &parser->tables[t];

		*values = parser->values[t];
		if (code < LONG_CODE) {
			for (size_t i = 0; i < table->count; i++)
				if (table->rows[i].letter == code)
					return &table->rows[i];
		} else {
			size_t index = (size_t)(code - LONG_CODE);

			if (t == 1)
				index -= parser->tables[0].count;
			if (index < table->count)
				return &table->rows[index];
		}
	}
	return NULL;
}

/* ---- storing ---- */

static int store_number(const struct option_row *row, int *member, const char *text)
{
	unsigned long long number;

	if (!util_parse_decimal(text, INT_MAX, &number))
		return error_set(ERROR_USAGE, "option %s%s needs a number, not '%s'", row->name ? "--" : "-",
				 row->name ? row->name : (const char[]){ row->letter, '\0' }, text);
	*member = (int)number;
	return 0;
}

static void start_taking(struct parser *parser, struct option_taken *taken, const char *attached)
{
	taken->given = true;
	if (attached)
		strlist_add(&taken->words, attached);
	else
		parser->taking = &taken->words;
}

static int store(struct parser *parser, const struct option_row *row, void *values, const char *text)
{
	void *member = (char *)values + row->offset;

	parser->taking = NULL;
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)member = text;
		return 0;
	case OPTION_LIST:
		strlist_add(member, text);
		return 0;
	case OPTION_COUNT:
		++*(int *)member;
		return 0;
	case OPTION_NUMBER:
		return store_number(row, member, text);
	case OPTION_CHOICE:
		*(int *)member |= row->number;
		return 0;
	case OPTION_TAKES:
		start_taking(parser, member, text);
		return 0;
	default:
		return error_set(ERROR_FAILED, "the option table has a row of no known kind");
	}
}

/* ---- what can be wrong ---- */

static int count_matches(const struct parser *parser, const char *word, size_t length)
{
	int matches = 0;

	for (size_t i = 0; i < parser->name_count; i++)
		if (strncmp(parser->names[i].name, word, length) == 0)
			matches++;
	return matches;
}

static int bad_long_option(const struct parser *parser, const char *word)
{
	size_t length = strcspn(word, "=");

	if (count_matches(parser, word + 2, length - 2) > 1)
		return error_set(ERROR_USAGE, "option '%.*s' is ambiguous", (int)length, word);
	return error_set(ERROR_USAGE, "unknown option '%.*s'", (int)length, word);
}

/* CODE is getopt's optopt, WORD the one it stopped in. */
static int bad_option(const struct parser *parser, int result, int code, const char *word)
{
	const struct option_row *row;
	void *values;

	if (code == 0)
		return bad_long_option(parser, word);
	row = row_of(parser, code, &values);
	if (!row)
		return error_set(ERROR_USAGE, "unknown option '-%c'", code);
	if (code >= LONG_CODE)
		return error_set(ERROR_USAGE, "option '--%s' takes %s", row->name,
				 result == ':' ? row->value : "no value");
	return error_set(ERROR_USAGE, "option '-%c' takes %s", code, row->value);
}

static int check_words(const struct option_row *rows, const struct strlist *words)
{
	const struct option_row *row = option_words_row(rows);

	if (row && words->count < (size_t)row->number)
		return error_set(ERROR_USAGE, "too few arguments, expected: %s", row->value);
	if (row && row->most < 0)
		return 0;
	if (words->count > (row ? (size_t)row->most : 0))
		return error_set(ERROR_USAGE, "unexpected argument '%s'", words->items[row ? row->most : 0]);
	return 0;
}

/* ---- the loop ---- */

static int parse_all(struct parser *parser, int argc, char **argv)
{
	int code;

	opterr = 0;
	optind = 0; /* glibc: start anew, whatever was parsed before */
	while ((code = getopt_long(argc, argv, parser->letters.text, parser->names, NULL)) != -1) {
		void *values;
		const struct option_row *row;

		if (code == WORD_CODE) {
			strlist_add(parser->taking ? parser->taking : parser->words, optarg);
			continue;
		}
		if (code == '?' || code == ':')
			return bad_option(parser, code, optopt, argv[optind - 1]);
		row = row_of(parser, code, &values);
		if (store(parser, row, values, optarg) != 0)
			return -1;
	}
	while (optind < argc)
		strlist_add(parser->words, argv[optind++]);
	return 0;
}

int option_parse(int argc, char **argv, const struct option_row *own, void *own_values,
		 const struct option_row *common, void *common_values, struct strlist *words)
{
	struct parser parser = {
		.tables = { option_table(own), option_table(common) },
		.values = { own_values, common_values },
		.words = words,
	};
	int result;

	add_rows(&parser);
	result = parse_all(&parser, argc, argv);
	if (result == 0)
		result = check_words(own, words);
	strbuf_free(&parser.letters);
	util_free_at(&parser.names);
	return result;
}

void option_free(const struct option_row *rows, void *values)
{
	for (; rows->kind != OPTION_END; rows++) {
		void *member = (char *)values + rows->offset;

		if (rows->kind == OPTION_LIST)
			strlist_free(member);
		else if (rows->kind == OPTION_TAKES)
			strlist_free(&((struct option_taken *)member)->words);
	}
}
