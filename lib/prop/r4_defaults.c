/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The defaults of release 4 that depend on other values: memory, kernel, class, keyboard.
 */
#include <limits.h>
#include <string.h>

#include "error.h"
#include "r4.h"
#include "util.h"

#define KERNELOPTS "swiotlb=2048"
#define KERNELOPTS_MOST_BYTES 4096
#define SUSPEND_OPTION " qubes_exp_pm_use_suspend=1"
#define MAXMEM 4000
#define MAXMEM_PER_MEMORY 10

static bool give_text(struct prop_value *value, const char *text)
{
	value->text = text;
	value->none = !text;
	return true;
}

static bool give_number(struct prop_value *value, long long number)
{
	value->number = number;
	return true;
}

static bool give_vm(struct prop_value *value, struct vm *vm)
{
	value->vm = vm;
	value->none = !vm;
	return true;
}

/* ---- devices and features ---- */

bool prop4_has_pci(const struct vm *vm)
{
	store_node *device = NULL;

	while ((device = vm->qubes->layout->next_item(vm->node, LAYOUT_DEVICES, device))) {
		const char *class = layout_device_class(device);

		if (class && !strcmp(class, "pci"))
			return true;
	}
	return false;
}

static bool feature_is_on(const struct vm *vm, const char *name)
{
	const char *text = vm_feature_inherited(vm, name);

	return text && *text;
}

/* Does VM, or what it is based on, say anything of services that it supports? */
static bool announces_services(const struct vm *vm)
{
	store_node *item = NULL;

	while ((item = vm->qubes->layout->next_item(vm->node, LAYOUT_FEATURES, item))) {
		const char *name = layout_item_attribute(item, "name");

		if (name && util_starts_with(name, "supported-service."))
			return true;
	}
	return prop4_base(vm) && announces_services(prop4_base(vm));
}

/* ---- memory, CPUs, mode ---- */

bool prop4_default_virt_mode(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return prop4_has_pci(vm) && give_text(value, "hvm");
}

static bool can_balance_memory(const struct vm *vm)
{
	const char *mode;

	if (prop4_has_pci(vm))
		return false;
	mode = prop_string(vm, "virt_mode");
	if (!mode || strcmp(mode, "hvm") != 0)
		return true;
	if (announces_services(vm) && !feature_is_on(vm, "supported-service.meminfo-writer"))
		return false;
	return feature_is_on(vm, "qrexec");
}

bool prop4_default_maxmem(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *os = vm_feature(vm, "os");
	long long memory, most = MAXMEM;

	if (!can_balance_memory(vm))
		return give_number(value, 0);
	if (prop4_base(vm))
		return prop4_as_other(prop4_base(vm), prop->name, value);
	if (os && !strcmp(os, "Linux") && prop_number(vm, "memory", &memory) == 0 &&
	    __builtin_mul_overflow(memory, MAXMEM_PER_MEMORY, &most))
		most = LLONG_MAX;
	error_clear();
	return give_number(value, most);
}

/* ---- kernel ---- */

/* The options that a kernel comes with, in the arena; NULL: it says nothing. */
static const char *options_of_kernel(const struct vm *vm, const char *kernel, const char *file)
{
	const struct qubes *q = vm->qubes;
	AUTO_FREE char *path = util_printf("%s/%s/%s", PROP_KERNELS_DIR, kernel, file);
	AUTO_FREE char *text =
		strchr(kernel, '/') ? NULL : root_read(q->root, path, KERNELOPTS_MOST_BYTES, NULL);
	size_t length = text ? strlen(text) : 0;

	while (length && strchr("\r\n", text[length - 1]))
		text[--length] = '\0';
	return text ? arena_strdup(q->arena, text) : NULL;
}

static const char *options_with_pci(const struct vm *vm, const char *kernel)
{
	const char *text = options_of_kernel(vm, kernel, "default-kernelopts-pci.txt");
	const char *suspend = vm_feature(vm_by_qid(vm->qubes, 0), "suspend-s0ix");

	return arena_printf(vm->qubes->arena, "%s%s", text ? text : "",
			    suspend && *suspend ? SUSPEND_OPTION : "");
}

