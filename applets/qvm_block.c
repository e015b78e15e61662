/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-block - list the disks that VMs offer, attach them to other VMs and detach them. Both grammars: an option
 * says that it is release 3's, a first word that is a command release 4's.
 */
#include "applet.h"
#include "deviceclass.h"
#include "hotplug.h"
#include "size.h"

enum mode {
	MODE_LIST = 1 << 0,
	MODE_ATTACH = 1 << 1,
	MODE_ATTACH_FILE = 1 << 2,
	MODE_DETACH = 1 << 3,
};

struct block_args {
	int mode; /* bits of enum mode, as given */
	struct deviceclass_args release4;
	const char *frontend;
	bool keep; /* whoever has it */
	bool system_disks;
};

const struct option_row qvm_block_options[] = {
	OPT_CHOICE('l', "list", struct block_args, mode, MODE_LIST, "list disks (the default)"),
	OPT_CHOICE('a', "attach", struct block_args, mode, MODE_ATTACH, "attach a disk to a VM"),
	OPT_CHOICE('A', "attach-file", struct block_args, mode, MODE_ATTACH_FILE,
		   "attach a file of a backend to a VM as a disk"),
	OPT_CHOICE('d', "detach", struct block_args, mode, MODE_DETACH,
		   "detach a disk from whoever has it, or all disks from a VM"),
	OPT_TEXT('f', "frontend", "NAME", struct block_args, frontend,
		 "what the VM calls the disk (if not given: the first free of xvdi to xvdz, xvda to xvdh)"),
	OPT_FLAG(0, "no-auto-detach", struct block_args, keep, "attach: fail if another VM has the disk"),
	OPT_FLAG(0, "show-system-disks", struct block_args, system_disks, "list: also images of VMs"),
	OPT_DEVICECLASS(struct block_args, release4),
	OPT_WORDS("[VM BACKEND:DEVICE|BACKEND:FILE|VM|BACKEND:DEVICE] | list [VM...] | "
		  "attach VM BACKEND:DEVICE | detach VM [BACKEND:DEVICE]",
		  0, -1),
	OPT_NOTE(
		"Options of an attachment (-o): frontend-dev=NAME, read-only=yes|no, devtype=disk|cdrom. With "
		"release 4's words a disk that another VM has stays there."),
	OPT_END
};

/* ---- release 3's commands ---- */

static void print_disk(const struct hotplug_device *disk)
{
	AUTO_FREE char *size = size_whole_text(disk->bytes);

	printf("%s:%s\t%s %s", disk->backend->name, disk->name, disk->description, size);
	if (disk->user)
		printf(" (attached to '%s' as '%s')", disk->user->name, disk->frontend);
	putchar('\n');
}

static int list(struct qubes *q, const void *parsed, char **words)
{
	const struct block_args *args = parsed;
	struct hotplug_devices disks;

	(void)words;
	if (hotplug_list(q, &hotplug_disks, &disks) != 0)
		return -1;
	for (size_t i = 0; i < disks.count; i++)
		if (args->system_disks || !hotplug_is_system_disk(&disks.items[i]))
			print_disk(&disks.items[i]);
	return 0;
}

static int attach_as(struct vm *vm, const struct hotplug_device *disk, const struct block_args *args)
{
	const struct hotplug_how how = {
		.take_over = !args->keep,
		.mode = args->release4.read_only ? HOTPLUG_READ_ONLY : HOTPLUG_OWN_MODE,
		.frontend = args->frontend,
	};

	return disk ? hotplug_attach(vm, &hotplug_disks, disk, &how) : -1;
}

static int attach(struct qubes *q, const void *args, char **words)
{
	const char *name;
	struct vm *vm = vm_by_name(q, words[0]), *backend = vm ? hotplug_backend(q, words[1], &name) : NULL;

	return backend ? attach_as(vm, hotplug_find(backend, &hotplug_disks, name), args) : -1;
}

static int attach_file(struct qubes *q, const void *args, char **words)
{
	const char *path;
	struct vm *vm = vm_by_name(q, words[0]), *backend = vm ? hotplug_backend(q, words[1], &path) : NULL;

	return backend ? attach_as(vm, hotplug_file(backend, path), args) : -1;
}

static int detach(struct qubes *q, const void *parsed, char **words)
{
	const struct block_args *args = parsed;
	struct vm *vm;

	if (!args->frontend)
		return deviceclass_detach_release3(q, &hotplug_disks, words[0]);
	vm = vm_by_name(q, words[0]);
	return vm ? hotplug_detach_frontend(vm, args->frontend) : -1;
}

/* ---- the applet ---- */

static const struct deviceclass_command commands[] = {
	{ MODE_LIST, 0, 0, { 0 }, false, 0, list },
	{ MODE_ATTACH, 2, 2, { "VM", "device" }, true, DEVICECLASS_READ_ONLY, attach },
	{ MODE_ATTACH_FILE, 2, 2, { "VM", "file" }, true, DEVICECLASS_READ_ONLY, attach_file },
	{ MODE_DETACH, 1, 1, { "VM or device" }, true, 0, detach },
	{ 0 },
};

static const struct deviceclass_tool tool = {
	.class = &deviceclass_block,
	.commands = commands,
	.exclusive = "list, attach and detach exclude each other",
};

static struct deviceclass_call call_of(const struct block_args *args, char **words)
{
	int mode = args->mode;

	/* As it was: -a besides is no contradiction. */
	if (mode & MODE_ATTACH_FILE)
		mode &= ~MODE_ATTACH;
	return (struct deviceclass_call){ &tool, &args->release4, args, mode, words };
}

static int check_own_options(const struct block_args *args, char **words)
{
	const struct {
		bool given;
		int modes;
		const char *complaint;
	} rules[] = {
		{ args->frontend, MODE_ATTACH | MODE_ATTACH_FILE | MODE_DETACH,
		  "-f goes with -a, -A or -d only" },
		{ args->keep, MODE_ATTACH | MODE_ATTACH_FILE, "--no-auto-detach goes with -a or -A only" },
		{ args->system_disks, MODE_LIST, "--show-system-disks goes with -l only" },
	};
	int mode = args->mode || words[0] ? args->mode : MODE_LIST; /* a word alone is release 4's */

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].given && !(mode & rules[i].modes))
			return error_set(ERROR_USAGE, "%s", rules[i].complaint);
	return 0;
}

int qvm_block_access(const void *args, char **words)
{
	const struct deviceclass_call call = call_of(args, words);

	return check_own_options(args, words) != 0 || deviceclass_check(&call) < 0 ? -1 : STORE_READ;
}

int qvm_block_main(struct qubes *q, const void *args, char **words)
{
	const struct deviceclass_call call = call_of(args, words);

	return deviceclass_run(q, &call);
}
