/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The global properties of an R4 store.
 */
#include <string.h>

#include "error.h"
#include "r4.h"

static const struct prop *find_row(const char *name)
{
	for (const struct prop *row = prop4_globals; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

static void remedy_removal(struct fsck_finding *finding, store_node *property)
{
	fsck_remedy(finding, "remove it, so that the default holds", fsck_remove_node, property, NULL, NULL);
}

static void check_value(struct r4 *r, const struct prop *row, store_node *property, const char *text)
{
	const struct vm store = { .qubes = r->f->q, .class = &(struct vm_class){ .kind = VM4_STORE } };

	/* What names VMs and pools is looked at elsewhere. */
	if (row->type == PROP_VM || util_starts_with(row->name, "default_pool") ||
	    prop_check_loads(&store, row, text, NULL) == 0)
		return;
	remedy_removal(fsck_note(r->f, "global-value", FSCK_R4, property, NULL, "%s", error_message()),
		       property);
	error_clear();
}

static bool is_of_use(struct r4 *r, const struct r4_vm *vm, const char *name)
{
	if (!strcmp(name, "default_dispvm") || !strcmp(name, "management_dispvm"))
		return r4_is_disposable_template(r, vm);
	return strcmp(name, "default_netvm") || !r4_is(vm, VM_ADMIN);
}

static void check_reference(struct r4 *r, const struct prop *row, store_node *property, const char *text)
{
	const struct r4_vm *vm = *text ? r4_vm_by_name(r, text) : NULL;
	struct fsck_finding *finding;

	if (!*text)
		return;
	if (!vm) {
		finding = fsck_note(r->f, "global-reference", FSCK_R4, property, NULL,
				    "%s is '%s', and there is no such VM", row->name, text);
		if (r4_trimmed_name(r, text))
			fsck_remedy(finding, "take the blanks away", fsck_set_text, property, NULL,
				    r4_trimmed_name(r, text));
		else if (r4_vm_by_old_name(r, text))
			fsck_remedy(finding,
				    arena_printf(r->arena, "make it %s, whose volumes are called so",
						 r4_vm_by_old_name(r, text)->name),
				    fsck_set_text, property, NULL, r4_vm_by_old_name(r, text)->name);
		else if (r4_backup_has_vm(r, text))
			fsck_remedy(finding, arena_printf(r->arena, "restore it from %s", r->f->backup_name),
				    r4_restore_vm, r->root, NULL, arena_strdup(r->arena, text));
		else
			remedy_removal(finding, property);
	} else if (!strcmp(row->name, "default_template") && !r4_is(vm, VM4_TEMPLATE)) {
		finding = fsck_note(r->f, "global-class", FSCK_R4, property, NULL,
				    "%s is %s, which is no template", row->name, text);
		remedy_removal(finding, property);
	} else if (r4_is(vm, VM4_REMOTE)) {
		finding = fsck_note(r->f, "global-class", FSCK_R43, property, NULL,
				    "%s is %s, which is a remote VM", row->name, text);
		remedy_removal(finding, property);
	} else if (!is_of_use(r, vm, row->name)) {
		finding = fsck_note(r->f, "global-class", FSCK_LOADS, property, NULL,
				    "%s is %s, which is no %s", row->name, text,
				    strcmp(row->name, "default_netvm") ? "template for disposable VMs" :
									 "netvm");
		fsck_effect(finding, "nothing can be started that follows it");
		fsck_remedy(finding, "make it none", fsck_set_text, property, NULL, "");
	}
}

/* Until R4.0 ProxyVMs had a netvm of their own; it is put into those that provide network. */
static void check_legacy(struct r4 *r, store_node *property)
{
	const char *name = r4_value(r, property);
	const struct r4_vm *vm = name && *name ? r4_vm_by_name(r, name) : NULL;
	const char *netvm = r4_text(r, r->root, "default_netvm");

	if (!vm || !strcmp(netvm ? netvm : "", name) ||
	    (vm->node && r4_flag(r, vm->node, "provides_network")))
		return;
	remedy_removal(fsck_note(r->f, "global-reference", FSCK_R4, property, NULL,
				 "default_fw_netvm is %s, which provides no network", name),
		       property);
}

static void check_global(struct r4 *r, store_node *property)
{
	const char *name = element_attribute(property, "name"), *text = r4_value(r, property);
	const struct prop *row = name ? find_row(name) : NULL;
	struct fsck_finding *finding;

	if (name && !strcmp(name, "default_fw_netvm")) {
		check_legacy(r, property);
		return;
	}
	if (!row) {
		finding = fsck_note(r->f, "global-unknown", FSCK_LOADS, property, NULL,
				    "%s is no global property", name ? name : "one without a name");
		fsck_effect(finding, R4_LOST_ON_WRITE);
		fsck_remedy(finding, "remove it", fsck_remove_node, property, NULL, NULL);
		return;
	}
	/* Each of several is set in turn, and must be good. */
	check_value(r, row, property, text ? text : "");
	if (row->type == PROP_VM)
		check_reference(r, row, property, text ? text : "");
}

/* Follows any VM the default? Then it must be there for the store to be written. */
static const struct r4_vm *follower_of_kernel(const struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct r4_vm *vm = &r->vms[i], *at = vm;

		if (!r4_is(vm, VM4_LOCAL))
			continue;
		for (int depth = 0; at && at->node && !r4_property(at->node, "kernel") && depth < 4; depth++)
			at = r4_is(at, VM4_BASED) ? r4_template(r, at) : NULL;
		if (!at)
			return vm;
	}
	return NULL;
}

static const char *some_kernel(struct r4 *r)
{
	const store_node *known = r4_backup_item(r, "properties", "property", "default_kernel");
	const char *text = known ? element_text(r->arena, known) : NULL;

	for (size_t i = 0; i < r->count && !text; i++)
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			const char *name = element_attribute(volume, "name");
			const char *vid = element_attribute(volume, "vid");

			if (name && vid && *vid && !strcmp(name, "kernel"))
				text = text ? text : vid;
		}
	return text ? arena_strdup(r->arena, text) : "";
}

static void check_default_kernel(struct r4 *r)
{
	const struct r4_vm *vm = r4_property(r->root, "default_kernel") ? NULL : follower_of_kernel(r);
	struct fsck_finding *finding;
	const char *kernel;

	if (!vm)
		return;
	kernel = some_kernel(r);
	finding = fsck_note(r->f, "default-kernel", FSCK_LOADS, r->root, NULL,
			    "default_kernel is not there, and %s follows it", vm->shown);
	fsck_effect(finding, "the store cannot be written any more");
	fsck_remedy(finding, arena_printf(r->arena, "make it %s", *kernel ? kernel : "none"), r4_put_property,
		    r->root, "default_kernel", kernel);
}

void r4_check_globals(struct r4 *r)
{
	FOR_EACH_ITEM(r->root, "properties", "property", property)
	check_global(r, property);
	r4_check_twice(r, r->root, NULL, "properties", "property");
	check_default_kernel(r);
}
