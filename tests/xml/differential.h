/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the comparison with libxml2 share.
 */
#ifndef TESTS_DIFFERENTIAL_H
#define TESTS_DIFFERENTIAL_H

#include <libxml/tree.h>
#include <stdint.h>

#include "store/internal.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct text {
	char *bytes; /* with a 0 after them */
	size_t length;
};

/*
 * A tree as a text that says what was read, and nothing of how it was written. Theirs is the root's or, if
 * WHOLE, has what is around it too. The caller frees.
 */
char *tree_of_theirs(const xmlDoc *doc, bool whole);
char *tree_of_ours(store_node *root);

/*
 * May we refuse TEXT, which libxml2 reads as DOC, with the reason WHAT? The text has to show it. It is
 * counted.
 */
bool difference_allowed(const struct text *text, const xmlDoc *doc, const char *what);

/* Prints how often, and begins anew. */
void difference_report(void);

void random_seed(uint64_t seed);
size_t random_below(size_t limit);

/* Changes TEXT, which is allocated, in one place. */
void text_mutate(struct text *text);

#endif
