/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * literal - the small literal syntax of R3 attributes: lists of strings and dictionaries of booleans.
 *
 * Reads what a Python 2 literal may look like there (both quotes, u prefix, backslash escapes, tuples,
 * any white space, a trailing comma), and writes the one form that the original tools write. Never
 * evaluates anything.
 */
#ifndef QUBES_LITERAL_H
#define QUBES_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct literal_entry {
	const char *key; /* the string of a list; the key of a dictionary */
	bool value;	 /* of a dictionary */
};

struct literal {
	struct literal_entry *entries; /* in the arena, in order of appearance */
	size_t count;
};

/*
 * "['a', 'b']", also the unbracketed "'a', 'b'", and "none" or "" as the empty list. 0, or -1 with an
 * error that says where.
 */
int literal_read_list(struct arena *arena, const char *text, struct literal *list);

/*
 * "{'a': True, 'b': False}"; "none" as the empty one. Integers count as booleans (0 is False). A key that
 * comes twice keeps its last value. 0, or -1 with an error.
 */
int literal_read_dict(struct arena *arena, const char *text, struct literal *dict);

/* The canonical text: "['a', 'b']", "{'a': True}" with keys sorted in byte order. In the arena. */
const char *literal_list_text(struct arena *arena, const struct literal *list);
const char *literal_dict_text(struct arena *arena, const struct literal *dict);

/* The entry of that key, or NULL. */
struct literal_entry *literal_find(const struct literal *literal, const char *key);
/* Sets or adds an entry; the key is copied into the arena. */
void literal_put(struct arena *arena, struct literal *dict, const char *key, bool value);
void literal_drop(struct literal *dict, const char *key);

#endif
