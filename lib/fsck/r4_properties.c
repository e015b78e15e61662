/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The properties of a domain of R4: does its class have them, may they be stored, are their values good? What is
 * good says the property table.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "r4.h"

const struct prop *r4_row(const char *name)
{
	for (const struct prop *row = prop4_table; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

struct vm r4_view(const struct r4 *r, const struct r4_vm *vm)
{
	return (struct vm){ .qubes = r->f->q,
			    .class = vm->class,
			    .name = vm->shown,
			    .type = vm->class ? vm->class->type : "",
			    .node = vm->node };
}

/* What a VM is told by; set once, by qubesd itself. */
static bool is_identity(const char *name)
{
	static const char *const names[] = { "name", "qid", "uuid", "dispid" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* ---- may it be there? ---- */

/* Names of earlier releases that are taken over when the store is loaded; each once. */
static bool is_legacy(const struct r4_vm *vm, const store_node *property, const char *name)
{
	bool known = (!strcmp(name, "hvm") && r4_is(vm, VM4_LOCAL)) ||
		     (!strcmp(name, "dispvm_allowed") && r4_is(vm, VM4_APP));

	FOR_EACH_ITEM(vm->node, "properties", "property", other)
	{
		const char *other_name = element_attribute(other, "name");

		if (other == property)
			return known;
		if (other_name && !strcmp(other_name, name))
			return false;
	}
	return known;
}

/* Why not, in the arena; NULL: it may. */
static const char *not_applicable(const struct r4 *r, const struct r4_vm *vm, const struct prop *row,
				  const char *name)
{
	unsigned kind = vm->class->kind;

	if (!row)
		return arena_printf(r->arena, "there is no property %s", name);
	if (!(row->classes & kind))
		return arena_printf(r->arena, "a %s has no property %s", vm->class->type, name);
	if (is_identity(name) ? kind == VM_ADMIN : !(row->settable & kind))
		return arena_printf(r->arena, "the property %s of a %s cannot be stored", name,
				    vm->class->type);
	return NULL;
}

static void remedy_removal(struct fsck_finding *finding, store_node *property, const char *words)
{
	fsck_remedy(finding, words, fsck_remove_node, property, NULL, NULL);
}

static bool check_applicable(struct r4 *r, const struct r4_vm *vm, const struct prop *row,
			     store_node *property, const char *name)
{
	const char *why = not_applicable(r, vm, row, name);

	if (why) {
		/* If the class is what is wrong, that has been told. */
		if (!r4_right_class(r, vm))
			remedy_removal(
				fsck_note(r->f, "property-foreign", FSCK_R4, property, vm->shown, "%s", why),
				property, "remove it");
		return false;
	}
	if (row->flags & PROP_NOT_BEFORE_43)
		remedy_removal(fsck_note(r->f, "property-foreign", FSCK_BEFORE_43, property, vm->shown,
					 "the property %s is of R4.3", name),
			       property, "remove it");
	return true;
}

/* ---- is it good? ---- */

static const char *cut_at_blank(const struct r4 *r, const char *text)
{
	char *copy = arena_strdup(r->arena, text), *blank;
	size_t length = strlen(copy);

	if (length > 512)
		copy[512] = '\0';
	blank = strrchr(copy, ' ');
	if (blank && length > 512)
		*blank = '\0';
	return copy;
}

static const char *loads(const struct vm *view, const struct prop *row, const char *text)
{
	const char *canonical;

	if (*text && prop_check_loads(view, row, text, &canonical) == 0)
		return text;
	error_clear();
	return NULL;
}

/* The nearest text that is good; NULL: there is none at hand. */
static const char *nearest(struct r4 *r, const struct vm *view, const struct prop *row, const char *text)
{
	const char *base = fsck_trimmed(r->arena, text), *found = loads(view, row, base);

	if (!found && !strcmp(row->name, "keyboard_layout")) {
		found = loads(view, row, arena_printf(r->arena, "%s+", base));
		found = found ? found : loads(view, row, arena_printf(r->arena, "%s++", base));
	}
	if (!found && !strcmp(row->name, "kernelopts"))
		found = loads(view, row, cut_at_blank(r, base));
	if (!found && !strcmp(row->name, "uuid"))
		found = r4_new_uuid(r);
	if (!found && !strcmp(row->name, "dispid"))
		found = r4_free_dispid(r);
	return found;
}

static void check_plain(struct r4 *r, const struct r4_vm *vm, const struct prop *row, store_node *property,
			const char *text)
{
	const struct vm view = r4_view(r, vm);
	struct fsck_finding *finding;
	const char *better;

	if (prop_check_loads(&view, row, text, NULL) == 0)
		return;
	finding = fsck_note(r->f, "property-value", FSCK_R4, property, vm->shown, "%s", error_message());
	error_clear();
	better = nearest(r, &view, row, text);
	if (better)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", better), fsck_set_text, property,
			    NULL, better);
	else
		remedy_removal(finding, property, "remove it, so that the default holds");
}

/* ---- labels ---- */

static const char *usual_label(const struct r4_vm *vm)
{
	return r4_is(vm, VM_ADMIN | VM4_TEMPLATE) ? "black" : "red";
}

static store_node *labels_list(struct fsck *f)
{
	store_node *root = store_root(f->store), *list = element_next(root, NULL, "labels");

	return list ? list : element_add(root, element_next(root, NULL, NULL), "labels");
}

/* Adds the label VALUE, from the backup or as every system has it. */
static void add_label(struct fsck *f, const struct fsck_finding *finding)
{
	struct r4 r = { .f = f, .arena = f->arena, .root = store_root(f->store) };
	store_node *known = r4_backup_item(&r, "labels", "label", finding->value), *label;
	const struct vm_label *usual = vm_label_by_name(finding->value);

	if (r4_label(&r, finding->value))
		return;
	if (known) {
		element_add_copy(labels_list(f), NULL, known);
		return;
	}
	label = element_add(labels_list(f), NULL, "label");
	store_put_attribute(label, "id", arena_printf(f->arena, "label-%d", usual->index));
	/* The one that R4 has another shade of. */
	store_put_attribute(label, "color", strcmp(usual->name, "gray") ? usual->colour : "0x555555");
	element_set_text(label, usual->name);
}

/* Not while another one has its number. */
static bool can_add_label(struct r4 *r, const char *name)
{
	const struct vm_label *usual = vm_label_by_name(name);

	if (*name && r4_label(r, name))
		return false;
	return r4_backup_item(r, "labels", "label", name) ||
	       (usual && !r4_label(r, arena_printf(r->arena, "label-%d", usual->index)));
}

static void check_label(struct r4 *r, const struct r4_vm *vm, store_node *property, const char *text)
{
	const char *base = fsck_trimmed(r->arena, text);
	struct fsck_finding *finding;

	if (*text && r4_label(r, text))
		return;
	/* The first one that has it speaks for all; of one that another hides is told there. */
	if (strlist_has(&r->labels_told, base) || r4_label_is_hidden(r, text))
		return;
	finding = fsck_note(r->f, "label", FSCK_R4, property, vm->shown, "there is no label '%s'", text);
	if (can_add_label(r, base))
		strlist_add(&r->labels_told, base);
	if (*base && r4_label(r, base))
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", base), fsck_set_text, property,
			    NULL, base);
	else if (r4_backup_item(r, "labels", "label", base))
		fsck_remedy(finding, arena_printf(r->arena, "add the label as %s has it", r->f->backup_name),
			    add_label, property, NULL, base);
	else if (can_add_label(r, base))
		fsck_remedy(finding, "add this label, which every system has", add_label, property, NULL,
			    base);
	else if (r4_label(r, usual_label(vm)))
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", usual_label(vm)), fsck_set_text,
			    property, NULL, usual_label(vm));
	else
		remedy_removal(finding, property, "remove it");
}

/* ---- one property ---- */

static void check_cut(struct r4 *r, const struct r4_vm *vm, const char *name, store_node *property)
{
	struct fsck_finding *finding;

	if (!element_text_is_cut(property))
		return;
	finding = fsck_note(r->f, "value-cut", FSCK_LOADS, property, vm->shown,
			    "the value of %s has something in it that is no text", name);
	fsck_effect(finding, "only what is before that counts");
	fsck_remedy(finding, "leave that out", fsck_set_text, property, NULL,
		    element_all_text(r->arena, property));
}

/* The word is a user's name, and not nobody. */
static void check_empty_user(struct r4 *r, const struct r4_vm *vm, store_node *property, const char *name,
			     const char *text)
{
	struct fsck_finding *finding;

	if (strcmp(name, "default_user") || *text)
		return;
	finding = fsck_note(r->f, "user-empty", FSCK_LOADS, property, vm->shown, "default_user is empty");
	fsck_effect(finding, "it is taken for a user called None");
	remedy_removal(finding, property, "remove it, so that the default holds");
}

static void check_property(struct r4 *r, const struct r4_vm *vm, store_node *property)
{
	const char *name = element_attribute(property, "name"), *text = r4_value(r, property);
	const struct prop *row = name ? r4_row(name) : NULL;
	struct prop legacy = { .name = name, .type = PROP_BOOL, .forms = "True or False" };

	text = text ? text : "";
	if (!name) {
		remedy_removal(fsck_note(r->f, "property-nameless", FSCK_R4, property, vm->shown,
					 "a property without a name"),
			       property, "remove it");
		return;
	}
	if (is_legacy(vm, property, name))
		row = &legacy;
	else if (!check_applicable(r, vm, row, property, name))
		return;
	check_cut(r, vm, name, property);
	check_empty_user(r, vm, property, name, text);
	if (row->type == PROP_LABEL)
		check_label(r, vm, property, text);
	else if (row->type != PROP_VM && strcmp(name, "qid"))
		check_plain(r, vm, row, property, text);
}

/* What others are called, and may be, is known by then. */
void r4_check_references(struct r4 *r, const struct r4_vm *vm)
{
	FOR_EACH_ITEM(vm->node, "properties", "property", property)
	{
		const char *name = element_attribute(property, "name"), *text = r4_value(r, property);
		const struct prop *row = name ? r4_row(name) : NULL;

		if (row && row->type == PROP_VM && vm->class && !not_applicable(r, vm, row, name))
			r4_check_reference(r, vm, name, property, text ? text : "");
	}
}

/* ---- several of one name ---- */

static const char *name_of(const store_node *node)
{
	const char *name = element_attribute(node, "name");

	return name ? name : "";
}

/* The next one of NODE's name in OF. */
static store_node *next_of_name(const store_node *of, const char *list, const char *element, store_node *node)
{
	store_node *next = r4_next(of, list, element, node);

	while (next && strcmp(name_of(next), name_of(node)))
		next = r4_next(of, list, element, next);
	return next;
}

void r4_check_twice(struct r4 *r, store_node *of, const struct r4_vm *vm, const char *list,
		    const char *element)
{
	bool properties = !strcmp(element, "property");

	FOR_EACH_ITEM(of, list, element, node)
	{
		store_node *later = *name_of(node) ? next_of_name(of, list, element, node) : NULL;
		const char *value = r4_value(r, node), *other = later ? r4_value(r, later) : NULL;
		bool once = properties && vm && is_identity(name_of(node));
		struct fsck_finding *finding;

		if (!later)
			continue;
		if (once) {
			finding = fsck_note(r->f, "property-twice", FSCK_R4, later, vm->shown,
					    "the property %s is there twice, and may be set but once",
					    name_of(node));
			remedy_removal(finding, later, "remove the second one");
		} else if (strcmp(value ? value : "", other ? other : "")) {
			finding = fsck_note(r->f, "value-twice", FSCK_LOADS, node, vm ? vm->shown : NULL,
					    "%s %s is there again later, with another value", element,
					    name_of(node));
			fsck_effect(finding, "the later one counts");
			remedy_removal(finding, node, "remove this one");
		}
	}
}

bool r4_has_foreign_properties(const struct r4 *r, const struct r4_vm *vm)
{
	FOR_EACH_ITEM(vm->node, "properties", "property", property)
	{
		const char *name = element_attribute(property, "name");

		if (!name || not_applicable(r, vm, r4_row(name), name))
			return true;
	}
	return false;
}

bool r4_check_foreign_properties(struct r4 *r, const struct r4_vm *vm, const char *right)
{
	bool some = false;

	FOR_EACH_ITEM(vm->node, "properties", "property", property)
	{
		const char *name = element_attribute(property, "name");
		const char *why = name ? not_applicable(r, vm, r4_row(name), name) : NULL;

		if (!why || is_legacy(vm, property, name))
			continue;
		some = true;
		fsck_remedy(fsck_note(r->f, "property-foreign", FSCK_R4, property, vm->shown, "%s", why),
			    arena_printf(r->arena, "make its class %s, as its volumes are", right),
			    fsck_set_attribute, vm->node, "class", right);
	}
	return some;
}

void r4_check_properties(struct r4 *r, const struct r4_vm *vm)
{
	/* What class it is has to be known first. */
	if (!vm->class || (r4_is(vm, VM4_REMOTE) && (r->f->loaded_by & FSCK_BEFORE_43)))
		return;
	FOR_EACH_ITEM(vm->node, "properties", "property", property)
	check_property(r, vm, property);
	r4_check_twice(r, vm->node, vm, "properties", "property");
}
