/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * option - an option table: parsing, help, man page and shell completion all come from it.
 *
 * An applet states its options as rows that name members of its own argument structure.
 */
#ifndef QUBES_OPTION_H
#define QUBES_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util.h"

enum option_kind {
	OPTION_END,
	OPTION_FLAG,   /* bool: true when given */
	OPTION_TEXT,   /* const char *: the last one wins */
	OPTION_LIST,   /* struct strlist: accumulates */
	OPTION_COUNT,  /* int: how often it was given */
	OPTION_NUMBER, /* int: strict decimal >= 0, else a usage error */
	OPTION_CHOICE, /* int: VALUE is or-ed in, so that an applet sees which of several were given */
	OPTION_TAKES,  /* struct strlist: takes the words that follow, up to the next option; GIVEN is set */
	OPTION_WORDS,  /* not an option: the synopsis of the words and how many there may be */
	OPTION_NOTE,   /* not an option: a paragraph below the options in help and man page */
};

struct option_row {
	enum option_kind kind;
	char letter;	   /* 0: none */
	const char *name;  /* long name; NULL: none */
	const char *value; /* what help calls the argument */
	size_t offset;	   /* of the member */
	int number;	   /* OPTION_CHOICE: the bit; OPTION_WORDS: fewest words */
	int most;	   /* OPTION_WORDS: most words, -1: any number */
	bool hidden;	   /* works, but is not in help (other spellings) */
	const char *summary;
};

/* clang-format off */
#define OPT_FLAG(l, n, s, m, text) \
	{ .kind = OPTION_FLAG, .letter = l, .name = n, .offset = offsetof(s, m), .summary = text }
#define OPT_TEXT(l, n, v, s, m, text) \
	{ .kind = OPTION_TEXT, .letter = l, .name = n, .value = v, .offset = offsetof(s, m), .summary = text }
#define OPT_LIST(l, n, v, s, m, text) \
	{ .kind = OPTION_LIST, .letter = l, .name = n, .value = v, .offset = offsetof(s, m), .summary = text }
#define OPT_COUNT(l, n, s, m, text) \
	{ .kind = OPTION_COUNT, .letter = l, .name = n, .offset = offsetof(s, m), .summary = text }
#define OPT_NUMBER(l, n, v, s, m, text) \
	{ .kind = OPTION_NUMBER, .letter = l, .name = n, .value = v, .offset = offsetof(s, m), .summary = text }
#define OPT_CHOICE(l, n, s, m, bit, text) \
	{ .kind = OPTION_CHOICE, .letter = l, .name = n, .offset = offsetof(s, m), .number = bit, .summary = text }
#define OPT_TAKES(l, n, v, s, m, text) \
	{ .kind = OPTION_TAKES, .letter = l, .name = n, .value = v, .offset = offsetof(s, m), .summary = text }
#define OPT_WORDS(synopsis, fewest, at_most) \
	{ .kind = OPTION_WORDS, .value = synopsis, .number = fewest, .most = at_most }
#define OPT_NOTE(text) \
	{ .kind = OPTION_NOTE, .summary = text }
#define OPT_END \
	{ .kind = OPTION_END }
/* clang-format on */

/* The member type of OPT_TAKES. */
struct option_taken {
	bool given;
	struct strlist words;
};

/*
 * The size of the structure that ROWS fill: up to the end of the last member that they name, so that a
 * table needs no second statement of it.
 */
size_t option_size(const struct option_row *rows);

/*
 * Parses argv[1..] by the rows of both tables into their structures (already zeroed or preset), and puts
 * the remaining words into WORDS. Long names may be shortened; options and words may be mixed; "--" ends
 * options. A row of OWN wins over one of COMMON. 0, or -1 with ERROR_USAGE; what stood before the mistake
 * has been stored by then.
 */
int option_parse(int argc, char **argv, const struct option_row *own, void *own_values,
		 const struct option_row *common, void *common_values, struct strlist *words);

/* The usage line, and the whole help text. */
void option_usage(FILE *to, const char *program, const struct option_row *own);
void option_help(FILE *to, const char *program, const char *summary, const struct option_row *own,
		 const struct option_row *common);

/* The same as a manual page (roff). */
void option_man(FILE *to, const char *program, const char *summary, const struct option_row *own,
		const struct option_row *common);

/* The completion script for bash: its head, then one line for each program. */
void option_completion_start(FILE *to);
void option_completion(FILE *to, const char *program, const struct option_row *own,
		       const struct option_row *common);

/* How many WORDS there are, up to the NULL. */
size_t option_count_words(char *const *words);

/* Has an OPTION_CHOICE more than one bit, so that options were given that exclude each other? */
bool option_is_ambiguous(int choice);

/* Frees the lists inside VALUES. */
void option_free(const struct option_row *rows, void *values);

#endif
