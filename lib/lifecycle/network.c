/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network of VMs that run: an interface is taken away and another given, and those who must know are told.
 */
#include "network.h"

#include "again.h"
#include "domainxml.h"
#include "error.h"
#include "helpers.h"
#include "internal.h"
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

/* Is it active, in whatever state, as far as was asked? 1, 0; -1 with an error. dom0 is nobody's client. */
static int is_active(struct vm *vm)
{
	struct vmm_info info;

	if (vm_is_dom0(vm))
		return 0;
	return vmm_info(vm, &info) == 0 ? info.power != VMM_HALTED : -1;
}

/* Does this host have QubesDB? Where it has none, there is nobody to tell. 1, 0; -1 with an error. */
static int has_qubesdb(struct vm *vm)
{
	const struct helpers_how how = { .quiet = true, .no_gui = true };
	struct helpers helpers;

	return helpers_check(vm, &how, &helpers) == 0 ? helpers.qubesdb : -1;
}

typedef int publish_rules(struct vm *vm);

/* By the store as it is now: others may have changed it since a sequence that takes long has begun. */
static int publish_anew(const struct vm *vm, publish_rules *publish)
{
	struct qubes again;
	struct vm *now;
	int result;

	if (again_open(vm->qubes, false, &again) != 0)
		return -1;
	now = again_vm(&again, vm);
	result = now ? publish(now) : 0;
	again_close(&again);
	return result;
}

static int publish_current(struct vm *vm, publish_rules *publish)
{
	int result = publish(vm);

	while (result == QUBESDB_STALE)
		result = publish_anew(vm, publish);
	return result;
}

int network_tell_firewalls_above(struct vm *vm)
{
	return publish_current(vm, qubesdb_publish_firewalls_above);
}

int lifecycle_tell_firewall(struct vm *netvm)
{
	int told;

	if (!netvm || !vm_is(netvm, VM_PROXY))
		return 0;
	told = has_qubesdb(netvm);
	if (told > 0)
		return publish_current(netvm, qubesdb_publish_firewall);
	if (told == 0)
		error_note("%s is told no firewall rules: there is no QubesDB on this host", netvm->name);
	return told;
}

/* ---- a running VM gets another netvm ---- */

/* In a batch it is kept, for what may have to be taken back later: all of it lives in the arena. */
struct move {
	struct vm *vm;
	const struct prop *prop;
	const char *text; /* as for network_set_netvm() */
	struct vm *from;
	bool followed;
	const char *old_interface, *new_interface; /* "": none */
	struct turn *turn;
	int after;
};

static int tell_addresses(struct vm *vm)
{
	struct qubesdb_entries entries = { 0 };
	int told = has_qubesdb(vm);

	if (told <= 0)
		return told;
	return qubesdb_network_entries(vm, &entries) == 0 ? qubesdb_publish(vm, &entries) : -1;
}

static void note_failure(const struct vm *vm)
{
	error_within("%s", vm->name);
	error_report();
}

/* A VM that is still in one network does not get into another besides. */
static int leave(struct vm *vm, const struct vm *netvm, const char *interface)
{
	if (*interface && vmm_detach(vm, interface) != 0)
		return error_within("it stays in the network of %s", netvm->name);
	return 0;
}

/* Once the store says so too. */
static void tell_of_leaving(struct vm *vm, struct vm *netvm)
{
	if (lifecycle_tell_firewall(netvm) != 0)
		note_failure(vm);
}

/* Those that its packets pass know what it may send before it can. */
static int enter(struct vm *vm, const char *interface)
{
	if (tell_addresses(vm) != 0 || lifecycle_tell_firewall(vm_netvm(vm)) != 0)
		return -1;
	if (*interface && vmm_attach(vm, interface) != 0)
		return -1;
	return lifecycle_tell_firewall(vm); /* where its clients' questions for names go now */
}

static int restore_netvm(const struct move *move)
{
	return move->followed ? vm_set_default(move->vm, "netvm") :
				vm_set_reference(move->vm, "netvm", move->from);
}

/* From TO, whose interface it has no more. */
static void go_back(const struct move *move, struct vm *to)
{
	if (restore_netvm(move) == 0) {
		if (lifecycle_tell_firewall(to) != 0)
			error_clear(); /* the VM can send nothing through it any more */
		if (enter(move->vm, move->old_interface) == 0)
			return;
	}
	error_within("it has no network now, until it is started again");
	note_failure(move->vm);
}

/* ---- the steps ---- */

/* One that is being started has its network from before, and is about to get it. */
static int take_turn(void *work)
{
	struct move *move = work;

	return turn_take(move->vm, &move->turn) == 0 ? 0 : error_within("%s", move->vm->name);
}

static void drop_turn(void *work)
{
	struct move *move = work;

	turn_drop(move->turn);
}

static int set_in_store(void *work)
{
	struct move *move = work;

	return prop_set_or_reset(move->vm, move->prop, move->text);
}

/* Also one that it has already must run. */
static int check_new(void *work)
{
	struct move *move = work;
	struct vm *to = vm_netvm(move->vm);
	int active = to && !vm_is_dom0(to) ? is_active(to) : 1;

	if (active < 0)
		return -1;
	if (!active)
		return error_set(ERROR_FAILED,
				 "%s is running, and can only get its network from a VM that runs: "
				 "qvm-start %s first",
				 move->vm->name, to->name);
	move->new_interface = interface_of(move->vm);
	return move->new_interface ? 0 : -1;
}

