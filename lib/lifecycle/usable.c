/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The session of a VM that was just resumed, and what a user is told when there is none.
 */
#include "usable.h"

#include "error.h"
#include "util.h"
#include "vmm.h"

/* An HVM that nobody could reach was destroyed: its QubesDB daemon has nobody left to serve. */
static void stop_daemon(const struct helpers *helpers)
{
	if (helpers->qubesdb && helpers_qubesdb_stop(helpers->vm) != 0)
		error_note("%s: %s", helpers->vm->name, error_message());
}

/* Says of the failure at hand whether the VM is there in spite of it. */
static int tell_what_is_left(const struct helpers *helpers)
{
	enum error_kind kind = error_kind();
	AUTO_FREE char *why = util_strdup(error_message());
	struct vmm_info info;
	bool known = vmm_info_now(helpers->vm, &info) == 0;

	if (known && info.power == VMM_HALTED)
		stop_daemon(helpers);
	if (kind == ERROR_SAID)
		kind = ERROR_FAILED;
	if (known && info.power != VMM_HALTED)
		return error_set(kind, "it is running, but not ready for use%s%s", *why ? ": " : "", why);
	return *why ? error_set(kind, "%s", why) : error_said();
}

int make_usable(const struct helpers *helpers, int xid)
{
	if (helpers_session_start(helpers, xid, vmm_stubdom(helpers->vm)) == 0)
		return 0;
	return tell_what_is_left(helpers);
}
