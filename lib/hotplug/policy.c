/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of one service, opened for one call: a line at the top of its file, which is made if there is
 * none, and goes with the line then.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "error.h"
#include "internal.h"

#define DIRECTORY "/etc/qubes-rpc/policy"
#define TEXT_LIMIT (1UL << 20)
#define MODE_IF_NEW 0664
#define WAIT_MILLISECONDS 10000

/* Tells a file that is ours from one that somebody has left empty, which allows nothing. */
#define MARK "# for the time of an attachment\n"

/* Two programs that rewrite the file at once would lose a line. -1 with an error. */
static int lock_directory(struct qubes *q)
{
	int fd = root_open(q->root, DIRECTORY, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return error_errno("%s", DIRECTORY);
	if (util_lock_before(fd, util_milliseconds() + WAIT_MILLISECONDS) == 0)
		return fd;
	error_errno("cannot lock %s", DIRECTORY);
	util_close_at(&fd);
	return -1;
}

/* The text of the file, and in MODE how it is to be written; MARK if there is none. NULL with an error. */
static char *read_policy(struct qubes *q, const char *path, mode_t *mode)
{
	struct stat st;
	char *text = root_read(q->root, path, TEXT_LIMIT, NULL);

	*mode = MODE_IF_NEW;
	if (!text && errno == ENOENT)
		return util_strdup(MARK);
	if (!text)
		error_errno("%s", path);
	else if (root_stat(q->root, path, &st) == 0)
		*mode = st.st_mode & 0777;
	return text;
}

static int write_policy(struct qubes *q, const char *path, const char *text, mode_t mode)
{
	if (strcmp(text, MARK) == 0)
		return root_unlink(q->root, path) == 0 || errno == ENOENT ? 0 : error_errno("%s", path);
	if (root_write(q->root, path, text, strlen(text), mode) != 0)
		return -1;
	root_chgrp_qubes(q->root, path);
	return 0;
}

/* TEXT with LINE at its top, or without the first such line. The caller frees. */
static char *edit(const char *text, const char *line, bool allow)
{
	size_t length = strlen(line);
	const char *at = text;

	if (allow)
		return util_printf("%s%s", line, text);
	while (at && strncmp(at, line, length) != 0) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return util_strdup(text);
	return util_printf("%.*s%s", (int)(at - text), text, at + length);
}

static int change(struct qubes *q, const char *name, const char *line, bool allow)
{
	AUTO_FREE char *path = util_printf(DIRECTORY "/%s", name);
	AUTO_CLOSE int lock = lock_directory(q);
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *after = NULL;
	mode_t mode;

	if (lock < 0)
		return -1;
	before = read_policy(q, path, &mode);
	if (!before)
		return -1;
	after = edit(before, line, allow);
	return strcmp(before, after) == 0 ? 0 : write_policy(q, path, after, mode);
}

/* A store may hold any name; here a blank or a line end would allow something else. */
static int check_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (*name && name[strspn(name, allowed)] == '\0')
		return 0;
	return error_set(ERROR_FAILED, "'%s' is no name for a policy", name);
}

int policy_allow(struct qubes *q, const char *name, const char *caller, const char *target)
{
	AUTO_FREE char *line = util_printf("%s %s allow\n", caller, target);

	if (check_name(caller) == 0 && check_name(target) == 0 && change(q, name, line, true) == 0)
		return 0;
	return error_within("cannot allow service %s", name);
}

int policy_withdraw(struct qubes *q, const char *name, const char *caller, const char *target)
{
	AUTO_FREE char *line = util_printf("%s %s allow\n", caller, target);

	if (change(q, name, line, false) == 0)
		return 0;
	return error_within("%s is allowed to call service %s in %s from now on", caller, name, target);
}
