/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a VM may not be started: what it is, what is wrong with it, who else is running, what its drive needs.
 */
#include "startable.h"

#include <string.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "util.h"
#include "vmm.h"

int netvms_end(const struct vm *vm)
{
	const struct vm *at = vm;

	for (size_t steps = 0; at; steps++, at = vm_netvm(at))
		if (steps > vms_count(vm->qubes))
			return error_set(ERROR_FAILED, "%s: its netvms form a circle", vm->name);
	return 0;
}

static int check_class(struct vm *vm, bool first)
{
	if (vm_is(vm, VM_DISPOSABLE) && !first)
		return error_set(
			ERROR_FAILED,
			"a disposable VM runs once: qvm-run --dispvm starts another one, qvm-remove %s "
			"takes away what is left of this one",
			vm->name);
	if (!vm_is(vm, VM_PVS | VM_HVMS))
		return error_set(ERROR_FAILED, "VMs of class %s cannot be started", vm->type);
	return 0;
}

int check_values(const struct vm *vm)
{
	const char *fault = vm_broken(vm);

	if (!fault)
		fault = prop_broken(vm);
	return fault ? error_set(ERROR_FAILED, "%s", fault) : 0;
}

/* ---- HVMs share their template's root image for writing ---- */

static int check_off(struct vm *vm, const char *what)
{
	int running = vmm_is_running(vm);

	if (running < 0)
		return -1;
	return running ? error_set(ERROR_FAILED, "%s %s is running", what, vm->name) : 0;
}

static int check_child(struct vm *child, void *unused)
{
	(void)unused;
	return check_off(child, "its child");
}

static int check_relatives(struct vm *vm)
{
	struct vm *template = vm_template(vm);

	if (vm_is(vm, VM_TEMPLATE_HVM))
		return vm_for_children(vm, check_child, NULL);
	if (vm_is(vm, VM_HVM) && template)
		return check_off(template, "its template");
	return 0;
}

/* ---- an HVM's drive ---- */

static int check_drive_vm(struct qubes *q, const char *name)
{
	struct vm *vm = vm_by_name(q, name);
	int running = vm ? vmm_is_running(vm) : -1;

	if (running < 0)
		return error_within("its drive");
	return running ? 0 : error_set(ERROR_FAILED, "%s, which has its drive, is not running", name);
}

/* "TYPE:VM:/PATH"; what else it may look like is the domain XML's to refuse. */
static int check_drive(struct vm *vm)
{
	const char *drive = vm_is(vm, VM_HVMS) ? prop_string(vm, "drive") : NULL;
	const char *name = drive ? strchr(drive, ':') : NULL;
	const char *path = name ? strstr(name + 1, ":/") : NULL;
	AUTO_FREE char *backend = path ? util_printf("%.*s", (int)(path - name - 1), name + 1) : NULL;

	if (!backend)
		return 0;
	if (strcmp(backend, "dom0") != 0)
		return check_drive_vm(vm->qubes, backend);
	if (!root_exists(vm->qubes->root, path + 1))
		return error_set(ERROR_FAILED, "its drive %s does not exist", path + 1);
	return 0;
}

int startable(struct vm *vm, bool first)
{
	if (check_class(vm, first) != 0 || check_values(vm) != 0 || check_relatives(vm) != 0)
		return -1;
	return check_drive(vm);
}
