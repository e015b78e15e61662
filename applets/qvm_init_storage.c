/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-init-storage - make an empty store where there is none. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "applet.h"
#include "store.h"

#define BASE "/var/lib/qubes"
#define DIRECTORY_MODE 02770

const struct option_row qvm_init_storage_options[] = {
	OPT_WORDS("", 0, 0),
	OPT_NOTE("Makes " STORE_PATH ", and " BASE " with its directories if it does not exist. "
		 "A store that exists already is left alone, whatever is in it."),
	OPT_END
};

static const char *const directories[] = {
	BASE,		BASE "/appvms",	 BASE "/vm-templates", BASE "/servicevms", BASE "/vm-kernels",
	BASE "/backup", BASE "/dvmdata", BASE "/updates",
};

/* The mode is set afterwards: umask would take from it, and a change of group does. */
static int make_directory(const struct root *root, const char *path)
{
	AUTO_CLOSE int fd = -1;

	if (root_mkdir(root, path, 0700) != 0)
		return errno == EEXIST ? 0 : error_errno("cannot make %s", path);
	root_chgrp_qubes(root, path);
	fd = root_open(root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0 || fchmod(fd, DIRECTORY_MODE) != 0)
		return error_errno("cannot set the mode of %s", path);
	return 0;
}

/* Where the base is there, whoever made it decided what belongs into it. */
static int make_base(const struct root *root)
{
	if (root_exists(root, BASE))
		return 0;
	if (root_mkdirs(root, "/var/lib", 0755) != 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (make_directory(root, directories[i]) != 0)
			return -1;
	return 0;
}

int qvm_init_storage_main(struct qubes *q, const void *parsed, char **words)
{
	sigset_t before;
	int result;

	(void)parsed;
	(void)words;
	util_hold_signals(&before);
	result = make_base(q->root) == 0 ? store_create(q->root, STORE_PATH) : -1;
	util_release_signals(&before);
	return result;
}
