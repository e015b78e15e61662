/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for VMs of a store of release 3 alone: the class decides who provides network, who does has a
 * netid, and globals that lead nowhere have replacements.
 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

static bool follows(const struct vm *vm, const char *property)
{
	return vm_get(vm, property).presence == LAYOUT_FOLLOWS;
}

static bool provides_network(const struct vm *vm)
{
	return vm_is(vm, VM_NETVMS);
}

static const struct vm_label *find_label(const struct qubes *q, const char *text)
{
	(void)q;
	return vm_label_by_name(text);
}

/* ---- globals ---- */

const struct vms_global vms_globals[] = {
	{ "default_template", NULL },
	{ "default_fw_netvm", NULL },
	{ "default_netvm", "default_fw_netvm" },
	{ "updatevm", "default_netvm" },
	{ "clockvm", "default_netvm" },
	{ NULL, NULL },
};

/* The last VM of the netvm chain that starts at VM; a circle ends where the walk has seen all. */
static struct vm *end_of_chain(struct vm *vm)
{
	struct vm *up;

	for (size_t steps = vm ? vms_count(vm->qubes) : 0; steps && (up = vm_netvm(vm)); steps--)
		vm = up;
	return vm;
}

static struct vm *find_global(const struct qubes *q, const char *name)
{
	struct layout_reference reference =
		q->layout->get_reference(q->layout->globals(store_root(q->store)), name);
	struct vm *vm = vm_resolve(q, &reference);

	if (vm)
		return vm;
	if (reference.presence == LAYOUT_ABSENT && !strcmp(name, "clockvm"))
		return end_of_chain(vm_global(q, "default_netvm"));
	if (reference.kind != LAYOUT_BY_QID && reference.kind != LAYOUT_BY_NAME)
		return NULL;
	for (size_t i = 0; vms_globals[i].name; i++)
		if (!strcmp(name, vms_globals[i].name))
			return vms_globals[i].instead ? vm_global(q, vms_globals[i].instead) : NULL;
	return NULL;
}

static int clear_global(struct qubes *q, const char *name)
{
	return vm_set_global_reference(q, name, NULL);
}

/* ---- relations ---- */

static bool netvm_follows(const struct vm *vm)
{
	return !vm_is(vm, VM_ADMIN | VM_NET) && follows(vm, "netvm");
}

static struct vm *named_netvm(const struct vm *vm)
{
	if (vm_is(vm, VM_ADMIN | VM_NET))
		return NULL;
	if (netvm_follows(vm))
		return vm_global(vm->qubes, vm_is(vm, VM_PROXY) ? "default_fw_netvm" : "default_netvm");
	return vms_reference(vm, "netvm");
}

/* ---- netids ---- */

static int stored_netid(const struct vm *vm)
{
	const char *text = vm_get(vm, "netid").text;
	unsigned long long netid;

	return text && util_parse_decimal(text, NETID_LIMIT - 1, &netid) ? (int)netid : -1;
}

static void mark_netids(const struct qubes *q, bool used[NETID_LIMIT])
{
	struct vm *vm;

	FOR_EACH_VM(q, vm)
		if (vm_is(vm, VM_NETVMS) && stored_netid(vm) >= 0)
			used[stored_netid(vm)] = true;
	used[0] = true;
}

static int next_netid(bool used[NETID_LIMIT])
{
	for (int netid = 1; netid < NETID_LIMIT; netid++)
		if (!used[netid]) {
			used[netid] = true;
			return netid;
		}
	return -1;
}

/* What the original's loader gives to a VM whose element has none: class by class, lowest first. */
static int computed_netid(const struct vm *vm)
{
	bool used[NETID_LIMIT] = { false };
	struct vm *other;

	mark_netids(vm->qubes, used);
	FOR_EACH_CLASS(class)
		FOR_EACH_VM(vm->qubes, other) {
			int netid;

			if (other->class != class || !vm_is(other, VM_NET | VM_PROXY) ||
			    stored_netid(other) >= 0)
				continue;
			netid = next_netid(used);
			if (other == vm)
				return netid;
		}
	return -1;
}

