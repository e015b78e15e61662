/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-ls - list VMs, their states and properties.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "columns.h"
#include "images.h"
#include "table.h"

#define COLUMNS_MAX 64

struct ls_args {
	int groups;
	struct columns_filter filter;
	bool reverse, ignore_case;
	const char *sort;
	bool raw_list, list_fields, help_columns, help_formats, all, tree, spinner, no_spinner;
	struct option_taken raw_data;
	const char *fields, *format;
	struct strlist exclude;
	int verbose, quiet;
};

#define OUTPUT_NOTE                                                                                                \
	"Without a hypervisor the store is listed all the same, with the state NA. A default template is marked "  \
	"=>, a template [ ], a disposable VM < >, a VM that provides network { }, a netvm or kernel that follows " \
	"the default *. With -O or -o the table is that of release 4; the words behind --raw-data are fields if "  \
	"all of them are, else VMs."

const struct option_row qvm_ls_options[] = {
	OPT_CHOICE('n', "network", struct ls_args, groups, COLUMNS_NETWORK, "addresses and gateways"),
	OPT_CHOICE('c', "cpu", struct ls_args, groups, COLUMNS_CPU, "CPU use (takes a second to measure)"),
	OPT_CHOICE('m', "mem", struct ls_args, groups, COLUMNS_MEM, "memory in use"),
	OPT_CHOICE('d', "disk", struct ls_args, groups, COLUMNS_DISK, "sizes of the disk images"),
	OPT_CHOICE('k', "kernel", struct ls_args, groups, COLUMNS_KERNEL, "kernel and its options"),
	OPT_CHOICE('i', "ids", struct ls_args, groups, COLUMNS_IDS, "qid and domain id"),
	OPT_CHOICE('b', "last-backup", struct ls_args, groups, COLUMNS_BACKUP, "date of the last backup"),
	OPT_FLAG(0, "raw-list", struct ls_args, raw_list, "only names, one a line"),
	OPT_TAKES(0, "raw-data", "FIELD...", struct ls_args, raw_data,
		  "these fields, joined by |, without titles"),
	OPT_FLAG(0, "list-fields", struct ls_args, list_fields, "print the fields that --raw-data knows"),
	OPT_TEXT('O', "fields", "FIELD,...", struct ls_args, fields,
		 "these columns; any property may be one"),
	OPT_TEXT('o', "format", "FORMAT", struct ls_args, format, "a set of columns by name, or json"),
	OPT_FLAG('t', "tree", struct ls_args, tree, "VMs below those that give them network"),
	OPT_FLAG(0, "help-columns", struct ls_args, help_columns, "print the columns that -O knows"),
	OPT_FLAG(0, "help-formats", struct ls_args, help_formats, "print the formats that -o knows"),
	OPT_CHOICE(0, "running", struct ls_args, filter.states, COLUMNS_RUNNING, "only VMs that run"),
	OPT_CHOICE(0, "paused", struct ls_args, filter.states, COLUMNS_PAUSED, "only VMs that are paused"),
	OPT_CHOICE(0, "halted", struct ls_args, filter.states, COLUMNS_HALTED, "only VMs that are off"),
	OPT_TAKES(0, "tags", "TAG...", struct ls_args, filter.tags, "only VMs that have one of these tags"),
	OPT_TAKES(0, "exclude-tags", "TAG...", struct ls_args, filter.no_tags,
		  "no VMs that have one of these"),
	OPT_LIST(0, "class", "CLASS,...", struct ls_args, filter.classes, "only VMs of these classes"),
	OPT_LIST(0, "label", "LABEL,...", struct ls_args, filter.labels, "only VMs with these labels"),
	OPT_LIST(0, "template-source", "VM,...", struct ls_args, filter.templates, "only VMs based on these"),
	OPT_LIST(0, "netvm-is", "VM,...", struct ls_args, filter.netvms, "only VMs with these netvms"),
	OPT_LIST(0, "features", "NAME=VALUE", struct ls_args, filter.features, "only VMs with this feature"),
	OPT_LIST(0, "prefs", "NAME=VALUE", struct ls_args, filter.prefs, "only VMs with this property"),
	OPT_TEXT(0, "internal", "y|n", struct ls_args, filter.internal, "only VMs that are internal, or not"),
	OPT_TEXT(0, "servicevm", "y|n", struct ls_args, filter.servicevm, "only service VMs, or none"),
	OPT_FLAG(0, "pending-update", struct ls_args, filter.pending, "only VMs that have updates waiting"),
	OPT_TEXT(0, "sort", "FIELD", struct ls_args, sort, "in the order of that column"),
	OPT_FLAG(0, "reverse", struct ls_args, reverse, "the other way round"),
	OPT_FLAG(0, "ignore-case", struct ls_args, ignore_case, "with --sort: of letters in any case"),
	OPT_FLAG(0, "all", struct ls_args, all, "all VMs (the default)"),
	OPT_FLAG(0, "spinner", struct ls_args, spinner, "accepted; nothing takes so long here"),
	OPT_FLAG(0, "no-spinner", struct ls_args, no_spinner, "accepted"),
	OPT_LIST(0, "exclude", "VM", struct ls_args, exclude, "leave this one out (may be repeated)"),
	OPT_COUNT('v', "verbose", struct ls_args, verbose,
		  "also check the files of each VM in release 4's table"),
	OPT_COUNT('q', "quiet", struct ls_args, quiet, "say nothing of broken VMs and files"),
	OPT_WORDS("[VM...]", 0, -1),
	OPT_NOTE(OUTPUT_NOTE),
	OPT_END
};

