/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store - the file that describes every VM: found, locked, read, checked, parsed, written back.
 *
 * Knows bytes, locks and XML; what an element means is the layout's business. The tree is the database:
 * it is changed in place through layout, and written as it is.
 */
#ifndef QUBES_STORE_H
#define QUBES_STORE_H

#include <stdbool.h>
#include <stddef.h>

struct root;
struct store;

/* A node of the tree (mxml's); opaque above layout. */
typedef struct _mxml_node_s store_node;

#define STORE_PATH "/var/lib/qubes/qubes.xml"

enum store_format {
	STORE_R3, /* root element QubesVmCollection: R1, R2, R3.x */
	STORE_R4, /* root element qubes */
};

/*
 * Locks (shared for reading, exclusive for writing), reads, checks and parses the store PATH below ROOT.
 * A reader's lock is dropped before this returns; a writer's is held until store_close. Waits for ever for a
 * lock, and after two seconds says for whom; a signal that is caught, or held, ends that.
 * NULL with an error that has line and column where the file is at fault.
 */
struct store *store_open(struct root *root, const char *path, bool write);

/* The same, but waits no longer than SECONDS for the lock (0: not at all); then the error names its holder. */
struct store *store_open_within(struct root *root, const char *path, bool write, int seconds);
#define STORE_WAIT_FOREVER (-1)

/* Where and why a text is no XML; WHAT is a constant. */
struct store_fault {
	size_t offset, line, column;
	const char *what;
};

/*
 * For those who mend a store: locks and reads it as store_open_within does, whatever is in it; there is no tree
 * yet. store_bytes() has what was read.
 */
struct store *store_open_unchecked(struct root *root, const char *path, bool write, int seconds);
const char *store_bytes(const struct store *store, size_t *length);
/* Of which format it turned out to be. */
void store_set_format(struct store *store, enum store_format format);

/*
 * Checks and parses the LENGTH bytes of TEXT, which becomes what STORE holds and would save (store_touch says that
 * it shall). Any root element will do. -1 with FAULT filled, and the store as it was.
 */
int store_take_text(struct store *store, const char *text, size_t length, struct store_fault *fault);
/* The same for a store that is no file, called SHOWN; NULL with FAULT filled. */
struct store *store_from_text(const char *shown, const char *text, size_t length, struct store_fault *fault);
/* Is that text XML? 0, or -1 with FAULT filled. */
int store_check_text(const char *text, size_t length, struct store_fault *fault);

/* Makes an empty R3 store; an existing file of any kind is an error. 0, or -1 with an error. */
int store_create(struct root *root, const char *path);

enum store_format store_format(const struct store *store);
store_node *store_root(const struct store *store);

/* The line of NODE's (an element) start tag in the file as it was read; 0 if it is new. */
size_t store_line(const struct store *store, const store_node *node);

/* May TEXT stand in the tree? Not if it is no UTF-8 or has a character that XML cannot express. */
bool store_can_hold(const char *text);

/*
 * Sets an attribute of a node of the tree, a new one in its sorted place in the file; takes one away. The
 * texts of the node's other attributes stay where they are.
 */
void store_put_attribute(store_node *node, const char *name, const char *value);
void store_drop_attribute(store_node *node, const char *name);

/* Says that the tree differs from the file now. */
void store_touch(struct store *store);
bool store_changed(const struct store *store);
/* Is the file still what was read, or written last? Only who has it locked can rely on that for long. */
bool store_is_current(const struct store *store);

/* Forbids saving, with the reason that a later store_save gives. The first reason stays. */
void store_forbid_writing(struct store *store, const char *reason);
const char *store_write_forbidden(const struct store *store); /* NULL: allowed */

/*
 * May the store be written as far as its owner goes? -1 with an error, and the way to do it, if it is one of
 * release 4 and qubesd runs or is about to. store_save asks again.
 */
int store_check_owner(const struct store *store);
void store_force(struct store *store); /* from now on it may, whoever owns it */

/*
 * Writes the tree to a new file beside the old one, syncs it and renames it into place; the lock passes
 * over to the new file. Does nothing if nothing changed. 0, or -1 with an error and the old file intact: also
 * if the tree holds what XML cannot, or if something that ignores the lock changed the file.
 */
int store_save(struct store *store);

/*
 * Keeps the bytes that were read under another name, COPY; what is there is replaced. They are synced. 0, or -1
 * with an error and no copy.
 */
int store_keep_copy(const struct store *store, const char *copy);

/* Puts TEXT into the file PATH, which must not exist. 0, or -1 with an error. */
int store_write_new(struct root *root, const char *path, const char *text, size_t length);

/* Drops a writer's lock. The tree stays, to be read: store_save refuses from now on. */
void store_unlock(struct store *store);

/* The tree as text, as store_save would write it. The caller frees. */
char *store_text(const struct store *store, size_t *length);

/* Drops lock and tree; what was not saved is lost. NULL is fine. */
void store_close(struct store *store);

#endif
