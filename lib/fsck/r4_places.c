/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where things are in an R4 store: lists in the root, domains in their list, items in lists of their own. What is
 * elsewhere is not seen.
 */
#include <string.h>

#include "r4.h"

/* ---- the root and what is in it ---- */

static const char *const lists[] = { "labels", "pools", "properties", "domains", NULL };

static bool is_among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
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

static void move_up(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *to = element_parent(element_parent(finding->node));

	(void)f;
	element_move(finding->node, to, NULL);
}

/* A list within another list, which has lost its end tag. */
static void check_nested_lists(struct r4 *r, store_node *list, const char *vm, const char *const *names)
{
	FOR_EACH_ELEMENT(list, NULL, child)
	{
		struct fsck_finding *finding;

		if (!is_among(names, element_name(child)))
			continue;
		finding = fsck_note(r->f, "list-place", FSCK_LOADS, child, vm, "<%s> is in <%s>",
				    element_name(child), element_name(list));
		fsck_effect(finding, "it is not seen, and lost when qubesd writes the store");
		fsck_remedy(finding, "move it out of there", move_up, child, NULL, NULL);
	}
}

static const char *const vm_lists[] = { "properties", "features", "devices", "tags", "volume-config", NULL };

/* NODE and the lists behind it, up to the next properties, get a domain. */
static void give_domain(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *list = element_parent(finding->node), *next = finding->node;
	store_node *domain = element_add(list, finding->node, "domain");

	(void)f;
	do {
		store_node *node = next;

		next = element_next(list, node, NULL);
		element_move(node, domain, NULL);
	} while (next && is_among(vm_lists, element_name(next)) && strcmp(element_name(next), "properties"));
}

/* The lists of a domain whose start tag is lost. */
static void check_headless(struct r4 *r, store_node *domains)
{
	FOR_EACH_ELEMENT(domains, "properties", properties)
	{
		struct fsck_finding *finding = fsck_note(r->f, "list-place", FSCK_LOADS, properties, NULL,
							 "<properties> is in <domains>, without a <domain>");

		fsck_effect(finding, "this domain is not seen, and lost when qubesd writes the store");
		fsck_remedy(finding, "put it and what follows it into one", give_domain, properties, NULL,
			    NULL);
	}
}

/* What is in which list. */
struct item {
	const char *name, *list;
	bool can_move; /* there is one such list, and nothing but its place says what it is */
};

static const struct item root_items[] = { { "label", "labels", true },
					  { "pool", "pools", true },
					  { "property", "properties", true },
					  { "domain", "domains", false },
					  { NULL, NULL, false } };
static const struct item vm_items[] = {
	{ "property", "properties", true },  { "feature", "features", true }, { "tag", "tags", true },
	{ "volume", "volume-config", true }, { "device", "devices", false },  { NULL, NULL, false }
};

static void move_into_list(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *parent = element_parent(finding->node),
		   *list = element_next(parent, NULL, finding->value);

	(void)f;
	if (!list)
		list = element_add(parent, finding->node, finding->value);
	element_move(finding->node, list, NULL);
}

/* Is NAME most likely MEANT with a slip in it? */
static bool is_slip(const char *name, const char *meant)
{
	return util_edit_distance(name, meant) <= (strlen(meant) > 5 ? 2 : 1);
}

static void remedy_slip(struct r4 *r, struct fsck_finding *finding, store_node *node, const char *meant)
{
	fsck_remedy(finding, arena_printf(r->arena, "call it <%s>", meant), fsck_rename_node, node, NULL,
		    meant);
}

/* A list that is misspelt, an item without its list, which has lost its start tag, or nothing at all. */
static void remedy_stranger(struct r4 *r, struct fsck_finding *finding, store_node *node,
			    const struct item *items)
{
	const char *name = element_name(node);

	for (; items->name; items++) {
		if (is_slip(name, items->list)) {
			remedy_slip(r, finding, node, items->list);
			return;
		}
		if (items->can_move && !strcmp(items->name, name)) {
			fsck_remedy(finding, "put it into the list where it belongs", move_into_list, node,
				    NULL, items->list);
			return;
		}
	}
	fsck_remedy(finding, "remove it", fsck_remove_node, node, NULL, NULL);
}

static void check_item(struct r4 *r, store_node *child, const char *vm, const char *item)
{
	struct fsck_finding *finding = fsck_note(r->f, "element-unknown", FSCK_LOADS, child, vm,
						 "<%s> is nothing that <%s> has in it", element_name(child),
						 element_name(element_parent(child)));

	fsck_effect(finding, R4_LOST_ON_WRITE);
	if (is_slip(element_name(child), item))
		remedy_slip(r, finding, child, item);
	else
		fsck_remedy(finding, "remove it", fsck_remove_node, child, NULL, NULL);
}

