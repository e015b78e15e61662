/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The references of an R3 store: templates, netvms, globals.
 */
#include <string.h>
#include <strings.h>

#include "r3.h"

static const struct r3_vm *vm_of(const struct r3 *r, int qid)
{
	return qid >= 0 && qid < QID_LIMIT ? r->by_qid[qid] : NULL;
}

static bool provides_network(const struct r3_vm *vm)
{
	return vm && (vm->class->kind & VM_NETVMS);
}

/* ---- templates ---- */

static bool is_fitting(const struct r3_vm *template, const struct r3_vm *vm)
{
	return template && template != vm && (template->class->kind & vm->class->template_kind) &&
	       r3_reference(element_attribute(template->node, "template_qid")) == R3_NONE;
}

/* The global default if it fits, else the first that does. */
static const struct r3_vm *another_template(const struct r3 *r, const struct r3_vm *vm)
{
	const struct r3_vm *fallback = vm_of(r, r3_reference(element_attribute(r->root, "default_template")));

	if (is_fitting(fallback, vm))
		return fallback;
	for (size_t i = 0; i < r->count; i++)
		if (is_fitting(&r->vms[i], vm) && r->vms[i].qid >= 0)
			return &r->vms[i];
	return NULL;
}

static void remedy_template(struct r3 *r, struct fsck_finding *finding, const struct r3_vm *vm)
{
	const struct r3_vm *template = another_template(r, vm);

	if (template && vm->class->template_kind)
		fsck_remedy(finding, arena_printf(r->f->arena, "base it on %s", template->name),
			    fsck_set_attribute, vm->node, "template_qid",
			    arena_printf(r->f->arena, "%d", template->qid));
	else
		fsck_remedy(finding, "base it on none", fsck_set_attribute, vm->node, "template_qid", "none");
}

static void check_template(struct r3 *r, const struct r3_vm *vm)
{
	const char *text = element_attribute(vm->node, "template_qid");
	int qid = r3_reference(text);
	const struct r3_vm *template = vm_of(r, qid);
	struct fsck_finding *finding;

	if (qid == R3_NONE || vm->class->kind == VM_ADMIN)
		return;
	if (!template)
		finding = fsck_note(r->f, "template-missing", FSCK_R3, vm->node, vm->name,
				    "its template_qid %s is no VM", text);
	else if (!vm->class->template_kind)
		finding = fsck_note(r->f, "template-of-template", FSCK_R3, vm->node, vm->name,
				    "it is based on %s, but is a %s, which is based on none", template->name,
				    vm->class->type);
	else if (template->class->kind & (VM_TEMPLATE | VM_TEMPLATE_HVM) && !is_fitting(template, vm))
		finding = fsck_note(r->f, "template-class", FSCK_R3, vm->node, vm->name,
				    "its template %s is a %s", template->name, template->class->type);
	else if (!is_fitting(template, vm))
		finding = fsck_note(r->f, "template-class", FSCK_LOADS, vm->node, vm->name,
				    "its template %s is no template", template->name);
	else
		return;
	fsck_effect(finding, "the tools cannot start it");
	remedy_template(r, finding, vm);
}

/* ---- netvms ---- */

static bool has_netvm(const struct r3_vm *vm)
{
	return !(vm->class->kind & (VM_ADMIN | VM_NET));
}

/* Does it follow the global default? As the layout has it. */
static bool follows_default(const struct r3_vm *vm)
{
	return layout_of(STORE_R3)->get(vm->node, "netvm").presence == LAYOUT_FOLLOWS;
}

static void remedy_no_netvm(struct fsck_finding *finding, const struct r3_vm *vm)
{
	fsck_remedy(finding, "give it no netvm", fsck_set_attribute, vm->node, "netvm_qid", "none");
}

static void check_own_netvm(struct r3 *r, const struct r3_vm *vm)
{
	const char *text = element_attribute(vm->node, "netvm_qid");
	const struct r3_vm *netvm = vm_of(r, r3_reference(text));
	struct fsck_finding *finding;

	if (!text || !strcmp(text, "none"))
		return;
	if (r3_reference(text) < 0) {
		finding = fsck_note(r->f, "netvm-bad", FSCK_R3, vm->node, vm->name,
				    "its netvm_qid '%s' is neither a number nor none", text);
	} else if (!netvm) {
		finding = fsck_note(r->f, "netvm-missing", FSCK_LOADS, vm->node, vm->name,
				    "its netvm_qid %s is no VM", text);
		fsck_effect(finding, "it has no network");
	} else if (!provides_network(netvm)) {
		finding = fsck_note(r->f, "netvm-class", FSCK_R3, vm->node, vm->name,
				    "its netvm %s is a %s, which provides no network", netvm->name,
				    netvm->class->type);
	} else {
		return;
	}
	remedy_no_netvm(finding, vm);
}

static const struct r3_vm *netvm_of(const struct r3 *r, const struct r3_vm *vm)
{
	if (!has_netvm(vm) || follows_default(vm))
		return NULL;
	return vm_of(r, r3_reference(element_attribute(vm->node, "netvm_qid")));
}

