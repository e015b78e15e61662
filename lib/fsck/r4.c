/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A check of an R4 store: its domains are found, then each rule looks at them.
 */
#include "r4.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uuid/uuid.h>

/* ---- values ---- */

store_node *r4_next(const store_node *of, const char *list, const char *name, store_node *previous)
{
	store_node *container = previous ? element_parent(previous) : element_next(of, NULL, list);

	for (; container; container = element_next(of, container, list)) {
		store_node *item = element_next(container, previous, name);

		if (item)
			return item;
		previous = NULL;
	}
	return NULL;
}

store_node *r4_find_item(const store_node *of, const char *list, const char *element, const char *name)
{
	store_node *found = NULL;

	FOR_EACH_ITEM(of, list, element, item)
	{
		const char *other = element_attribute(item, "name");

		if (other && !strcmp(other, name))
			found = item;
	}
	return found;
}

store_node *r4_property(const store_node *of, const char *name)
{
	return r4_find_item(of, "properties", "property", name);
}

const char *r4_value(const struct r4 *r, const store_node *property)
{
	const char *reference = element_attribute(property, "ref");

	return reference && *reference ? reference : element_text(r->arena, property);
}

const char *r4_text(const struct r4 *r, const store_node *of, const char *name)
{
	store_node *property = r4_property(of, name);
	const char *value = property ? r4_value(r, property) : NULL;

	return property && !value ? "" : value;
}

bool r4_flag(const struct r4 *r, const store_node *of, const char *name)
{
	static const char *const words[] = { "1", "yes", "true", "on" };
	const char *text = r4_text(r, of, name);

	for (size_t i = 0; text && i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(text, words[i]))
			return true;
	return false;
}

/* ---- the domains ---- */

bool r4_is(const struct r4_vm *vm, unsigned kinds)
{
	return vm->class && (vm->class->kind & kinds);
}

static int by_name(const void *a, const void *b)
{
	const struct r4_vm *first = *(const struct r4_vm *const *)a,
			   *second = *(const struct r4_vm *const *)b;
	int order = strcmp(first->name, second->name);

	return order ? order : first < second ? -1 : first > second;
}

