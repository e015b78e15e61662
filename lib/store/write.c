/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing the tree: our own serialisation, since mxml's loses newlines in attribute values, and the
 * replacement of the file that survives a crash at any point.
 */
#include <errno.h>
#include <fcntl.h>
#include <mxml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define NEW_STORE_MODE 0660
#define XATTR_MAX 65536

/* ---- the tree as text ---- */

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/*
 * What has to be a reference. A carriage return, as any parser would make it a newline; a byte order mark, as
 * mxml would drop it.
 */
static const struct escape {
	const char *text, *reference;
	bool in_attribute; /* only there */
} escapes[] = {
	{ "&", "&amp;", false },
	{ "<", "&lt;", false },
	{ ">", "&gt;", false },
	{ "\r", "&#13;", false },
	{ BYTE_ORDER_MARK, "&#xFEFF;", false },
	{ "\"", "&quot;", true },
	{ "\n", "&#10;", true },
	{ "\t", "&#9;", true },
};

static const struct escape *escape_at(const char *text, bool in_attribute)
{
	for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
		if (util_starts_with(text, escapes[i].text) && (in_attribute || !escapes[i].in_attribute))
			return &escapes[i];
	return NULL;
}

static void add_escaped(struct strbuf *out, const char *text, bool in_attribute)
{
	for (;;) {
		size_t plain = strcspn(text, "&<>\r\"\n\t\xef");
		const struct escape *escape = escape_at(text + plain, in_attribute);

		strbuf_add_bytes(out, text, plain);
		text += plain;
		if (!*text)
			return;
		if (escape)
			strbuf_add(out, escape->reference);
		else
			strbuf_add_bytes(out, text, 1);
		text += escape ? strlen(escape->text) : 1;
	}
}

static void add_attributes(struct strbuf *out, store_node *node)
{
	size_t count = (size_t)mxmlElementGetAttrCount(node);
	AUTO_FREE struct store_attribute *attributes = util_alloc((count + 1) * sizeof(*attributes));

	store_attributes(node, attributes);
	for (size_t i = 0; i < count; i++) {
		strbuf_add(out, " ");
		strbuf_add(out, attributes[i].name);
		strbuf_add(out, "=\"");
		add_escaped(out, attributes[i].value ? attributes[i].value : "", true);
		strbuf_add(out, "\"");
	}
}

/*
 * mxml keeps comments, CDATA sections and processing instructions as elements that have the content as name,
 * the first and the last with their `--` and `?`.
 */
static bool add_special(struct strbuf *out, const char *name)
{
	const char *end = ">";

	if (name[0] != '!' && name[0] != '?')
		return false;
	if (!strcmp(name, WELLFORMED_EMPTY_COMMENT))
		name = "!----";
	else if (util_starts_with(name, "![CDATA["))
		end = "]]>";
	strbuf_add(out, "<");
	strbuf_add(out, name);
	strbuf_add(out, end);
	return true;
}

static void add_node(struct strbuf *out, store_node *node)
{
	const char *name = mxmlGetElement(node);

	if (mxmlGetType(node) != MXML_ELEMENT) {
		const char *text = mxmlGetOpaque(node);

		add_escaped(out, text ? text : "", false);
		return;
	}
	if (add_special(out, name))
		return;
	strbuf_add(out, "<");
	strbuf_add(out, name);
	add_attributes(out, node);
	if (!mxmlGetFirstChild(node)) {
		strbuf_add(out, "/>");
		return;
	}
	strbuf_add(out, ">");
	/* The depth is bounded by the check on reading. */
	for (store_node *child = mxmlGetFirstChild(node); child; child = mxmlGetNextSibling(child))
		add_node(out, child);
	strbuf_add(out, "</");
	strbuf_add(out, name);
	strbuf_add(out, ">");
}

void store_write_tree(struct strbuf *out, const store_node *root)
{
	add_node(out, (store_node *)root);
}

/* ---- the file ---- */

/* What the file system or a security module will not let us set, it sets by itself or does not know. */
static bool is_refused(int error)
{
	return error == EPERM || error == EACCES || error == EOPNOTSUPP || error == EINVAL || error == ENOSYS;
}

static int copy_attribute(int from, int to, const char *name, char *value)
{
	ssize_t size = fgetxattr(from, name, value, XATTR_MAX);

	if (size < 0)
		return errno == ENODATA || is_refused(errno) ? 0 : -1;
	return fsetxattr(to, name, value, (size_t)size, 0) == 0 || is_refused(errno) ? 0 : -1;
}

static int copy_attributes(int from, int to)
{
	AUTO_FREE char *names = util_alloc(XATTR_MAX), *value = util_alloc(XATTR_MAX);
	ssize_t length = flistxattr(from, names, XATTR_MAX);

	if (length < 0)
		return is_refused(errno) ? 0 : -1;
	/* The directory may have given the new file an access list that the old one has not. */
	if (fremovexattr(to, "system.posix_acl_access") < 0 && errno != ENODATA && !is_refused(errno))
		return -1;
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
		if (copy_attribute(from, to, names + at, value) < 0)
			return -1;
	return 0;
}

/* Only root can give a file away; a member of the group keeps at least that. */
static int keep_ownership(int fd, const struct store_like *like)
{
	const struct stat *st = like->st;

	if (fchown(fd, st->st_uid, st->st_gid) < 0 &&
	    (!is_refused(errno) || fchown(fd, (uid_t)-1, st->st_gid) < 0))
		return -1;
	if (copy_attributes(like->fd, fd) < 0)
		return -1;
	return fchmod(fd, st->st_mode & 07777);
}

