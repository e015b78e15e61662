/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selection - from the words of a command to the VMs that it is for.
 */
#include "selection.h"

#include "error.h"
#include "vmm.h"

/* ---- filters for --all ---- */

static int has_power(struct vm *vm, unsigned powers)
{
	struct vmm_info info;

	if (vmm_info(vm, &info) != 0)
		return -1;
	return (powers >> info.power) & 1;
}

int selection_active(struct vm *vm)
{
	return has_power(vm, ~(1u << VMM_HALTED));
}

int selection_running(struct vm *vm)
{
	return has_power(vm, 1u << VMM_RUNNING);
}

int selection_paused(struct vm *vm)
{
	return has_power(vm, 1u << VMM_PAUSED);
}

int selection_halted(struct vm *vm)
{
	return has_power(vm, 1u << VMM_HALTED);
}

/* ---- the list ---- */

static bool has(struct vm *const *vms, const struct vm *vm)
{
	for (; *vms; vms++)
		if (*vms == vm)
			return true;
	return false;
}

/* A misspelt exception would let happen what it was meant to prevent. */
static int check_exceptions(const struct qubes *q, const struct selection *which)
{
	for (size_t i = 0; i < which->exclude.count; i++)
		if (!vm_by_name(q, which->exclude.items[i]))
			return -1;
	return 0;
}

static int add_all(struct qubes *q, const struct selection *which, selection_filter *filter, struct vm **vms)
{
	struct vm *vm;

	if (check_exceptions(q, which) != 0)
		return -1;
	FOR_EACH_VM(q, vm) {
		int wanted;

		if (vm_is_dom0(vm) || strlist_has(&which->exclude, vm->name))
			continue;
		wanted = filter ? filter(vm) : 1;
		if (wanted < 0)
			return -1;
		if (wanted)
			*vms++ = vm;
	}
	return 0;
}

static int add_named(struct qubes *q, char **words, struct vm **vms)
{
	size_t count = 0;

	for (; *words; words++) {
		struct vm *vm = vm_by_name(q, *words);

		if (!vm)
			return -1;
		if (!has(vms, vm))
			vms[count++] = vm;
	}
	return 0;
}

struct vm **selection_vms(struct qubes *q, const struct selection *which, char **words,
			  selection_filter *filter)
{
	struct vm **vms = arena_alloc(q->arena, (vms_count(q) + 1) * sizeof(struct vm *));
	int result;

	if (which->all && *words)
		result = error_set(ERROR_USAGE, "--all and names of VMs exclude each other");
	else if (!which->all && !*words)
		result = error_set(ERROR_USAGE, "the names of VMs are needed, or --all");
	else if (!which->all && which->exclude.count)
		result = error_set(ERROR_USAGE, "--exclude needs --all");
	else
		result = which->all ? add_all(q, which, filter, vms) : add_named(q, words, vms);
	return result == 0 ? vms : NULL;
}

int for_vms(struct vm *const *vms, int (*each)(struct vm *vm, const void *context), const void *context)
{
	int result = 0;

	for (; *vms; vms++)
		if (each(*vms, context) != 0) {
			error_report();
			result = -1;
		}
	return result == 0 ? 0 : error_said();
}