const struct r4_vm *r4_vm_by_name(const struct r4 *r, const char *name)
{
	size_t low = 0, high = r->named;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(r->by_name[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->named && !strcmp(r->by_name[low]->name, name) ? r->by_name[low] : NULL;
}

static long long good_qid(const struct r4 *r, const store_node *node)
{
	const char *text = r4_text(r, node, "qid");
	long long qid;

	return text && prop4_read_number(text, &qid) && qid >= 0 && qid <= R4_QID_MAX ? qid : -1;
}

/* Whatever its class says: two of what only others have. */
static bool is_another_than_dom0(const struct r4 *r, const store_node *node)
{
	const char *name = r4_text(r, node, "name"), *qid = r4_text(r, node, "qid");

	return (name && *name && strcmp(name, "dom0")) + (qid && *qid && strcmp(qid, "0")) +
		       (element_next(node, NULL, "volume-config") != NULL) >=
	       2;
}

static void identify(const struct r4 *r, struct r4_vm *vm)
{
	const char *class = element_attribute(vm->node, "class");

	vm->class = class ? vm4_class_by_type(class) : NULL;
	if (r4_is(vm, VM_ADMIN) && is_another_than_dom0(r, vm->node))
		vm->class = NULL;
	if (r4_is(vm, VM_ADMIN)) {
		vm->name = vm->shown = "dom0";
		vm->qid = 0;
		return;
	}
	vm->name = r4_text(r, vm->node, "name");
	/* That is how qubesd reads an empty one. */
	if (vm->name)
		vm->name = *vm->name ? arena_strdup(r->arena, vm->name) : "None";
	vm->qid = good_qid(r, vm->node);
	vm->shown = vm->name ? vm->name : "(a domain without a name)";
}

static void find_vms(struct r4 *r)
{
	size_t count = 0;

	FOR_EACH_ITEM(r->root, "domains", "domain", node)
	count++;
	r->vms = arena_alloc(r->arena, (count + 1) * sizeof(*r->vms));
	r->by_name = arena_alloc(r->arena, (count + 2) * sizeof(struct r4_vm *));
	r->qids = arena_alloc(r->arena, (R4_QID_MAX + 1) * sizeof(bool));
	r->dom0 = (struct r4_vm){ .class = vm4_class_by_type("AdminVM"), .name = "dom0", .shown = "dom0" };
	r->admin = &r->dom0;
	FOR_EACH_ITEM(r->root, "domains", "domain", node)
	{
		struct r4_vm *vm = &r->vms[r->count++];

		vm->node = node;
		identify(r, vm);
		if (vm->qid >= 0)
			r->qids[vm->qid] = true;
		if (r4_is(vm, VM_ADMIN))
			r->admin = r->admin == &r->dom0 ? vm : r->admin;
		else if (vm->name)
			r->by_name[r->named++] = vm;
	}
	r->by_name[r->named++] = r->admin;
	qsort(r->by_name, r->named, sizeof(struct r4_vm *), by_name);
}

const struct r4_vm *r4_template(const struct r4 *r, const struct r4_vm *vm)
{
	const char *name = r4_is(vm, VM4_BASED) ? r4_text(r, vm->node, "template") : NULL;

	return name && *name ? r4_vm_by_name(r, name) : NULL;
}

bool r4_is_disposable_template(const struct r4 *r, const struct r4_vm *vm)
{
	return r4_is(vm, VM4_APP | VM4_STANDALONE) &&
	       (r4_flag(r, vm->node, "template_for_dispvms") || r4_flag(r, vm->node, "dispvm_allowed"));
}

bool r4_has_pci(const struct r4_vm *vm)
{
	FOR_EACH_ELEMENT(vm->node, "devices", list)
	{
		const char *class = element_attribute(list, "class");

		if (class && !strcmp(class, "pci") && element_next(list, NULL, "device"))
			return true;
	}
	return false;
}

/* ---- repairs ---- */

store_node *r4_add_property(store_node *of, const char *name, const char *text)
{
	store_node *list = element_next(of, NULL, "properties"), *property;

	if (!list)
		list = element_add(of, element_next(of, NULL, NULL), "properties");
	property = element_add(list, NULL, "property");
	store_put_attribute(property, "name", name);
	element_set_text(property, text);
	return property;
}

void r4_put_property(struct fsck *f, const struct fsck_finding *finding)
{
	store_node *property = r4_property(finding->node, finding->name);

	(void)f;
	if (!property) {
		r4_add_property(finding->node, finding->name, finding->value);
		return;
	}
	store_drop_attribute(property, "ref");
	element_set_text(property, finding->value);
}

const char *r4_free_qid(struct r4 *r)
{
	for (int qid = 1; qid <= R4_QID_MAX; qid++)
		if (!r->qids[qid]) {
			r->qids[qid] = true;
			return arena_printf(r->arena, "%d", qid);
		}
	return NULL;
}

static bool dispid_is_taken(const struct r4 *r, long long dispid)
{
	for (size_t i = 0; i < r->count; i++) {
		const char *text = r4_text(r, r->vms[i].node, "dispid");
		long long other;

		if (text && prop4_read_number(text, &other) && other == dispid)
			return true;
	}
	return false;
}

const char *r4_free_dispid(struct r4 *r)
{
	for (long long dispid = r->dispids_given + 1; dispid < 10000; dispid++)
		if (!dispid_is_taken(r, dispid)) {
			r->dispids_given = dispid;
			return arena_printf(r->arena, "%lld", dispid);
		}
	return NULL;
}

const char *r4_new_uuid(struct r4 *r)
{
	char *text = arena_alloc(r->arena, 37);
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, text);
	return text;
}

/* ---- what the backup has ---- */

static store_node *backup_domain(struct r4 *r, const char *name)
{
	const struct store *backup = fsck_backup(r->f);

	if (!backup)
		return NULL;
	FOR_EACH_ITEM(store_root(backup), "domains", "domain", node)
	{
		const char *other = r4_text(r, node, "name");

		if (other && !strcmp(other, name))
			return node;
	}
	return NULL;
}

bool r4_backup_has_vm(struct r4 *r, const char *name)
{
	return backup_domain(r, name) != NULL;
}

void r4_restore_vm(struct fsck *f, const struct fsck_finding *finding)
{
	struct r4 r = { .f = f, .arena = f->arena };
	store_node *from = backup_domain(&r, finding->value);
	store_node *into = element_next(store_root(f->store), NULL, "domains");

	/* Several may miss it. */
	FOR_EACH_ELEMENT(into, "domain", domain)
	{
		const char *name = r4_text(&r, domain, "name");

		if (name && !strcmp(name, finding->value))
			return;
	}
	if (from && into)
		element_add_copy(into, NULL, from);
}

store_node *r4_backup_volume(struct r4 *r, const char *vm, const char *volume)
{
	return r4_find_item(backup_domain(r, vm), "volume-config", "volume", volume);
}

store_node *r4_backup_item(struct r4 *r, const char *list, const char *element, const char *name)
{
	const struct store *backup = fsck_backup(r->f);

	if (!backup)
		return NULL;
	FOR_EACH_ITEM(store_root(backup), list, element, item)
	{
		const char *own = element_attribute(item, "name");

		own = own ? own : element_text(r->arena, item);
		if (own && !strcmp(own, name))
			return item;
	}
	return NULL;
}

/* ---- all of it ---- */

void fsck_check_r4(struct fsck *f)
{
	struct r4 r = { .f = f, .arena = f->arena, .root = store_root(f->store) };

	find_vms(&r);
	r4_check_places(&r);
	f->phase++;
	r4_check_labels(&r);
	r4_check_pools(&r);
	r4_check_pool_references(&r);
	f->phase++;
	r4_check_classes(&r);
	f->phase++;
	r4_check_dom0(&r);
	r4_check_identity(&r);
	f->phase++;
	for (size_t i = 0; i < r.count; i++)
		r4_check_properties(&r, &r.vms[i]);
	f->phase++;
	r4_check_globals(&r);
	for (size_t i = 0; i < r.count; i++) {
		r4_check_references(&r, &r.vms[i]);
		r4_check_template(&r, &r.vms[i]);
		r4_check_start(&r, &r.vms[i]);
		r4_check_items(&r, &r.vms[i]);
	}
	r4_check_loops(&r);
	r4_check_volumes(&r);
	strlist_free(&r.pools_told);
	strlist_free(&r.labels_told);
}
