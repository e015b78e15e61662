/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name of the host's time zone: what ROOT/etc/localtime is a link to, what ROOT/etc/sysconfig/clock says,
 * or the zone that ROOT/etc/localtime is another name of.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define LOCALTIME "/etc/localtime"
#define CLOCK "/etc/sysconfig/clock"
#define ZONES "/usr/share/zoneinfo"
#define CLOCK_LIMIT 65536
#define ZONE_MOST 100
#define ZONE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/"
#define DEEPEST 3 /* America/Argentina/Salta */

/* It becomes part of a path in the VM: no dots at all. */
static bool is_zone(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= ZONE_MOST && name[0] != '/' && strspn(name, ZONE_CHARACTERS) == length;
}

static const char *zone(struct qubes *q, const char *name)
{
	return name && is_zone(name) ? arena_strdup(q->arena, name) : NULL;
}

static const char *from_link(struct qubes *q)
{
	AUTO_FREE char *target = root_readlink(q->root, LOCALTIME);
	const char *name = target ? strstr(target, "zoneinfo/") : NULL;

	return name ? zone(q, name + strlen("zoneinfo/")) : NULL;
}

/* ---- the line ZONE="..." ---- */

/* Cuts the quotes off; NULL: they do not match. */
static char *unquote(char *text)
{
	size_t length;

	if (text[0] != '"')
		return text;
	length = strlen(text);
	if (length < 2 || text[length - 1] != '"')
		return NULL;
	text[length - 1] = '\0';
	return text + 1;
}

static const char *from_clock(struct qubes *q)
{
	AUTO_FREE char *text = root_read(q->root, CLOCK, CLOCK_LIMIT, NULL);
	char *rest = NULL;

	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		if (util_starts_with(line, "ZONE="))
			return zone(q, unquote(line + strlen("ZONE=")));
	return NULL;
}

/* ---- by inode ---- */

struct search {
	struct qubes *q;
	struct stat wanted;
	const char *found; /* the first in byte order, so that the answer is always the same */
};

static void look_into(struct search *search, int directory, const char *prefix, int depth);

/* The same files again, counted in other ways. */
static bool is_copy(const char *name)
{
	return !strcmp(name, "posix") || !strcmp(name, "right");
}

static void look_at(struct search *search, int directory, const char *path, const char *name, int depth)
{
	struct stat st;

	if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (S_ISDIR(st.st_mode) && depth < DEEPEST) {
		AUTO_FREE char *prefix = util_printf("%s/", path);
		int below = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		look_into(search, below, prefix, depth + 1);
	} else if (st.st_ino == search->wanted.st_ino && st.st_dev == search->wanted.st_dev &&
		   (!search->found || strcmp(path, search->found) < 0)) {
		search->found = arena_strdup(search->q->arena, path);
	}
}

/* Takes DIRECTORY over. */
static void look_into(struct search *search, int directory, const char *prefix, int depth)
{
	DIR *stream = directory < 0 ? NULL : fdopendir(directory);
	struct dirent *entry;

	if (!stream) {
		util_close_at(&directory);
		return;
	}
	while ((entry = readdir(stream))) {
		AUTO_FREE char *path = util_printf("%s%s", prefix, entry->d_name);

		if (entry->d_name[0] != '.' && !is_copy(path))
			look_at(search, dirfd(stream), path, entry->d_name, depth);
	}
	closedir(stream);
}

static const char *from_inode(struct qubes *q)
{
	struct search search = { .q = q };

	if (root_lstat(q->root, LOCALTIME, &search.wanted) != 0 || !S_ISREG(search.wanted.st_mode) ||
	    search.wanted.st_nlink < 2)
		return NULL;
	look_into(&search, root_open(q->root, ZONES, O_RDONLY | O_DIRECTORY, 0), "", 1);
	return zone(q, search.found);
}

const char *qubesdb_timezone(struct qubes *q)
{
	const char *name = from_link(q);

	if (!name)
		name = from_clock(q);
	return name ? name : from_inode(q);
}
