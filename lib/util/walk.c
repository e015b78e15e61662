/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk from a root to where a path leads. Links are read and followed by us, component by component,
 * so that an absolute one starts at the root again and no ".." gets above it, on kernels of any age.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

#define MOST_LINKS 40 /* as the kernel has it */
#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct walk {
	const struct root *root;
	struct strbuf here; /* the directory reached, "" or "/a/b": no links in it */
	int at;		    /* the same opened; -1 after "..", until it is needed */
	char *path;	    /* the caller's, or a link's target and what followed the link */
	const char *next;   /* in it: not walked yet */
	int links;
};

static int fail(int number)
{
	errno = number;
	return -1;
}

/* ---- where the walk stands ---- */

static void stand_at(struct walk *walk, int fd)
{
	if (walk->at != walk->root->fd)
		util_close_at(&walk->at);
	walk->at = fd;
}

static void return_to_root(struct walk *walk)
{
	stand_at(walk, walk->root->fd);
	walk->here.length = 0;
	strbuf_add(&walk->here, "");
}

/* The way up is never asked of the file system: a directory that was moved meanwhile could lead out. */
static void step_up(struct walk *walk)
{
	char *slash = strrchr(walk->here.text, '/');

	if (!slash)
		return;
	*slash = '\0';
	walk->here.length = (size_t)(slash - walk->here.text);
	stand_at(walk, walk->here.length ? -1 : walk->root->fd);
}

/* Opens again, component by component, the directory that a step up has left us in. */
static int reopen(struct walk *walk)
{
	AUTO_FREE char *copy = NULL;
	char *rest, *name;

	if (walk->at >= 0)
		return 0;
	rest = copy = util_strdup(walk->here.text + 1);
	stand_at(walk, walk->root->fd);
	while ((name = strsep(&rest, "/"))) {
		int fd = openat(walk->at, name, DIRECTORY_FLAGS);

		if (fd < 0)
			return -1;
		stand_at(walk, fd);
	}
	return 0;
}

/* ---- one step ---- */

/* Puts the target of the link NAME before what is left to walk. EINVAL: it is no link. */
static int follow_link(struct walk *walk, const char *name)
{
	char target[PATH_MAX];
	ssize_t length = readlinkat(walk->at, name, target, sizeof(target));
	char *path;

	if (length < 0)
		return -1;
	if (length == 0)
		return fail(ENOENT);
	if (length == sizeof(target))
		return fail(ENAMETOOLONG);
	if (++walk->links > MOST_LINKS)
		return fail(ELOOP);
	path = util_printf("%.*s%s", (int)length, target, walk->next);
	util_free_at(&walk->path);
	walk->path = path;
	walk->next = path;
	if (path[0] == '/')
		return_to_root(walk);
	return 0;
}

static int step_into(struct walk *walk, const char *name)
{
	int fd = openat(walk->at, name, DIRECTORY_FLAGS);

	if (fd >= 0) {
		stand_at(walk, fd);
		strbuf_printf(&walk->here, "/%s", name);
		return 0;
	}
	/* What is not a directory may be a link to one. */
	if (errno != ENOTDIR && errno != ELOOP)
		return -1;
	if (follow_link(walk, name) == 0)
		return 0;
	return errno == EINVAL ? fail(ENOTDIR) : -1;
}

/* Takes the next component into NAME: its length, 0 at the end, -1 if there can be no such file. */
static ssize_t take_name(struct walk *walk, char name[NAME_MAX + 1])
{
	size_t length;

	walk->next += strspn(walk->next, "/");
	length = strcspn(walk->next, "/");
	if (length > NAME_MAX)
		return fail(ENAMETOOLONG);
	memcpy(name, walk->next, length);
	name[length] = '\0';
	walk->next += length;
	return (ssize_t)length;
}

static bool at_last_name(const struct walk *walk)
{
	return walk->next[strspn(walk->next, "/")] == '\0';
}

/* ---- the whole way ---- */

