/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Styles by ANSI's sequences, for terminals alone.
 */
#include "paint.h"

#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "util.h"

#define HIGHEST_STYLE 107

int paint_check(const char *option, const char *style)
{
	unsigned long long number;

	if (!style || util_parse_decimal(style, HIGHEST_STYLE, &number))
		return 0;
	return error_set(ERROR_USAGE, "option --%s needs a number up to %d, not '%s'", option, HIGHEST_STYLE,
			 style);
}

static bool is_screen(int fd)
{
	const char *no_colour = getenv("NO_COLOR");

	return isatty(fd) && !(no_colour && *no_colour);
}

const char *paint_for(int fd, const char *asked, bool unwanted)
{
	if (unwanted || !is_screen(fd))
		return NULL;
	return asked ? asked : PAINT_DEFAULT;
}

void paint_begin(FILE *to, const char *style)
{
	if (!style)
		return;
	fprintf(to, "\033[0;%sm", style);
	fflush(to);
}

void paint_end(FILE *to, const char *style)
{
	if (!style)
		return;
	fputs("\033[0m", to);
	fflush(to);
}
