/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a domain of R4 names: its template, its netvm, other VMs that serve it.
 */
#include <stdlib.h>
#include <string.h>

#include "r4.h"

/* ---- a reference that leads nowhere ---- */

const char *r4_trimmed_name(const struct r4 *r, const char *text)
{
	const char *name = fsck_trimmed(r->arena, text);

	return r4_vm_by_name(r, name) ? name : NULL;
}

/* Where the default might give a VM network that it had not, or other network, nothing is better. */
static bool is_better_none(const char *name)
{
	return !strcmp(name, "netvm") || !strcmp(name, "default_dispvm");
}

static void remedy_reference(struct r4 *r, struct fsck_finding *finding, const char *name,
			     store_node *property, const char *text)
{
	const char *trimmed = r4_trimmed_name(r, text);
	const struct r4_vm *renamed = r4_vm_by_old_name(r, text);

	if (trimmed)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", trimmed), fsck_set_text, property,
			    NULL, trimmed);
	else if (renamed)
		fsck_remedy(finding,
			    arena_printf(r->arena, "make it %s, whose volumes are called so", renamed->name),
			    fsck_set_text, property, NULL, renamed->name);
	else if (r4_backup_has_vm(r, text))
		fsck_remedy(finding, arena_printf(r->arena, "restore it from %s", r->f->backup_name),
			    r4_restore_vm, property, NULL, arena_strdup(r->arena, text));
	else if (is_better_none(name))
		fsck_remedy(finding, "make it none", fsck_set_text, property, NULL, "");
	else
		fsck_remedy(finding, "remove it, so that the default holds", fsck_remove_node, property, NULL,
			    NULL);
}

/* ---- netvms ---- */

static bool provides_network(const struct r4 *r, const struct r4_vm *vm)
{
	return r4_is(vm, VM4_LOCAL) && r4_flag(r, vm->node, "provides_network");
}

/* It served others with network before: qubesd lets one reset the flag of such a VM. */
static bool did_provide(const struct r4 *r, const struct r4_vm *vm)
{
	const char *fallback = r4_text(r, r->root, "default_netvm");

	if (!r4_is(vm, VM4_LOCAL) || r4_property(vm->node, "provides_network"))
		return false;
	FOR_EACH_ITEM(vm->node, "features", "feature", feature)
	{
		const char *name = element_attribute(feature, "name");

		if (name && !strcmp(name, "servicevm"))
			return true;
	}
	return (fallback && !strcmp(fallback, vm->name)) || util_starts_with(vm->name, "sys-");
}

static void check_netvm(struct r4 *r, const struct r4_vm *vm, store_node *property, const struct r4_vm *netvm)
{
	struct fsck_finding *finding;

	if (provides_network(r, netvm))
		return;
	finding = fsck_note(r->f, "netvm", FSCK_R4, property, vm->shown, "its netvm %s provides no network",
			    netvm->name);
	if (did_provide(r, netvm))
		fsck_remedy(finding, arena_printf(r->arena, "set provides_network of %s", netvm->name),
			    r4_put_property, netvm->node, "provides_network", "True");
	else
		fsck_remedy(finding, "make it none", fsck_set_text, property, NULL, "");
}

static void check_disposable(struct r4 *r, const struct r4_vm *vm, const char *name, store_node *property,
			     const struct r4_vm *dispvm)
{
	struct fsck_finding *finding;

	if (r4_is_disposable_template(r, dispvm))
		return;
	finding = fsck_note(r->f, "dispvm", FSCK_LOADS, property, vm->shown,
			    "%s is %s, which is no template for disposable VMs", name, dispvm->name);
	fsck_effect(finding, "no disposable VM can be started by it");
	fsck_remedy(finding, "remove it, so that the default holds", fsck_remove_node, property, NULL, NULL);
}

/* R4.3 takes local VMs only. */
static void note_remote(struct r4 *r, const struct r4_vm *vm, const char *name, store_node *property,
			const struct r4_vm *to)
{
	struct fsck_finding *finding = fsck_note(r->f, "reference", FSCK_R43, property, vm->shown,
						 "its %s is %s, which is a remote VM", name, to->name);

	if (is_better_none(name))
		fsck_remedy(finding, "make it none", fsck_set_text, property, NULL, "");
	else
		fsck_remedy(finding, "remove it, so that the default holds", fsck_remove_node, property, NULL,
			    NULL);
}

