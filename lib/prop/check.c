/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May this text be stored? What the type says, and what single properties ask for besides.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "devices.h"
#include "error.h"
#include "internal.h"
#include "net.h"
#include "util.h"
#include "vmm.h"

static int refuse(const struct prop *prop, const char *text)
{
	return error_set(ERROR_FAILED, "'%s' is no value for %s, which takes %s", text, prop->name,
			 prop->forms);
}

int prop_check_label(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	(void)vm, (void)canonical;
	return vm_label_by_name(text) ? 0 : refuse(prop, text);
}

/* ---- the host's limits: checked where the hypervisor can be asked ---- */

/* 0: HOST is filled; 1: the host cannot be asked, which is no reason to refuse. */
static int ask_host(const struct vm *vm, const struct prop *prop, struct vmm_host *host)
{
	if (vmm_offline(vm->qubes))
		return 1;
	if (vmm_host(vm->qubes, host) == 0)
		return 0;
	error_note("%s is not compared with what the host has: %s", prop->name, error_message());
	error_clear();
	return 1;
}

int prop_check_host_memory(const struct vm *vm, const struct prop *prop, const char *text,
			   const char **canonical)
{
	long long number = atoll(text);
	struct vmm_host host;

	(void)canonical;
	if (ask_host(vm, prop, &host) == 0 && (unsigned long long)number > host.memory_mib)
		return error_set(ERROR_FAILED, "%s %lld is more than the host has (%llu MiB)", prop->name,
				 number, host.memory_mib);
	return 0;
}

int prop_check_host_cpus(const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical)
{
	long long number = atoll(text);
	struct vmm_host host;

	(void)canonical;
	if (ask_host(vm, prop, &host) == 0 && number > host.cpus)
		return error_set(ERROR_FAILED, "%s %lld is more than the host has (%d CPUs)", prop->name,
				 number, host.cpus);
	return 0;
}

/* ---- PCI devices ---- */

static int check_pci_device(const struct vm *vm, const char *device)
{
	if (!devices_is_pci_address(device))
		return error_set(ERROR_FAILED, "'%s' is no PCI device: it takes the form " DEVICES_PCI_FORM,
				 device);
	/* A root without /sys has no list of them: what is not known is no reason to refuse. */
	if (!vmm_offline(vm->qubes) && devices_has_pci(vm->qubes, device) == 0)
		return error_set(ERROR_FAILED, "this host has no PCI device %s", device);
	devices_note_shared(vm, device);
	return 0;
}

int prop_check_pcidevs(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	struct arena *arena = vm->qubes->arena;
	const char *start = text + strspn(text, " \t\n");
	struct literal devices;

	if (*start != '[' && *start != '(')
		return refuse(prop, text);
	if (literal_read_list(arena, text, &devices) < 0)
		return error_within("%s", prop->name);
	if (devices.count && devices_check_pci_vm(vm) < 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++) {
		const char *device = devices.entries[i].key;

		if (check_pci_device(vm, device) < 0)
			return -1;
		if (literal_find(&devices, device) != &devices.entries[i])
			return error_set(ERROR_FAILED, "PCI device %s is named twice", device);
	}
	*canonical = literal_list_text(arena, &devices);
	return 0;
}

/* ---- kernel ---- */

static bool kernel_has(struct qubes *q, const char *name, const char *file)
{
	AUTO_FREE char *path = util_printf("%s/%s/%s", PROP_KERNELS_DIR, name, file);

	return root_exists(q->root, path);
}

int prop_check_kernel(struct qubes *q, const char *name)
{
	static const char *const needed[] = { "vmlinuz", "initramfs" };

	if (!*name || strchr(name, '/') || name[0] == '.' || !kernel_has(q, name, "."))
		return error_set(ERROR_FAILED, "there is no kernel '%s' in %s; installed:%s", name,
				 PROP_KERNELS_DIR, prop_kernel_names(q));
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!kernel_has(q, name, needed[i]))
			return error_set(ERROR_FAILED, "kernel %s is not complete: %s/%s/%s is missing", name,
					 PROP_KERNELS_DIR, name, needed[i]);
	return 0;
}

int prop_check_vm_kernel(const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical)
{
	(void)prop;
	if (strcmp(text, "none"))
		return prop_check_kernel(vm->qubes, text);
	*canonical = "None";
	return 0;
}

/* ---- the others ---- */

int prop_check_mac(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	(void)vm, (void)canonical;
	return net_is_mac(text) ? 0 : refuse(prop, text);
}

int prop_check_agent(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	const struct vm *template = vm_template(vm);

	(void)canonical;
	if (!strcmp(text, "False") && template && prop_applies(template, prop) &&
	    prop_flag(template, prop->name))
		error_note("warning: %s of %s stays True as long as its template %s has it", prop->name,
			   vm->name, template->name);
	return 0;
}

int prop_check_seamless(const struct vm *vm, const struct prop *prop, const char *text,
			const char **canonical)
{
	const char *stored = vm_get(vm, prop_key(prop)).text;

	(void)canonical;
	if (!strcmp(text, "True") && !(stored && prop_boolean_word(stored) == 1) &&
	    !prop_flag(vm, "guiagent_installed"))
		return error_set(ERROR_FAILED, "%s needs the GUI agent, which %s has not installed",
				 prop->name, vm->name);
	return 0;
}

/* Whether the drive is there is looked at when it is needed; but a type that is none looks like a VM. */
static void note_backend(const struct vm *vm, const char *name)
{
	if (!vm_name_taken(vm->qubes, name))
		error_note("warning: there is no VM '%s' that a drive could be of", name);
}

/* Type and backend may be left out; what is stored has both. */
int prop_check_drive(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	const char *type = util_starts_with(text, "hd:") ? "hd" : "cdrom", *place = text, *path;

	if (!*text || !strcasecmp(text, "none")) {
		*canonical = "None";
		return 0;
	}
	if (util_starts_with(text, "hd:") || util_starts_with(text, "cdrom:"))
		place = strchr(text, ':') + 1;
	if (place[0] == '/')
		place = arena_printf(vm->qubes->arena, "dom0:%s", place);
	path = strchr(place, ':');
	if (!path || path == place || path[1] != '/')
		return error_set(ERROR_FAILED, "the path of a drive must be absolute: '%s'; it takes %s",
				 text, prop->forms);
	note_backend(vm, arena_printf(vm->qubes->arena, "%.*s", (int)(path - place), place));
	*canonical = arena_printf(vm->qubes->arena, "%s:%s", type, place);
	return 0;
}

int prop_check_timezone(const struct vm *vm, const struct prop *prop, const char *text,
			const char **canonical)
{
	unsigned long long seconds;

	(void)vm, (void)canonical;
	if (!strcasecmp(text, "localtime") ||
	    util_parse_decimal(text[0] == '-' ? text + 1 : text, PROP_INT_MAX, &seconds))
		return 0;
	return refuse(prop, text);
}
