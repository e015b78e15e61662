/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first form of a new VM's element: everything that the original tools always write, with its default.
 */
#include "error.h"
#include "internal.h"
#include "util.h"

/* Puts TEXT where nothing is set yet. */
static int state(struct vm *vm, const char *key, const char *text)
{
	return vm_get(vm, key).presence == LAYOUT_SET && vm_get(vm, key).text ? 0 : vm_set(vm, key, text);
}

/*
 * What follows a default is still written, beside the flag that says so: older tools read it. A VM follows
 * its netvm from its first load on; until then no VM is named.
 */
static int state_references(struct vm *vm, const struct vm *template)
{
	if (vm_set_reference(vm, "template", template) < 0)
		return -1;
	if (vm_set_reference(vm, "dispvm_netvm", NULL) < 0 || vm_set_default(vm, "dispvm_netvm") < 0)
		return -1;
	if (vm_is(vm, VM_NET))
		return 0;
	if (vm_set_reference(vm, "netvm", NULL) < 0)
		return -1;
	return vm_is(vm, VM_PROXY) ? 0 : vm_set_default(vm, "netvm");
}

static int state_netid(struct vm *vm)
{
	int netid;

	if (!vm_is(vm, VM_NET | VM_PROXY))
		return 0;
	netid = vm_free_netid(vm->qubes);
	return netid < 0 ? -1 : state(vm, "netid", arena_printf(vm->qubes->arena, "%d", netid));
}

static const char *initial_services(const struct vm *vm)
{
	struct arena *arena = vm->qubes->arena;
	struct literal services;

	if (prop_services(vm, &services) < 0)
		return NULL;
	if (!prop_update_checks(vm->qubes).new_vms)
		literal_put(arena, &services, PROP_UPDATE_CHECK, false);
	return literal_dict_text(arena, &services);
}

static int state_default(struct vm *vm, const struct prop *prop)
{
	struct prop_value value;
	const char *text;

	if (prop_get(vm, prop, &value) < 0)
		return -1;
	/* A template's value is not the VM's own. */
	text = prop->fallback ? prop->fallback : prop_text(vm, &value);
	if (!text && prop->type == PROP_INT) /* not known without the hypervisor */
		return 0;
	if (state(vm, prop_key(prop), text ? text : "None") < 0)
		return -1;
	return prop->flags & PROP_MARKED && value.follows ? vm_set_default(vm, prop_key(prop)) : 0;
}

int prop_initialise(struct vm *vm, const struct vm *template)
{
	const char *services;

	if (state_references(vm, template) < 0 || state_netid(vm) < 0 ||
	    state(vm, "conf_file", arena_printf(vm->qubes->arena, "%s.conf", vm->name)) < 0 ||
	    state(vm, "firewall_conf", "firewall.xml") < 0)
		return -1;
	services = initial_services(vm);
	if (!services || state(vm, "services", services) < 0)
		return -1;
	for (const struct prop *prop = prop_table; prop->name; prop++)
		if (vm_is(vm, prop->written) && state_default(vm, prop) < 0)
			return -1;
	return 0;
}
