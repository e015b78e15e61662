/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network of VMs that run: an interface is taken away and another given, and those who must know are told.
 */
#include "network.h"

#include "domainxml.h"
#include "error.h"
#include "helpers.h"
#include "internal.h"
#include "pending.h"
#include "qubesdb.h"
#include "util.h"
#include "vmm.h"

#define MODULE_SECONDS 10

/* The interface of VM as its netvm is now, in the arena; "": it has none. NULL with an error. */
static const char *interface_of(struct vm *vm)
{
	const char *type = vmm_domain_type(vm->qubes);
	AUTO_FREE char *xml = type ? domainxml_interface(vm, type) : NULL;

	return xml ? arena_strdup(vm->qubes->arena, xml) : NULL;
}

/* Is it active, in whatever state? 1, 0; -1 with an error. dom0 is nobody's client. */
static int is_active(struct vm *vm)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return 0;
	return vmm_info_now(vm, &info) == 0 ? info.power != VMM_HALTED : -1;
}

/* Does this host have QubesDB? Where it has none, there is nobody to tell. 1, 0; -1 with an error. */
static int has_qubesdb(struct vm *vm)
{
	const struct helpers_how how = { .quiet = true, .no_gui = true };
	struct helpers helpers;

	return helpers_check(vm, &how, &helpers) == 0 ? helpers.qubesdb : -1;
}

int lifecycle_tell_firewall(struct vm *netvm)
{
	int told;

	if (!netvm || !vm_is(netvm, VM_PROXY))
		return 0;
	told = has_qubesdb(netvm);
	if (told > 0)
		return qubesdb_publish_firewall(netvm);
	if (told == 0)
		error_note("%s is told no firewall rules: there is no QubesDB on this host", netvm->name);
	return told;
}

/* ---- a running VM gets another netvm ---- */

/* Waits in the queue for the save to be over, where the commands of a batch find each other's. */
struct move {
	struct vm *vm, *from;
	const char *interface; /* that it has got; "": none */
	struct move *before;   /* of another VM */
};

static int tell_addresses(struct vm *vm)
{
	struct qubesdb_entries entries = { 0 };
	int told = has_qubesdb(vm);

	if (told <= 0)
		return told;
	vmm_forget(vm->qubes);
	return qubesdb_network_entries(vm, &entries) == 0 ? qubesdb_publish(vm, &entries) : -1;
}

/* A VM that is still in its old network does not get into the new one besides. */
static int leave(const struct move *move)
{
	if (*move->interface && vmm_detach(move->vm, move->interface) != 0)
		return error_within("it stays in the network of %s", move->from->name);
	if (lifecycle_tell_firewall(move->from) != 0) {
		error_note("%s: %s", move->vm->name, error_message());
		error_clear();
	}
	return 0;
}

/* Those that its packets pass know what it may send before it can. */
static int enter(struct vm *vm)
{
	struct vm *netvm = vm_netvm(vm);
	const char *interface = interface_of(vm);

	if (!interface || tell_addresses(vm) != 0 || lifecycle_tell_firewall(netvm) != 0)
		return -1;
	return *interface ? vmm_attach(vm, interface) : 0;
}

static int move_now(struct qubes *q, void *argument)
{
	const struct move *move = argument;
	struct vm *vm = move->vm;
	int active;

	(void)q;
	if (!vm->node) /* removed by a later command of a batch */
		return 0;
	active = is_active(vm);
	if (active == 0 || (active > 0 && leave(move) == 0 && enter(vm) == 0))
		return 0;
	return error_within(
		"%s: its new netvm is stored, but this run of it does not have it (the next does)", vm->name);
}

static bool is_planned(struct qubes *q, const struct vm *vm)
{
	for (const struct move *move = pending_argument(q, move_now); move; move = move->before)
		if (move->vm == vm)
			return true;
	return false;
}

/* In a batch the interface that it has got is still that of before the first change. */
static int plan(struct vm *vm, struct vm *from, const char *interface)
{
	struct qubes *q = vm->qubes;
	struct move *move;

	if (is_planned(q, vm))
		return 0;
	move = arena_alloc(q->arena, sizeof(*move));
	*move = (struct move){ vm, from, interface, pending_argument(q, move_now) };
	qubes_after_save(q, move_now, move);
	return 0;
}

static int set_running(struct vm *vm, const struct prop *prop, const char *text)
{
	struct vm *from = vm_netvm(vm), *to;
	const char *interface = interface_of(vm);
	int active;

	if (!interface || prop_set_or_reset(vm, prop, text) != 0)
		return -1;
	to = vm_netvm(vm);
	if (to == from)
		return 0;
	active = to && !vm_is_dom0(to) ? is_active(to) : 1;
	if (active < 0)
		return -1;
	if (!active)
		return error_set(ERROR_FAILED,
				 "%s is running, and can only get its network from a VM that runs: "
				 "qvm-start %s first",
				 vm->name, to->name);
	return plan(vm, from, interface);
}

/* The store can be mended without a hypervisor. */
int network_set_netvm(struct vm *vm, const struct prop *prop, const char *text)
{
	int active = vmm_offline(vm->qubes) ? 0 : is_active(vm);

	if (active > 0)
		return set_running(vm, prop, text);
	if (active < 0) {
		error_note("whether %s is off is not known: %s", vm->name, error_message());
		error_clear();
	}
	return prop_set_or_reset(vm, prop, text);
}

/* ---- a netvm that is back ---- */

/* Its driver would go on waiting for a domain that is gone; udev loads it again for the new interface. */
static void unload_driver(struct vm *client)
{
	const struct helpers_command unload = {
		.command = "modprobe -r xen-netfront xennet",
		.user = "root",
		.hide_stderr = true,
		.no_gui = true,
		.seconds = MODULE_SECONDS,
	};

	if (helpers_qrexec_runs(client) && helpers_run(client, &unload) < 0)
		error_clear();
}

/* A ProxyVM between also gets to know the number of its netvm's new domain. */
static int reattach(struct vm *client)
{
	const char *interface = interface_of(client);

	if (!interface)
		return -1;
	if (vmm_detach(client, interface) != 0)
		error_clear();
	unload_driver(client);
	return vmm_attach(client, interface) == 0 ? lifecycle_tell_firewall(client) : -1;
}

static int reattach_if_active(struct vm *client, void *unused)
{
	int active = is_active(client);

	(void)unused;
	if (active == 0 || (active > 0 && reattach(client) == 0))
		return 0;
	error_note("warning: %s does not get its network back: %s", client->name, error_message());
	error_clear();
	return 0;
}

void network_reattach_clients(struct vm *netvm)
{
	if (is_active(netvm) > 0)
		vm_for_clients(netvm, reattach_if_active, NULL);
	error_clear();
}

/* ---- a netvm that goes ---- */

static int detach_if_active(struct vm *client, void *unused)
{
	const char *interface;

	(void)unused;
	if (is_active(client) <= 0)
		return 0;
	interface = interface_of(client);
	if (interface && *interface)
		vmm_detach(client, interface);
	return 0;
}

void lifecycle_detach_clients(struct vm *netvm)
{
	vm_for_clients(netvm, detach_if_active, NULL);
	error_clear();
}
