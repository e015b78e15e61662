/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * paint - the colour of what comes from a VM on a terminal, so that it is not taken for what comes from dom0.
 */
#ifndef QUBES_PAINT_H
#define QUBES_PAINT_H

#include <stdbool.h>
#include <stdio.h>

#define PAINT_DEFAULT "31" /* an ANSI style: red */

/* Is what option --OPTION says a style? NULL: it says nothing. 0, or -1 with ERROR_USAGE. */
int paint_check(const char *option, const char *style);

/* The style for FD: ASKED, or the default one. NULL: none, because it is UNWANTED, no terminal, or NO_COLOR is set. */
const char *paint_for(int fd, const char *asked, bool unwanted);

/* What is written to TO from here on has STYLE, and then has not any more. NULL: nothing happens. */
void paint_begin(FILE *to, const char *style);
void paint_end(FILE *to, const char *style);

#endif