/* As the original tools make a new store. */
static int give_to_qubes(const struct root *root, int fd)
{
	gid_t group = root_group(root, "qubes");

	if (group == (gid_t)-1)
		error_note("the new store keeps your own group: there is no group qubes");
	else if (fchown(fd, (uid_t)-1, group) < 0)
		error_note("the new store keeps your own group: %s", strerror(errno));
	return fchmod(fd, NEW_STORE_MODE);
}

/* As qubesd leaves it, whatever somebody's copy has made of it: its clients are in that group. */
static int make_usual(const struct root *root, int fd)
{
	gid_t group = root_group(root, "qubes");

	if (group != (gid_t)-1 && fchown(fd, (uid_t)-1, group) < 0 && !is_refused(errno))
		return -1;
	return fchmod(fd, NEW_STORE_MODE);
}

static int fill(const struct root *root, int fd, const char *text, size_t length,
		const struct store_like *like, struct stat *written)
{
	if (store_lock_new(fd) < 0 || util_write_all(fd, text, length) < 0)
		return -1;
	if ((like ? keep_ownership(fd, like) : give_to_qubes(root, fd)) < 0)
		return -1;
	if (like && like->format == STORE_R4 && make_usual(root, fd) < 0)
		return -1;
	return fsync(fd) < 0 ? -1 : fstat(fd, written);
}

/* A new store may not replace anything, not even something that appeared just now. */
static int put_in_place(int directory, const char *temporary, const char *base, bool replace)
{
	if (renameat2(directory, temporary, directory, base, replace ? 0 : RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system knows that; where this cannot remove the other name, it does no harm. */
	if (replace || errno != EINVAL || linkat(directory, temporary, directory, base, 0) < 0)
		return -1;
	(void)!unlinkat(directory, temporary, 0);
	return 0;
}

/* Who does not know the lock may have put another file there, or written into ours. */
static int check_unchanged(int directory, const char *base, const struct stat *then)
{
	struct stat now;

	if (fstatat(directory, base, &now, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno("cannot examine the old file");
	if (now.st_dev == then->st_dev && now.st_ino == then->st_ino && now.st_size == then->st_size &&
	    now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec)
		return 0;
	return error_set(ERROR_STORE, "something changed it in spite of our lock");
}

/* The new file, still to be filled, becomes BASE in DIRECTORY. */
struct replacement {
	int directory, fd;
	const char *base, *temporary;
	const struct store_like *like;
};

static int complete(const struct root *root, const struct replacement *new, const char *text, size_t length,
		    struct stat *written)
{
	if (fill(root, new->fd, text, length, new->like, written) < 0)
		return error_errno("cannot make a new file");
	if (new->like && check_unchanged(new->directory, new->base, new->like->st) < 0)
		return -1;
	if (put_in_place(new->directory, new->temporary, new->base, new->like != NULL) < 0)
		return error_errno("cannot put the new file in its place");
	return 0;
}

/* Release 4's own tools know theirs by the tilde, behind which they put fewer letters than we do. */
char *store_temporary_prefix(const char *base, enum store_format format)
{
	return util_printf(format == STORE_R4 ? "%s~" : "%s.new-", base);
}

/* The descriptor of the file, which is BASE in DIRECTORY now; -1 with an error, and nothing is left of it. */
static int make_file(const struct root *root, int directory, const char *base, const char *text,
		     size_t length, const struct store_like *like, struct stat *written)
{
	AUTO_FREE char *prefix = store_temporary_prefix(base, like ? like->format : STORE_R3);
	AUTO_FREE char *temporary = util_random_name(prefix);
	struct replacement new = { directory, -1, base, temporary, like };

	if (!temporary)
		return -1;
	new.fd = openat(directory, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (new.fd < 0)
		return error_errno("cannot make a new file");
	if (complete(root, &new, text, length, written) == 0)
		return new.fd;
	(void)!unlinkat(directory, temporary, 0);
	close(new.fd);
	return -1;
}

#define LINKS_MAX 40

/* Where TARGET leads that is written in the link LINK. The caller frees. */
static char *target_of(const char *link, const char *target)
{
	size_t directory = (size_t)(strrchr(link, '/') + 1 - link);

	return target[0] == '/' ? util_strdup(target) : util_printf("%.*s%s", (int)directory, link, target);
}

char *store_follow_links(const struct root *root, const char *path)
{
	char *place = util_strdup(path);

	for (int links = 0;; links++) {
		AUTO_FREE char *target = root_readlink(root, place);
		char *next;

		if (!target && errno == EINVAL) /* no link */
			return place;
		if (links == LINKS_MAX)
			errno = ELOOP;
		if (!target || links == LINKS_MAX)
			break;
		next = target_of(place, target);
		free(place);
		place = next;
	}
	error_errno("cannot find what it leads to");
	free(place);
	return NULL;
}

int store_open_directory(const struct root *root, const char *path, const char **base)
{
	AUTO_CLOSE int parent = root_parent(root, path, base);
	int directory = parent < 0 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return directory < 0 ? error_errno("cannot open the directory") : directory;
}

int store_replace(const struct root *root, const char *path, const char *text, size_t length,
		  const struct store_like *like, struct stat *written)
{
	AUTO_FREE char *place = like ? store_follow_links(root, path) : util_strdup(path);
	const char *base;
	AUTO_CLOSE int directory = place ? store_open_directory(root, place, &base) : -1;
	int fd = directory < 0 ? -1 : make_file(root, directory, base, text, length, like, written);

	if (fd < 0)
		return error_within("cannot write %s", path);
	/* The new store is there whatever this says; but it may not outlive a crash. */
	if (fsync(directory) < 0 && errno != EINVAL)
		error_note("the directory of %s could not be synced: %s", path, strerror(errno));
	return fd;
}
