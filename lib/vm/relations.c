/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How VMs refer to each other, read from the tree each time, and what is wrong with a reference.
 */
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

struct vm *vm_resolve(const struct qubes *q, const struct layout_reference *reference)
{
	switch (reference->kind) {
	case LAYOUT_BY_QID:
		return vm_by_qid(q, reference->qid);
	case LAYOUT_BY_NAME:
		return vm_find(q, reference->text);
	default:
		return NULL;
	}
}

struct vm *vms_reference(const struct vm *vm, const char *property)
{
	struct layout_reference reference = vm->qubes->layout->get_reference(vm->node, property);

	return vm_resolve(vm->qubes, &reference);
}

static bool follows(const struct vm *vm, const char *property)
{
	return vm_get(vm, property).presence == LAYOUT_FOLLOWS;
}

/* ---- globals ---- */

struct vm *vm_global(const struct qubes *q, const char *name)
{
	return vms_model(q)->global(q, name);
}

/* ---- relations ---- */

bool vm_netvm_follows(const struct vm *vm)
{
	return vms_model(vm->qubes)->netvm_follows(vm);
}

static struct vm *named_netvm(const struct vm *vm)
{
	return vms_model(vm->qubes)->named_netvm(vm);
}

struct vm *vm_template(const struct vm *vm)
{
	return vm_is(vm, VM_TEMPLATES | VM_ADMIN) ? NULL : vms_reference(vm, "template");
}

struct vm *vm_netvm(const struct vm *vm)
{
	struct vm *netvm;

	netvm = named_netvm(vm);
	return netvm && vm_provides_network(netvm) ? netvm : NULL;
}

bool vm_dispvm_netvm_follows(const struct vm *vm)
{
	return !vm->node || follows(vm, "dispvm_netvm");
}

struct vm *vm_dispvm_netvm(const struct vm *vm)
{
	return vm_dispvm_netvm_follows(vm) ? vm_netvm(vm) : vms_reference(vm, "dispvm_netvm");
}

int vm_for_clients(const struct vm *vm, int (*each)(struct vm *client, void *context), void *context)
{
	struct vm *client;
	int result = 0;

	FOR_EACH_VM(vm->qubes, client)
		if (vm_netvm(client) == vm && (result = each(client, context)))
			return result;
	return 0;
}

int vm_for_children(const struct vm *vm, int (*each)(struct vm *child, void *context), void *context)
{
	struct vm *child;
	int result = 0;

	FOR_EACH_VM(vm->qubes, child)
		if (vm_template(child) == vm && (result = each(child, context)))
			return result;
	return 0;
}

/* ---- what is wrong ---- */

static const char *template_fault(const struct vm *vm)
{
	struct layout_reference reference = vm->qubes->layout->get_reference(vm->node, "template");
	const struct vm *template = vm_resolve(vm->qubes, &reference);
	struct arena *arena = vm->qubes->arena;

	if (vm_is(vm, VM_TEMPLATES | VM_ADMIN) || reference.kind == LAYOUT_NO_VM)
		return NULL;
	if (!template)
		return arena_printf(arena, "its template (%s) does not exist", reference.text);
	if (vm_is(template, vm->class->template_kind))
		return NULL;
	if (!vm_is(template, VM_TEMPLATES))
		return arena_printf(arena, "its template %s is not a template", template->name);
	return arena_printf(arena, "class %s cannot be based on %s, which is of class %s", vm->type,
			    template->name, template->type);
}

static const char *netvm_fault(const struct vm *vm)
{
	const struct vm *netvm = named_netvm(vm);

	if (!netvm || vm_provides_network(netvm))
		return NULL;
	return arena_printf(vm->qubes->arena, "its netvm %s does not provide network", netvm->name);
}

const char *vm_broken(const struct vm *vm)
{
	const char *fault = template_fault(vm);

	if (strchr(vm->name, '/'))
		return "its name has a slash in it";
	if (!fault && vms_model(vm->qubes)->fault)
		fault = vms_model(vm->qubes)->fault(vm);
	return fault ? fault : netvm_fault(vm);
}

static bool is_bad_global(const struct qubes *q, const char *name)
{
	return q->layout->get_reference(q->layout->globals(store_root(q->store)), name).kind ==
	       LAYOUT_BAD_REFERENCE;
}

size_t vms_bad_globals(const struct qubes *q)
{
	size_t count = 0;

	for (size_t i = 0; vms_globals[i].name; i++)
		count += is_bad_global(q, vms_globals[i].name);
	return count;
}

int vms_check_globals(const struct qubes *q)
{
	size_t now = vms_bad_globals(q);

	if (now == 0 || now < q->vms->bad_globals)
		return 0;
	for (size_t i = 0; vms_globals[i].name; i++)
		if (is_bad_global(q, vms_globals[i].name))
			return error_set(ERROR_STORE,
					 "nothing is written as long as the global %s is no number; "
					 "qubes-prefs -s mends it",
					 vms_globals[i].name);
	return 0;
}

void vms_report_globals(const struct qubes *q)
{
	for (const struct vms_global *global = vms_model(q)->globals; global->name; global++) {
		struct layout_reference reference =
			q->layout->get_reference(q->layout->globals(store_root(q->store)), global->name);

		if (reference.kind == LAYOUT_BAD_REFERENCE)
			error_note("warning: the global %s is no number: '%s'", global->name, reference.text);
		else if (reference.kind != LAYOUT_NO_VM && !vm_resolve(q, &reference))
			error_note("warning: the global %s (%s) does not exist", global->name,
				   reference.text);
	}
}

void vms_report(struct qubes *q)
{
	vms_model(q)->report(q);
}
