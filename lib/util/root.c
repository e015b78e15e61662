/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root, and the plain file operations below it: each finds the place its path leads to, and makes one
 * *at() call there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

/* ---- the root ---- */

struct root *root_new(const char *directory)
{
	AUTO_FREE char *absolute = NULL;
	struct root *root = util_alloc(sizeof(*root));

	*root = (struct root){ .directory = util_strdup(""), .fd = -1 };
	if (strcmp(directory, "/") == 0)
		return root;
	absolute = realpath(directory, NULL);
	if (absolute && strcmp(absolute, "/") == 0)
		return root;
	if (absolute)
		root->fd = open(absolute, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0) {
		error_errno("root %s", directory);
		root_free(root);
		return NULL;
	}
	free(root->directory);
	root->directory = absolute;
	absolute = NULL;
	return root;
}

void root_free(struct root *root)
{
	if (!root)
		return;
	util_close_at(&root->fd);
	free(root->directory);
	free(root);
}

bool root_is_host(const struct root *root)
{
	return !*root->directory;
}

const char *root_directory(const struct root *root)
{
	return root->directory;
}

char *root_host_path(const struct root *root, const char *path)
{
	if (root_is_host(root))
		return util_strdup(path);

	/* Links are resolved here: an absolute one would lead somebody else out of the root. */
	AUTO_FREE char *below = root_canonical(root, path);

	return util_printf("%s%s", root->directory, below);
}

char *root_caller_path(const struct root *root, const char *path)
{
	AUTO_FREE char *here = path[0] != '/' && root_is_host(root) ? getcwd(NULL, 0) : NULL;

	return path[0] == '/' ? util_strdup(path) : util_printf("%s/%s", here ? here : "", path);
}

/* ---- opening ---- */

int root_open(const struct root *root, const char *path, int flags, mode_t mode)
{
	bool follow = !(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
	AUTO_PLACE struct place place = { .fd = -1 };

	if (root_find(root, path, follow, &place) < 0)
		return -1;
	if (place.flags & AT_SYMLINK_NOFOLLOW)
		flags |= O_NOFOLLOW;
	return openat(place.fd, place.name, flags | O_CLOEXEC, mode);
}

/* The part of PATH that names a thing in a directory: not "", "." or "..". NULL if it has none. */
static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 ? name : NULL;
}

int root_parent(const struct root *root, const char *path, const char **base)
{
	AUTO_PLACE struct place place = { .fd = -1 };
	AUTO_FREE char *directory = NULL;
	const char *name = last_name(path);

	if (path[0] != '/' || !name) {
		errno = EINVAL;
		return -1;
	}
	directory = util_printf("%.*s/.", (int)(name - path - 1), path);
	if (root_find(root, directory, true, &place) < 0)
		return -1;
	*base = name;
	return openat(place.fd, place.name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* ---- asking ---- */

int root_lstat(const struct root *root, const char *path, struct stat *st)
{
	AUTO_PLACE struct place place = { .fd = -1 };

	if (root_find(root, path, false, &place) < 0)
		return -1;
	return fstatat(place.fd, place.name, st, place.flags);
}

int root_stat(const struct root *root, const char *path, struct stat *st)
{
	AUTO_PLACE struct place place = { .fd = -1 };

	if (root_find(root, path, true, &place) < 0)
		return -1;
	return fstatat(place.fd, place.name, st, place.flags);
}

bool root_exists(const struct root *root, const char *path)
{
	struct stat st;

	return root_stat(root, path, &st) == 0;
}

char *root_readlink(const struct root *root, const char *path)
{
	AUTO_PLACE struct place place = { .fd = -1 };
	char target[PATH_MAX];
	ssize_t length;

	if (root_find(root, path, false, &place) < 0)
		return NULL;
	length = readlinkat(place.fd, place.name, target, sizeof(target));
	if (length < 0)
		return NULL;
	if (length == sizeof(target)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return util_printf("%.*s", (int)length, target);
}

/* ---- changing ---- */

int root_chmod(const struct root *root, const char *path, mode_t mode)
{
	AUTO_CLOSE int fd = root_open(root, path, O_PATH | O_NOFOLLOW, 0);
	AUTO_FREE char *name = util_printf("/proc/self/fd/%d", fd);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (S_ISLNK(st.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	return chmod(name, mode);
}

int root_mkdir(const struct root *root, const char *path, mode_t mode)
{
	AUTO_PLACE struct place place = { .fd = -1 };

	if (root_find(root, path, false, &place) < 0)
		return -1;
	return mkdirat(place.fd, place.name, mode);
}

static int remove_at(const struct root *root, const char *path, int flags)
{
	AUTO_PLACE struct place place = { .fd = -1 };

	if (root_find(root, path, false, &place) < 0)
		return -1;
	return unlinkat(place.fd, place.name, flags);
}

int root_unlink(const struct root *root, const char *path)
{
	return remove_at(root, path, 0);
}

int root_rmdir(const struct root *root, const char *path)
{
	return remove_at(root, path, AT_REMOVEDIR);
}

/* Where kernel or file system can't refuse in one step to replace a thing, it is looked for first. */
static int rename_to_new(const struct place *from, const struct place *to)
{
	struct stat st;

	if (renameat2(from->fd, from->name, to->fd, to->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (fstatat(to->fd, to->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return errno == ENOENT ? renameat(from->fd, from->name, to->fd, to->name) : -1;
}

int root_rename(const struct root *root, const char *from, const char *to, bool replace)
{
	AUTO_PLACE struct place old = { .fd = -1 };
	AUTO_PLACE struct place new = { .fd = -1 };

	if (root_find(root, from, false, &old) < 0 || root_find(root, to, false, &new) < 0)
		return -1;
	if (!replace)
		return rename_to_new(&old, &new);
	return renameat(old.fd, old.name, new.fd, new.name);
}

int root_symlink(const struct root *root, const char *target, const char *path)
{
	AUTO_PLACE struct place place = { .fd = -1 };

	if (root_find(root, path, false, &place) < 0)
		return -1;
	return symlinkat(target, place.fd, place.name);
}

/* ---- the group of the store ---- */

gid_t root_group(const struct root *root, const char *name)
{
	AUTO_FCLOSE FILE *file = NULL;
	int fd = root_open(root, "/etc/group", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct group *group;

	if (fd < 0)
		return (gid_t)-1;
	file = fdopen(fd, "r");
	if (!file) {
		util_close_at(&fd);
		return (gid_t)-1;
	}
	while ((group = fgetgrent(file)))
		if (strcmp(group->gr_name, name) == 0)
			return group->gr_gid;
	return (gid_t)-1;
}

void root_chgrp_qubes(const struct root *root, const char *path)
{
	gid_t group = root_group(root, "qubes");
	AUTO_PLACE struct place place = { .fd = -1 };

	if (group == (gid_t)-1 || root_find(root, path, false, &place) < 0)
		return;
	(void)!fchownat(place.fd, place.name, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW);
}
