/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The volatile image that belongs to a savefile: each disposable VM begins with a copy of it. The archive is
 * tar's business, which knows how to leave holes out of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define TAR "/usr/bin/tar"
#define IMAGE "volatile.img"
#define TAR_SECONDS 600

const char *images_saved_cows(const struct vm *base)
{
	return vm_path(base, "saved-cows.tar");
}

static const char *new_cows(const struct vm *base)
{
	return vm_path(base, "saved-cows.tar.new");
}

/*
 * By way of our own descriptor of the directory, so that no link leads out of the root. ARCHIVE is a file in it.
 */
static int run_in(const struct root *root, int directory, const char *action, const char *archive)
{
	AUTO_FREE char *tar = root_host_path(root, TAR);
	AUTO_FREE char *place = util_printf("/proc/%d/fd/%d", (int)getpid(), directory);
	AUTO_FREE char *file = util_printf("%s/%s", place, archive);
	const char *argv[] = { tar,  "--force-local", "--sparse", action, "--file",
			       file, "--directory",   place,	  IMAGE,  NULL };
	int status =
		util_spawn(&(struct spawn){ .argv = argv, .seconds = TAR_SECONDS, .out = SPAWN_TO_STDERR });

	return status > 0 ? error_set(ERROR_FAILED, "%s failed (status %d)", TAR, status) : status;
}

static int run_tar(const struct vm *base, const char *action, const char *archive)
{
	const struct root *root = base->qubes->root;
	AUTO_CLOSE int directory = root_open(root, vm_directory(base), O_PATH | O_DIRECTORY, 0);

	if (directory < 0)
		return error_errno("%s", vm_directory(base));
	if (!root_exists(root, TAR))
		return error_set(ERROR_FAILED, "%s is missing", TAR);
	return run_in(root, directory, action, strrchr(archive, '/') + 1);
}

int images_pack_cows(const struct vm *base)
{
	const char *archive = new_cows(base);

	if (images_check_own(base, archive) < 0)
		return -1;
	if (run_tar(base, "--create", archive) == 0 && images_share_new(base->qubes->root, archive) == 0)
		return 0;
	images_drop_cows(base);
	return error_within("%s", archive);
}

void images_drop_cows(const struct vm *base)
{
	root_unlink(base->qubes->root, new_cows(base));
}

int images_keep_cows(const struct vm *base)
{
	const struct root *root = base->qubes->root;
	const char *archive = images_saved_cows(base);

	if (root_rename(root, new_cows(base), archive, true) < 0)
		return error_errno("cannot replace %s", archive);
	return images_sync(root, archive) < 0 ? error_errno("%s", archive) : 0;
}

static int unpack(const struct vm *base, const char *image)
{
	struct stat st;

	if (run_tar(base, "--extract", images_saved_cows(base)) < 0)
		return error_within("%s", images_saved_cows(base));
	if (root_lstat(base->qubes->root, image, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	return error_set(ERROR_FAILED, "%s holds no %s", images_saved_cows(base), IMAGE);
}

/* A VM that runs keeps the file that it has, whose name goes. */
int images_unpack_cows(const struct vm *base)
{
	const struct root *root = base->qubes->root;
	const char *image = images_volatile(base);
	AUTO_FREE char *old = util_printf("%s.old", image);

	if (images_check_own(base, image) < 0)
		return -1;
	if (root_rename(root, image, old, true) < 0 && errno != ENOENT)
		return error_errno("cannot replace %s", image);
	if (unpack(base, image) == 0) {
		root_unlink(root, old);
		return 0;
	}
	root_rename(root, old, image, true);
	return -1;
}
