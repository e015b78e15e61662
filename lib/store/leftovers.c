/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New files of writers that were killed before they could put them in the store's place.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEF" /* of util_random_name */
#define LETTERS_COUNT 12

static bool is_temporary(const char *name, const char *prefix)
{
	const char *letters = util_starts_with(name, prefix) ? name + strlen(prefix) : "";

	return strlen(letters) == LETTERS_COUNT && strspn(letters, LETTERS) == LETTERS_COUNT;
}

/*
 * A writer locks its new file before it fills it. One that is locked has a writer yet: somebody who ignores the
 * lock must have replaced the store, so that there are two of them.
 */
static void remove_unless_locked(int directory, const char *name)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && store_lock_new(fd) == 0)
		(void)!unlinkat(directory, name, 0);
}

static void remove_all(DIR *directory, const char *prefix)
{
	struct dirent *entry;

	while ((entry = readdir(directory)))
		if (is_temporary(entry->d_name, prefix))
			remove_unless_locked(dirfd(directory), entry->d_name);
}

void store_remove_leftovers(const struct root *root, const char *path, enum store_format format)
{
	AUTO_FREE char *place = store_follow_links(root, path);
	const char *base;
	int fd = place ? store_open_directory(root, place, &base) : -1;
	AUTO_FREE char *prefix = fd >= 0 ? store_temporary_prefix(base, format) : NULL;
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;

	if (directory) {
		remove_all(directory, prefix);
		closedir(directory);
	} else {
		util_close_at(&fd);
		/* Whoever saves here will say what is wrong with the directory. */
		error_clear();
	}
}
