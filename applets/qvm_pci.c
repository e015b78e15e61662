/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-pci - show and change which PCI devices VMs have. Both grammars: an option says that it is release
 * 3's, a first word that is a command release 4's.
 */
#include <string.h>

#include "applet.h"
#include "deviceclass.h"
#include "devices.h"
#include "hotplug.h"

enum mode {
	MODE_LIST = 1 << 0,
	MODE_ADD = 1 << 1,
	MODE_DELETE = 1 << 2,
	MODE_ADD_CLASS = 1 << 3,
};

struct pci_args {
	int mode; /* bits of enum mode, as given */
	struct deviceclass_args release4;
};

const struct option_row qvm_pci_options[] = {
	OPT_CHOICE('l', "list", struct pci_args, mode, MODE_LIST, "print the devices of a VM (the default)"),
	OPT_CHOICE('a', "add", struct pci_args, mode, MODE_ADD, "give a device to a VM"),
	OPT_CHOICE('d', "delete", struct pci_args, mode, MODE_DELETE, "take a device from a VM"),
	OPT_CHOICE('C', "add-class", struct pci_args, mode, MODE_ADD_CLASS,
		   "give all devices of a class to a VM: net or usb"),
	OPT_DEVICECLASS(struct pci_args, release4),
	OPT_WORDS("VM [DEVICE|CLASS] | list [VM...] | attach VM dom0:DEVICE | detach VM [dom0:DEVICE]", 0,
		  -1),
	OPT_NOTE(
		"A DEVICE is " DEVICES_PCI_FORM
		" (00:19.0), in release 4's words also 00_19.0. A VM that runs "
		"gets it, or is rid of it, once that is saved; where that cannot be done, at its next start. A VM "
		"that is called like a command is listed with -l."),
	OPT_END
};

/* ---- the assignments of one VM ---- */

static int print_list(struct qubes *q, const void *args, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);
	struct literal devices;

	(void)args;
	if (!vm || devices_pci_of(vm, &devices) < 0)
		return -1;
	puts(literal_list_text(q->arena, &devices));
	return 0;
}

static int add(struct qubes *q, const void *args, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);

	(void)args;
	return vm ? hotplug_assign_pci(vm, words[1]) : -1;
}

static int release(struct qubes *q, const void *args, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);

	(void)args;
	return vm ? hotplug_release_pci(vm, words[1]) : -1;
}

static const struct device_class {
	const char *name;
	unsigned start; /* of the class code, */
	int rest;	/* which is so many bits longer */
} classes[] = {
	{ "net", 0x02, 16 },
	{ "usb", 0x0c03, 8 },
};

static int add_devices(struct vm *vm, const struct device_class *class)
{
	const struct devices_pci *device = devices_list_pci(vm->qubes);
	bool found = false;

	if (!device)
		return -1;
	for (; device->address; device++) {
		if (device->class >> class->rest != class->start)
			continue;
		if (hotplug_assign_pci(vm, device->address) < 0)
			return -1;
		found = true;
	}
	if (!found)
		error_note("this host has no PCI device of class %s", class->name);
	return 0;
}

static int add_class(struct qubes *q, const void *args, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);

	(void)args;
	for (size_t i = 0; vm && i < ARRAY_SIZE(classes); i++)
		if (!strcmp(words[1], classes[i].name))
			return add_devices(vm, &classes[i]);
	if (!vm)
		return -1;
	return error_set(ERROR_FAILED, "'%s' is no class of devices: there are net and usb", words[1]);
}

/* ---- the applet ---- */

static const struct deviceclass_command commands[] = {
	{ MODE_LIST, 1, 1, { "VM" }, false, 0, print_list },
	{ MODE_ADD, 2, 2, { "VM", "device" }, true, 0, add },
	{ MODE_DELETE, 2, 2, { "VM", "device" }, true, 0, release },
	{ MODE_ADD_CLASS, 2, 2, { "VM", "class of devices" }, true, 0, add_class },
	{ 0 },
};

static const struct deviceclass_tool tool = {
	.class = &deviceclass_pci,
	.commands = commands,
	.exclusive = "list, add, delete and add-class exclude each other",
	.loose = true,
};

static struct deviceclass_call call_of(const struct pci_args *args, char **words)
{
	return (struct deviceclass_call){ &tool, &args->release4, args, args->mode, words };
}

int qvm_pci_access(const void *args, char **words)
{
	const struct deviceclass_call call = call_of(args, words);
	int changes = call.mode && !words[0] ? error_set(ERROR_USAGE, "which VM?") : deviceclass_check(&call);

	return changes < 0 ? -1 : changes ? STORE_WRITE : STORE_READ;
}

int qvm_pci_main(struct qubes *q, const void *args, char **words)
{
	const struct deviceclass_call call = call_of(args, words);

	return deviceclass_run(q, &call);
}
