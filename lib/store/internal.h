/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the store room share: the open store, its lock, the writer.
 */
#ifndef QUBES_STORE_INTERNAL_H
#define QUBES_STORE_INTERNAL_H

#include <sys/stat.h>

#include "store.h"
#include "util.h"
#include "wellformed.h"

struct store {
	struct root *root;
	char *path;
	int fd;		      /* the locked file of a writer; -1 for a reader */
	struct stat original; /* of the file as it was read or last written; a save keeps owner and mode */
	char *read;	      /* the file as it was read, for those who asked for it unchecked; else NULL */
	char *text;	      /* the whole normalised file: prolog and epilog are written back from it */
	struct xml_document document;
	store_node *tree;
	enum store_format format;
	bool changed;
	bool forced; /* written even if somebody else owns it */
	char *forbidden;
};

/* Does a running qubesd own it? */
bool store_is_owned(const struct store *store);

/*
 * Opens PATH and locks it, shared or exclusive, against the original tools' POSIX locks too. A file that
 * was replaced while we waited is opened anew. The descriptor, or -1 with an error; for SECONDS, see
 * store_open_within.
 */
int store_lock(const struct root *root, const char *path, bool exclusive, int seconds);

/* Locks a file that nobody else can have locked yet. 0, or -1 with errno. */
int store_lock_new(int fd);

/*
 * Who keeps FD's file from being locked so (F_RDLCK or F_WRLCK): "process 12 (qvm-start)", or "another process"
 * where that cannot be known. The caller frees.
 */
char *store_lock_holder(int fd, short type);

/*
 * Removes the new files that writers of the store PATH have left beside it when they were killed. Only for one
 * who holds its lock: then nobody else is writing.
 */
void store_remove_leftovers(const struct root *root, const char *path, enum store_format format);

/* The store with PATH locked, and nothing read; NULL with an error. */
struct store *store_lock_file(struct root *root, const char *path, bool write, int seconds);

/* Reads the locked file FD into the store's text, which is not checked. 0, or -1 with an error. */
int store_read_file(struct store *store, int fd);

/*
 * mxml's tree of a normalised TEXT, elements numbered; PAIRS: it is to be written again, <a></a> as such. NULL with
 * an error, in which PATH is what it is called.
 */
store_node *store_parse(char *text, const struct xml_document *document, const char *path, bool pairs);

/* Gives each element of the file its number, so that its line can be told even when the tree has changed. */
size_t store_number_elements(store_node *root); /* returns how many there are */

/* The number, from 1, of the element of the file that NODE is; 0: it is new. */
uintptr_t store_number(const store_node *node);
void store_set_number(store_node *node, uintptr_t number);

/*
 * NODE's attributes in the order in which the file has them. ATTRIBUTES has room for all of them, which
 * this returns the number of.
 */
struct store_attribute {
	const char *name, *value;
};
size_t store_attributes(store_node *node, struct store_attribute *attributes);

/* Appends ROOT's serialisation. */
void store_write_tree(struct strbuf *out, const store_node *root);

/* What a new file takes over from the one it replaces. */
struct store_like {
	const struct stat *st; /* owner and mode */
	int fd;		       /* extended attributes */
	enum store_format format;
};

/*
 * Puts the LENGTH bytes of TEXT into PATH by way of a new, locked file beside it, synced and renamed; where
 * PATH is a link, into what it leads to. LIKE is NULL for a new store, which must not exist yet. Returns the
 * new file's descriptor, with its status in WRITTEN, or -1 with an error and nothing changed.
 */
int store_replace(const struct root *root, const char *path, const char *text, size_t length,
		  const struct store_like *like, struct stat *written);

/* The file that PATH leads to: a link to the store stays one. The caller frees; NULL with an error. */
char *store_follow_links(const struct root *root, const char *path);

/* The directory of PATH, which is no link, and PATH's last component. A descriptor, or -1 with an error. */
int store_open_directory(const struct root *root, const char *path, const char **base);

/* What new files for BASE begin with: nothing that somebody would call a copy. The caller frees. */
char *store_temporary_prefix(const char *base, enum store_format format);

#endif
