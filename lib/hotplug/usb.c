/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * USB devices, as release 3.2 gives them to VMs: qubes-usb-proxy in both VMs talk to each other by a service
 * that is allowed for the moment alone.
 */
#include <ctype.h>
#include <string.h>

#include "error.h"
#include "helpers.h"
#include "internal.h"
#include "vmm.h"

#define DESCRIPTION_MAX_LENGTH 255
#define SERVICE_SECONDS 60
#define NOT_INSTALLED 127

/* ---- what is offered ---- */

/* "2-1", "2-1_4_3": the bus, and the way through its hubs; '_' stands for the '.' that QubesDB once had not. */
static bool is_name(const char *text)
{
	for (const char *before = "-";; before = "_") {
		size_t digits = strspn(text, "0123456789");

		if (!digits)
			return false;
		text += digits;
		if (!*text)
			return *before == '_';
		if (*text++ != *before)
			return false;
	}
}

static const char *dotted(struct arena *arena, const char *name)
{
	char *copy = arena_strdup(arena, name);

	for (char *c = copy; *c; c++)
		if (*c == '_')
			*c = '.';
	return copy;
}

static bool is_description(const char *text)
{
	size_t length = text ? strlen(text) : 0;

	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return length > 0 && length <= DESCRIPTION_MAX_LENGTH;
}

static bool is_vm_name(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++)
		if (!isascii((unsigned char)text[i]) ||
		    !(isalnum((unsigned char)text[i]) || (i && strchr("_.-", text[i]))))
			return false;
	return isalpha((unsigned char)text[0]) && length <= VM_NAME_MAX;
}

/* The VM that the backend names; NULL: none, or one that cannot be, which is said. */
static struct vm *read_user(struct qubes *q, const struct offer *offer, const struct vm *backend)
{
	const char *name = offer->connected_to, *wrong = "is no VM";
	struct vm *user;

	if (!name || !*name)
		return NULL;
	user = is_vm_name(name) ? vm_by_name(q, name) : NULL;
	if (user && !vm_is_dom0(user) && user != backend)
		return user;
	if (user)
		wrong = user == backend ? "offers it itself" : "is the host itself";
	error_clear();
	error_note("USB device %s is said to be attached to '%s', which %s", offer->name, name, wrong);
	return NULL;
}

static const char *read_offer(struct qubes *q, const struct offer *offer, struct hotplug_device *device)
{
	if (!is_description(offer->description))
		return "it has no description in printable characters";
	device->name = dotted(q->arena, offer->name);
	device->description = offer->description;
	device->user = read_user(q, offer, device->backend);
	return NULL;
}

/* ---- attaching and detaching ---- */

static int call(struct vm *vm, const char *service, const char *input)
{
	int status = helpers_call_service(vm, service, "root", input, NULL, SERVICE_SECONDS);

	if (status == 0)
		return 0;
	if (status == NOT_INSTALLED)
		return error_set(ERROR_FAILED, "qubes-usb-proxy is not installed in %s", vm->name);
	if (status > 0)
		return error_set(ERROR_FAILED, "service %s of %s failed (status %d)", service, vm->name,
				 status);
	return error_within("service %s of %s", service, vm->name);
}

static int let_go(const struct hotplug_device *device)
{
	AUTO_FREE char *input = util_printf("%s\n", device->name);

	return call(device->backend, "qubes.USBDetach", input);
}

static int detach(struct hotplug_device *device, struct vm *vm)
{
	(void)vm; /* one alone has it */
	return let_go(device);
}

/* What was allowed is forbidden again, whatever came of it. */
static int call_allowed(struct vm *vm, const void *what)
{
	const struct hotplug_device *device = what;
	struct qubes *q = vm->qubes;
	const char *backend = device->backend->name;
	AUTO_FREE char *input = util_printf("%s %s\n", backend, device->name);
	AUTO_FREE char *service = util_printf("qubes.USB+%s", device->name);
	AUTO_FREE char *why = NULL;
	int result;

	if (policy_allow(q, service, vm->name, backend) != 0)
		return -1;
	result = call(vm, "qubes.USBAttach", input);
	why = result == 0 ? NULL : util_strdup(error_message());
	if (policy_withdraw(q, service, vm->name, backend) != 0)
		return why ? error_within("%s; and", why) : -1;
	return why ? error_set(ERROR_FAILED, "%s", why) : 0;
}

static int take_over(struct vm *vm, const struct hotplug_device *device)
{
	if (device->user && let_go(device) != 0)
		return error_within("%s keeps it", device->user->name);
	if (call_allowed(vm, device) == 0)
		return 0;
	if (device->user)
		hotplug_undo(device->user, call_allowed, device);
	return -1;
}

static int attach(struct vm *vm, const struct hotplug_device *device, const struct hotplug_how *how)
{
	sigset_t before;
	int result;

	(void)how; /* nothing of it is for USB */
	util_hold_signals(&before);
	result = take_over(vm, device);
	util_release_signals(&before);
	return result;
}

static int detach_all(struct vm *vm)
{
	struct hotplug_devices devices;
	int result = 0;

	if (offers_read_all(vm->qubes, &hotplug_usb, &devices) != 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++) {
		if (devices.items[i].user != vm || let_go(&devices.items[i]) == 0)
			continue;
		error_report();
		result = -1;
	}
	return result == 0 ? 0 : error_said();
}

const struct hotplug_kind hotplug_usb = {
	.what = "USB device",
	.branch = "/qubes-usb-devices/",
	.is_name = is_name,
	.read = read_offer,
	.attach = attach,
	.detach = detach,
	.detach_all = detach_all,
};