enum step { STEP_FAILED = -1, STEP_TAKEN, STEP_ARRIVED };

/* The last component: what is not there, or no link, is where the path leads. */
static enum step take_last_step(struct walk *walk, bool follow, const char *name)
{
	if (!follow)
		return STEP_ARRIVED;
	if (follow_link(walk, name) == 0)
		return STEP_TAKEN;
	return errno == EINVAL || errno == ENOENT ? STEP_ARRIVED : STEP_FAILED;
}

static enum step take_step(struct walk *walk, bool follow, char name[NAME_MAX + 1])
{
	ssize_t length = take_name(walk, name);

	if (length < 0)
		return STEP_FAILED;
	if (strcmp(name, "..") == 0)
		step_up(walk);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return STEP_TAKEN;
	if (reopen(walk) < 0)
		return STEP_FAILED;
	if (length == 0)
		return STEP_ARRIVED;
	if (at_last_name(walk))
		return take_last_step(walk, follow, name);
	return step_into(walk, name) < 0 ? STEP_FAILED : STEP_TAKEN;
}

/* NAME is the last component then, or "" if the path leads to the directory itself that was reached. */
static int take_steps(struct walk *walk, bool follow, char name[NAME_MAX + 1])
{
	const char *before;
	enum step step;

	do {
		before = walk->next;
		step = take_step(walk, follow, name);
	} while (step == STEP_TAKEN);
	if (step == STEP_ARRIVED)
		return 0;
	walk->next = before;
	return -1;
}

static void start_walk(struct walk *walk, const struct root *root, const char *path)
{
	*walk = (struct walk){ .root = root, .at = root->fd, .path = util_strdup(path) };
	walk->next = walk->path;
	strbuf_add(&walk->here, "");
}

/* The descriptor stays: it is closed before, or the caller has it now. */
static void end_walk(struct walk *walk)
{
	util_free_at(&walk->path);
	strbuf_free(&walk->here);
}

int root_find(const struct root *root, const char *path, bool follow, struct place *place)
{
	char name[NAME_MAX + 1];
	struct walk walk;
	int result;

	*place = (struct place){ .fd = AT_FDCWD, .name = path, .flags = follow ? 0 : AT_SYMLINK_NOFOLLOW };
	if (path[0] != '/')
		return fail(EINVAL);
	if (root_is_host(root))
		return 0;
	start_walk(&walk, root, path);
	result = take_steps(&walk, follow, name);
	if (result == 0) {
		place->fd = walk.at == root->fd ? fcntl(root->fd, F_DUPFD_CLOEXEC, 0) : walk.at;
		place->owned = util_strdup(*name ? name : ".");
		place->name = place->owned;
		place->flags = AT_SYMLINK_NOFOLLOW;
		result = place->fd < 0 ? -1 : 0;
	} else {
		stand_at(&walk, root->fd);
	}
	end_walk(&walk);
	return result;
}

void root_leave(struct place *place)
{
	if (place->fd >= 0)
		util_close_at(&place->fd);
	util_free_at(&place->owned);
}

/* ---- a path for others ---- */

/* Walks on by the text alone, where there are no more files to ask. */
static void add_rest(struct walk *walk)
{
	while (*(walk->next += strspn(walk->next, "/"))) {
		size_t length = strcspn(walk->next, "/");

		if (length == 2 && util_starts_with(walk->next, ".."))
			step_up(walk);
		else if (length != 1 || *walk->next != '.')
			strbuf_printf(&walk->here, "/%.*s", (int)length, walk->next);
		walk->next += length;
	}
}

char *root_canonical(const struct root *root, const char *path)
{
	char name[NAME_MAX + 1];
	struct walk walk;
	char *text;

	start_walk(&walk, root, path);
	if (take_steps(&walk, true, name) < 0)
		add_rest(&walk);
	else if (*name)
		strbuf_printf(&walk.here, "/%s", name);
	stand_at(&walk, root->fd);
	text = util_strdup(walk.here.text);
	end_walk(&walk);
	return text;
}
