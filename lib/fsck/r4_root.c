/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outermost elements of an R4 store, and the global properties.
 */
#include <string.h>

#include "error.h"
#include "r4.h"

#define LOST_ON_WRITE "it is lost when qubesd writes the store"

/* ---- the root and what is in it ---- */

static bool is_list(const char *name)
{
	static const char *const lists[] = { "labels", "pools", "properties", "domains" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (!strcmp(lists[i], name))
			return true;
	return false;
}

static store_node *domains_list(struct fsck *f)
{
	store_node *root = store_root(f->store), *list = element_next(root, NULL, "domains");

	return list ? list : element_add(root, NULL, "domains");
}

static void move_into_domains(struct fsck *f, const struct fsck_finding *finding)
{
	element_move(finding->node, domains_list(f), NULL);
}

static void note_stray_domain(struct r4 *r, store_node *domain)
{
	const char *name = r4_text(r, domain, "name");
	struct fsck_finding *finding =
		fsck_note(r->f, "domain-place", FSCK_LOADS, domain,
			  name ? arena_strdup(r->arena, name) : NULL, "this domain is not in <domains>");

	fsck_effect(finding, "it is not seen, and lost when qubesd writes the store");
	fsck_remedy(finding, "move it there", move_into_domains, domain, NULL, NULL);
}

static void check_child(struct r4 *r, store_node *child)
{
	struct fsck_finding *finding;

	if (!strcmp(element_name(child), "domain")) {
		note_stray_domain(r, child);
		return;
	}
	if (is_list(element_name(child)))
		return;
	finding = fsck_note(r->f, "element-unknown", FSCK_LOADS, child, NULL, "<%s> is nothing that R4 knows",
			    element_name(child));
	fsck_effect(finding, LOST_ON_WRITE);
	fsck_remedy(finding, "remove it", fsck_remove_node, child, NULL, NULL);
}

static void add_dom0(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *list = domains_list(f), *domain;
	const struct store *backup = fsck_backup(f);

	(void)finding;
	FOR_EACH_ITEM(backup ? store_root(backup) : NULL, "domains", "domain", known)
	{
		const char *class = element_attribute(known, "class");

		if (class && !strcmp(class, "AdminVM")) {
			element_add_copy(list, element_next(list, NULL, NULL), known);
			return;
		}
	}
	domain = element_add(list, element_next(list, NULL, NULL), "domain");
	store_put_attribute(domain, "class", "AdminVM");
	store_put_attribute(domain, "id", "domain-0");
	r4_add_property(domain, "label", "black");
}

static void move_to_front(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *list = domains_list(f);

	element_move(finding->node, list, element_next(list, NULL, NULL));
}

static void check_dom0(struct r4 *r)
{
	struct fsck_finding *finding;
	size_t place = 0;

	while (place < r->count && !r4_is(&r->vms[place], VM_ADMIN))
		place++;
	if (place == 0 && r->count)
		return;
	if (place == r->count) {
		finding = fsck_note(r->f, "dom0-absent", FSCK_LOADS, r->root, "dom0", "it is not there");
		fsck_effect(finding, "it loses its features; releases before 4.1.31 and 4.2.9 do not start");
		fsck_remedy(finding, "add it", add_dom0, NULL, NULL, NULL);
		return;
	}
	finding = fsck_note(r->f, "dom0-place", FSCK_LOADS, r->vms[place].node, "dom0",
			    "it is not the first of the domains");
	fsck_effect(finding, "releases before 4.1.31 and 4.2.9 do not start");
	fsck_remedy(finding, "move it to the front", move_to_front, r->vms[place].node, NULL, NULL);
}

/* libxml2 takes no text that is longer, as long as it is not told to. */
#define TEXT_MAX 10000000

static void check_length(struct r4 *r, store_node *of)
{
	FOR_EACH_ELEMENT(of, NULL, child)
	{
		const char *text = element_text(r->arena, child), *name, *value;
		bool huge = text && strlen(text) > TEXT_MAX;

		for (size_t i = 0; (value = element_attribute_at(child, i, &name)); i++)
			huge = huge || strlen(value) > TEXT_MAX;
		if (huge)
			fsck_remedy(fsck_note(r->f, "text-huge", FSCK_R4, child, NULL,
					      "<%s> has more than %d bytes of text", element_name(child),
					      TEXT_MAX),
				    "remove it", fsck_remove_node, child, NULL, NULL);
		check_length(r, child);
	}
}

void r4_check_root(struct r4 *r)
{
	check_length(r, r->root);
	if (strcmp(element_name(r->root), "qubes")) {
		struct fsck_finding *finding =
			fsck_note(r->f, "root-name", FSCK_LOADS, r->root, NULL,
				  "the root element is called <%s>", element_name(r->root));

		fsck_effect(finding, "qubesd takes it all the same, other tools do not");
		fsck_remedy(finding, "call it <qubes>", fsck_rename_node, r->root, NULL, "qubes");
	}
	if (element_attribute(r->root, "xmlns")) {
		struct fsck_finding *finding = fsck_note(r->f, "root-namespace", FSCK_LOADS, r->root, NULL,
							 "the root element has a namespace");

		fsck_effect(finding, "qubesd sees nothing of what is in it");
		fsck_remedy(finding, "take it away", fsck_drop_attribute, r->root, "xmlns", NULL);
	}
	FOR_EACH_ELEMENT(r->root, NULL, child)
	check_child(r, child);
	/* At any depth where somebody may have put one by mistake: in the lists of others. */
	FOR_EACH_ELEMENT(r->root, NULL, list)
	if (strcmp(element_name(list), "domains"))
		FOR_EACH_ELEMENT(list, "domain", domain)
	note_stray_domain(r, domain);
	check_dom0(r);
}

/* ---- globals ---- */

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
		else if (r4_backup_has_vm(r, text))
			fsck_remedy(finding, arena_printf(r->arena, "restore it from %s", r->f->backup_name),
				    r4_restore_vm, r->root, NULL, arena_strdup(r->arena, text));
		else
			remedy_removal(finding, property);
	} else if (!strcmp(row->name, "default_template") && !r4_is(vm, VM4_TEMPLATE)) {
		finding = fsck_note(r->f, "global-class", FSCK_R4, property, NULL,
				    "%s is %s, which is no template", row->name, text);
		remedy_removal(finding, property);
	} else if (!is_of_use(r, vm, row->name)) {
		finding = fsck_note(r->f, "global-class", FSCK_LOADS, property, NULL,
				    "%s is %s, which is no %s", row->name, text,
				    r4_is(vm, VM_ADMIN) ? "netvm" : "template for disposable VMs");
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
		fsck_effect(finding, LOST_ON_WRITE);
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
