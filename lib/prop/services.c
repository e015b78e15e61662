/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services: what is set for a VM, what holds whatever is set, and setting one of them.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define SERVICES "services"
#define MEMINFO_WRITER "meminfo-writer"
#define NTPD "ntpd"

#define NAME_MOST 48 /* with its directory it must fit into a QubesDB path of 64 bytes */
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@:-"

/* What is set, without what always holds. An HVM of which nothing is said has no memory to give. */
static void read_stored(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *text = vm_get(vm, prop_key(prop)).text;

	if (text && strcasecmp(text, "none"))
		prop_read(vm, prop, text, value);
	else if (vm_is(vm, VM_HVMS))
		literal_put(vm->qubes->arena, &value->entries, MEMINFO_WRITER, false);
}

static bool is_clockvm(const struct vm *vm)
{
	return vm_global(vm->qubes, "clockvm") == vm;
}

int prop_get_services(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct arena *arena = vm->qubes->arena;
	struct literal *services = &value->entries;
	bool pci = prop_has_pci_devices(vm);

	read_stored(vm, prop, value);
	if (value->broken)
		return 0;
	if (!literal_find(services, MEMINFO_WRITER))
		literal_put(arena, services, MEMINFO_WRITER, !pci);
	if (pci || (vm_is(vm, VM_HVMS) && vm_get(vm, "guiagent_installed").presence == LAYOUT_ABSENT))
		literal_put(arena, services, MEMINFO_WRITER, false);
	if (is_clockvm(vm))
		literal_put(arena, services, NTPD, false);
	return 0;
}

/* ---- setting ---- */

int prop_check_service_name(const char *name)
{
	size_t length = strlen(name);

	if (length > 0 && length <= NAME_MOST && strspn(name, NAME_CHARACTERS) == length)
		return 0;
	return error_set(ERROR_FAILED,
			 "'%s' is no name for a service: it takes 1 to %d letters, digits, "
			 "'_', '.', '@', ':' and '-'",
			 name, NAME_MOST);
}

/* 1: DICT was changed; 0: it says so already. */
static int change(struct arena *arena, struct literal *dict, const char *name, enum prop_switch to)
{
	const struct literal_entry *entry = literal_find(dict, name);

	if (to == PROP_ABSENT ? !entry : entry && entry->value == (to == PROP_ON))
		return 0;
	if (to == PROP_ABSENT)
		literal_drop(dict, name);
	else
		literal_put(arena, dict, name, to == PROP_ON);
	return 1;
}

/* What always holds is not for the store to overrule. */
static void note_overruled(const struct vm *vm, const char *name, enum prop_switch to)
{
	const struct literal_entry *entry;
	struct literal services;

	if (to == PROP_ABSENT || prop_services(vm, &services) < 0)
		return;
	entry = literal_find(&services, name);
	if (entry && entry->value != (to == PROP_ON))
		error_note("warning: %s of %s is stored but stays off, because %s", name, vm->name,
			   !strcmp(name, NTPD)	    ? "it is the clock VM" :
			   prop_has_pci_devices(vm) ? "it has PCI devices" :
						      "its GUI agent is not known of");
}

int prop_set_service(struct vm *vm, const char *name, enum prop_switch to)
{
	const struct prop *prop = prop_find(vm->qubes, SERVICES);
	struct prop_value value = { .type = PROP_SERVICES };

	if (prop_is_release4(vm->qubes))
		return prop4_set_service(vm, name, to);
	if (vm_is(vm, VM_UNKNOWN))
		return error_set(ERROR_FAILED, "the services of %s, which is of class %s, cannot be set",
				 vm->name, vm->type);
	if (to != PROP_ABSENT && prop_check_service_name(name) < 0)
		return -1;
	read_stored(vm, prop, &value);
	if (value.broken)
		return error_set(ERROR_FAILED,
				 "the services of %s cannot be read: '%s' (qvm-service --reset "
				 "%s forgets them)",
				 vm->name, value.text, vm->name);
	if (change(vm->qubes->arena, &value.entries, name, to) &&
	    vm_set(vm, SERVICES, literal_dict_text(vm->qubes->arena, &value.entries)) < 0)
		return -1;
	note_overruled(vm, name, to);
	return 0;
}

int prop_reset_services(struct vm *vm)
{
	return prop_is_release4(vm->qubes) ? prop4_reset_services(vm) : vm_unset(vm, SERVICES);
}
