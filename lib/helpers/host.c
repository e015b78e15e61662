/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's own programs that are not about one VM: its clock, its devices, Xen's tool.
 */
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "qubes.h"

/* Where NAME is, as the host sees it; in the arena. NULL with an error: nowhere. */
static const char *find_program(struct qubes *q, const char *name)
{
	static const char *const directories[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		AUTO_FREE char *path =
			name[0] == '/' ? util_strdup(name) : util_printf("%s/%s", directories[i], name);
		AUTO_FREE char *host = NULL;

		if (!root_exists(q->root, path))
			continue;
		host = root_host_path(q->root, path);
		return arena_strdup(q->arena, host);
	}
	error_set(ERROR_NOT_FOUND, "there is no %s on this host", name);
	return NULL;
}

static int add_program(struct qubes *q, struct strlist *argv, const char *name)
{
	const char *path = find_program(q, name);

	if (!path)
		return -1;
	strlist_add(argv, path);
	return 0;
}

int helpers_run_host(struct qubes *q, const char *const *words, int seconds, bool quiet,
		     struct strbuf *output)
{
	AUTO_STRLIST struct strlist argv = { 0 };
	struct spawn how = {
		.seconds = seconds,
		.output = output,
		.out = SPAWN_DROP,
		.err = quiet ? SPAWN_DROP : SPAWN_PASS,
	};
	int status;

	if (geteuid() != 0) {
		if (add_program(q, &argv, "sudo") != 0)
			return error_within("%s needs root's rights", words[0]);
		strlist_add(&argv, "-n"); /* nobody may be there to be asked */
	}
	if (add_program(q, &argv, words[0]) != 0)
		return -1;
	for (size_t i = 1; words[i]; i++)
		strlist_add(&argv, words[i]);
	how.argv = argv.items;
	status = util_spawn(&how);
	if (status <= 0)
		return status;
	return error_set(ERROR_FAILED, "%s failed (status %d)", words[0], status);
}
