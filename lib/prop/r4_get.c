/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Effective values of release 4: what the store says, as qubesd would read it, or the default by the row.
 */
#include <string.h>

#include "error.h"
#include "r4.h"
#include "util.h"
#include "vmm.h"

/* ---- one text ---- */

static int no_number(const struct prop *prop, const char *text)
{
	return error_set(ERROR_FAILED, "'%s' is no value for %s, which takes %s", text, prop->name,
			 prop->forms ? prop->forms : "a number");
}

static int check_number(const struct vm *vm, const struct prop *prop, const char *text,
			const char **canonical)
{
	long long number;

	if (!prop4_read_number(text, &number))
		return no_number(prop, text);
	/* What is stored for the whole system may be anything. */
	if (number < prop->min && !vm_is(vm, VM4_STORE))
		return no_number(prop, text);
	*canonical = prop4_number_text(vm->qubes->arena, text);
	return 0;
}

static int check_boolean(const struct prop *prop, const char *text, const char **canonical)
{
	int word = *text ? prop_boolean_word(text) : 0;

	if (word < 0)
		return no_number(prop, text);
	*canonical = word ? "True" : "False";
	return 0;
}

static int check_vm(const struct vm *vm, const struct prop *prop, const char *text)
{
	const struct vm *to = *text ? vm_find(vm->qubes, text) : NULL;

	if (*text && !to)
		return error_set(ERROR_FAILED, "%s: there is no VM '%s'", prop->name, text);
	if (to && vm_is(to, VM4_REMOTE))
		return error_set(ERROR_FAILED, "%s: %s is on another system", prop->name, text);
	return 0;
}

int prop_check_loads(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	const char *understood = text;
	int result = 0;

	if (prop->type == PROP_INT)
		result = check_number(vm, prop, text, &understood);
	else if (prop->type == PROP_BOOL)
		result = check_boolean(prop, text, &understood);
	else if (prop->type == PROP_VM)
		result = check_vm(vm, prop, text);
	if (result == 0 && prop->loads)
		result = prop->loads(vm, prop, understood, &understood);
	if (canonical)
		*canonical = understood;
	return result;
}

/* Of a text that is known to be good. */
static void read_good(const struct vm *vm, const char *text, struct prop_value *value)
{
	value->text = text;
	if (value->type == PROP_INT)
		prop4_read_number(text, &value->number);
	else if (value->type == PROP_BOOL)
		value->number = !strcmp(text, "True");
	else if (value->type == PROP_VM && *text)
		value->vm = vm_find(vm->qubes, text);
	value->none = value->type == PROP_VM && !*text;
}

static void read_stored(const struct vm *vm, const struct prop *prop, const char *text,
			struct prop_value *value)
{
	const char *canonical;

	if (prop_check_loads(vm, prop, text, &canonical) == 0) {
		read_good(vm, canonical, value);
		return;
	}
	error_clear();
	value->broken = true;
	value->text = text;
}

/* ---- defaults ---- */

const struct vm *prop4_base(const struct vm *vm)
{
	const struct vm *template = vm_template(vm);

	return template && vm_is(template, vm->class->template_kind) ? template : NULL;
}

bool prop4_as_other(const struct vm *vm, const char *name, struct prop_value *value)
{
	const struct prop *prop = vm ? prop_find(vm->qubes, name) : NULL;

	if (!prop || !prop_applies(vm, prop))
		return false;
	if (prop_get(vm, prop, value) < 0) {
		error_clear();
		value->none = true;
	}
	value->follows = true;
	return true;
}

static bool as_base(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	return prop->flags & PROP_INHERITED && prop4_as_other(prop4_base(vm), prop->name, value);
}

static const struct prop *find_global(const char *name)
{
	const struct prop *prop = prop4_globals;

	while (prop->name && strcmp(prop->name, name) != 0)
		prop++;
	return prop;
}

static bool as_global(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	if (!prop->global)
		return false;
	if (prop_get(prop_store(vm->qubes), find_global(prop->global), value) < 0)
		error_clear();
	value->follows = true;
	return true;
}

static void give_default(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	value->follows = true;
	if ((prop->otherwise && prop->otherwise(vm, prop, value)) || as_base(vm, prop, value) ||
	    as_global(vm, prop, value))
		return;
	value->none = !prop->fallback;
	if (prop->fallback)
		read_good(vm, prop->fallback, value);
}

int prop4_get(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct layout_value stored = vm_get(vm, prop_key(prop));

	if (stored.presence == LAYOUT_SET)
		read_stored(vm, prop, stored.text, value);
	else
		give_default(vm, prop, value);
	return 0;
}

int prop4_get_computed(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	give_default(vm, prop, value);
	return 0;
}

/* ---- what is wrong ---- */

static const struct prop *find_exactly(const char *name)
{
	for (const struct prop *prop = prop4_table; prop->name; prop++)
		if (!strcmp(prop->name, name))
			return prop;
	return NULL;
}

/* What an earlier release left, and a later one takes for something else. */
static bool is_legacy(const char *name)
{
	return !strcmp(name, "hvm") || !strcmp(name, "dispvm_allowed");
}

static bool is_identity(const char *name)
{
	return !strcmp(name, "name") || !strcmp(name, "qid") || !strcmp(name, "uuid");
}

/* qid and name have been understood, or there would be no VM. */
static const char *fault_of(const struct vm *vm, const char *name, const char *text)
{
	const struct prop *prop = name ? find_exactly(name) : NULL;
	const char *fault = NULL;

	if (!name)
		return "a property without a name";
	if (vm_is_dom0(vm) && is_identity(name))
		return arena_printf(vm->qubes->arena, "its %s is fixed, and may not be in the store", name);
	if (is_legacy(name) || !strcmp(name, "qid") || !strcmp(name, "name"))
		return NULL;
	if (!prop || !prop_applies(vm, prop) || prop->get != prop4_get)
		return arena_printf(vm->qubes->arena, "class %s has no property '%s' in the store", vm->type,
				    name);
	if (prop_check_loads(vm, prop, text, NULL) < 0)
		fault = arena_strdup(vm->qubes->arena, error_message());
	error_clear();
	return fault;
}

const char *prop4_broken(const struct vm *vm)
{
	store_node *property = NULL;
	const char *name, *text, *fault = NULL;

	if (vm_is(vm, VM_UNKNOWN) || !vm->node)
		return NULL;
	while (!fault && (property = vm->qubes->layout->next_property(vm->node, property, &name, &text)))
		fault = fault_of(vm, name, text);
	return fault;
}

/* dom0's are fixed; what says so in the store is refused. */
int prop4_get_name(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	value->text = vm->name;
	value->follows = vm_is_dom0(vm);
	return 0;
}

int prop4_get_qid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	value->number = vm->qid;
	value->follows = vm_is_dom0(vm);
	return 0;
}

int prop4_get_xid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct vmm_info info = { .xid = -1 };

	(void)prop;
	if (!vmm_offline(vm->qubes) && vmm_info((struct vm *)vm, &info) < 0)
		return -1;
	value->number = info.xid;
	value->follows = true;
	return 0;
}

/* ---- the globals ---- */

static const struct vm_class store_class = { VM4_STORE, "store", "", NULL, NULL, 0, 0 };

struct vm *prop_store(struct qubes *q)
{
	struct vm *store = arena_alloc(q->arena, sizeof(*store));

	*store = (struct vm){ .qubes = q,
			      .class = &store_class,
			      .qid = -1,
			      .name = "the store",
			      .type = store_class.type,
			      .node = q->layout->globals(store_root(q->store)) };
	return store;
}
