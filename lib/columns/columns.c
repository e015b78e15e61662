/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of columns, finding one in it, and what is asked of the hypervisor before the first cell.
 */
#include "columns.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "internal.h"
#include "lifecycle.h"
#include "util.h"
#include "vmm.h"

const struct column columns_table[] = {
	{ "cpu", NULL, COLUMN_LIVE | COLUMN_CPU, column_cpu },
	{ "disk", "DISK", 0, column_disk },
	{ "gateway/DNS", "GATEWAY", 0, column_gateway },
	{ "ip", "IP", 0, column_ip },
	{ "ip back", "IPBACK", 0, column_ip_back },
	{ "kernel", "KERNEL", 0, column_kernel },
	{ "kernelopts", "KERNELOPTS", 0, column_kernelopts },
	{ "label", "LABEL", 0, column_label },
	{ "last backup", NULL, 0, column_last_backup },
	{ "mem", "MEMORY", COLUMN_LIVE, column_mem },
	{ "name", NULL, 0, column_name },
	{ "name-raw", "NAME", 0, column_name_raw },
	{ "netvm", "NETVM", 0, column_netvm },
	{ "on", NULL, COLUMN_LIVE, column_on },
	{ "priv-curr", "PRIV-CURR", 0, column_private_current },
	{ "priv-max", "PRIV-MAX", 0, column_private_max },
	{ "priv-util", "PRIV-USED", 0, column_private_used },
	{ "qid", "QID", 0, column_qid },
	{ "root-curr", "ROOT-CURR", 0, column_root_current },
	{ "root-max", "ROOT-MAX", 0, column_root_max },
	{ "root-util", "ROOT-USED", 0, column_root_used },
	{ "state", "STATE", COLUMN_LIVE, column_state },
	{ "template", "TEMPLATE", 0, column_template },
	{ "type", NULL, 0, column_type },
	{ "updbl", NULL, 0, column_updateable },
	{ "xid", "XID", COLUMN_LIVE, column_xid },
	{ NULL, "CLASS", 0, column_class },
	{ NULL, "UUID", 0, column_uuid },
	{ NULL, "FLAGS", COLUMN_LIVE, column_flags },
	{ NULL, "PREFMEM", COLUMN_LIVE, column_prefmem },
	{ NULL, "START-TIME", COLUMN_LIVE, column_start_time },
	{ NULL, "OUTDATED", COLUMN_LIVE, column_outdated },
	{ NULL, NULL, 0, NULL },
};

const struct column *column_by_field(const char *field)
{
	for (const struct column *column = columns_table; column->fill; column++)
		if (column->field && !strcmp(column->field, field))
			return column;
	return NULL;
}

const struct column *column_by_name(const char *name)
{
	for (const struct column *column = columns_table; column->fill; column++)
		if (column->name && util_same_word(column->name, strlen(column->name), name))
			return column;
	return NULL;
}

/* ---- before the first cell ---- */

unsigned long long columns_cpu_time(struct vm *vm)
{
	struct vmm_figures figures;

	if ((vm_is_dom0(vm) ? vmm_figures_dom0(vm->qubes, &figures) : vmm_figures(vm, &figures)) < 0) {
		error_clear();
		return 0;
	}
	return figures.cpu_time_ns / (unsigned long long)(figures.vcpus > 1 ? figures.vcpus : 1);
}

/* The first measurement, and the wait for the second, which the cells take. */
static void measure_cpu(struct columns *columns)
{
	static const struct timespec second = { .tv_sec = 1 };
	long long start = util_milliseconds();
	struct vm *vm;

	columns->cpu_before = util_alloc(QID_LIMIT_4 * sizeof(*columns->cpu_before));
	FOR_EACH_VM(columns->q, vm)
		columns->cpu_before[vm->qid] = columns_cpu_time(vm);
	clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
	vmm_forget(columns->q);
	columns->seconds = (double)(util_milliseconds() - start) / 1000;
}

void columns_prepare(struct columns *columns, struct qubes *q, unsigned needs)
{
	*columns = (struct columns){ .q = q };
	if (!(needs & COLUMN_LIVE))
		return;
	if (vmm_connection(q) < 0) {
		columns->blind = q->host_unknown = true;
		error_note("states are not known: %s", error_message());
		error_clear();
		return;
	}
	if (needs & COLUMN_CPU)
		measure_cpu(columns);
}

void columns_free(struct columns *columns)
{
	free(columns->cpu_before);
}

const char *columns_state(const struct columns *columns, struct vm *vm)
{
	const char *state;

	if (columns->blind && !vm_is_dom0(vm))
		return "NA";
	state = lifecycle_state(vm);
	error_clear();
	return state;
}
