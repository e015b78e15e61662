/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cells that come from the store: names with their marks, relations, addresses, settings, disks.
 */
#include <time.h>

#include "error.h"
#include "images.h"
#include "internal.h"
#include "util.h"

#define MIB (1024 * 1024)

void cell_text(struct column_cell *cell, const char *text, const char *shown)
{
	*cell = (struct column_cell){ .shown = shown, .type = COLUMN_TEXT, .text = text };
}

void cell_number(struct column_cell *cell, long long number, const char *shown)
{
	*cell = (struct column_cell){ .shown = shown, .type = COLUMN_NUMBER, .number = number };
}

void cell_bool(struct column_cell *cell, bool value, const char *shown)
{
	*cell = (struct column_cell){ .shown = shown, .type = COLUMN_BOOL, .number = value };
}

void cell_none(struct column_cell *cell, const char *shown)
{
	*cell = (struct column_cell){ .shown = shown, .none = true };
}

void cell_time(const struct columns *columns, struct column_cell *cell, long long seconds, const char *format)
{
	time_t when = (time_t)seconds;
	char text[32];
	struct tm local;

	if (!localtime_r(&when, &local) || !strftime(text, sizeof(text), format, &local))
		cell_none(cell, "-");
	else
		cell_text(cell, arena_strdup(columns->q->arena, text), arena_strdup(columns->q->arena, text));
}

/* ---- who it is ---- */

void column_name(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	bool template = vm_is(vm, VM_TEMPLATES), disposable = vm_is(vm, VM_DISPOSABLES);
	bool netvm = vm_provides_network(vm), standard = vm_global(columns->q, "default_template") == vm;

	cell_text(cell, vm->name,
		  arena_printf(columns->q->arena, "%s%s%s%s%s%s%s%s", standard ? "=>" : "",
			       template ? "[" : "", disposable ? "<" : "", netvm ? "{" : "", vm->name,
			       template ? "]" : "", disposable ? ">" : "", netvm ? "}" : ""));
}

void column_name_raw(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	(void)columns;
	cell_text(cell, vm->name, vm->name);
}

void column_type(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	(void)columns;
	cell_text(cell, vm->type, vm->class->short_type);
}

void column_class(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	(void)columns;
	cell_text(cell, vm->type, vm->type);
}

void column_label(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	const char *label = prop_string(vm, "label");

	(void)columns;
	if (label)
		cell_text(cell, label, label);
	else
		cell_none(cell, "-");
}

void column_qid(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	cell_number(cell, vm->qid, arena_printf(columns->q->arena, "%d", vm->qid));
}

void column_uuid(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	const char *uuid = prop_string(vm, "uuid");

	(void)columns;
	if (uuid)
		cell_text(cell, uuid, uuid);
	else
		cell_none(cell, "-");
}

void column_updateable(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	bool updateable = vm_is_updateable(vm);

	(void)columns;
	cell_bool(cell, updateable, updateable ? "Yes" : "");
}

void column_last_backup(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	struct prop_value value;

	if (prop_get(vm, prop_find(columns->q, "last_backup"), &value) < 0 || value.none || value.broken) {
		error_clear();
		cell_none(cell, "-");
		return;
	}
	cell_time(columns, cell, value.number, "%Y-%m-%d");
}

/* ---- relations ---- */

void column_template(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	const struct vm *template = vm_template(vm);

	(void)columns;
	if (template)
		cell_text(cell, template->name, template->name);
	else
		cell_none(cell, vm_is(vm, VM_TEMPLATES) ? "n/a" : "None");
}

void column_netvm(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	const struct vm *netvm = vm_netvm(vm);

	if (!netvm)
		cell_none(cell, vm_is(vm, VM_ADMIN | VM_NET) ? "n/a" : "-");
	else if (vm_netvm_follows(vm))
		cell_text(cell, netvm->name, arena_printf(columns->q->arena, "*%s", netvm->name));
	else
		cell_text(cell, netvm->name, netvm->name);
}

/* As the property of that name has it, of VM or (NULL) of nobody. */
static void address(struct column_cell *cell, const struct vm *vm, const char *property, const char *nothing)
{
	const char *text = vm ? prop_string(vm, property) : NULL;

	if (text)
		cell_text(cell, text, text);
	else
		cell_none(cell, nothing);
}

void column_ip(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	(void)columns;
	address(cell, vm, "ip", "None");
}

void column_ip_back(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	(void)columns;
	address(cell, vm, "gateway", "n/a");
}

