/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * option - what a user reads of a table: usage line, help, manual page, shell completion.
 */
#include "option.h"

#include <ctype.h>
#include <string.h>

#include "rows.h"

#define LINE_WIDTH 80
#define WIDEST_OPTION 30 /* a longer one has a line of its own */

void option_usage(FILE *to, const char *program, const struct option_row *own)
{
	const struct option_row *words = option_words_row(own);

	fprintf(to, "Usage: %s [OPTION...]%s%s\n", program, words ? " " : "", words ? words->value : "");
}

/* ---- help ---- */

/* Prints TEXT from column AT on, its further lines indented as far. */
static void print_wrapped(FILE *to, const char *text, size_t at)
{
	size_t column = at;

	while (*text) {
		size_t length = strcspn(text, " \n");

		if (column > at && column + 1 + length > LINE_WIDTH) {
			fprintf(to, "\n%*s", (int)at, "");
			column = at;
		} else if (column > at) {
			fputc(' ', to);
			column++;
		}
		fprintf(to, "%.*s", (int)length, text);
		column += length;
		text += length;
		if (*text == '\n') {
			fprintf(to, "\n%*s", (int)at, "");
			column = at;
		}
		if (*text)
			text++;
	}
	fputc('\n', to);
}

/* A table on its way to be shown; OWN is given with the common one. */
struct shown_rows {
	const struct option_row *rows;
	const struct option_row *own;
};

/* The next visible row; NULL at the end. */
static const struct option_row *next_shown(struct shown_rows *shown)
{
	while (shown->rows->kind != OPTION_END) {
		const struct option_row *row = shown->rows++;

		if (option_is_option(row) && !row->hidden && !option_is_shadowed(row, shown->own))
			return row;
	}
	return NULL;
}

static size_t widest_option(struct shown_rows shown)
{
	const struct option_row *row;
	size_t widest = 0;

	while ((row = next_shown(&shown))) {
		AUTO_STRBUF struct strbuf left = { 0 };

		option_spell(&left, row, shown.own);
		if (left.length > widest && left.length <= WIDEST_OPTION)
			widest = left.length;
	}
	return widest;
}

static void print_options(FILE *to, struct shown_rows shown, size_t width)
{
	const struct option_row *row;

	while ((row = next_shown(&shown))) {
		AUTO_STRBUF struct strbuf left = { 0 };

		option_spell(&left, row, shown.own);
		if (left.length > width)
			fprintf(to, "  %s\n%*s", left.text, (int)width + 4, "");
		else
			fprintf(to, "  %-*s  ", (int)width, left.text);
		print_wrapped(to, row->summary, width + 4);
	}
}

void option_help(FILE *to, const char *program, const char *summary, const struct option_row *own,
		 const struct option_row *common)
{
	struct shown_rows shown_own = { own, NULL }, shown_common = { common, own };
	struct shown_rows any = shown_own;
	size_t width = widest_option(shown_common);

	if (widest_option(shown_own) > width)
		width = widest_option(shown_own);
	option_usage(to, program, own);
	fprintf(to, "%c%s.\n", toupper((unsigned char)summary[0]), summary + 1);
	if (next_shown(&any)) {
		fputs("\nOptions:\n", to);
		print_options(to, shown_own, width);
	}
	fputs("\nCommon options:\n", to);
	print_options(to, shown_common, width);
	for (const struct option_row *row = own; row->kind != OPTION_END; row++) {
		if (row->kind == OPTION_NOTE) {
			fputc('\n', to);
			print_wrapped(to, row->summary, 0);
		}
	}
}

/* ---- manual page ---- */

/* Text that roff would read as requests or change: leading dots and quotes, backslashes, hyphens. */
static void print_roff(FILE *to, const char *text)
{
	for (bool line_start = true; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			fputs("\\&", to);
		line_start = *text == '\n';
		if (*text == '\\')
			fputs("\\e", to);
		else if (*text == '-')
			fputs("\\-", to);
		else
			fputc(*text, to);
	}
}

