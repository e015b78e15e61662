/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The class table, the labels, and the predicates that follow from them.
 */
#include <string.h>

#include "internal.h"

/* Ordered as netids are given to VMs whose store has none: ProxyVMs before NetVMs. */
const struct vm_class vm_classes[] = {
	{ VM_ADMIN, "AdminVM", "Admin", "servicevms", "black", 300, 0 },
	{ VM_TEMPLATE, "TemplateVM", "Tpl", "vm-templates", "black", 400, 0 },
	{ VM_TEMPLATE_HVM, "TemplateHVM", "Tpl", "vm-templates", "black", 512, 0 },
	{ VM_PROXY, "ProxyVM", "Proxy", "servicevms", "red", 300, VM_TEMPLATE },
	{ VM_NET, "NetVM", "Net", "servicevms", "red", 300, VM_TEMPLATE },
	{ VM_APP, "AppVM", "", "appvms", "red", 400, VM_TEMPLATE },
	{ VM_HVM, "HVM", "HVM", "appvms", "red", 512, VM_TEMPLATE_HVM },
	{ VM_DISPOSABLE, "DisposableVM", "", NULL, "red", 400, VM_TEMPLATE },
	{ 0, NULL, NULL, NULL, NULL, 0, 0 },
};

const struct vm_class vm_class_unknown = { VM_UNKNOWN, "unknown", "?", NULL, "red", 400, 0 };

const struct vm_label vm_labels[] = {
	{ 1, "red", "0xcc0000" },    { 2, "orange", "0xf57900" }, { 3, "yellow", "0xedd400" },
	{ 4, "green", "0x73d216" },  { 5, "gray", "0x555753" },	  { 6, "blue", "0x3465a4" },
	{ 7, "purple", "0x75507b" }, { 8, "black", "0x000000" },  { 0, NULL, NULL },
};

const struct vms_model *vms_model(const struct qubes *q)
{
	return q->layout && q->layout->format == STORE_R4 ? &vms_model_r4 : &vms_model_r3;
}

const struct vm_class *vm_class_by_type(const char *type)
{
	FOR_EACH_CLASS(class)
		if (!strcmp(class->type, type))
			return class;
	return NULL;
}

const struct vm_label *vm_find_label(const struct qubes *q, const char *text)
{
	return vms_model(q)->label(q, text);
}

bool vm_provides_network(const struct vm *vm)
{
	return vms_model(vm->qubes)->provides_network(vm);
}

const struct vm_label *vm_label_by_name(const char *name)
{
	for (const struct vm_label *label = vm_labels; label->name; label++)
		if (!strcmp(label->name, name))
			return label;
	return NULL;
}

bool vm_is(const struct vm *vm, unsigned kinds)
{
	return vm->class->kind & kinds;
}

bool vm_is_dom0(const struct vm *vm)
{
	return vm_is(vm, VM_ADMIN);
}

/* A reference that leads nowhere still makes a VM template-based. */
static bool names_template(const struct vm *vm)
{
	const struct layout *layout = vm->qubes->layout;

	if (vm_is(vm, VM_TEMPLATES | VM_ADMIN) || (!vm->class->template_kind && !vm_is(vm, VM_UNKNOWN)))
		return false;
	return layout->get_reference(vm->node, "template").kind != LAYOUT_NO_VM;
}

bool vm_is_standalone(const struct vm *vm)
{
	return !vm_is(vm, VM_TEMPLATES) && !names_template(vm);
}

bool vm_is_updateable(const struct vm *vm)
{
	return !names_template(vm);
}