void r4_check_reference(struct r4 *r, const struct r4_vm *vm, const char *name, store_node *property,
			const char *text)
{
	const struct r4_vm *to = *text ? r4_vm_by_name(r, text) : NULL;

	/* Templates have rules of their own, as far as they count. */
	if (!*text || (!strcmp(name, "template") && (to || property == r4_property(vm->node, name))))
		return;
	if (!to && !strcmp(name, "template"))
		fsck_remedy(fsck_note(r->f, "reference", FSCK_R4, property, vm->shown,
				      "its template is '%s', and there is no such VM; a later one counts",
				      text),
			    "remove it", fsck_remove_node, property, NULL, NULL);
	else if (!to)
		remedy_reference(r,
				 fsck_note(r->f, "reference", FSCK_R4, property, vm->shown,
					   "its %s is '%s', and there is no such VM", name, text),
				 name, property, text);
	else if (!strcmp(name, "netvm"))
		check_netvm(r, vm, property, to);
	else if (r4_is(to, VM4_REMOTE))
		note_remote(r, vm, name, property, to);
	else if (util_ends_with(name, "_dispvm"))
		check_disposable(r, vm, name, property, to);
}

/* ---- templates ---- */

static bool is_fitting(const struct r4 *r, const struct r4_vm *vm, const struct r4_vm *template)
{
	if (template == vm || !r4_is(template, vm->class->template_kind))
		return false;
	return !r4_is(vm, VM4_DISPOSABLE) || r4_is_disposable_template(r, template);
}

static size_t common_length(const char *a, const char *b)
{
	size_t length = 0;

	while (a[length] && a[length] == b[length])
		length++;
	return length;
}

/* The one whose name is most like NAME, else the global default, else any; NULL: none fits. */
static const struct r4_vm *another_template(const struct r4 *r, const struct r4_vm *vm, const char *name)
{
	const char *global = r4_is(vm, VM4_DISPOSABLE) ? "default_dispvm" : "default_template";
	const char *fallback = r4_text(r, r->root, global);
	const struct r4_vm *best = fallback && *fallback ? r4_vm_by_name(r, fallback) : NULL;
	size_t longest = 3; /* less is no likeness */

	if (best && !is_fitting(r, vm, best))
		best = NULL;
	for (size_t i = 0; i < r->count; i++) {
		const struct r4_vm *other = &r->vms[i];
		size_t common = other->name && name ? common_length(other->name, name) : 0;

		if (!other->name || !is_fitting(r, vm, other) || (best && common <= longest))
			continue;
		longest = common > longest ? common : longest;
		best = other;
	}
	return best;
}

/* The one that its volumes are snapshots of; NULL: none that fits. */
static const struct r4_vm *template_by_volumes(const struct r4 *r, const struct r4_vm *vm)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->vms[i].name && is_fitting(r, vm, &r->vms[i]) && r4_is_snapshot_of(r, vm, &r->vms[i]))
			return &r->vms[i];
	return NULL;
}

/* Another template, and what was told of the old one's volumes is forgotten. */
static void repoint(struct fsck *f, const struct fsck_finding *finding)
{
	r4_put_property(f, finding);
	r4_drop_source(f, finding);
}

static void remedy_template(struct r4 *r, struct fsck_finding *finding, const struct r4_vm *vm,
			    const char *name)
{
	const struct r4_vm *other;

	if (name && *name && !r4_vm_by_name(r, name)) {
		const char *trimmed = r4_trimmed_name(r, name);
		const struct r4_vm *renamed = r4_vm_by_old_name(r, name);

		if (!trimmed && renamed && is_fitting(r, vm, renamed))
			trimmed = renamed->name;
		if (trimmed) {
			fsck_remedy(finding, arena_printf(r->arena, "make it %s", trimmed), r4_put_property,
				    vm->node, "template", trimmed);
			return;
		}
		if (r4_backup_has_vm(r, name)) {
			fsck_remedy(finding, arena_printf(r->arena, "restore it from %s", r->f->backup_name),
				    r4_restore_vm, vm->node, NULL, arena_strdup(r->arena, name));
			return;
		}
	}
	other = template_by_volumes(r, vm);
	if (other) {
		fsck_remedy(finding, arena_printf(r->arena, "base it on %s, as its volumes are", other->name),
			    r4_put_property, vm->node, "template", other->name);
		return;
	}
	other = another_template(r, vm, name);
	if (other)
		fsck_remedy(finding, arena_printf(r->arena, "base it on %s", other->name), repoint, vm->node,
			    "template", other->name);
	else
		fsck_remedy(finding,
			    "remove the VM from the store, as there is none to base it on; its volumes stay",
			    fsck_remove_node, vm->node, NULL, NULL);
}