bool prop4_default_kernelopts(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *kernel = prop_string(vm, "kernel"), *text;

	if (!kernel || !*kernel)
		return give_text(value, "");
	if (prop4_has_pci(vm))
		return give_text(value, options_with_pci(vm, kernel));
	if (prop4_base(vm))
		return prop4_as_other(prop4_base(vm), prop->name, value);
	text = options_of_kernel(vm, kernel, "default-kernelopts-nopci.txt");
	return give_text(value, text ? text : KERNELOPTS);
}

bool prop4_default_bootmode(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return vm_is(vm, VM4_BASED) && prop4_base(vm) &&
	       (prop4_as_other(prop4_base(vm), "appvm_default_bootmode", value) ||
		prop4_as_other(prop4_base(vm), "bootmode", value));
}

/* ---- what the class decides ---- */

bool prop4_default_in_backups(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	if (vm_is(vm, VM4_REMOTE))
		return give_number(value, false);
	return vm_is(vm, VM4_DISPOSABLE) && give_number(value, !prop_flag(vm, "auto_cleanup"));
}

bool prop4_default_netvm(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return vm_is(vm, VM4_TEMPLATE) && give_vm(value, NULL);
}

bool prop4_default_dispvm(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return vm_is(vm, VM4_DISPOSABLE) && give_vm(value, vm_template(vm));
}

bool prop4_dom0(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_vm(value, vm_by_qid(vm->qubes, 0));
}

bool prop4_default_uuid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return vm_is_dom0(vm) && give_text(value, "00000000-0000-0000-0000-000000000000");
}

/* That of the VM whose screen it is on, as far as that chain goes. */
bool prop4_default_keyboard(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const struct vm *at = vm;

	for (size_t steps = vms_count(vm->qubes); steps; steps--) {
		struct prop_value screen = { .type = PROP_VM };

		if (!prop4_as_other(at, "guivm", &screen) || !screen.vm)
			return false;
		at = screen.vm;
		if (vm_get(at, prop_key(prop)).presence == LAYOUT_SET)
			return prop4_as_other(at, prop->name, value);
	}
	return false;
}

bool prop4_klass(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, vm->type);
}

bool prop4_updateable(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_number(value, vm_is_updateable(vm));
}

static const char *icon_kind(const struct vm *vm)
{
	if (vm_provides_network(vm))
		return "servicevm";
	if (vm_is(vm, VM4_APP) && prop_flag(vm, "template_for_dispvms"))
		return "templatevm";
	return vm_is_dom0(vm)		 ? "adminvm" :
	       vm_is(vm, VM4_TEMPLATE)	 ? "templatevm" :
	       vm_is(vm, VM4_STANDALONE) ? "standalonevm" :
	       vm_is(vm, VM4_DISPOSABLE) ? "dispvm" :
					   "appvm";
}

bool prop4_icon(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *label = prop_string(vm, "label");

	(void)prop;
	return give_text(value, label ? arena_printf(vm->qubes->arena, "%s-%s", icon_kind(vm), label) : NULL);
}

/* ---- what the store does not know ---- */

bool prop4_nothing(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)vm, (void)prop;
	value->none = true;
	return true;
}

bool prop4_no_xid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)vm, (void)prop;
	return give_number(value, -1);
}

/* ---- pools ---- */

/* The pool called "default", else that of the root file system, which only the host knows, else /var/lib/qubes. */
bool prop4_default_pool(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const struct layout *layout = vm->qubes->layout;
	store_node *item = NULL;

	(void)prop;
	if (layout_find_item(layout, vm->node, LAYOUT_POOLS, "default"))
		return give_text(value, "default");
	while ((item = layout->next_item(vm->node, LAYOUT_POOLS, item))) {
		const char *driver = layout_item_attribute(item, "driver");
		const char *directory = layout_item_attribute(item, "dir_path");

		if (driver && directory && util_starts_with(driver, "file") &&
		    !strcmp(directory, "/var/lib/qubes"))
			return give_text(value, layout_item_attribute(item, "name"));
	}
	return give_text(value, NULL);
}
