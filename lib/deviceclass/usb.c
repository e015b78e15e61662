/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB devices as a class.
 */
#include "error.h"
#include "hotplug.h"
#include "internal.h"

static void add_device(struct qubes *q, struct deviceclass_list *list, const struct hotplug_device *device)
{
	struct deviceclass_row *row =
		deviceclass_add(q, list, device->backend, device->name, device->description);

	if (device->user)
		deviceclass_add_use(q, row, device->user, NULL);
}

static int list(struct qubes *q, struct deviceclass_list *rows)
{
	return deviceclass_list_offers(q, &hotplug_usb, add_device, rows);
}

static int attach(struct vm *vm, struct vm *backend, const char *ident, const struct deviceclass_args *args)
{
	const struct hotplug_how how = { .take_over = false };
	const struct hotplug_device *device;

	if (args->persistent)
		return error_set(ERROR_FAILED,
				 "in release 3 a USB device is attached for as long as the VM runs");
	if (args->read_only || args->options.count)
		return error_set(ERROR_FAILED, "a USB device has no options");
	device = hotplug_find(backend, &hotplug_usb, ident);
	return device ? hotplug_attach(vm, &hotplug_usb, device, &how) : -1;
}

static int detach(struct vm *vm, struct vm *backend, const char *ident)
{
	return hotplug_detach(backend, &hotplug_usb, ident, vm);
}

static int detach_all(struct vm *vm)
{
	return hotplug_detach_all(vm, &hotplug_usb);
}

const struct deviceclass deviceclass_usb = {
	.name = "usb",
	.list = list,
	.attach = attach,
	.detach = detach,
	.detach_all = detach_all,
};
