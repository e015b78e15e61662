/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removing a directory tree of any depth with two open directories at a time: the way back up is "..",
 * taken only if it is the directory that we came from. No link is followed, no mount point entered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define READ_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* A directory above the one that is being emptied. */
struct level {
	dev_t device;
	ino_t inode;
	char *name; /* of the directory below it */
};

struct removal {
	struct level *levels;
	size_t depth, room;
	DIR *here;
	dev_t device; /* of the whole tree */
};

static int fail(int number)
{
	errno = number;
	return -1;
}

/* ---- entering and leaving ---- */

static int open_here(struct removal *removal, int fd)
{
	DIR *directory = fdopendir(fd);

	if (!directory) {
		util_close_at(&fd);
		return -1;
	}
	if (removal->here)
		closedir(removal->here);
	removal->here = directory;
	return 0;
}

/* A mount point has another device or, where it shows the same file system again, a kernel that says so. */
static int check_same_tree(const struct removal *removal, int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return -1;
	if (makedev(stx.stx_dev_major, stx.stx_dev_minor) != removal->device)
		return fail(EXDEV);
	if (stx.stx_attributes & stx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return fail(EBUSY);
	return 0;
}

static int enter(struct removal *removal, const char *name)
{
	struct stat st;
	int fd;

	if (fstat(dirfd(removal->here), &st) < 0)
		return -1;
	fd = openat(dirfd(removal->here), name, READ_FLAGS);
	if (fd < 0)
		return -1;
	if (check_same_tree(removal, fd) < 0) {
		util_close_at(&fd);
		return -1;
	}
	if (removal->depth == removal->room) {
		removal->room = removal->room ? removal->room * 2 : 16;
		removal->levels = util_realloc(removal->levels, removal->room * sizeof(*removal->levels));
	}
	removal->levels[removal->depth++] = (struct level){ st.st_dev, st.st_ino, util_strdup(name) };
	return open_here(removal, fd);
}

/* Back up from a directory that is empty now, and it goes. */
static int leave(struct removal *removal)
{
	struct level *up = &removal->levels[removal->depth - 1];
	int fd = openat(dirfd(removal->here), "..", READ_FLAGS);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || st.st_dev != up->device || st.st_ino != up->inode) {
		close(fd);
		return fail(ESTALE);
	}
	if (open_here(removal, fd) < 0 || unlinkat(fd, up->name, AT_REMOVEDIR) < 0)
		return -1;
	free(up->name);
	removal->depth--;
	return 0;
}

/* ---- emptying ---- */

static bool is_directory(int parent, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(parent, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Removes files up to the first directory, which is entered (1). 0 when nothing is left, -1 on failure. */
static int remove_files(struct removal *removal)
{
	for (;;) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(removal->here);
		if (!entry)
			return errno ? -1 : 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (is_directory(dirfd(removal->here), entry))
			return enter(removal, entry->d_name) < 0 ? -1 : 1;
		if (unlinkat(dirfd(removal->here), entry->d_name, 0) < 0)
			return -1;
	}
}

static int empty(struct removal *removal)
{
	for (;;) {
		int result = remove_files(removal);

		if (result < 0 || (result == 0 && removal->depth == 0))
			return result;
		if (result == 0 && leave(removal) < 0)
			return -1;
	}
}

static int remove_directory(int parent, const char *name, const struct stat *st)
{
	struct removal removal = { .device = st->st_dev };
	int fd = openat(parent, name, READ_FLAGS);
	int result = -1, saved;

	if (fd < 0)
		return -1;
	if (check_same_tree(&removal, fd) < 0)
		util_close_at(&fd);
	else if (open_here(&removal, fd) == 0)
		result = empty(&removal);
	saved = errno;
	while (removal.depth > 0)
		free(removal.levels[--removal.depth].name);
	free(removal.levels);
	if (removal.here)
		closedir(removal.here);
	errno = saved;
	return result < 0 ? -1 : unlinkat(parent, name, AT_REMOVEDIR);
}

int root_remove_tree(const struct root *root, const char *path)
{
	const char *base;
	AUTO_CLOSE int parent = root_parent(root, path, &base);
	struct stat st;
	int result;

	if (parent < 0 || fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno("cannot remove %s", path);
	result = S_ISDIR(st.st_mode) ? remove_directory(parent, base, &st) : unlinkat(parent, base, 0);
	return result < 0 ? error_errno("cannot remove %s", path) : 0;
}
