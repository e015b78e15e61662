/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-top - show how much CPU and memory the running VMs use, the busiest first. */
#include <stdlib.h>

#include "applet.h"
#include "columns.h"
#include "table.h"
#include "vmm.h"

#define DEFAULT_COUNT 3
#define DEFAULT_CPU 0
#define NUMBER_MOST 1000000
#define KIB_IN_GIB (1024.0 * 1024.0)

struct top_args {
	struct option_taken list;
};

const struct option_row qvm_top_options[] = {
	OPT_TAKES(
		0, "list", "N [M]", struct top_args, list,
		"one line, for a status bar: the N (3) busiest VMs that use more than M (0) per cent of their "
		"CPUs, and the memory of all VMs and of dom0"),
	OPT_NOTE("It measures for a second. The line of --list has no line end."), OPT_END
};

/* What was measured of one VM. */
struct usage {
	const struct vm *vm;
	double cpu; /* per cent */
	unsigned long long memory_kib;
	bool has_cpu, has_memory; /* it is known how much */
};

struct usages {
	struct usage *items; /* the busiest first */
	size_t count;
};

/* ---- measuring ---- */

static int by_cpu(const void *a, const void *b)
{
	const struct usage *left = a, *right = b;

	if (left->cpu != right->cpu)
		return left->cpu < right->cpu ? 1 : -1;
	return left->vm->qid - right->vm->qid;
}

static int add(struct usages *usages, const struct columns *columns, struct vm *vm)
{
	struct usage *usage = &usages->items[usages->count];
	int running = vmm_is_running(vm);

	if (running <= 0)
		return running;
	*usage = (struct usage){ .vm = vm };
	usage->cpu = columns_cpu_percent(columns, vm, &usage->has_cpu);
	usage->has_memory = columns_memory(columns, vm, &usage->memory_kib);
	usages->count++;
	return 0;
}

static int measure(struct qubes *q, struct usages *usages)
{
	struct columns columns;
	struct vm *vm;
	int result = vmm_connection(q);

	if (result != 0)
		return -1;
	usages->items = arena_alloc(q->arena, (vms_count(q) + 1) * sizeof(*usages->items));
	columns_prepare(&columns, q, COLUMN_LIVE | COLUMN_CPU);
	FOR_EACH_VM(q, vm)
		if (result == 0)
			result = add(usages, &columns, vm);
	columns_free(&columns);
	qsort(usages->items, usages->count, sizeof(*usages->items), by_cpu);
	return result;
}

/* ---- showing ---- */

static int print_table(const struct usages *usages)
{
	static const char *const titles[] = { "name", "cpu", "mem", NULL };
	struct table *table = table_new(titles);
	int result;

	for (size_t i = 0; i < usages->count; i++) {
		const struct usage *usage = &usages->items[i];
		AUTO_FREE char *cpu = usage->has_cpu ? util_printf("%.1f", usage->cpu) : util_strdup("-");

		table_cell(table, usage->vm->name);
		table_cell(table, cpu);
		if (usage->has_memory)
			table_cell_number(table, (long long)(usage->memory_kib / 1024));
		else
			table_cell(table, "-");
	}
	result = table_print(table, TABLE_FRAME, stdout);
	table_free(table);
	return result;
}

static void print_busiest(const struct usages *usages, size_t most, double least_cpu)
{
	size_t i = 0;

	for (; i < most && i < usages->count && usages->items[i].cpu > least_cpu; i++) {
		AUTO_FREE char *name = util_printable(usages->items[i].vm->name);

		printf("%d %s, ", (int)usages->items[i].cpu, name);
	}
	if (i > 0)
		fputs(" ... | ", stdout);
}

static int print_line(const struct usages *usages, size_t most, double least_cpu)
{
	unsigned long long dom0 = 0, others = 0;

	for (size_t i = 0; i < usages->count; i++)
		*(vm_is_dom0(usages->items[i].vm) ? &dom0 : &others) += usages->items[i].memory_kib;
	print_busiest(usages, most, least_cpu);
	printf("%.1f G + %.1f G", (double)others / KIB_IN_GIB, (double)dom0 / KIB_IN_GIB);
	return 0;
}

/* ---- the applet ---- */

static int read_numbers(const struct strlist *words, unsigned long long numbers[2])
{
	if (words->count > 2)
		return error_set(ERROR_USAGE, "--list takes two numbers at most");
	for (size_t i = 0; i < words->count; i++)
		if (!util_parse_decimal(words->items[i], NUMBER_MOST, &numbers[i]))
			return error_set(ERROR_USAGE, "--list takes numbers, not '%s'", words->items[i]);
	return 0;
}

int qvm_top_main(struct qubes *q, const void *parsed, char **words)
{
	const struct top_args *args = parsed;
	unsigned long long numbers[2] = { DEFAULT_COUNT, DEFAULT_CPU };
	struct usages usages = { 0 };

	(void)words;
	if (read_numbers(&args->list.words, numbers) != 0 || measure(q, &usages) != 0)
		return -1;
	if (args->list.given)
		return print_line(&usages, (size_t)numbers[0], (double)numbers[1]);
	return print_table(&usages);
}
