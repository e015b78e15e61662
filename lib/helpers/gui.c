/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GUI daemons of a VM: its own one, and for an HVM one that shows the screen of the domain that it is
 * emulated in.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "qubes.h"
#include "vmm.h"

#define SHARED_MEMORY "/var/run/shm.id" /* the X server maps the VMs' windows */
#define ICONS "/usr/share/icons/hicolor/128x128/devices"

/* ---- whether ---- */

static bool has_display(void)
{
	const char *display = getenv("DISPLAY");

	return display && *display;
}

bool gui_is_wanted(const struct vm *vm, const struct helpers_how *how)
{
	/* An invisible one maps nothing. */
	if (how->no_gui || (!how->dvm && !root_exists(vm->qubes->root, SHARED_MEMORY)))
		return false;
	if (has_display())
		return true;
	if (!how->quiet)
		error_note("%s: no GUI, because DISPLAY is not set", vm->name);
	return false;
}

static const char *marker(const struct vm *vm, int xid)
{
	return arena_printf(vm->qubes->arena, RUN "/guid-running.%d", xid);
}

bool helpers_gui_runs(const struct vm *vm, int xid)
{
	return root_exists(vm->qubes->root, marker(vm, xid));
}

int helpers_shown_domain(struct vm *vm, int xid)
{
	return !vm_is(vm, VM_HVMS) || prop_flag(vm, "guiagent_installed") ? xid : vmm_stubdom(vm);
}

int helpers_gui_stop(struct vm *vm, int xid)
{
	const struct daemon_file daemon = {
		.path = marker(vm, xid),
		.program = "qubes-guid",
		.argument = vm->name,
	};

	return daemon_stop(vm->qubes, &daemon);
}

/* ---- how ---- */

static const struct vm_label *label_of(const struct vm *vm)
{
	const char *name = prop_string(vm, "label");
	const struct vm_label *label = name ? vm_label_by_name(name) : NULL;

	return label ? label : vm_label_by_name(vm->class->default_label);
}

static void add_option(struct strlist *words, const char *option, const char *value)
{
	strlist_add(words, option);
	strlist_add(words, value);
}

static const char *icon_of(const struct vm *vm, const struct vm_label *label)
{
	const char *kind = vm_is(vm, VM_DISPOSABLE) ? "dispvm" : "appvm";
	AUTO_FREE char *path = util_printf(ICONS "/%s-%s.png", kind, label->name);
	AUTO_FREE char *host = root_host_path(vm->qubes->root, path);

	return arena_strdup(vm->qubes->arena, host);
}

static void add_look(const struct vm *vm, const struct vm_label *label, struct strlist *words)
{
	add_option(words, "-N", vm->name);
	add_option(words, "-c", label->colour);
	add_option(words, "-i", icon_of(vm, label));
	add_option(words, "-l", arena_printf(vm->qubes->arena, "%d", label->index));
}

static void add_loudness(const struct helpers *helpers, struct strlist *words)
{
	if (prop_flag(helpers->vm, "debug"))
		add_option(words, "-v", "-v");
	else if (helpers->how.quiet)
		strlist_add(words, "-q");
}

static const char *number(const struct vm *vm, int value)
{
	return arena_printf(vm->qubes->arena, "%d", value);
}

/* EXTRA: words for this class alone. */
static int start_own(const struct helpers *helpers, int xid, const struct strlist *extra)
{
	const struct vm *vm = helpers->vm;
	const struct vm_label *label = label_of(vm);
	AUTO_STRLIST struct strlist words = { 0 };

	add_option(&words, GUI_DAEMON, "-d");
	strlist_add(&words, number(vm, xid));
	add_look(vm, label, &words);
	if (helpers->how.dvm)
		strlist_add(&words, "-I");
	for (size_t i = 0; i < extra->count; i++)
		strlist_add(&words, extra->items[i]);
	add_loudness(helpers, &words);
	add_kde_words(vm, label->name, &words);
	return program_start(helpers, &words, NULL, helpers_limits.gui);
}

/* ---- an HVM ---- */

static int start_for_screen(const struct helpers *helpers, int xid, int stubdom)
{
	const struct vm *vm = helpers->vm;
	AUTO_STRLIST struct strlist words = { 0 };

	if (stubdom < 0) {
		error_note("%s: its screen is not shown: the domain that it is emulated in is not known",
			   vm->name);
		return 0;
	}
	add_option(&words, GUI_DAEMON, "-d");
	strlist_add(&words, number(vm, stubdom));
	add_option(&words, "-t", number(vm, xid));
	add_look(vm, label_of(vm), &words);
	add_loudness(helpers, &words);
	return program_start(helpers, &words, NULL, helpers_limits.gui);
}

/* It does not wait for the agent (-n), and once that is there ends the daemon of the screen (-K). */
static int start_for_agent(const struct helpers *helpers, int xid, int stubdom)
{
	const struct vm *vm = helpers->vm;
	AUTO_STRLIST struct strlist extra = { 0 };
	int screen = stubdom < 0 ? 0 : daemon_number(vm->qubes, marker(vm, stubdom));

	add_option(&extra, "-Q", "-n");
	if (screen > 0 && !prop_flag(vm, "debug"))
		add_option(&extra, "-K", number(vm, screen));
	return start_own(helpers, xid, &extra);
}

int gui_start_early(const struct helpers *helpers, int xid, int stubdom)
{
	const struct vm *vm = helpers->vm;
	bool screen = !prop_flag(vm, "guiagent_installed") || prop_flag(vm, "debug");

	if (screen && start_for_screen(helpers, xid, stubdom) != 0)
		return -1;
	return start_for_agent(helpers, xid, stubdom);
}

int gui_start_late(const struct helpers *helpers, int xid)
{
	return start_own(helpers, xid, &(const struct strlist){ 0 });
}

int helpers_gui_start(const struct helpers *helpers, int xid, int stubdom)
{
	if (!helpers->gui)
		return 0;
	if (vm_is(helpers->vm, VM_HVMS))
		return gui_start_early(helpers, xid, stubdom);
	return gui_start_late(helpers, xid);
}
