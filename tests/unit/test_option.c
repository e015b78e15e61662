/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option tables: every kind of row parsed, what is wrong on a command line, and the help, manual page and
 * completion that come from the same rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "error.h"
#include "option.h"

struct own_args {
	bool force;
	const char *label;
	struct strlist props;
	int verbose;
	int wait;
	int action;
	struct option_taken fields;
	bool old;
	int size;
};

enum { ACTION_GET = 1, ACTION_SET = 2 };

static const struct option_row own_rows[] = {
	OPT_FLAG('f', "force", struct own_args, force, "ask no questions"),
	OPT_TEXT('l', "label", "LABEL", struct own_args, label, "colour of the VM"),
	OPT_LIST(0, "prop", "NAME=VALUE", struct own_args, props, "set a property"),
	OPT_COUNT('v', "verbose", struct own_args, verbose, "say more"),
	OPT_NUMBER('w', "wait", "SECONDS", struct own_args, wait, "time limit"),
	OPT_NUMBER('S', NULL, "MIB", struct own_args, size, "size"),
	OPT_CHOICE('g', "get", struct own_args, action, ACTION_GET, "print a value"),
	OPT_CHOICE('s', "set", struct own_args, action, ACTION_SET, "change a value"),
	OPT_TAKES('d', "raw-data", "FIELD...", struct own_args, fields, "values of these fields"),
	{ .kind = OPTION_FLAG,
	  .name = "old-spelling",
	  .offset = offsetof(struct own_args, old),
	  .hidden = true,
	  .summary = "not shown" },
	OPT_WORDS("VM [PROPERTY [VALUE]]", 1, 3),
	OPT_NOTE("Values are those of the store."),
	OPT_END
};

struct common_args {
	bool help, old, quick;
	const char *root;
};

static const struct option_row common_rows[] = {
	OPT_FLAG('h', "help", struct common_args, help, "print this help and exit"),
	OPT_TEXT(0, "root", "DIR", struct common_args, root, "work on the system at DIR"),
	OPT_FLAG('s', "quick", struct common_args, quick, "its letter is taken"),
	OPT_FLAG('f', "force", struct common_args, old, "all of it is taken"), OPT_END
};

/* ---- parsing ---- */

struct parsed {
	int result;
	struct own_args own;
	struct common_args common;
	struct strlist words;
	char *line;
	char *argv[32];
};

/* Parses the words of LINE, which blanks separate. */
static void parse(struct parsed *parsed, const char *line)
{
	int argc = 1;

	*parsed = (struct parsed){ .line = util_strdup(line), .argv = { (char *)"qvm-test" } };
	error_clear();
	for (char *word = strtok(parsed->line, " "); word; word = strtok(NULL, " "))
		parsed->argv[argc++] = word;
	parsed->result = option_parse(argc, parsed->argv, own_rows, &parsed->own, common_rows,
				      &parsed->common, &parsed->words);
}

static void drop(struct parsed *parsed)
{
	option_free(own_rows, &parsed->own);
	option_free(common_rows, &parsed->common);
	strlist_free(&parsed->words);
	free(parsed->line);
}

static void assert_list(const struct strlist *list, const char *expected)
{
	AUTO_STRBUF struct strbuf joined = { 0 };

	strbuf_add(&joined, "");
	for (size_t i = 0; i < list->count; i++)
		strbuf_printf(&joined, "%s%s", i ? " " : "", list->items[i]);
	assert_string_equal(joined.text, expected);
}

static void every_kind_is_stored(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p,
	      "-f --label red -v --prop a=1 -vv --prop=b=2 -w 30 -S 7 --get --old-spelling --root /mnt work");
	assert_int_equal(p.result, 0);
	assert_true(p.own.force);
	assert_string_equal(p.own.label, "red");
	assert_list(&p.own.props, "a=1 b=2");
	assert_int_equal(p.own.verbose, 3);
	assert_int_equal(p.own.wait, 30);
	assert_int_equal(p.own.size, 7);
	assert_int_equal(p.own.action, ACTION_GET);
	assert_true(p.own.old);
	assert_false(p.own.fields.given);
	assert_string_equal(p.common.root, "/mnt");
	assert_false(p.common.help);
	assert_list(&p.words, "work");
	drop(&p);
}

