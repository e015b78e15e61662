/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The global defaults, as qubes-prefs shows and sets them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "util.h"

static int check_any(const struct vm *vm)
{
	(void)vm;
	return 0;
}

static int check_clock(const struct vm *vm)
{
	if (!vm_is(vm, VM_NETVMS) && !vm_netvm(vm))
		error_note("warning: %s has no network to learn the time from", vm->name);
	return 0;
}

static int check_netvm(const struct vm *vm)
{
	if (!vm_is(vm, VM_NETVMS))
		return error_set(ERROR_FAILED, "%s provides no network: it is of class %s", vm->name,
				 vm->type);
	if (vm_is_dom0(vm))
		error_note("warning: dom0 as netvm gives VMs no working network");
	return 0;
}

static int check_template(const struct vm *vm)
{
	if (vm_is(vm, VM_TEMPLATES))
		return 0;
	return error_set(ERROR_FAILED, "%s is no template: it is of class %s", vm->name, vm->type);
}

#define NETVM_FORMS "the name of a VM that provides network, or none"

static const struct prop_global release3_globals[] = {
	{ .name = "clockvm", .key = "clockvm", .check = check_clock, .forms = "the name of a VM, or none" },
	{ .name = "default-fw-netvm", .key = "default_fw_netvm", .check = check_netvm, .forms = NETVM_FORMS },
	{ .name = "default-kernel", .key = "default_kernel", .forms = "an installed version" },
	{ .name = "default-netvm",
	  .key = "default_netvm",
	  .check = check_netvm,
	  .forms = NETVM_FORMS,
	  .running = "the network that they have" },
	{ .name = "default-template",
	  .key = "default_template",
	  .check = check_template,
	  .forms = "the name of a template, or none" },
	{ .name = "updatevm", .key = "updatevm", .check = check_any, .forms = "the name of a VM, or none" },
	{ .name = NULL },
};

static const struct prop_global *release4_globals(struct qubes *q)
{
	struct prop_global *rows;
	size_t count = 0;

	while (prop4_globals[count].name)
		count++;
	rows = arena_alloc(q->arena, (count + 1) * sizeof(*rows));
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct prop_global){ .name = prop4_globals[i].name,
						.key = prop4_globals[i].name,
						.forms = prop4_globals[i].forms,
						.row = &prop4_globals[i] };
	return rows;
}

const struct prop_global *prop_global_rows(struct qubes *q)
{
	return prop_is_release4(q) ? release4_globals(q) : release3_globals;
}

const char *prop_get_global(struct qubes *q, const struct prop_global *global)
{
	struct prop_value value;
	const struct vm *vm;
	const char *text;

	if (global->row) {
		text = prop_get(prop_store(q), global->row, &value) == 0 ? prop_text(prop_store(q), &value) :
									   NULL;
		return text ? text : "";
	}
	if (global->check) {
		vm = vm_global(q, global->key);
		return vm ? vm->name : "";
	}
	text = q->layout->get(q->layout->globals(store_root(q->store)), global->key).text;
	return text && strcasecmp(text, "none") ? text : "None";
}

int prop_reset_global(struct qubes *q, const struct prop_global *global)
{
	if (global->row)
		return prop_reset(prop_store(q), global->row);
	if (!global->check)
		return error_set(ERROR_FAILED, "%s has no default to go back to", global->name);
	return vm_set_global_reference(q, global->key, NULL);
}

int prop_set_global(struct qubes *q, const struct prop_global *global, const char *text)
{
	struct vm *vm = NULL;

	if (global->row)
		return prop_set(prop_store(q), global->row, text);
	if (!global->check)
		return prop_check_kernel(q, text) < 0 ? -1 : vm_set_global(q, global->key, text);
	if (*text && strcmp(text, "none")) {
		vm = vm_by_name(q, text);
		if (!vm || global->check(vm) < 0)
			return -1;
	}
	return vm_set_global_reference(q, global->key, vm);
}

/* ---- installed kernels ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *prop_kernel_names(struct qubes *q)
{
	int fd = root_open(q->root, PROP_KERNELS_DIR, O_RDONLY | O_DIRECTORY, 0);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	AUTO_STRLIST struct strlist names = { 0 };
	AUTO_STRBUF struct strbuf text = { 0 };
	struct dirent *entry;

	if (!directory)
		return " none";
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			strlist_add(&names, arena_strdup(q->arena, entry->d_name));
	closedir(directory);
	if (names.count == 0)
		return " none";
	qsort(names.items, names.count, sizeof(*names.items), by_text);
	for (size_t i = 0; i < names.count; i++)
		strbuf_printf(&text, " %s", names.items[i]);
	return arena_strdup(q->arena, text.text);
}
