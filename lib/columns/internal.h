/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The functions that fill cells, one per row of the table.
 */
#ifndef QUBES_COLUMNS_INTERNAL_H
#define QUBES_COLUMNS_INTERNAL_H

#include "columns.h"

typedef void column_filler(const struct columns *columns, struct vm *vm, struct column_cell *cell);

column_filler column_cpu, column_disk, column_gateway, column_ip, column_ip_back, column_kernel,
	column_kernelopts, column_label, column_last_backup, column_mem, column_name, column_name_raw,
	column_netvm, column_on, column_private_current, column_private_max, column_private_used, column_qid,
	column_root_current, column_root_max, column_root_used, column_state, column_template, column_type,
	column_updateable, column_xid, column_class, column_uuid, column_flags, column_prefmem,
	column_start_time, column_outdated;

/* CPU time used so far, in ns per CPU; 0 if it is not known. */
unsigned long long columns_cpu_time(struct vm *vm);

/* ---- filling a cell: a plain value with the text that release 3 shows ---- */
void cell_text(struct column_cell *cell, const char *text, const char *shown);
void cell_number(struct column_cell *cell, long long number, const char *shown);
void cell_bool(struct column_cell *cell, bool value, const char *shown);
void cell_none(struct column_cell *cell, const char *shown);
/* A moment, in seconds since 1970, as strftime's FORMAT has it in local time. */
void cell_time(const struct columns *columns, struct column_cell *cell, long long seconds,
	       const char *format);

#endif
