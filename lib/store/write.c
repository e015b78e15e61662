/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing the tree: our own serialisation, since mxml's loses newlines in attribute values, and the
 * replacement of the file that survives a crash at any point.
 */
#include <errno.h>
#include <fcntl.h>
#include <mxml.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define NEW_STORE_MODE 0660
#define XATTR_MAX 65536

/* ---- the tree as text ---- */

/* What has to be a reference; a carriage return, as any parser would make it a newline. */
static const char *reference_for(char c, bool in_attribute)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r':
		return "&#13;";
	case '"':
		return in_attribute ? "&quot;" : NULL;
	case '\n':
		return in_attribute ? "&#10;" : NULL;
	case '\t':
		return in_attribute ? "&#9;" : NULL;
	default:
		return NULL;
	}
}

static void add_escaped(struct strbuf *out, const char *text, bool in_attribute)
{
	const char *run = text;

	for (const char *c = text; *c; c++) {
		const char *reference = reference_for(*c, in_attribute);

		if (!reference)
			continue;
		strbuf_add_bytes(out, run, (size_t)(c - run));
		strbuf_add(out, reference);
		run = c + 1;
	}
	strbuf_add(out, run);
}

static void add_attributes(struct strbuf *out, store_node *node)
{
	int count = mxmlElementGetAttrCount(node);

	for (int i = 0; i < count; i++) {
		const char *name;
		const char *value = mxmlElementGetAttrByIndex(node, i, &name);

		strbuf_add(out, " ");
		strbuf_add(out, name);
		strbuf_add(out, "=\"");
		add_escaped(out, value ? value : "", true);
		strbuf_add(out, "\"");
	}
}

/* mxml keeps comments, CDATA sections and processing instructions as elements with the content as name. */
static bool add_special(struct strbuf *out, const char *name)
{
	if (name[0] != '!' && name[0] != '?')
		return false;
	strbuf_add(out, "<");
	strbuf_add(out, name);
	if (name[0] == '?')
		strbuf_add(out, util_ends_with(name, "?") ? ">" : "?>");
	else if (util_starts_with(name, "!--"))
		strbuf_add(out, util_ends_with(name + 3, "--") ? ">" : "-->");
	else
		strbuf_add(out, util_ends_with(name, "]]") ? ">" : "]]>");
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

static void copy_attributes(int from, int to)
{
	char names[XATTR_MAX];
	ssize_t length = flistxattr(from, names, sizeof(names));

	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		AUTO_FREE char *value = util_alloc(XATTR_MAX);
		ssize_t size = fgetxattr(from, names + at, value, XATTR_MAX);

		/* What the file system or a security module will not let us set, it sets by itself. */
		if (size >= 0)
			(void)!fsetxattr(to, names + at, value, (size_t)size, 0);
	}
}

/* Owner and mode as they were; those of a new store as the original tools make it. */
static int give_ownership(const struct root *root, int fd, const struct store_like *like)
{
	gid_t group = like ? like->st->st_gid : root_group(root, "qubes");
	uid_t owner = like ? like->st->st_uid : (uid_t)-1;

	/* Only root can give a file away; a member of the group still keeps the group. */
	if (fchown(fd, owner, group) < 0 && fchown(fd, (uid_t)-1, group) < 0 && !like)
		error_note("the store keeps your own group: no group qubes can be given to it");
	if (like)
		copy_attributes(like->fd, fd);
	return fchmod(fd, like ? like->st->st_mode & 07777 : NEW_STORE_MODE);
}

static int fill(const struct root *root, int fd, const char *text, size_t length,
		const struct store_like *like)
{
	if (store_lock_new(fd) < 0 || util_write_all(fd, text, length) < 0)
		return -1;
	if (give_ownership(root, fd, like) < 0)
		return -1;
	return fsync(fd);
}

/* A new store may not replace anything, not even something that appeared just now. */
static int put_in_place(int directory, const char *temporary, const char *base, bool replace)
{
	if (replace)
		return renameat(directory, temporary, directory, base);
	if (linkat(directory, temporary, directory, base, 0) < 0)
		return -1;
	return unlinkat(directory, temporary, 0);
}

int store_replace(const struct root *root, const char *path, const char *text, size_t length,
		  const struct store_like *like)
{
	const char *base;
	AUTO_CLOSE int parent = root_parent(root, path, &base);
	AUTO_CLOSE int directory = parent < 0 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_FREE char *temporary = util_random_name(base);
	int fd;

	if (!temporary)
		return -1;
	if (directory < 0)
		return error_errno("cannot open the directory of %s", path);
	fd = openat(directory, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno("cannot make a new file beside %s", path);
	if (fill(root, fd, text, length, like) < 0 ||
	    put_in_place(directory, temporary, base, like != NULL) < 0) {
		error_errno("cannot write %s", path);
		unlinkat(directory, temporary, 0);
		close(fd);
		return -1;
	}
	/* The new store is there whatever this says; but it may not outlive a crash. */
	if (fsync(directory) < 0)
		error_note("the directory of %s could not be synced: %s", path, strerror(errno));
	return fd;
}