/* Walks from VM; a circle that it is on itself is told of its first VM in the file only. */
static void check_loop(struct r3 *r, const struct r3_vm *vm)
{
	const struct r3_vm *at = netvm_of(r, vm), *first = vm;
	bool no_clock = !element_attribute(r->root, "clockvm");
	struct fsck_finding *finding;

	for (size_t steps = 0; at && at != vm; at = netvm_of(r, at)) {
		if (++steps > r->count)
			return;
		first = at < first ? at : first;
	}
	if (!at || first != vm)
		return;
	finding = fsck_note(r->f, "netvm-loop", no_clock ? FSCK_R3 : FSCK_LOADS, vm->node, vm->name,
			    "its netvms form a circle%s",
			    no_clock ? ", in which the tools look for a clockvm for ever" : "");
	fsck_effect(finding, "none of them can be started");
	remedy_no_netvm(finding, vm);
}

static void check_dispvm_netvm(struct r3 *r, const struct r3_vm *vm)
{
	const char *text = element_attribute(vm->node, "dispvm_netvm");
	int qid = r3_reference(text);
	struct fsck_finding *finding;

	if (!text || qid == R3_NONE || vm_of(r, qid) ||
	    layout_of(STORE_R3)->get(vm->node, "dispvm_netvm").presence != LAYOUT_SET)
		return;
	finding = fsck_note(r->f, "dispvm-netvm-missing", FSCK_LOADS, vm->node, vm->name,
			    "its dispvm_netvm %s is no VM", text);
	fsck_effect(finding, "R3.0 and R3.1 cannot write the store");
	fsck_remedy(finding, "give its disposable VMs no netvm", fsck_set_attribute, vm->node, "dispvm_netvm",
		    "none");
}

/* ---- globals ---- */

static const struct global {
	const char *name;
	bool netvm;    /* must provide network */
	bool any_case; /* of "none" */
	bool required;
	const char *follows; /* what takes its place when it is gone */
} globals[] = {
	{ "default_template", false, true, true, NULL },
	{ "default_fw_netvm", true, false, false, NULL },
	{ "default_netvm", true, false, false, "default_fw_netvm" },
	{ "updatevm", false, false, false, "default_netvm" },
	{ "clockvm", false, false, false, "default_netvm" },
};

/* Is a VM linked to it when the store is loaded? */
static bool is_followed(const struct r3 *r, const struct global *global)
{
	bool for_proxies = !strcmp(global->name, "default_fw_netvm");

	for (size_t i = 0; i < r->count; i++)
		if (has_netvm(&r->vms[i]) && follows_default(&r->vms[i]) &&
		    (r->vms[i].class->kind == VM_PROXY) == for_proxies)
			return global->netvm;
	return false;
}

/* What the tools would put there: what it follows, if that is any good. */
static const char *replacement(const struct r3 *r, const struct global *global)
{
	for (const char *name = global->follows; name;) {
		const struct r3_vm *vm = vm_of(r, r3_reference(element_attribute(r->root, name)));

		if (provides_network(vm))
			return arena_printf(r->f->arena, "%d", vm->qid);
		name = strcmp(name, "default_netvm") ? NULL : "default_fw_netvm";
	}
	return "None";
}

static void check_global(struct r3 *r, const struct global *global)
{
	const char *text = element_attribute(r->root, global->name), *with = replacement(r, global);
	int qid = r3_reference(text);
	struct fsck_finding *finding;

	if (text ? !strcmp(text, "None") || (global->any_case && qid == R3_NONE) : !global->required)
		return;
	if (!text)
		finding = fsck_note(r->f, "global-absent", FSCK_R3, r->root, NULL, "%s is not there",
				    global->name);
	else if (qid < 0)
		finding = fsck_note(r->f, "global-bad", FSCK_R3, r->root, NULL,
				    "%s is '%s', which is neither a qid nor None", global->name, text);
	else if (!vm_of(r, qid))
		finding = fsck_note(r->f, "global-missing", is_followed(r, global) ? FSCK_R3 : FSCK_LOADS,
				    r->root, NULL, "%s is %s, which is no VM", global->name, text);
	else if (global->netvm && !provides_network(vm_of(r, qid)) && is_followed(r, global))
		finding = fsck_note(r->f, "global-class", FSCK_R3, r->root, NULL,
				    "%s is %s, which provides no network", global->name, vm_of(r, qid)->name);
	else
		return;
	fsck_effect(finding, "another takes its place");
	fsck_remedy(finding, arena_printf(r->f->arena, "make it %s", with), fsck_set_attribute, r->root,
		    global->name, with);
}

void r3_check_references(struct r3 *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(globals); i++)
		check_global(r, &globals[i]);
	for (size_t i = 0; i < r->count; i++) {
		const struct r3_vm *vm = &r->vms[i];

		check_template(r, vm);
		if (has_netvm(vm) && !follows_default(vm)) {
			check_own_netvm(r, vm);
			check_loop(r, vm);
		}
		check_dispvm_netvm(r, vm);
	}
}
