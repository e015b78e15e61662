/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * install - the links by which the one program answers to every applet's name.
 */
#include "install.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "util.h"

struct installation {
	const char *directory;
	int fd; /* of the directory */
	char *program;
	struct stat program_stat;
	bool symbolic;
};

/* Where this program is. In a chroot without /proc the kernel's own note of what was executed is left. */
static char *find_program(void)
{
	char *path = realpath("/proc/self/exe", NULL);
	const char *executed = (const char *)getauxval(AT_EXECFN);

	if (!path && executed)
		path = realpath(executed, NULL);
	if (!path)
		error_set(ERROR_FAILED, "this program can't find its own file (is /proc mounted?)");
	return path;
}

static bool leads_to_program(const struct installation *to, const char *name)
{
	struct stat st;

	return fstatat(to->fd, name, &st, 0) == 0 && st.st_dev == to->program_stat.st_dev &&
	       st.st_ino == to->program_stat.st_ino;
}

static int install_link(const struct installation *to, const char *name)
{
	int result = to->symbolic ? symlinkat(to->program, to->fd, name) :
				    linkat(AT_FDCWD, to->program, to->fd, name, 0);

	int reason = errno;

	if (result == 0 || (reason == EEXIST && leads_to_program(to, name)))
		return 0;
	errno = reason;
	if (errno == EXDEV)
		return error_set(ERROR_FAILED, "%s/%s: no hard link from another file system, use -s",
				 to->directory, name);
	return error_errno("%s/%s", to->directory, name);
}

int install_links(const char *directory, const char *const *names, bool symbolic)
{
	AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *program = NULL;
	struct installation to = { .directory = directory, .fd = fd, .symbolic = symbolic };
	int result = 0;

	if (fd < 0)
		return error_errno("%s", directory);
	program = to.program = find_program();
	if (!program)
		return -1;
	if (stat(program, &to.program_stat) != 0)
		return error_errno("%s", program);
	for (; *names; names++) {
		if (install_link(&to, *names) != 0) {
			error_report();
			result = -1;
		}
	}
	return result == 0 ? 0 : error_said();
}
