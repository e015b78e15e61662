/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said while images are made: steps as lines, and how far a long one has come as a bar, on a terminal
 * alone and only once it has taken a while.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "size.h"

#define PATIENCE 1000 /* milliseconds until the bar appears, and between its steps */
#define INTERVAL 200
#define BAR 30

void images_say(bool quiet, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	if (quiet)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	error_make_printable(line);
	fprintf(stderr, "--> %s\n", line);
}

/* ---- the bar ---- */

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_start(struct progress *progress, uint64_t total, bool quiet)
{
	*progress = (struct progress){ .total = total, .next = UINT64_MAX };
	if (!quiet && isatty(STDERR_FILENO))
		progress->next = milliseconds() + PATIENCE;
}

/* What is shown is one line that each step writes over. */
static void draw(struct progress *progress)
{
	static const char full[] = "##############################";
	uint64_t done = progress->done < progress->total ? progress->done : progress->total;
	double part = progress->total ? (double)done / (double)progress->total : 1;
	AUTO_FREE char *total = size_text(progress->total);

	progress->width = fprintf(stderr, "\r    [%-*.*s] %3d%% of %s", BAR, (int)(part * BAR), full,
				  (int)(part * 100), total);
}

void progress_add(struct progress *progress, uint64_t bytes)
{
	progress->done += bytes;
	if (progress->next == UINT64_MAX || milliseconds() < progress->next)
		return;
	draw(progress);
	progress->next = milliseconds() + INTERVAL;
}

void progress_end(struct progress *progress)
{
	if (progress->width > 0)
		fprintf(stderr, "\r%*s\r", progress->width, "");
	progress->next = UINT64_MAX;
	progress->width = 0;
}
