/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scratch root with a xenstored in it: tests/doubles/xenstored, and what it was asked.
 */
#ifndef TESTS_XENSTORE_WORLD_H
#define TESTS_XENSTORE_WORLD_H

#include "scratch_world.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#define XENSTORE_LOG "/var/log/doubles"
#define XENSTORE_SOCKET "/run/xenstored/socket"

static pid_t xenstored;

/* FAULT NULL: it does as it should. */
static inline void xenstore_serve(const struct world *w, const char *fault)
{
	const char *const argv[] = { "tests/doubles/xenstored", w->directory, fault, NULL };

	assert_int_equal(posix_spawn(&xenstored, argv[0], NULL, NULL, (char *const *)argv, environ), 0);
	for (int i = 0; i < 500 && !root_exists(w->q.root, XENSTORE_SOCKET); i++)
		poll(NULL, 0, 20);
	assert_true(root_exists(w->q.root, XENSTORE_SOCKET));
}

static inline void xenstore_end(void)
{
	if (xenstored) {
		kill(xenstored, SIGTERM);
		waitpid(xenstored, NULL, 0);
	}
	xenstored = 0;
}

static inline void xenstore_has(const struct world *w, const char *path, const char *value)
{
	AUTO_FREE char *file = util_printf("/etc/doubles/xenstore%s", path);

	make_file(w, file, 0, value);
}

/* What it was asked since the last time. */
static inline void assert_xenstore_asked(const struct world *w, const char *expected)
{
	AUTO_FREE char *text = root_read(w->q.root, XENSTORE_LOG, 1 << 20, NULL);

	assert_string_equal(text ? text : "", expected);
	if (text)
		assert_int_equal(root_unlink(w->q.root, XENSTORE_LOG), 0);
}

#endif