static void print_roff_section(FILE *to, const char *title, struct shown_rows shown)
{
	const struct option_row *row = next_shown(&shown);

	if (row)
		fprintf(to, ".SH %s\n", title);
	for (; row; row = next_shown(&shown)) {
		AUTO_STRBUF struct strbuf left = { 0 };

		option_spell(&left, row, shown.own);
		fputs(".TP\n.B ", to);
		print_roff(to, left.text);
		fputc('\n', to);
		print_roff(to, row->summary);
		fputc('\n', to);
	}
}

static void print_roff_notes(FILE *to, const struct option_row *own)
{
	const char *before = ".SH NOTES\n";

	for (; own->kind != OPTION_END; own++) {
		if (own->kind != OPTION_NOTE)
			continue;
		fputs(before, to);
		print_roff(to, own->summary);
		fputc('\n', to);
		before = ".PP\n";
	}
}

void option_man(FILE *to, const char *program, const char *summary, const struct option_row *own,
		const struct option_row *common)
{
	const struct option_row *words = option_words_row(own);

	fprintf(to, ".TH \"%s\" 1 \"\" \"qubes\" \"Qubes VM tools\"\n.SH NAME\n", program);
	print_roff(to, program);
	fputs(" \\- ", to);
	print_roff(to, summary);
	fputs("\n.SH SYNOPSIS\n.B ", to);
	print_roff(to, program);
	fputs("\n[OPTION...] ", to);
	print_roff(to, words ? words->value : "");
	fputc('\n', to);
	print_roff_section(to, "OPTIONS", (struct shown_rows){ own, NULL });
	print_roff_section(to, "COMMON OPTIONS", (struct shown_rows){ common, own });
	print_roff_notes(to, own);
	fputs(".SH EXIT STATUS\n0 done, 1 failed or answered no, 2 wrong command line.\n", to);
	fputs(".SH SEE ALSO\n.BR qubes (1)\n", to);
}

/* ---- shell completion ---- */

static void print_names(FILE *to, struct shown_rows shown)
{
	const struct option_row *row;

	while ((row = next_shown(&shown)))
		if (row->name)
			fprintf(to, " --%s", row->name);
}

void option_completion_start(FILE *to)
{
	/* VM names come from the store: only those that are harmless to a shell are offered. */
	fputs("# bash completion of the Qubes VM tools, made by qubes --completion\n"
	      "declare -A _qubes_options _qubes_words\n"
	      "_qubes_complete() {\n"
	      "\tlocal applet=${1##*/} word\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [[ $2 == -* ]]; then\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -W \"${_qubes_options[$applet]}\" -- \"$2\")\n"
	      "\telif [[ ${_qubes_words[$applet]} == vms ]]; then\n"
	      "\t\twhile read -r word; do\n"
	      "\t\t\t[[ $word =~ ^[A-Za-z][A-Za-z0-9_.-]*$ && $word == \"$2\"* ]] && COMPREPLY+=(\"$word\")\n"
	      "\t\tdone < <(qvm-ls --raw-list 2>/dev/null)\n"
	      "\tfi\n"
	      "}\n"
	      "_qubes_add() {\n"
	      "\t_qubes_words[$1]=$2 _qubes_options[$1]=${*:3}\n"
	      "\tcomplete -F _qubes_complete \"$1\"\n"
	      "}\n",
	      to);
}

void option_completion(FILE *to, const char *program, const struct option_row *own,
		       const struct option_row *common)
{
	const struct option_row *words = option_words_row(own);

	fprintf(to, "_qubes_add %s %s", program, words && strstr(words->value, "VM") ? "vms" : "words");
	print_names(to, (struct shown_rows){ own, NULL });
	print_names(to, (struct shown_rows){ common, own });
	fputc('\n', to);
}
