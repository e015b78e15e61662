/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users and groups by the files of the root alone: deps/README says why no name service is asked.
 */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "qubes.h"

#define GROUP "qubes"

static FILE *open_accounts(const struct vm *vm, const char *path)
{
	int fd = root_open(vm->qubes->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file)
		util_close_at(&fd);
	return file;
}

const char *first_qubes_member(const struct vm *vm)
{
	AUTO_FCLOSE FILE *file = open_accounts(vm, "/etc/group");
	struct group *group;

	while (file && (group = fgetgrent(file)))
		if (strcmp(group->gr_name, GROUP) == 0 && group->gr_mem[0])
			return arena_strdup(vm->qubes->arena, group->gr_mem[0]);
	return NULL;
}

const char *home_of(const struct vm *vm, const char *user)
{
	AUTO_FCLOSE FILE *file = open_accounts(vm, "/etc/passwd");
	struct passwd *passwd;

	while (file && (passwd = fgetpwent(file)))
		if (user ? strcmp(passwd->pw_name, user) == 0 : passwd->pw_uid == getuid())
			return arena_strdup(vm->qubes->arena, passwd->pw_dir);
	return NULL;
}