static void check_flag(struct r4 *r, const struct r4_vm *vm, const struct r4_vm *template)
{
	struct fsck_finding *finding;

	if (r4_is_disposable_template(r, template))
		return;
	finding = fsck_note(r->f, "template", FSCK_R4, r4_property(vm->node, "template"), vm->shown,
			    "its template %s is none for disposable VMs", template->name);
	fsck_remedy(finding, arena_printf(r->arena, "set template_for_dispvms of %s", template->name),
		    r4_put_property, template->node, "template_for_dispvms", "True");
}

void r4_check_template(struct r4 *r, const struct r4_vm *vm)
{
	store_node *property = r4_property(vm->node, "template");
	const char *name = r4_text(r, vm->node, "template");
	const struct r4_vm *template = r4_template(r, vm);
	struct fsck_finding *finding;

	if (!r4_is(vm, VM4_BASED))
		return;
	if (!name)
		finding = fsck_note(r->f, "template", FSCK_R4, vm->node, vm->shown, "it has no template");
	else if (!*name)
		finding = fsck_note(r->f, "template", FSCK_R4, property, vm->shown, "its template is none");
	else if (!template)
		finding = fsck_note(r->f, "template", FSCK_R4, property, vm->shown,
				    "its template is '%s', and there is no such VM", name);
	else if (!r4_is(template, vm->class->template_kind))
		finding = fsck_note(r->f, "template", FSCK_R4, property, vm->shown,
				    "its template %s is of class %s, which a %s is not based on", name,
				    template->class ? template->class->type : "none", vm->class->type);
	else {
		if (r4_is(vm, VM4_DISPOSABLE))
			check_flag(r, vm, template);
		return;
	}
	remedy_template(r, finding, vm, name);
}

/* ---- circles of netvms ---- */

/* The one that it gets network from, as far as that is written. */
static const struct r4_vm *netvm_of(const struct r4 *r, const struct r4_vm *vm)
{
	const char *name = r4_is(vm, VM4_LOCAL) ? r4_text(r, vm->node, "netvm") : NULL;

	if (!name && r4_is(vm, VM4_LOCAL & ~VM4_TEMPLATE))
		name = r4_text(r, r->root, "default_netvm");
	return name && *name ? r4_vm_by_name(r, name) : NULL;
}

/* How little it is meant to have a netvm that VM has; the hardware is where network comes from. */
static int netvm_doubt(const struct r4 *r, const struct r4_vm *vm)
{
	const char *clock = r4_text(r, r->root, "clockvm");

	if (!r4_property(vm->node, "netvm"))
		return 4;
	return 2 * r4_has_pci(vm) + (clock && !strcmp(clock, vm->name));
}

/* The one of VM's circle that had better have none. */
static const struct r4_vm *cut_of(const struct r4 *r, const struct r4_vm *vm)
{
	const struct r4_vm *cut = vm;

	for (const struct r4_vm *at = netvm_of(r, vm); at != vm; at = netvm_of(r, at))
		if (netvm_doubt(r, at) > netvm_doubt(r, cut))
			cut = at;
	return cut;
}

/* Of those on a circle the first by name is told, as that one loses its netvm when the store is loaded. */
static void check_loop(struct r4 *r, const struct r4_vm *vm)
{
	const struct r4_vm *at = netvm_of(r, vm), *cut;
	struct fsck_finding *finding;

	for (size_t steps = 0; at && at != vm; at = netvm_of(r, at))
		if (++steps > r->count || strcmp(at->name, vm->name) < 0)
			return;
	if (!at)
		return;
	finding = fsck_note(r->f, "netvm-loop", FSCK_LOADS, vm->node, vm->shown, "its netvms form a circle");
	fsck_effect(finding, "it has no netvm then, which may be the wrong one of them");
	cut = cut_of(r, vm);
	fsck_remedy(finding,
		    cut == vm ? "make its netvm none" :
				arena_printf(r->arena, "make the netvm of %s none", cut->shown),
		    r4_put_property, cut->node, "netvm", "");
}

void r4_check_loops(struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->vms[i].name && r4_is(&r->vms[i], VM4_LOCAL))
			check_loop(r, &r->vms[i]);
}
