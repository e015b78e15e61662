/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New directories and sparse files. Everything here is made where nothing was, and is gone again if it could
 * not be finished.
 */
#include <fcntl.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

/* Modes are set on the descriptor, whatever umask says, and last, since chown takes setgid away. */
int images_share_with_group(int fd, gid_t group, mode_t mode)
{
	(void)!fchown(fd, (uid_t)-1, group); /* -1, or a group that is not ours: it keeps the one it has */
	return fchmod(fd, mode);
}

int images_make_directory(const struct root *root, const char *path, gid_t group)
{
	AUTO_CLOSE int fd = -1;

	if (root_mkdir(root, path, 0700) < 0)
		return error_errno("cannot make the directory %s", path);
	fd = root_open(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 || images_share_with_group(fd, group, IMAGES_DIRECTORY_MODE) < 0) {
		error_errno("cannot make the directory %s", path);
		root_rmdir(root, path);
		return -1;
	}
	return 0;
}

int images_open_new(const struct root *root, const char *path)
{
	return root_open(root, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

int images_make_sparse(const struct root *root, const char *path, uint64_t size, gid_t group)
{
	AUTO_CLOSE int fd = images_open_new(root, path);

	if (fd < 0)
		return error_errno("cannot make %s", path);
	if (ftruncate(fd, (off_t)size) < 0 || images_share_with_group(fd, group, IMAGES_MODE) < 0) {
		error_errno("cannot make %s", path);
		root_unlink(root, path);
		return -1;
	}
	return 0;
}

int images_link(const struct root *root, const char *from, const char *to)
{
	const char *old_name, *new_name;
	AUTO_CLOSE int old_directory = root_parent(root, from, &old_name);
	AUTO_CLOSE int new_directory = old_directory < 0 ? -1 : root_parent(root, to, &new_name);

	return new_directory < 0 ? -1 : linkat(old_directory, old_name, new_directory, new_name, 0);
}

int images_point_link(const struct root *root, const char *path, const char *target)
{
	AUTO_FREE char *temporary = util_random_name(path);

	if (!temporary)
		return -1;
	if (root_symlink(root, target, temporary) < 0)
		return error_errno("cannot make the link %s", path);
	if (root_rename(root, temporary, path, true) < 0) {
		error_errno("cannot replace %s", path);
		root_unlink(root, temporary);
		return -1;
	}
	return 0;
}

int images_share_new(const struct root *root, const char *path)
{
	AUTO_CLOSE int fd = root_open(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd >= 0 && images_share_with_group(fd, root_group(root, "qubes"), IMAGES_MODE) == 0)
		return 0;
	return error_errno("cannot share %s with the group qubes", path);
}
