/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-start - start VMs, and the VMs that give them network first. */
#include "applet.h"
#include "lifecycle.h"
#include "prop.h"
#include "selection.h"

#define WINDOWS_TOOLS "dom0:/usr/lib/qubes/qubes-windows-tools.iso"

struct start_args {
	struct selection which;
	bool all_autostart, quiet, no_guid, skip_if_running, debug;
	const char *drive, *hddisk, *cdrom, *config;
	bool windows_tools, tray, dvm;
};

const struct option_row qvm_start_options[] = {
	OPT_FLAG('q', "quiet", struct start_args, quiet, "say nothing about progress"),
	OPT_FLAG(0, "no-guid", struct start_args, no_guid, "start no GUI daemon"),
	OPT_FLAG(0, "skip-if-running", struct start_args, skip_if_running, "a VM that is active is no error"),
	OPT_TEXT(0, "drive", "DRIVE", struct start_args, drive,
		 "an HVM's drive until it is off again, [hd:|cdrom:][VM:]/PATH"),
	OPT_TEXT(0, "hddisk", "DRIVE", struct start_args, hddisk, "the same as hd:DRIVE"),
	OPT_TEXT(0, "cdrom", "DRIVE", struct start_args, cdrom, "the same as cdrom:DRIVE"),
	OPT_FLAG(0, "install-windows-tools", struct start_args, windows_tools,
		 "the drive is the CD with the Windows tools"),
	OPT_TEXT(0, "custom-config", "FILE", struct start_args, config,
		 "libvirt domain XML to use instead of the generated one"),
	OPT_FLAG(0, "debug", struct start_args, debug, "debug mode until it is off again"),
	OPT_FLAG(0, "tray", struct start_args, tray, "accepted; progress is text in any case"),
	OPT_FLAG(0, "dvm", struct start_args, dvm, "prepare the image that DispVMs start from"),
	OPT_FLAG(0, "all-autostart", struct start_args, all_autostart,
		 "every VM that is off and has autostart set"),
	OPT_SELECTION(struct start_args, which, "every VM that is off"),
	OPT_NOTE("Several VMs are started at the same time, each as soon as its netvm is there."),
	OPT_END
};

/* ---- what the options say ---- */

static const char *prefixed(struct arena *arena, const char *prefix, const char *drive)
{
	return drive && !util_starts_with(drive, prefix) ? arena_printf(arena, "%s%s", prefix, drive) : drive;
}

/* The one drive that was asked for, NULL for none; false with an error. */
static bool drive_of(struct arena *arena, const struct start_args *args, const char **drive)
{
	const char *const asked[] = {
		args->drive,
		prefixed(arena, "hd:", args->hddisk),
		prefixed(arena, "cdrom:", args->cdrom),
		args->windows_tools ? "cdrom:" WINDOWS_TOOLS : NULL,
	};

	*drive = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		if (asked[i] && *drive) {
			error_set(ERROR_FAILED, "only one drive can be given");
			return false;
		}
		if (asked[i])
			*drive = asked[i];
	}
	return true;
}

/* The drive as the store would have it, refused where it would refuse it. */
static int check_drive(const struct vm *vm, const char **drive)
{
	const struct prop *prop = prop_find(vm->qubes, "drive");
	const char *text = *drive;

	if (!prop_settable(vm, prop))
		return error_set(ERROR_FAILED, "%s (%s) has no drive", vm->name, vm->type);
	return prop->check(vm, prop, text, drive);
}

/* ---- which VMs ---- */

static int halted_autostart(struct vm *vm)
{
	return prop_flag(vm, "autostart") ? selection_halted(vm) : 0;
}

static struct vm **vms_of(struct qubes *q, const struct start_args *args, char **words)
{
	struct selection which = args->which;

	if (!args->all_autostart)
		return selection_vms(q, &which, words, selection_halted);
	if (which.all || *words) {
		error_set(ERROR_USAGE, "--all-autostart says which VMs are started; name no others");
		return NULL;
	}
	which.all = true;
	return selection_vms(q, &which, words, halted_autostart);
}

/* ---- starting ---- */

static int prepare_one(struct vm *vm, const void *unused)
{
	(void)unused;
	return lifecycle_prepare(vm);
}

static const struct log {
	const char *before, *after; /* the VM's name */
	unsigned always;	    /* for these classes, there or not; of others only what is there */
} logs[] = {
	{ "/var/log/xen/console/guest-", ".log", VM_PVS | VM_HVMS },
	{ "/var/log/xen/console/guest-", "-dm.log", VM_HVMS },
	{ "/var/log/qubes/guid.", ".log", 0 },
	{ "/var/log/qubes/qrexec.", ".log", 0 },
};

static void print_logs(const struct vm *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		AUTO_FREE char *path = util_printf("%s%s%s", logs[i].before, vm->name, logs[i].after);

		if (vm_is(vm, logs[i].always) || root_exists(vm->qubes->root, path))
			error_note("logs: %s", path);
	}
}

static int check_one_vm(struct vm *const *vms, const struct start_args *args, const char *drive)
{
	if ((drive || args->config) && vms[0] && vms[1])
		return error_set(ERROR_USAGE, "a drive or configuration is for one VM");
	return 0;
}

/* No lock is held while starting: the store is done with by then. */
static int start_all(struct qubes *q, struct vm *const *vms, const struct lifecycle_start *how)
{
	if (for_vms(vms, prepare_one, NULL) != 0 || qubes_commit(q) != 0)
		return -1;
	return lifecycle_start_all(vms, how);
}

int qvm_start_main(struct qubes *q, const void *parsed, char **words)
{
	const struct start_args *args = parsed;
	struct lifecycle_start how = {
		.quiet = args->quiet,
		.no_guid = args->no_guid,
		.skip_if_running = args->skip_if_running,
		.dvm = args->dvm,
		.config = util_absolute(q->arena, args->config),
		.debug = args->debug,
		.started = args->debug ? print_logs : NULL,
	};
	struct vm **vms;

	if (!drive_of(q->arena, args, &how.drive))
		return -1;
	vms = vms_of(q, args, words);
	if (!vms || check_one_vm(vms, args, how.drive) != 0)
		return -1;
	if (how.drive && vms[0] && check_drive(vms[0], &how.drive) != 0)
		return -1;
	return start_all(q, vms, &how);
}
