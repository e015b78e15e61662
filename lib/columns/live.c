/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells that need the hypervisor; a listing that could not reach it shows them as unknown.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "lifecycle.h"
#include "util.h"
#include "vmm.h"

#define MEMINFO "/proc/meminfo"
#define MEMINFO_MAX 65536

/* What the hypervisor says; as of a VM that is off if it can't be asked. */
static struct vmm_info info_of(const struct columns *columns, struct vm *vm)
{
	struct vmm_info info = { .power = VMM_UNKNOWN, .xid = -1 };

	if (columns->blind && !vm_is_dom0(vm))
		return info;
	if (vmm_info(vm, &info) < 0)
		error_clear();
	return info;
}

static bool is_active(const struct vmm_info *info)
{
	return info->power != VMM_HALTED && info->power != VMM_UNKNOWN;
}

void column_on(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	struct vmm_info info = info_of(columns, vm);

	cell_bool(cell, is_active(&info), is_active(&info) ? "*" : "");
	cell->none = info.power == VMM_UNKNOWN;
}

void column_state(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	const char *state = columns_state(columns, vm);

	cell_text(cell, state, state);
	cell->none = !strcmp(state, "NA"); /* but said so where text is shown */
}

void column_xid(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	struct vmm_info info = info_of(columns, vm);

	if (info.xid < 0)
		cell_none(cell, "-");
	else
		cell_number(cell, info.xid, arena_printf(columns->q->arena, "%d", info.xid));
}

/* ---- memory ---- */

/* All that dom0 has, in KiB, as its kernel says; 0 if it doesn't. */
static unsigned long long total_memory(const struct columns *columns)
{
	static const char key[] = "MemTotal:";
	AUTO_FREE char *text = root_read(columns->q->root, MEMINFO, MEMINFO_MAX, NULL);
	const char *line = text ? strstr(text, key) : NULL;

	return line ? strtoull(line + sizeof(key) - 1, NULL, 10) : 0;
}

bool columns_memory(const struct columns *columns, struct vm *vm, unsigned long long *kib)
{
	struct vmm_info info = info_of(columns, vm);
	struct vmm_figures figures = { 0 };

	if (vm_is_dom0(vm))
		figures.memory_kib = total_memory(columns);
	else if (is_active(&info) && vmm_figures(vm, &figures) < 0)
		error_clear();
	*kib = figures.memory_kib;
	return is_active(&info) && (!vm_is_dom0(vm) || *kib > 0);
}

void column_mem(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	unsigned long long kib;

	if (columns_memory(columns, vm, &kib))
		cell_number(cell, (long long)(kib / 1024),
			    arena_printf(columns->q->arena, "%llu MB", kib / 1024));
	else
		cell_none(cell, "-");
}

void column_prefmem(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	unsigned long long kib;

	if (!columns->blind && vmm_prefmem(vm, &kib) > 0)
		cell_number(cell, (long long)(kib / 1024),
			    arena_printf(columns->q->arena, "%llu MB", kib / 1024));
	else
		cell_none(cell, "-");
	error_clear();
}

/* ---- CPU ---- */

/* A VM that came only after the first measurement, or was rebooted since, has used nothing that is known. */
double columns_cpu_percent(const struct columns *columns, struct vm *vm, bool *known)
{
	unsigned long long before = columns->cpu_before ? columns->cpu_before[vm->qid] : 0;
	unsigned long long after = columns_cpu_time(vm);

	*known = !vm_is_dom0(vm) || (before > 0 && after > 0);
	if (before == 0 || after < before || columns->seconds <= 0)
		return 0;
	return (double)(after - before) / 1e9 / columns->seconds * 100;
}

void column_cpu(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	struct vmm_info info = info_of(columns, vm);
	const char *text;
	bool known; /* release 3 shows 0.0 where it is not */

	if (!is_active(&info)) {
		cell_none(cell, "-");
		return;
	}
	text = arena_printf(columns->q->arena, "%.1f", columns_cpu_percent(columns, vm, &known));
	cell_text(cell, text, text);
}

/* ---- since when, and on what ---- */

void column_start_time(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	double seconds;

	if (!columns->blind && vmm_start_time(vm, &seconds) > 0)
		cell_time(columns, cell, (long long)seconds, "%Y-%m-%d %H:%M:%S");
	else
		cell_none(cell, "-");
	error_clear();
}

void column_outdated(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	bool outdated;

	if (!columns->blind && lifecycle_is_outdated(vm, &outdated) > 0)
		cell_bool(cell, outdated, outdated ? "Yes" : "");
	else
		cell_none(cell, "-");
	error_clear();
}

/* ---- release 4's flags ---- */

static char class_flag(const struct vm *vm)
{
	char flag = vm_is_dom0(vm)	      ? '0' :
		    vm_is(vm, VM_TEMPLATES)   ? 't' :
		    vm_is(vm, VM_DISPOSABLES) ? 'd' :
		    vm_is_standalone(vm)      ? 's' :
						'a';

	return prop_is_hvm(vm) ? (char)toupper(flag) : flag;
}

static char power_flag(const char *state)
{
	static const struct {
		const char *state;
		char flag;
	} flags[] = {
		{ "Running", 'r' }, { "Transient", 't' }, { "Paused", 'p' },  { "Suspended", 's' },
		{ "Halting", 'h' }, { "Dying", 'd' },	  { "Crashed", 'c' }, { "Halted", '-' },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (!strcmp(state, flags[i].state))
			return flags[i].flag;
	return '?';
}

void column_flags(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	const char *text = arena_printf(
		columns->q->arena, "%c%c%c%c%c%c%c%c", class_flag(vm), power_flag(columns_state(columns, vm)),
		vm_is_updateable(vm) ? 'U' : '-', vm_provides_network(vm) ? 'N' : '-',
		prop_flag(vm, "installed_by_rpm") ? 'R' : '-', prop_feature_is_on(vm, "internal") ? 'i' : '-',
		prop_flag(vm, "debug") ? 'D' : '-', prop_flag(vm, "autostart") ? 'A' : '-');

	cell_text(cell, text, text);
}
