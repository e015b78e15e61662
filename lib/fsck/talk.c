/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talking with whoever repairs a store: lines, and questions where there is a terminal to answer them.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

void fsck_say(const struct fsck *f, const char *format, ...)
{
	va_list args;

	if (f->options->json || f->hidden)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static bool can_ask(const struct fsck *f)
{
	return f->options->mode == FSCK_ASK && !f->options->json && isatty(STDIN_FILENO) &&
	       isatty(STDOUT_FILENO);
}

/* The first letter of a line; 0: nothing, or the end. */
static char read_letter(void)
{
	char line[80];

	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 'q';
	for (size_t length = strlen(line); length && line[length - 1] != '\n'; length = strlen(line))
		if (!fgets(line + 1, sizeof(line) - 1, stdin))
			break;
	return line[strspn(line, " \t\n")];
}

char fsck_choose(struct fsck *f, const char *question, const char *choices)
{
	if (f->options->mode == FSCK_ALL || f->yes_to_all)
		return choices[0];
	if (!can_ask(f) || f->stop)
		return 0;
	for (;;) {
		char letter;

		printf("%s ", question);
		letter = read_letter();
		if (letter && strchr(choices, letter))
			return letter;
		if (letter == 'n')
			return 0;
		if (letter == 'q') {
			f->stop = true;
			return 0;
		}
	}
}

enum fsck_answer fsck_ask(struct fsck *f, const char *question)
{
	char letter = fsck_choose(f, question, "ya");

	if (letter == 'a')
		f->yes_to_all = true;
	return letter ? FSCK_YES : FSCK_NO;
}