int vm_netid(const struct vm *vm)
{
	if (vm_is_dom0(vm))
		return 0;
	if (!vm_is(vm, VM_NETVMS))
		return -1;
	return stored_netid(vm) >= 0 ? stored_netid(vm) : computed_netid(vm);
}

int vm_keep_netids(struct qubes *q)
{
	int netids[QID_LIMIT] = { 0 };
	struct vm *vm;

	FOR_EACH_VM(q, vm)
		netids[vm->qid] = vm_is(vm, VM_NET | VM_PROXY) && stored_netid(vm) < 0 ? vm_netid(vm) : -1;
	FOR_EACH_VM(q, vm) {
		char text[16];

		snprintf(text, sizeof(text), "%d", netids[vm->qid]);
		if (netids[vm->qid] >= 0 && vm_set(vm, "netid", text) < 0)
			return -1;
	}
	return 0;
}

int vm_free_netid(struct qubes *q)
{
	bool used[NETID_LIMIT] = { false };
	int netid;

	if (vm_keep_netids(q) < 0)
		return -1;
	mark_netids(q, used);
	netid = next_netid(used);
	return netid > 0 ? netid : error_set(ERROR_FAILED, "all netids up to %d are in use", NETID_LIMIT - 1);
}

/* ---- what is wrong ---- */

static void report_dangling(const struct vm *vm, const char *property)
{
	struct layout_reference reference = vm->qubes->layout->get_reference(vm->node, property);

	if (reference.presence != LAYOUT_SET || reference.kind == LAYOUT_NO_VM)
		return;
	if (!vm_resolve(vm->qubes, &reference))
		error_note("warning: %s of %s (%s) does not exist", property, vm->name, reference.text);
}

/* What is odd in VM alone. */
static void report_oddities(const struct vm *vm)
{
	const char *label = vm_get(vm, "label").text, *uuid = vm_get(vm, "uuid").text;

	if (!vm_is(vm, VM_ADMIN | VM_UNKNOWN) && vm_check_name(vm->name) < 0) {
		error_note("warning: %s", error_message());
		error_clear();
	}
	if (label && !vm_label_by_name(label))
		error_note("warning: %s has the unknown label '%s'", vm->name, label);
	if (uuid && !vm_uuid(vm))
		error_note("warning: the UUID of %s is none: '%s'", vm->name, uuid);
}

/* VM and those before it, whose netids are known by qid. */
static void report_twins(const struct vm *vm, const int netids[QID_LIMIT])
{
	struct vm *other;

	FOR_EACH_VM(vm->qubes, other) {
		if (other->qid >= vm->qid)
			return;
		if (netids[vm->qid] >= 0 && netids[vm->qid] == netids[other->qid])
			error_note("warning: %s and %s have the same netid, %d: their addresses clash",
				   other->name, vm->name, netids[vm->qid]);
		if (!strcmp(vm->name, other->name))
			error_note("warning: two VMs are called %s, with qids %d and %d", vm->name,
				   other->qid, vm->qid);
	}
}

static void report(struct qubes *q)
{
	int netids[QID_LIMIT] = { 0 };
	struct vm *vm;

	vms_report_globals(q);
	FOR_EACH_VM(q, vm) {
		const char *fault = vm_broken(vm);

		netids[vm->qid] = vm_netid(vm);

		if (fault)
			error_note("warning: %s is broken: %s", vm->name, fault);
		report_dangling(vm, "netvm");
		report_dangling(vm, "dispvm_netvm");
		report_oddities(vm);
		report_twins(vm, netids);
	}
}

const struct vms_model vms_model_r3 = {
	.classes = vm_classes,
	.globals = vms_globals,
	.qid_limit = QID_LIMIT,
	.provides_network = provides_network,
	.netvm_follows = netvm_follows,
	.named_netvm = named_netvm,
	.global = find_global,
	.clear_global = clear_global,
	.label = find_label,
	.report = report,
};
