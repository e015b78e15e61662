/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VM is told when it starts: groups of entries in the order of the original, each for certain classes.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "net.h"
#include "prop.h"
#include "util.h"
#include "vmm.h"

/* One group being written for one VM. */
struct told {
	struct vm *vm;
	bool preparing;
	struct qubesdb_entries *entries;
};

void qubesdb_add(struct qubes *q, struct qubesdb_entries *entries, const char *path, const char *value)
{
	entries->items =
		arena_grow(q->arena, entries->items, entries->count, &entries->room, sizeof(*entries->items));
	entries->items[entries->count++] = (struct qubesdb_entry){
		.path = arena_strdup(q->arena, path),
		.value = value ? arena_strdup(q->arena, value) : NULL,
	};
}

static void tell(const struct told *told, const char *path, const char *value)
{
	qubesdb_add(told->vm->qubes, told->entries, path, value);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* ---- the groups ---- */

static int tell_identity(const struct told *told)
{
	const struct vm *vm = told->vm, *template = vm_template(vm);
	bool updateable = vm_is_updateable(vm);

	tell(told, "/name", vm->name);
	tell(told, "/qubes-vm-type", vm->type);
	tell(told, "/qubes-vm-updateable", updateable ? "True" : "False");
	tell(told, "/qubes-vm-persistence", updateable ? "full" : "rw-only");
	tell(told, "/qubes-base-template", template ? template->name : "");
	return 0;
}

static int tell_own_network(const struct told *told)
{
	const struct vm *vm = told->vm;
	char gateway[NET_ADDRESS_MAX], dns[NET_ADDRESS_MAX], network[NET_ADDRESS_MAX];

	tell(told, "/qubes-netvm-gateway", or_empty(net_vm_gateway(vm, gateway)));
	tell(told, "/qubes-netvm-primary-dns", or_empty(net_vm_gateway(vm, gateway)));
	tell(told, "/qubes-netvm-secondary-dns", or_empty(net_vm_secondary_dns(vm, dns)));
	tell(told, "/qubes-netvm-netmask", or_empty(net_vm_netmask(vm)));
	tell(told, "/qubes-netvm-network", or_empty(net_vm_network(vm, network)));
	return 0;
}

static int tell_addresses(const struct told *told)
{
	const struct vm *netvm = vm_netvm(told->vm);
	char ip[NET_ADDRESS_MAX], gateway[NET_ADDRESS_MAX], dns[NET_ADDRESS_MAX];

	if (!netvm)
		return 0;
	tell(told, "/qubes-ip", or_empty(net_vm_address(told->vm, ip)));
	tell(told, "/qubes-netmask", or_empty(net_vm_netmask(netvm)));
	tell(told, "/qubes-gateway", or_empty(net_vm_gateway(netvm, gateway)));
	tell(told, "/qubes-primary-dns", or_empty(net_vm_gateway(netvm, gateway)));
	tell(told, "/qubes-secondary-dns", or_empty(net_vm_secondary_dns(netvm, dns)));
	return 0;
}

static int tell_timezone(const struct told *told)
{
	const char *timezone = qubesdb_timezone(told->vm->qubes);

	if (timezone)
		tell(told, "/qubes-timezone", timezone);
	return 0;
}

static void tell_service(const struct told *told, const struct literal_entry *service)
{
	AUTO_FREE char *path = util_printf("/qubes-service/%s", service->key);

	if (prop_check_service_name(service->key) == 0) {
		tell(told, path, service->value ? "1" : "0");
		return;
	}
	error_note("warning: %s does not get to know of one of its services: %s", told->vm->name,
		   error_message());
	error_clear();
}

static int tell_services(const struct told *told)
{
	struct literal services;

	if (prop_services(told->vm, &services) != 0)
		return -1;
	if (told->preparing || vm_is(told->vm, VM_DISPOSABLE))
		literal_put(told->vm->qubes->arena, &services, "qubes-dvm", true);
	for (size_t i = 0; i < services.count; i++)
		tell_service(told, &services.entries[i]);
	return 0;
}

static int tell_rest(const struct told *told)
{
	char seed[QUBESDB_SEED_TEXT];

	if (qubesdb_make_seed(seed) != 0)
		return -1;
	tell(told, "/qubes-block-devices", "");
	tell(told, "/qubes-usb-devices", "");
	tell(told, "/qubes-debug-mode", prop_flag(told->vm, "debug") ? "1" : "0");
	tell(told, "/qubes-random-seed", seed);
	explicit_bzero(seed, sizeof(seed));
	return 0;
}

static int tell_firewall(const struct told *told)
{
	vmm_forget(told->vm->qubes); /* its clients as they are now */
	tell(told, "/qubes-iptables-error", "");
	return qubesdb_firewall_entries(told->vm, told->entries);
}

/* As the original tells it: the first once more, because what holds for its class does not hold for it. */
static int tell_disposable(const struct told *told)
{
	tell(told, "/qubes-vm-persistence", "none");
	tell(told, "/qubes-restore-complete", "1");
	return 0;
}

static const struct group {
	unsigned classes;
	int (*tell)(const struct told *told); /* 0, or -1 with an error */
} groups[] = {
	{ VM_ALL, tell_identity },   { VM_NETVMS, tell_own_network }, /* as the network of others */
	{ VM_ALL, tell_addresses },				      /* in the network of another */
	{ VM_ALL, tell_timezone },   { VM_ALL, tell_services },		 { VM_ALL, tell_rest },
	{ VM_PROXY, tell_firewall }, { VM_DISPOSABLE, tell_disposable },
};

int qubesdb_entries_of(struct vm *vm, bool preparing, struct qubesdb_entries *entries)
{
	const struct told told = { .vm = vm, .preparing = preparing, .entries = entries };

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (vm_is(vm, groups[i].classes) && groups[i].tell(&told) != 0)
			return error_within("what %s is to be told", vm->name);
	return 0;
}

/* ---- when the netvm of a running VM changes ---- */

int qubesdb_network_entries(struct vm *vm, struct qubesdb_entries *entries)
{
	static const char *const paths[] = {
		"/qubes-ip", "/qubes-netmask", "/qubes-gateway", "/qubes-primary-dns", "/qubes-secondary-dns",
	};
	const struct told told = { .vm = vm, .entries = entries };

	if (vm_netvm(vm))
		tell_addresses(&told);
	else
		for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
			tell(&told, paths[i], NULL);
	if (!vm_is(vm, VM_PROXY))
		return 0;
	vmm_forget(vm->qubes);
	return qubesdb_add_netvm_domid(vm, entries);
}