/* Lists and domains in LIST are told of as such. */
static void check_items(struct r4 *r, store_node *list, const char *vm, const struct item *items,
			const char *const *names)
{
	while (items->name && strcmp(items->list, element_name(list)))
		items++;
	FOR_EACH_ELEMENT(list, NULL, child)
	if (items->name && strcmp(items->name, element_name(child)) &&
	    !is_among(names, element_name(child)) && strcmp(element_name(child), "domain"))
		check_item(r, child, vm, items->name);
}

static void check_vm_child(struct r4 *r, const struct r4_vm *vm, store_node *child)
{
	struct fsck_finding *finding;

	if (is_among(vm_lists, element_name(child))) {
		check_nested_lists(r, child, vm->shown, vm_lists);
		check_items(r, child, vm->shown, vm_items, vm_lists);
		return;
	}
	/* A domain in another one is told of as such. */
	if (!strcmp(element_name(child), "domain"))
		return;
	finding = fsck_note(r->f, "element-unknown", FSCK_LOADS, child, vm->shown,
			    "<%s> is nothing that a domain has here", element_name(child));
	fsck_effect(finding, R4_LOST_ON_WRITE);
	remedy_stranger(r, finding, child, vm_items);
}

static void unwrap(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *parent = element_parent(finding->node), *child;

	while ((child = element_next(finding->node, NULL, NULL)))
		element_move(child, parent, finding->node);
	fsck_doom(f, finding->node);
}

static void check_child(struct r4 *r, store_node *child)
{
	struct fsck_finding *finding;

	if (!strcmp(element_name(child), "domain")) {
		note_stray_domain(r, child);
		return;
	}
	if (!strcmp(element_name(child), element_name(r->root))) {
		finding = fsck_note(r->f, "root-place", FSCK_LOADS, child, NULL, "<%s> is in itself",
				    element_name(child));
		fsck_effect(finding, "qubesd sees nothing of what is in it");
		fsck_remedy(finding, "take what is in it out", unwrap, child, NULL, NULL);
		return;
	}
	if (is_among(lists, element_name(child)))
		return;
	finding = fsck_note(r->f, "element-unknown", FSCK_LOADS, child, NULL,
			    "<%s> is nothing that R4 knows here", element_name(child));
	fsck_effect(finding, R4_LOST_ON_WRITE);
	remedy_stranger(r, finding, child, root_items);
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

void r4_check_dom0(struct r4 *r)
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

/* ---- what has lost its end tag ---- */

static bool is_leaf(const char *name)
{
	static const char *const names[] = {
		"property", "feature", "tag", "label", "pool", "volume", "option"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* Everything in it goes behind it; what is left is its text, without the line end that was no part of it. */
static void end_before_children(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *list = element_parent(finding->node), *child;
	store_node *behind = element_next(list, finding->node, NULL);

	while ((child = element_next(finding->node, NULL, NULL)))
		element_move(child, list, behind);
	element_set_text(finding->node, fsck_trimmed(f->arena, finding->value));
}

static void check_leaf(struct r4 *r, store_node *leaf)
{
	const char *text = element_text(r->arena, leaf);
	struct fsck_finding *finding;

	if (!element_next(leaf, NULL, NULL))
		return;
	finding = fsck_note(r->f, "element-nested", FSCK_LOADS, leaf, NULL, "<%s> has elements in it",
			    element_name(leaf));
	fsck_effect(finding, "they are not seen, and lost when qubesd writes the store");
	fsck_remedy(finding, "end it before them", end_before_children, leaf, NULL,
		    arena_strdup(r->arena, text ? text : ""));
}

/* Domains at any depth, but for those that are where they belong. */
static void check_strays(struct r4 *r, store_node *of, bool belong)
{
	FOR_EACH_ELEMENT(of, NULL, child)
	{
		if (!belong && !strcmp(element_name(child), "domain"))
			note_stray_domain(r, child);
		if (is_leaf(element_name(child)))
			check_leaf(r, child);
		check_strays(r, child, false);
	}
}

static void check_vm_lists(struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++)
		FOR_EACH_ELEMENT(r->vms[i].node, NULL, list)
	check_vm_child(r, &r->vms[i], list);
}

void r4_check_places(struct r4 *r)
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
	FOR_EACH_ELEMENT(r->root, NULL, list)
	{
		if (!strcmp(element_name(list), "domains"))
			check_headless(r, list);
		else if (is_among(lists, element_name(list)))
			check_nested_lists(r, list, NULL, lists);
		check_items(r, list, NULL, root_items, lists);
		check_strays(r, list, strcmp(element_name(list), "domains") == 0);
	}
	check_vm_lists(r);
}
