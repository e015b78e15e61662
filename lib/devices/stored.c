/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where each format keeps the PCI devices of a VM: release 3 as one list of addresses, release 4 as elements with
 * options of their own.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "util.h"

#define PCIDEVS "pcidevs"
#define STRICT_RESET "pci_strictreset"
#define NO_STRICT_RESET "no-strict-reset"
#define PCI "pci"
#define HOST "dom0"

/* ---- release 3 ---- */

static int read_release3(const struct vm *vm, struct literal *addresses)
{
	const char *text = vm_get(vm, PCIDEVS).text;

	if (literal_read_list(vm->qubes->arena, text ? text : "", addresses) < 0)
		return error_within("%s of %s cannot be read (qvm-prefs -s %s %s [] forgets them)", PCIDEVS,
				    vm->name, vm->name, PCIDEVS);
	return 0;
}

static int store_release3(struct vm *vm, const struct literal *addresses)
{
	return vm_set(vm, PCIDEVS, literal_list_text(vm->qubes->arena, addresses));
}

static int add_release3(struct vm *vm, const char *address)
{
	struct literal addresses;

	if (read_release3(vm, &addresses) < 0)
		return -1;
	literal_put(vm->qubes->arena, &addresses, address, false);
	return store_release3(vm, &addresses);
}

static int drop_release3(struct vm *vm, const char *address)
{
	struct literal addresses;

	if (read_release3(vm, &addresses) < 0)
		return -1;
	/* A list may name it twice. */
	while (literal_find(&addresses, address))
		literal_drop(&addresses, address);
	return store_release3(vm, &addresses);
}

static const char *options_release3(const struct vm *vm, const char *address)
{
	(void)address;
	return prop_flag(vm, STRICT_RESET) ? NULL : NO_STRICT_RESET "=True";
}

static int check_option_release3(const struct vm *vm, const char *name)
{
	if (strcmp(name, NO_STRICT_RESET) != 0)
		return error_set(ERROR_FAILED, "release 3 has no option '%s' for a PCI device", name);
	if (prop_flag(vm, STRICT_RESET))
		return error_set(ERROR_FAILED,
				 "in release 3 " NO_STRICT_RESET " is for all devices of a VM: "
				 "qvm-prefs -s %s " STRICT_RESET " False",
				 vm->name);
	return 0;
}

static int set_option_release3(struct vm *vm, const char *address, const char *name)
{
	(void)vm, (void)address, (void)name; /* all devices of the VM have it */
	return 0;
}

/* ---- release 4 ---- */

/* The device of VM after PREVIOUS that is one of dom0's PCI devices; NULL: none. */
static store_node *next_pci(const struct vm *vm, store_node *previous)
{
	const struct layout *layout = vm->qubes->layout;
	store_node *device = previous;

	while ((device = layout->next_item(vm->node, LAYOUT_DEVICES, device))) {
		const char *class = layout_device_class(device);
		const char *backend = layout_item_attribute(device, "backend-domain");

		if (class && !strcmp(class, PCI) && (!backend || !strcmp(backend, HOST)) &&
		    layout_item_attribute(device, "id"))
			return device;
	}
	return NULL;
}

/* "00:19.0" of "00_19.0"; from 4.3 on one behind bridges is "00:1c.0-00_00.0". */
static const char *its_address(const struct vm *vm, const store_node *device)
{
	char *address = arena_strdup(vm->qubes->arena, layout_item_attribute(device, "id"));
	char *line = strchr(address, '_');

	if (line)
		*line = ':';
	return address;
}

static store_node *find_pci(const struct vm *vm, const char *address)
{
	store_node *device = NULL;

	while ((device = next_pci(vm, device)) && strcmp(its_address(vm, device), address) != 0)
		;
	return device;
}

static int read_release4(const struct vm *vm, struct literal *addresses)
{
	store_node *device = NULL;

	*addresses = (struct literal){ 0 };
	while ((device = next_pci(vm, device)))
		literal_put(vm->qubes->arena, addresses, its_address(vm, device), false);
	return 0;
}

static int add_release4(struct vm *vm, const char *address)
{
	store_node *device = vm->qubes->layout->add_item(vm->node, LAYOUT_DEVICES, PCI);
	char *ident = arena_strdup(vm->qubes->arena, address);

	if (!device)
		return -1;
	ident[strcspn(ident, ":")] = '_';
	store_put_attribute(device, "backend-domain", HOST);
	store_put_attribute(device, "id", ident);
	if (vms_are_of_43(vm->qubes)) {
		store_put_attribute(device, "mode", "required");
		store_put_attribute(device, "identity", "*");
	}
	store_touch(vm->qubes->store);
	return 0;
}

static int drop_release4(struct vm *vm, const char *address)
{
	store_node *device;

	while ((device = find_pci(vm, address))) {
		store_touch(vm->qubes->store);
		if (vm->qubes->layout->remove_item(device) < 0)
			return -1;
	}
	return 0;
}

static const char *options_release4(const struct vm *vm, const char *address)
{
	store_node *device = find_pci(vm, address), *option = NULL;
	AUTO_STRBUF struct strbuf text = { 0 };

	while (device && (option = vm->qubes->layout->next_item(device, LAYOUT_OPTIONS, option)))
		strbuf_printf(&text, "%s%s=%s", text.length ? ", " : "",
			      layout_item_attribute(option, "name"), layout_item_text(option));
	return text.length ? arena_strdup(vm->qubes->arena, text.text) : NULL;
}

static int check_option_release4(const struct vm *vm, const char *name)
{
	(void)vm;
	if (!strcmp(name, NO_STRICT_RESET) || !strcmp(name, "permissive"))
		return 0;
	return error_set(ERROR_FAILED,
			 "a PCI device has no option '%s': there are " NO_STRICT_RESET " and permissive",
			 name);
}

static int set_option_release4(struct vm *vm, const char *address, const char *name)
{
	const struct layout *layout = vm->qubes->layout;
	store_node *device = find_pci(vm, address);
	store_node *option = device ? layout_find_item(layout, device, LAYOUT_OPTIONS, name) : NULL;

	if (!device)
		return error_set(ERROR_FAILED, "%s does not have PCI device %s", vm->name, address);
	if (!option)
		option = layout->add_item(device, LAYOUT_OPTIONS, name);
	if (!option)
		return -1;
	layout_set_item_text(option, "True");
	store_touch(vm->qubes->store);
	return 0;
}

/* ---- by the format ---- */

static const struct stored_pci formats[] = {
	[STORE_R3] = { read_release3, add_release3, drop_release3, options_release3, check_option_release3,
		       set_option_release3 },
	[STORE_R4] = { read_release4, add_release4, drop_release4, options_release4, check_option_release4,
		       set_option_release4 },
};

const struct stored_pci *stored_pci(const struct vm *vm)
{
	return &formats[vm->qubes->layout->format];
}
