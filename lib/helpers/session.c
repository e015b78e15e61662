/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a domain that runs to a VM that can be worked with: its daemons in their order, and its user's session.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "qubes.h"
#include "vmm.h"

/* ---- what is only said when it fails: the VM is of use without ---- */

static void note(const struct vm *vm, const char *what)
{
	error_note("%s: %s: %s", vm->name, what, error_message());
	error_clear();
}

static void send_layout(const struct vm *vm)
{
	const struct spawn how = { .seconds = helpers_limits.daemon, .out = SPAWN_TO_STDERR };
	AUTO_STRLIST struct strlist words = { 0 };
	int status;

	strlist_add(&words, LAYOUT_NOTIFIER);
	strlist_add(&words, vm->name);
	if (program_exists(vm, LAYOUT_NOTIFIER))
		status = program_run(vm, NULL, &words, how);
	else
		status = error_set(ERROR_FAILED, "%s is missing", LAYOUT_NOTIFIER);
	if (status > 0)
		error_set(ERROR_FAILED, "%s failed (status %d)", LAYOUT_NOTIFIER, status);
	if (status != 0)
		note(vm, "it is not told the layout of the monitors");
}

static void wait_for_session(const struct helpers *helpers)
{
	struct vm *vm = helpers->vm;
	const char *user = prop_string(vm, "default_user");

	if (!helpers_qrexec_runs(vm))
		return;
	if (qrexec_call(vm, "qubes.WaitForSession", "none", "root", user, helpers_limits.session) != 0)
		note(vm, "waiting for its user's session");
}

int helpers_send_gui_mode(struct vm *vm)
{
	const char *mode = prop_flag(vm, "seamless_gui_mode") ? "SEAMLESS\n" : "FULLSCREEN\n";

	return qrexec_call(vm, "qubes.SetGuiMode", "dom0", NULL, mode, helpers_limits.daemon);
}

/* ---- PV ---- */

static int start_pv(const struct helpers *helpers, int xid)
{
	if (helpers->qrexec && qrexec_start(helpers, xid) != 0)
		return -1;
	if (!helpers->gui)
		return 0;
	if (gui_start_late(helpers, xid) != 0)
		return -1;
	if (helpers_qrexec_runs(helpers->vm)) {
		send_layout(helpers->vm);
		wait_for_session(helpers);
	}
	return 0;
}

/* ---- HVM ---- */

/* Nobody could ever reach the inside of it. */
static int destroy(struct vm *vm)
{
	AUTO_FREE char *why = util_strdup(error_message());

	if (vmm_destroy(vm) != 0)
		return error_within("%s; and it runs on", why);
	return error_set(ERROR_FAILED, "%s; it was destroyed", why);
}

static int start_hvm_qrexec(const struct helpers *helpers, int xid)
{
	struct vm *vm = helpers->vm;
	bool agent = prop_flag(vm, "qrexec_installed");

	if (!helpers->qrexec)
		return 0;
	if (qrexec_start(helpers, xid) != 0)
		return agent ? -1 : destroy(vm);
	if (agent && prop_flag(vm, "guiagent_installed")) {
		wait_for_session(helpers);
		if (helpers_send_gui_mode(vm) != 0)
			note(vm, "its GUI mode is not set");
	}
	return 0;
}

/* A GUI daemon that fails is no reason not to make the VM reachable. */
static int start_hvm(const struct helpers *helpers, int xid, int stubdom)
{
	bool failed = helpers->gui && gui_start_early(helpers, xid, stubdom) != 0;

	if (failed)
		note(helpers->vm, "its GUI");
	if (start_hvm_qrexec(helpers, xid) != 0)
		return -1;
	return failed ? error_said() : 0;
}

int helpers_session_start(const struct helpers *helpers, int xid, int stubdom)
{
	if (vm_is(helpers->vm, VM_HVMS))
		return start_hvm(helpers, xid, stubdom);
	return start_pv(helpers, xid);
}
