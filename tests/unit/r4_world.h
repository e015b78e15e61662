/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real stores of release 4, loaded into a scratch world, and the originals' own reading of them.
 */
#ifndef QUBES_TESTS_R4_WORLD_H
#define QUBES_TESTS_R4_WORLD_H

#include "scratch_world.h"

#include <jansson.h>

#define R4_STORES "tests/fixtures/r4"

/* The text of NAME.xml. The caller frees. */
static inline char *r4_text(const char *name)
{
	struct root *host = root_new("/");
	AUTO_FREE char *path = util_printf(R4_STORES "/%s.xml", name);
	AUTO_FREE char *absolute = realpath(path, NULL);
	char *text = root_read(host, absolute, 1 << 24, NULL);

	root_free(host);
	assert_non_null(text);
	return text;
}

static inline struct world *r4_world(const char *name)
{
	struct world *w = world_new(NULL);
	AUTO_FREE char *text = r4_text(name);

	world_load(w, text);
	assert_int_equal(store_format(w->q.store), STORE_R4);
	return w;
}

/* What upstream's package read in NAME.xml. */
static inline json_t *r4_dump(const char *name)
{
	AUTO_FREE char *path = util_printf(R4_STORES "/%s.dump.json", name);
	json_t *dump = json_load_file(path, 0, NULL);

	assert_non_null(dump);
	return dump;
}

#endif