static void options_and_words_mix(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "work -lred memory --force 400");
	assert_int_equal(p.result, 0);
	assert_list(&p.words, "work memory 400");
	assert_string_equal(p.own.label, "red");
	assert_true(p.own.force);
	drop(&p);
	parse(&p, "work -- -f --help");
	assert_int_equal(p.result, 0);
	assert_list(&p.words, "work -f --help");
	assert_false(p.own.force);
	drop(&p);
	parse(&p, "work -");
	assert_int_equal(p.result, 0);
	assert_list(&p.words, "work -");
	drop(&p);
}

static void last_text_wins_and_choices_add_up(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "-l red --label=blue -g -s work");
	assert_int_equal(p.result, 0);
	assert_string_equal(p.own.label, "blue");
	assert_int_equal(p.own.action, ACTION_GET | ACTION_SET);
	drop(&p);
}

static void long_names_may_be_shortened(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "work --lab red --ver --raw-d name --he");
	assert_int_equal(p.result, 0);
	assert_string_equal(p.own.label, "red");
	assert_int_equal(p.own.verbose, 1);
	assert_true(p.own.fields.given);
	assert_true(p.common.help);
	drop(&p);
}

/* The words up to the next option are its own. */
static void taking_options_take_words(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "work --raw-data name state -f vault");
	assert_int_equal(p.result, 0);
	assert_list(&p.own.fields.words, "name state");
	assert_list(&p.words, "work vault");
	drop(&p);
	parse(&p, "--raw-data name -- work");
	assert_list(&p.own.fields.words, "name");
	assert_list(&p.words, "work");
	drop(&p);
	parse(&p, "-d name -d state -f work");
	assert_list(&p.own.fields.words, "name state");
	assert_list(&p.words, "work");
	drop(&p);
	parse(&p, "--raw-data=name work");
	assert_list(&p.own.fields.words, "name");
	assert_list(&p.words, "work");
	drop(&p);
	parse(&p, "work --raw-data");
	assert_true(p.own.fields.given);
	assert_list(&p.own.fields.words, "");
	drop(&p);
}

static void own_rows_win_over_common_ones(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "-s --force --quick work");
	assert_int_equal(p.result, 0);
	assert_int_equal(p.own.action, ACTION_SET);
	assert_true(p.own.force);
	assert_false(p.common.old);
	assert_true(p.common.quick);
	drop(&p);
}

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{ "--nonsense work", "unknown option '--nonsense'" },
		{ "--nonsense=5 work", "unknown option '--nonsense'" },
		{ "-x work", "unknown option '-x'" },
		{ "-fx work", "unknown option '-x'" },
		{ "--r /mnt work", "option '--r' is ambiguous" },
		{ "--force=yes work", "option '--force' takes no value" },
		{ "work --label", "option '--label' takes LABEL" },
		{ "work -l", "option '-l' takes LABEL" },
		{ "--wait=-1 work", "option --wait needs a number, not '-1'" },
		{ "-w 5s work", "option --wait needs a number, not '5s'" },
		{ "-w 2147483648 work", "option --wait needs a number, not '2147483648'" },
		{ "-S x work", "option -S needs a number, not 'x'" },
		{ "", "too few arguments, expected: VM [PROPERTY [VALUE]]" },
		{ "a b c d", "unexpected argument 'd'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct parsed p;

		parse(&p, rows[i].line);
		assert_int_equal(p.result, -1);
		assert_int_equal(error_kind(), ERROR_USAGE);
		assert_string_equal(error_message(), rows[i].message);
		drop(&p);
	}
}

static void help_before_a_mistake_is_kept(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "--help --nonsense");
	assert_int_equal(p.result, -1);
	assert_true(p.common.help);
	drop(&p);
}

static void table_without_words_allows_none(void **state)
{
	static const struct option_row none[] = { OPT_END };
	char *argv[] = { (char *)"qvm-test", (char *)"word", NULL };
	AUTO_STRLIST struct strlist words = { 0 };

	(void)state;
	assert_int_equal(option_parse(2, argv, none, NULL, NULL, NULL, &words), -1);
	assert_string_equal(error_message(), "unexpected argument 'word'");
	words.count = 0;
	assert_int_equal(option_parse(1, argv, none, NULL, NULL, NULL, &words), 0);
}

static void size_covers_every_member(void **state)
{
	static const struct option_row none[] = { OPT_END };

	(void)state;
	assert_true(option_size(own_rows) >= sizeof(struct own_args));
	assert_true(option_size(common_rows) >= sizeof(struct common_args));
	assert_true(option_size(none) > 0);
}

/* ---- texts ---- */

static char *written(void (*write)(FILE *to))
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	write(stream);
	fclose(stream);
	return text;
}

static void write_usage(FILE *to)
{
	option_usage(to, "qvm-test", own_rows);
}