#define FORMAT_JSON "json"

/* A listing in the making. */
struct listing {
	const struct column *columns[COLUMNS_MAX]; /* NULL: a property */
	const struct prop *props[COLUMNS_MAX];
	const char *titles[COLUMNS_MAX + 1];
	size_t count;
	enum table_style style;
	bool release4; /* its columns, plain values and order */
	struct columns_sorting sorting;
	bool tree;
	bool verify;
	bool chosen[QID_LIMIT_4];
	bool by_name; /* VMs were named: no grouping */
};

/* ---- which columns ---- */

int qvm_ls_access(const void *parsed, char **words)
{
	const struct ls_args *args = parsed;

	if (args->fields && args->format && strcmp(args->format, FORMAT_JSON))
		return error_set(ERROR_USAGE, "--fields and --format exclude each other");
	if (args->all && words[0])
		return error_set(ERROR_USAGE, "--all and names exclude each other");
	if (columns_check_filter(&args->filter) < 0)
		return -1;
	return args->list_fields || args->help_columns || args->help_formats ? STORE_NONE : STORE_READ;
}

static int add_column(struct listing *listing, const char *title, const struct column *column,
		      const struct prop *prop)
{
	if (listing->count == COLUMNS_MAX)
		return error_set(ERROR_USAGE, "more than %d columns", COLUMNS_MAX);
	listing->titles[listing->count] = title;
	listing->columns[listing->count] = column;
	listing->props[listing->count++] = prop;
	return 0;
}

static int add_field(struct listing *listing, const char *field)
{
	return add_column(listing, field, column_by_field(field), NULL);
}

static int add_groups(struct listing *listing, const struct ls_args *args)
{
	const char *fields[COLUMNS_FRAME_MAX];
	size_t count = columns_frame((unsigned)args->groups, fields);

	for (size_t i = 0; i < count; i++)
		if (add_field(listing, fields[i]) < 0)
			return -1;
	return 0;
}