static int change_network(void *work)
{
	struct move *move = work;
	struct vm *to = vm_netvm(move->vm);
	struct error_aside failure;

	if (to == move->from)
		return 0;
	if (leave(move->vm, move->from, move->old_interface) != 0)
		return error_within("%s", move->vm->name);
	tell_of_leaving(move->vm, move->from);
	if (enter(move->vm, move->new_interface) == 0)
		return 0;
	failure = error_put_aside();
	go_back(move, to);
	error_put_back(&failure);
	return error_within("%s cannot get its network from another VM", move->vm->name);
}

static void change_back(void *work)
{
	struct move *move = work;
	struct vm *to = vm_netvm(move->vm);

	if (to == move->from)
		return;
	if (leave(move->vm, to, move->new_interface) == 0)
		go_back(move, to);
	else
		note_failure(move->vm);
}

static int save_change(void *work)
{
	struct move *move = work;

	return save_store(move->vm->qubes, &move->after);
}

static const struct step move_steps[] = {
	{ .act = take_turn, .undo = drop_turn },
	{ .act = set_in_store },
	{ .act = check_new },
	{ .act = change_network, .undo = change_back, .outside = true },
	{ .act = save_change },
	{ .act = NULL },
};

static int set_running(struct vm *vm, const struct prop *prop, const char *text)
{
	struct qubes *q = vm->qubes;
	struct move *move = arena_alloc(q->arena, sizeof(*move));

	*move = (struct move){
		.vm = vm,
		.prop = prop,
		.text = text,
		.from = vm_netvm(vm),
		.followed = vm_netvm_follows(vm),
		.old_interface = interface_of(vm),
	};
	if (!move->old_interface)
		return -1;
	return steps_run(q, move_steps, move) == 0 ? move->after : -1;
}

static int set_halted(struct vm *vm, const struct prop *prop, const char *text)
{
	struct turn *turn;

	if (turn_take(vm, &turn) != 0)
		return error_within("%s", vm->name);
	if (prop_set_or_reset(vm, prop, text) == 0)
		return 0;
	turn_drop(turn);
	return -1;
}

/* The store can be mended without a hypervisor; what another program has started is that one's to move. */
int network_set_netvm(struct vm *vm, const struct prop *prop, const char *text)
{
	int active = 0;

	if (!vmm_offline(vm->qubes) && vm_is(vm, VM_PVS | VM_HVMS)) {
		vmm_forget(vm->qubes);
		active = is_active(vm);
	}

	if (active > 0)
		return set_running(vm, prop, text);
	if (active < 0) {
		error_note("whether %s is off is not known: %s", vm->name, error_message());
		error_clear();
	}
	return set_halted(vm, prop, text);
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

/* The clients whose dead interfaces were taken, which are to get new ones. */
struct reattachment {
	struct vm **clients;
	size_t count, room;
};

static void note_loss(const struct vm *client)
{
	error_within("warning: %s does not get its network back", client->name);
	error_report();
}

static int take_dead_interface(struct vm *client, void *context)
{
	struct reattachment *to_do = context;
	const char *interface;
	int active = is_active(client);

	if (active == 0)
		return 0;
	interface = active > 0 ? interface_of(client) : NULL;
	if (!interface) {
		note_loss(client);
		return 0;
	}
	if (vmm_detach(client, interface) != 0)
		error_clear();
	to_do->clients = arena_grow(client->qubes->arena, to_do->clients, to_do->count, &to_do->room,
				    sizeof(*to_do->clients));
	to_do->clients[to_do->count++] = client;
	return 0;
}

/* A ProxyVM between also gets to know the number of its netvm's new domain. */
static int give_interface(struct vm *client)
{
	const char *interface = interface_of(client);

	return interface && vmm_attach(client, interface) == 0 ? lifecycle_tell_firewall(client) : -1;
}

/* One that was moved meanwhile has got its interface from who moved it. */
static void give_interfaces(const struct reattachment *to_do, const struct vm *netvm)
{
	struct qubes again;

	if (again_open(netvm->qubes, true, &again) != 0) {
		for (size_t i = 0; i < to_do->count; i++)
			note_loss(to_do->clients[i]);
		return;
	}
	for (size_t i = 0; i < to_do->count; i++) {
		struct vm *now = again_vm(&again, to_do->clients[i]);

		if (now && vm_netvm(now) && vm_netvm(now) == again_vm(&again, netvm) &&
		    give_interface(now) != 0)
			note_loss(now);
	}
	again_close(&again);
}

/*
 * Those that are its clients now, which may be others than when its start began. The store is locked while
 * interfaces are taken and given, so that nobody else moves a client, and not while they forget their drivers.
 */
void network_reattach_clients(struct vm *netvm)
{
	struct reattachment to_do = { 0 };
	struct qubes again;
	struct vm *now;

	vmm_forget(netvm->qubes);
	if (is_active(netvm) <= 0 || again_open(netvm->qubes, true, &again) != 0) {
		error_clear();
		return;
	}
	now = again_vm(&again, netvm);
	if (now)
		vm_for_clients(now, take_dead_interface, &to_do);
	qubes_commit(&again); /* which lets go of the lock */
	for (size_t i = 0; i < to_do.count; i++)
		unload_driver(to_do.clients[i]);
	if (to_do.count)
		give_interfaces(&to_do, netvm);
	again_close(&again);
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

void network_detach_clients(struct vm *netvm)
{
	vmm_forget(netvm->qubes);
	vm_for_clients(netvm, detach_if_active, NULL);
	error_clear();
}