void column_gateway(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	(void)columns;
	address(cell, vm_netvm(vm), "gateway", "n/a");
}

/* ---- settings ---- */

static void with_default_mark(const struct columns *columns, struct vm *vm, const char *name,
			      struct column_cell *cell)
{
	const struct prop *prop = prop_find(columns->q, name);
	struct prop_value value;
	const char *text;

	if (!prop_applies(vm, prop)) {
		cell_none(cell, "n/a");
		return;
	}
	if (prop_get(vm, prop, &value) < 0) {
		error_clear();
		cell_none(cell, "-");
		return;
	}
	text = prop_text(vm, &value);
	cell_text(cell, text,
		  arena_printf(columns->q->arena, "%s%s", value.follows ? "*" : "", text ? text : "None"));
	cell->none = !text;
}

void column_kernel(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	with_default_mark(columns, vm, "kernel", cell);
}

void column_kernelopts(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	with_default_mark(columns, vm, "kernelopts", cell);
}

/* ---- disks ---- */

/* Volumes of release 4 may be where nothing can be seen of them without their pool's tools. */
static bool is_out_of_sight(const struct vm *vm, uint64_t bytes)
{
	return bytes == 0 && vm_is(vm, VM4_LOCAL | VM4_REMOTE);
}

static void megabytes(const struct columns *columns, struct vm *vm, uint64_t bytes, struct column_cell *cell)
{
	long long number = (long long)(bytes / MIB);

	if (vm_is_dom0(vm))
		cell_none(cell, "n/a");
	else if (is_out_of_sight(vm, bytes))
		cell_none(cell, "-");
	else
		cell_number(cell, number, arena_printf(columns->q->arena, "%lld MB", number));
}

static void percent(const struct columns *columns, struct vm *vm, uint64_t part, uint64_t whole,
		    struct column_cell *cell)
{
	const char *text =
		whole ? arena_printf(columns->q->arena, "%llu%%", (unsigned long long)(part * 100 / whole)) :
			NULL;

	if (vm_is_dom0(vm))
		cell_none(cell, "n/a");
	else if (text && !is_out_of_sight(vm, part))
		cell_text(cell, text, text);
	else
		cell_none(cell, "-");
}

/* As the store says (release 4), or the image. */
static uint64_t size_of(const struct vm *vm, const char *volume, const char *path)
{
	store_node *item = layout_find_item(vm->qubes->layout, vm->node, LAYOUT_VOLUMES, volume);
	const char *text = item ? layout_item_attribute(item, "size") : NULL;
	unsigned long long size;

	if (text && util_parse_decimal(text, INT64_MAX, &size))
		return size;
	return path ? images_size(vm, path) : 0;
}

static uint64_t allocated_of(const struct vm *vm, const char *path)
{
	return path ? images_allocated(vm, path) : 0;
}

void column_private_current(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	megabytes(columns, vm, allocated_of(vm, images_private(vm)), cell);
}

void column_private_max(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	megabytes(columns, vm, size_of(vm, "private", images_private(vm)), cell);
}

void column_private_used(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	percent(columns, vm, allocated_of(vm, images_private(vm)), size_of(vm, "private", images_private(vm)),
		cell);
}

void column_root_current(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	megabytes(columns, vm, allocated_of(vm, images_root(vm)), cell);
}

void column_root_max(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	megabytes(columns, vm, size_of(vm, "root", images_root(vm)), cell);
}

void column_root_used(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	percent(columns, vm, allocated_of(vm, images_root(vm)), size_of(vm, "root", images_root(vm)), cell);
}

void column_disk(const struct columns *columns, struct vm *vm, struct column_cell *cell)
{
	megabytes(columns, vm, vm_is_dom0(vm) ? 0 : images_disk_usage(vm), cell);
}

/* ---- any property ---- */

void column_fill_prop(const struct columns *columns, struct vm *vm, const struct prop *prop,
		      struct column_cell *cell)
{
	struct prop_value value;
	const char *text;

	if ((columns->blind && prop->flags & PROP_LIVE) || !prop_applies(vm, prop) ||
	    prop_get(vm, prop, &value) < 0 || value.none) {
		error_clear();
		cell_none(cell, "-");
		return;
	}
	text = prop_text(vm, &value);
	if (value.type == PROP_BOOL && !value.broken)
		cell_bool(cell, value.number, text);
	else if (value.type == PROP_INT && !value.broken)
		cell_number(cell, value.number, text);
	else
		cell_text(cell, text, text);
}
