/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemons known by a file that holds their process number: the file may be older than the process.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "qubes.h"

#define NUMBER_MAX 32 /* bytes in such a file */
#define COMMAND_LINE_MAX 65536
#define TICK 50 /* ms */

int daemon_number(const struct qubes *q, const char *path)
{
	AUTO_FREE char *text = root_read(q->root, path, NUMBER_MAX, NULL);
	unsigned long long number;

	if (!text)
		return 0;
	text[strcspn(text, "\r\n \t")] = '\0';
	return util_parse_decimal(text, INT_MAX, &number) && number > 1 ? (int)number : 0;
}

/* ---- is it still that one? ---- */

static char *read_of_process(int number, const char *name, size_t *length)
{
	AUTO_FREE char *path = util_printf("/proc/%d/%s", number, name);
	struct root *host = root_new("/");
	char *text = root_read(host, path, COMMAND_LINE_MAX, length);

	root_free(host);
	return text;
}

static bool has_argument(const char *line, size_t length, const char *argument)
{
	for (const char *at = line; at < line + length; at += strlen(at) + 1)
		if (strcmp(at, argument) == 0)
			return true;
	return false;
}

/* The number may be another program's by now, or the same program's for another VM. */
static bool is_daemon(int number, const struct daemon_file *daemon)
{
	size_t length = 0;
	AUTO_FREE char *program = read_of_process(number, "comm", NULL);
	AUTO_FREE char *line = read_of_process(number, "cmdline", &length);

	if (!program || !line)
		return false;
	program[strcspn(program, "\n")] = '\0';
	return strcmp(program, daemon->program) == 0 && has_argument(line, length, daemon->argument);
}

/* ---- its end ---- */

/* It removes its file itself, unless it is killed. */
static int remove_file(const struct qubes *q, const struct daemon_file *daemon)
{
	if (root_unlink(q->root, daemon->path) == 0 || errno == ENOENT)
		return 0;
	return error_errno("cannot remove %s, whose process has ended", daemon->path);
}

static int wait_for_end(const struct qubes *q, const struct daemon_file *daemon, int number)
{
	struct stat st;

	for (int i = 0; i <= helpers_limits.end_tenths * 100 / TICK; i++) {
		if (root_lstat(q->root, daemon->path, &st) != 0 && errno == ENOENT)
			return 0;
		if (!is_daemon(number, daemon))
			return remove_file(q, daemon);
		poll(NULL, 0, TICK);
	}
	return error_set(ERROR_FAILED, "%s of an earlier run does not end: kill process %d and remove %s",
			 daemon->program, number, daemon->path);
}

int daemon_stop(const struct qubes *q, const struct daemon_file *daemon)
{
	int number = daemon_number(q, daemon->path);
	struct stat st;

	if (root_lstat(q->root, daemon->path, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : error_errno("%s", daemon->path);
	if (number == 0 || !is_daemon(number, daemon))
		return remove_file(q, daemon);
	if (kill(number, SIGTERM) != 0 && errno != ESRCH)
		return error_errno("cannot stop %s (process %d) of an earlier run", daemon->program, number);
	return wait_for_end(q, daemon, number);
}