/* JSON's keys are small; the table writes titles in capitals by itself. */
static const char *title_of(struct qubes *q, const struct listing *listing, const char *name)
{
	char *title = arena_strdup(q->arena, name);

	for (char *c = title; listing->style == TABLE_JSON && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return title;
}

/* Fills one of COLUMN and PROP. 0, or -1 with an error. */
static int find_named(struct qubes *q, const char *name, const struct column **column,
		      const struct prop **prop)
{
	*column = column_by_name(name);
	*prop = *column ? NULL : prop_find(q, name);
	if (*column || *prop)
		return 0;
	return error_set(ERROR_USAGE, "no column '%s'; qvm-ls --help-columns prints all", name);
}

static int add_named(struct qubes *q, struct listing *listing, const char *name)
{
	const struct column *column;
	const struct prop *prop;

	if (find_named(q, name, &column, &prop) < 0)
		return -1;
	return add_column(listing, title_of(q, listing, column ? column->name : prop->name), column, prop);
}

/* A comma list, blanks around its items left out. */
static int add_names(struct qubes *q, struct listing *listing, const char *names)
{
	char *rest = arena_strdup(q->arena, names), *name;

	while ((name = strsep(&rest, ","))) {
		name += strspn(name, " ");
		name[strcspn(name, " ")] = '\0';
		if (add_named(q, listing, name) < 0)
			return -1;
	}
	return 0;
}

static bool are_fields(const struct strlist *words)
{
	for (size_t i = 0; i < words->count; i++)
		if (!column_by_field(words->items[i]))
			return false;
	return true;
}

static int choose_columns(struct qubes *q, const struct ls_args *args, struct listing *listing)
{
	bool json = args->format && !strcmp(args->format, FORMAT_JSON);
	bool raw = args->raw_data.given;
	const char *names = args->fields, *format = args->format && !json ? args->format : NULL;

	if (raw && !args->fields && !args->format && are_fields(&args->raw_data.words)) {
		listing->style = TABLE_RAW;
		for (size_t i = 0; i < args->raw_data.words.count; i++)
			if (add_field(listing, args->raw_data.words.items[i]) < 0)
				return -1;
		return listing->count ? 0 :
					error_set(ERROR_USAGE, "--raw-data needs fields; see --list-fields");
	}
	if (!names && !format)
		format = columns_usual_format(q, (unsigned)args->groups);
	listing->release4 = names || format || raw || args->tree;
	listing->style = json ? TABLE_JSON : raw ? TABLE_RAW : listing->release4 ? TABLE_PLAIN : TABLE_FRAME;
	if (!listing->release4)
		return add_groups(listing, args);
	if (!names)
		names = columns_of_format(format ? format : columns_formats[0].name);
	return names ? add_names(q, listing, names) : -1;
}

/* ---- which VMs ---- */

/* Chooses the VMs of these names; how many there were not. */
static size_t choose_named(struct qubes *q, struct listing *listing, const char *const *names, bool choose)
{
	size_t unknown = 0;

	for (; *names; names++) {
		const struct vm *vm = vm_by_name(q, *names);

		if (vm) {
			listing->chosen[vm->qid] = choose;
		} else {
			error_report();
			unknown++;
		}
	}
	return unknown;
}

static size_t choose_vms(struct qubes *q, const struct ls_args *args, char **words, struct listing *listing)
{
	const struct strlist *taken = &args->raw_data.words;
	bool taken_are_vms = taken->count && listing->release4;
	size_t unknown = 0;

	listing->by_name = words[0] || taken_are_vms;
	memset(listing->chosen, !listing->by_name, sizeof(listing->chosen));
	unknown += choose_named(q, listing, (const char *const *)words, true);
	if (taken_are_vms)
		unknown += choose_named(q, listing, taken->items, true);
	if (args->exclude.count)
		unknown += choose_named(q, listing, args->exclude.items, false);
	return unknown;
}

/* ---- drawing ---- */

static void add_plain(struct table *table, const struct column_cell *cell, const char *nothing)
{
	if (cell->none)
		table_cell(table, nothing && cell->text ? cell->text : nothing);
	else if (cell->type == COLUMN_TEXT && nothing && !*cell->text)
		table_cell(table, nothing);
	else if (cell->type == COLUMN_NUMBER)
		table_cell_number(table, cell->number);
	else if (cell->type == COLUMN_BOOL)
		table_cell_bool(table, cell->number, cell->number ? "True" : "False");
	else
		table_cell(table, cell->text);
}

/* The name, set off by how deep it is in the tree. */
static void indent(const struct columns *columns, const struct columns_place *place, struct column_cell *cell)
{
	if (place->level)
		cell->text = arena_printf(columns->q->arena, "%*s\u2514\u2500%s", 2 * ((int)place->level - 1),
					  "", place->vm->name);
}

static void add_row(const struct columns *columns, const struct listing *listing,
		    const struct columns_place *place, struct table *table)
{
	struct vm *vm = place->vm;

	for (size_t i = 0; i < listing->count; i++) {
		struct column_cell cell;

		if (listing->columns[i])
			listing->columns[i]->fill(columns, vm, &cell);
		else
			column_fill_prop(columns, vm, listing->props[i], &cell);
		if (listing->tree && listing->columns[i] == column_by_name("NAME"))
			indent(columns, place, &cell);
		if (listing->release4 || listing->style == TABLE_JSON)
			add_plain(table, &cell, listing->style == TABLE_JSON ? NULL : "-");
		else
			table_cell(table, cell.shown);
	}
}

/* A row alone does not tell a VM that cannot be started from one that can. */
static void note_broken(const struct vm *vm)
{
	const char *fault = vm_broken(vm);

	if (!fault)
		fault = prop_broken(vm);
	if (fault)
		error_note("warning: %s is broken: %s", vm->name, fault);
}

static void verify(const struct vm *vm)
{
	if (!vm_is(vm, VM_PVS | VM_HVMS | VM_UNKNOWN) || vm_is(vm, VM_DISPOSABLE) || images_verify(vm) == 0)
		return;
	error_note("WARNING: VM %s has corrupted files: %s", vm->name, error_message());
	error_clear();
}

static enum columns_order order_of(const struct listing *listing)
{
	if (listing->tree)
		return COLUMNS_AS_TREE;
	if (listing->release4)
		return COLUMNS_BY_NAME;
	return listing->by_name ? COLUMNS_BY_QID : COLUMNS_BY_GROUP;
}

static int draw(const struct columns *columns, const struct ls_args *args, const struct listing *listing)
{
	struct columns_place *order = columns_order(columns->q, order_of(listing));
	const struct columns_sorting *sorting = &listing->sorting;
	struct table *table = table_new(listing->titles);
	int result;

	if (sorting->column || sorting->prop)
		columns_sort(columns, order, sorting);
	for (size_t i = 0; i < vms_count(columns->q); i++) {
		if (!listing->chosen[order[i].vm->qid] || !columns_pass(columns, &args->filter, order[i].vm))
			continue;
		add_row(columns, listing, &order[i], table);
		if (args->quiet == 0)
			note_broken(order[i].vm);
		if (listing->verify)
			verify(order[i].vm);
	}
	result = table_print(table, listing->style, stdout);
	table_free(table);
	return result;
}

static unsigned needs_of(const struct listing *listing, const struct ls_args *args)
{
	unsigned needs = args->filter.states ? COLUMN_LIVE : 0;

	if (listing->sorting.column)
		needs |= listing->sorting.column->needs;

	for (size_t i = 0; i < listing->count; i++)
		if (listing->columns[i])
			needs |= listing->columns[i]->needs;
		else if (listing->props[i]->flags & PROP_LIVE)
			needs |= COLUMN_LIVE;
	return needs;
}

/* ---- the applet ---- */

static int print_fields(void)
{
	for (const struct column *column = columns_table; column->fill; column++)
		if (column->field)
			puts(column->field);
	return 0;
}

static int print_columns(void)
{
	for (const struct column *column = columns_table; column->fill; column++)
		if (column->name)
			puts(column->name);
	puts("and every property: qvm-prefs --help-properties");
	return 0;
}

static int print_formats(void)
{
	for (const struct columns_format *format = columns_formats; format->name; format++)
		printf("%-8s %s\n", format->name, format->columns);
	printf("%-8s an array of objects\n", FORMAT_JSON);
	return 0;
}

/* A name is one line, whatever the store has in it. */
static void print_name(const struct vm *vm)
{
	AUTO_FREE char *shown = util_printable(vm->name);

	puts(shown);
}

static int list(struct qubes *q, const struct ls_args *args, char **words, struct listing *listing)
{
	size_t unknown = choose_vms(q, args, words, listing);
	struct columns columns;
	int result = 0;

	if (args->raw_list)
		listing->count = 0;
	columns_prepare(&columns, q, needs_of(listing, args));
	if (args->raw_list) {
		for (size_t i = 0; i < vms_count(q); i++)
			if (listing->chosen[vms_at(q, i)->qid] &&
			    columns_pass(&columns, &args->filter, vms_at(q, i)))
				print_name(vms_at(q, i));
	} else {
		result = draw(&columns, args, listing);
	}
	columns_free(&columns);
	return result == 0 && unknown ? error_said() : result;
}

int qvm_ls_main(struct qubes *q, const void *parsed, char **words)
{
	const struct ls_args *args = parsed;
	struct listing listing = { 0 };

	if (args->list_fields)
		return print_fields();
	if (args->help_columns)
		return print_columns();
	if (args->help_formats)
		return print_formats();
	if (choose_columns(q, args, &listing) < 0)
		return -1;
	listing.sorting =
		(struct columns_sorting){ .reverse = args->reverse, .ignore_case = args->ignore_case };
	if (args->sort && find_named(q, args->sort, &listing.sorting.column, &listing.sorting.prop) < 0)
		return -1;
	listing.tree = args->tree;
	listing.verify = listing.release4 ? args->verbose > 0 : args->quiet == 0;
	return list(q, args, words, &listing);
}
