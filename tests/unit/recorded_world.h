/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stores that the original tools were recorded with (tests/golden), as worlds.
 */
#ifndef QUBES_TESTS_RECORDED_WORLD_H
#define QUBES_TESTS_RECORDED_WORLD_H

#include "firewall_world.h"

#define GOLDEN "tests/golden/"
#define FIRST_XID 100 /* the recordings' domain ids are this and the VM's qid */

/* The text of a file of this tree; the caller's. */
static inline char *read_host(const char *path)
{
	struct root *host = root_new("/");
	char cwd[4096];
	AUTO_FREE char *whole = util_printf("%s/%s", getcwd(cwd, sizeof(cwd)), path);
	char *text = root_read(host, whole, 16 << 20, NULL);

	root_free(host);
	assert_non_null(text);
	return text;
}

/* Another case had left a rule set behind when this store was recorded. */
static inline void leave_what_was_left(const struct world *w, const char *store)
{
	if (strcmp(store, "conf_custom.xml") == 0)
		make_file(w, firewall_path(the(w, "personal")), 0,
			  "<QubesFirewallRules dns='allow' icmp='allow' policy='deny'/>");
}

/* The recorded STORE of that file name; freed by world_free(). */
static inline struct world *recorded_world(const char *store)
{
	AUTO_FREE char *path = util_printf(GOLDEN "stores/%s", store);
	AUTO_FREE char *text = read_host(path);
	struct world *w = world_new(NULL);

	world_load(w, text);
	leave_what_was_left(w, store);
	return w;
}

#endif
