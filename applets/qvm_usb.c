/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-usb - list the USB devices that VMs offer, attach them to other VMs and detach them, as release 3.2 does
 * by qubes-usb-proxy. Both grammars, as in qvm-block.
 */
#include "applet.h"
#include "deviceclass.h"
#include "hotplug.h"

enum mode {
	MODE_LIST = 1 << 0,
	MODE_ATTACH = 1 << 1,
	MODE_DETACH = 1 << 2,
};

struct usb_args {
	int mode; /* bits of enum mode, as given */
	struct deviceclass_args release4;
	bool keep; /* whoever has it */
};

const struct option_row qvm_usb_options[] = {
	OPT_CHOICE('l', "list", struct usb_args, mode, MODE_LIST, "list USB devices (the default)"),
	OPT_CHOICE('a', "attach", struct usb_args, mode, MODE_ATTACH, "attach a device to a VM"),
	OPT_CHOICE('d', "detach", struct usb_args, mode, MODE_DETACH,
		   "detach a device from whoever has it, or all devices from a VM"),
	OPT_FLAG(0, "no-auto-detach", struct usb_args, keep, "attach: fail if another VM has the device"),
	OPT_DEVICECLASS(struct usb_args, release4),
	OPT_WORDS("[VM BACKEND:DEVICE|VM|BACKEND:DEVICE] | list [VM...] | attach VM BACKEND:DEVICE | "
		  "detach VM [BACKEND:DEVICE]",
		  0, -1),
	OPT_NOTE("A DEVICE is a bus and a port, as in sys-usb:2-1.4. Both VMs need qubes-usb-proxy."),
	OPT_END
};

/* ---- release 3's commands ---- */

static void print_device(const struct hotplug_device *device)
{
	printf("%s:%s\t%s", device->backend->name, device->name, device->description);
	if (device->user)
		printf(" (attached to %s)", device->user->name);
	putchar('\n');
}

static int list(struct qubes *q, const void *args, char **words)
{
	struct hotplug_devices devices;

	(void)args, (void)words;
	if (hotplug_list(q, &hotplug_usb, &devices) != 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		print_device(&devices.items[i]);
	return 0;
}

static int attach(struct qubes *q, const void *parsed, char **words)
{
	const struct usb_args *args = parsed;
	const struct hotplug_how how = { .take_over = !args->keep };
	const struct hotplug_device *device;
	const char *name;
	struct vm *vm = vm_by_name(q, words[0]), *backend = vm ? hotplug_backend(q, words[1], &name) : NULL;

	device = backend ? hotplug_find(backend, &hotplug_usb, name) : NULL;
	return device ? hotplug_attach(vm, &hotplug_usb, device, &how) : -1;
}

static int detach(struct qubes *q, const void *args, char **words)
{
	(void)args;
	return deviceclass_detach_release3(q, &hotplug_usb, words[0]);
}

/* ---- the applet ---- */

static const struct deviceclass_command commands[] = {
	{ MODE_LIST, 0, 0, { 0 }, false, 0, list },
	{ MODE_ATTACH, 2, 2, { "VM", "device" }, true, 0, attach },
	{ MODE_DETACH, 1, 1, { "VM or device" }, true, 0, detach },
	{ 0 },
};

static const struct deviceclass_tool tool = {
	.class = &deviceclass_usb,
	.commands = commands,
	.exclusive = "list, attach and detach exclude each other",
};

static struct deviceclass_call call_of(const struct usb_args *args, char **words)
{
	return (struct deviceclass_call){ &tool, &args->release4, args, args->mode, words };
}

int qvm_usb_access(const void *parsed, char **words)
{
	const struct usb_args *args = parsed;
	const struct deviceclass_call call = call_of(args, words);

	if (args->keep && !(args->mode & MODE_ATTACH))
		return error_set(ERROR_USAGE, "--no-auto-detach goes with -a only");
	return deviceclass_check(&call) < 0 ? -1 : STORE_READ;
}

int qvm_usb_main(struct qubes *q, const void *args, char **words)
{
	const struct deviceclass_call call = call_of(args, words);

	return deviceclass_run(q, &call);
}
