/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes-set-updates - switch the search for updates on or off, in dom0 and in all VMs.
 */
#include <string.h>

#include "applet.h"
#include "helpers.h"
#include "prop.h"
#include "vmm.h"

const struct option_row qubes_set_updates_options[] = {
	OPT_WORDS("enable|disable|status", 1, 1),
	OPT_NOTE(
		"New VMs look for updates as was said last. VMs that run are told at once, if qrexec reaches them."),
	OPT_END
};

int qubes_set_updates_access(const void *parsed, char **words)
{
	(void)parsed;
	if (!strcmp(words[0], "status"))
		return STORE_READ;
	if (!strcmp(words[0], "enable") || !strcmp(words[0], "disable"))
		return STORE_WRITE;
	return error_set(ERROR_USAGE, "'%s' is none of enable, disable and status", words[0]);
}

/* The VMs that are meant: what VMs of another release's class do is not ours to say. */
static bool is_meant(const struct vm *vm)
{
	return !vm_is(vm, VM_ADMIN | VM_UNKNOWN);
}

/* 1: it looks for updates, unless something else is set; 0, or -1 with an error. */
static int looks_for_updates(const struct vm *vm)
{
	const struct literal_entry *entry;
	struct literal services;

	if (prop_services(vm, &services) < 0)
		return -1;
	entry = literal_find(&services, PROP_UPDATE_CHECK);
	return !entry || entry->value;
}

static int print_status(struct qubes *q)
{
	struct prop_updates updates = prop_update_checks(q);
	const char *vms = updates.new_vms ? "enabled" : "disabled";
	struct vm *vm;

	FOR_EACH_VM(q, vm) {
		int looks = is_meant(vm) ? looks_for_updates(vm) : updates.new_vms;

		if (looks < 0)
			return -1;
		if (looks != updates.new_vms)
			vms = "mixed";
	}
	printf("dom0: %s\nvms: %s\n", updates.dom0 ? "enabled" : "disabled", vms);
	return 0;
}

/* ---- VMs that run have read their services when they started ---- */

#define TIMER "qubes-update-check.timer"
#define TIMER_SECONDS 10

/* Whatever comes of it: a VM without such a timer looks for no updates. False: nobody is there to be told. */
static bool tell(struct vm *vm, bool on)
{
	const struct helpers_command command = {
		.command = on ? "systemctl start " TIMER : "systemctl stop " TIMER,
		.user = "root",
		.seconds = TIMER_SECONDS,
		.no_gui = true,
		.hide_stderr = true,
	};

	if (!helpers_qrexec_runs(vm))
		return false;
	if (helpers_run(vm, &command) >= 0)
		return true;
	error_clear();
	return false;
}

static int tell_running(struct qubes *q, void *on)
{
	AUTO_STRBUF struct strbuf untold = { 0 };
	struct vm *vm;

	if (vmm_offline(q))
		return 0;
	FOR_EACH_VM(q, vm) {
		int running = is_meant(vm) ? vmm_is_running(vm) : 0;

		if (running < 0) {
			error_note("which VMs run is not known, and they are not told: %s", error_message());
			error_clear();
			return 0;
		}
		if (running && !tell(vm, *(const bool *)on))
			strbuf_printf(&untold, " %s", vm->name);
	}
	if (untold.length)
		error_note("these VMs run, and take it up when they are started next:%s", untold.text);
	return 0;
}

static void tell_after_save(struct qubes *q, bool on)
{
	bool *argument = arena_alloc(q->arena, sizeof(*argument));

	*argument = on;
	qubes_after_save(q, tell_running, argument);
}

static int set_all(struct qubes *q, bool on)
{
	struct vm *vm;

	FOR_EACH_VM(q, vm)
		if (is_meant(vm) && prop_set_service(vm, PROP_UPDATE_CHECK, on ? PROP_ABSENT : PROP_OFF) < 0)
			return -1;
	prop_set_update_checks(q, on);
	tell_after_save(q, on);
	return 0;
}

int qubes_set_updates_main(struct qubes *q, const void *parsed, char **words)
{
	(void)parsed;
	if (!strcmp(words[0], "status"))
		return print_status(q);
	return set_all(q, !strcmp(words[0], "enable"));
}
