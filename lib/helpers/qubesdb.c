/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QubesDB daemon of a VM: started for each run of it, and never two at a time.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "qubes.h"

static const char *number_file(const struct vm *vm)
{
	return arena_printf(vm->qubes->arena, RUN "/qubesdb.%s.pid", vm->name);
}

int helpers_qubesdb_stop(struct vm *vm)
{
	struct daemon_file daemon = { .program = "qubesdb-daemon", .argument = vm->name };

	if (check_word("name", vm->name) != 0)
		return -1;
	daemon.path = number_file(vm);
	return daemon_stop(vm->qubes, &daemon);
}

int helpers_qubesdb_start(const struct helpers *helpers, int xid)
{
	struct vm *vm = helpers->vm;
	AUTO_STRLIST struct strlist words = { 0 };

	if (!helpers->qubesdb)
		return 0;
	if (helpers_qubesdb_stop(vm) != 0)
		return -1;
	strlist_add(&words, QUBESDB_DAEMON);
	strlist_add(&words, arena_printf(vm->qubes->arena, "%d", xid));
	strlist_add(&words, vm->name);
	return program_start(helpers, &words, NULL, helpers_limits.daemon);
}
