/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who looks for updates: two flag files, whose presence says that dom0, and that new VMs, do not.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "error.h"
#include "internal.h"
#include "pending.h"
#include "util.h"

#define DIRECTORY "/var/lib/qubes/updates"
#define DIRECTORY_MODE 02770
#define FLAG_MODE 0660

static const char flag_dom0[] = DIRECTORY "/disable-updates";
static const char flag_new_vms[] = DIRECTORY "/vm-default-disable-updates";

/* ---- changing, once the store is saved ---- */

/* The mode is set afterwards: umask would take from it, and a change of group does. */
static int make_directory(const struct root *root)
{
	AUTO_CLOSE int fd = -1;

	if (root_mkdir(root, DIRECTORY, 0700) < 0)
		return errno == EEXIST ? 0 : error_errno("cannot make %s", DIRECTORY);
	root_chgrp_qubes(root, DIRECTORY);
	fd = root_open(root, DIRECTORY, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 || fchmod(fd, DIRECTORY_MODE) < 0)
		return error_errno("cannot set the mode of %s", DIRECTORY);
	return 0;
}

static int put_flag(const struct root *root, const char *path)
{
	AUTO_CLOSE int fd = root_open(root, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FLAG_MODE);

	if (fd >= 0)
		root_chgrp_qubes(root, path);
	else if (errno != EEXIST)
		return error_errno("updates are not switched off everywhere: cannot make %s", path);
	return 0;
}

static int drop_flag(const struct root *root, const char *path)
{
	if (root_unlink(root, path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	return error_errno("updates are not switched on everywhere: cannot remove %s", path);
}

static int change_flags(struct qubes *q, void *argument)
{
	const bool *on = argument;
	int (*change)(const struct root *root, const char *path) = *on ? drop_flag : put_flag;

	if (!*on && make_directory(q->root) < 0)
		return -1;
	return change(q->root, flag_dom0) < 0 || change(q->root, flag_new_vms) < 0 ? -1 : 0;
}

void prop_set_update_checks(struct qubes *q, bool on)
{
	bool *argument = arena_alloc(q->arena, sizeof(*argument));

	*argument = on;
	qubes_with_save(q, change_flags, argument);
}

/* ---- reading ---- */

struct prop_updates prop_update_checks(struct qubes *q)
{
	/* In a batch the change may still wait for the save. */
	const bool *coming = pending_argument(q, change_flags);

	if (coming)
		return (struct prop_updates){ *coming, *coming };
	return (struct prop_updates){ !root_exists(q->root, flag_dom0), !root_exists(q->root, flag_new_vms) };
}