static void write_help(FILE *to)
{
	option_help(to, "qvm-test", "tests options", own_rows, common_rows);
}

static void write_man(FILE *to)
{
	option_man(to, "qvm-test", "tests options", own_rows, common_rows);
}

static void write_completion(FILE *to)
{
	option_completion(to, "qvm-test", own_rows, common_rows);
}

static void usage_is_one_line(void **state)
{
	AUTO_FREE char *text = written(write_usage);

	(void)state;
	assert_string_equal(text, "Usage: qvm-test [OPTION...] VM [PROPERTY [VALUE]]\n");
}

static void help_shows_every_visible_row(void **state)
{
	AUTO_FREE char *text = written(write_help);

	(void)state;
	assert_string_equal(text, "Usage: qvm-test [OPTION...] VM [PROPERTY [VALUE]]\n"
				  "Tests options.\n"
				  "\n"
				  "Options:\n"
				  "  -f, --force              ask no questions\n"
				  "  -l, --label LABEL        colour of the VM\n"
				  "  --prop NAME=VALUE        set a property\n"
				  "  -v, --verbose            say more\n"
				  "  -w, --wait SECONDS       time limit\n"
				  "  -S MIB                   size\n"
				  "  -g, --get                print a value\n"
				  "  -s, --set                change a value\n"
				  "  -d, --raw-data FIELD...  values of these fields\n"
				  "\n"
				  "Common options:\n"
				  "  -h, --help               print this help and exit\n"
				  "  --root DIR               work on the system at DIR\n"
				  "  --quick                  its letter is taken\n"
				  "\n"
				  "Values are those of the store.\n");
}

static void write_long_help(FILE *to)
{
	static const struct option_row rows[] = { OPT_FLAG(0, "flag", struct common_args, help,
							   "a text that is so long that it has to go on in "
							   "the next line, and there is more of it"),
						  OPT_TEXT('a', "an-option-with-quite-a-long-name", "VALUE",
							   struct common_args, root, "has its own line"),
						  OPT_END };
	static const struct option_row none[] = { OPT_END };

	option_help(to, "p", "s", rows, none);
}

static void long_texts_are_wrapped(void **state)
{
	AUTO_FREE char *text = written(write_long_help);

	(void)state;
	assert_string_equal(text,
			    "Usage: p [OPTION...]\nS.\n\nOptions:\n"
			    "  --flag  a text that is so long that it has to go on in the next line, and\n"
			    "          there is more of it\n"
			    "  -a, --an-option-with-quite-a-long-name VALUE\n"
			    "          has its own line\n"
			    "\nCommon options:\n");
}

static void manual_page_has_the_same_rows(void **state)
{
	static const char *const parts[] = {
		".TH \"qvm-test\" 1",
		"qvm\\-test \\- tests options\n",
		".SH OPTIONS\n",
		".TP\n.B \\-l, \\-\\-label LABEL\ncolour of the VM\n",
		".SH COMMON OPTIONS\n",
		"\\-\\-quick\n",
		".SH NOTES\nValues are those of the store.\n",
		".SH EXIT STATUS\n",
	};
	AUTO_FREE char *text = written(write_man);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!strstr(text, parts[i]))
			fail_msg("the manual page lacks %s", parts[i]);
	assert_null(strstr(text, "old\\-spelling"));
	assert_null(strstr(text, "all of it is taken"));
}

static void completion_knows_long_names(void **state)
{
	AUTO_FREE char *text = written(write_completion);
	AUTO_FREE char *start = written(option_completion_start);

	(void)state;
	assert_string_equal(text,
			    "_qubes_add qvm-test vms --force --label --prop --verbose --wait --get --set"
			    " --raw-data --help --root --quick\n");
	assert_non_null(strstr(start, "_qubes_add()"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_stored),
		cmocka_unit_test(options_and_words_mix),
		cmocka_unit_test(last_text_wins_and_choices_add_up),
		cmocka_unit_test(long_names_may_be_shortened),
		cmocka_unit_test(taking_options_take_words),
		cmocka_unit_test(own_rows_win_over_common_ones),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(help_before_a_mistake_is_kept),
		cmocka_unit_test(table_without_words_allows_none),
		cmocka_unit_test(size_covers_every_member),
		cmocka_unit_test(usage_is_one_line),
		cmocka_unit_test(help_shows_every_visible_row),
		cmocka_unit_test(long_texts_are_wrapped),
		cmocka_unit_test(manual_page_has_the_same_rows),
		cmocka_unit_test(completion_knows_long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
