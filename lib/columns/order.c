/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The orders in which a listing may show VMs.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "internal.h"
#include "util.h"

struct order {
	struct columns_place *places;
	size_t count;
	bool has[QID_LIMIT_4];
};

static void put_at(struct order *order, struct vm *vm, size_t level)
{
	if (!order->has[vm->qid])
		order->places[order->count++] = (struct columns_place){ vm, level };
	order->has[vm->qid] = true;
}

static void put(struct order *order, struct vm *vm)
{
	put_at(order, vm, 0);
}

static void put_all(struct qubes *q, struct order *order)
{
	struct vm *vm;

	FOR_EACH_VM(q, vm)
		put(order, vm);
}

/* ---- groups ---- */

static void put_family(struct qubes *q, struct order *order, struct vm *template)
{
	struct vm *vm;

	put(order, template);
	FOR_EACH_VM(q, vm)
		if (vm_is(vm, VM_APPS | VM_DISPOSABLES) && vm_template(vm) == template)
			put(order, vm);
}

static void put_groups(struct qubes *q, struct order *order)
{
	struct vm *vm;

	FOR_EACH_VM(q, vm)
		if (vm_provides_network(vm))
			put(order, vm);
	FOR_EACH_VM(q, vm)
		if (vm_is(vm, VM_APPS) && vm_is_standalone(vm))
			put(order, vm);
	FOR_EACH_VM(q, vm)
		if (vm_is(vm, VM_TEMPLATES))
			put_family(q, order, vm);
}

/* ---- the tree of networks ---- */

static int compare_names(const void *a, const void *b)
{
	const struct columns_place *one = a, *other = b;

	return strcmp(one->vm->name, other->vm->name);
}

static void sort_by_name(struct columns_place *places, size_t count)
{
	qsort(places, count, sizeof(*places), compare_names);
}

/* All VMs by name, and who gets network from whom, by their places in that. */
struct tree {
	const struct columns_place *sorted;
	size_t count;
	size_t *first; /* by qid of the netvm: one more than the place of its first client; 0: it has none */
	size_t *next;  /* by place: the same for the next client of the same netvm */
	const struct vm **netvms; /* by place */
};

static struct tree make_tree(struct qubes *q)
{
	struct tree tree = { .sorted = columns_order(q, COLUMNS_BY_NAME), .count = vms_count(q) };

	tree.first = arena_alloc(q->arena, QID_LIMIT_4 * sizeof(*tree.first));
	tree.next = arena_alloc(q->arena, tree.count * sizeof(*tree.next));
	tree.netvms = arena_alloc(q->arena, tree.count * sizeof(*tree.netvms));
	for (size_t i = tree.count; i-- > 0;) {
		const struct vm *netvm = tree.netvms[i] = vm_netvm(tree.sorted[i].vm);

		if (!netvm)
			continue;
		tree.next[i] = tree.first[netvm->qid];
		tree.first[netvm->qid] = i + 1;
	}
	return tree;
}

/* VM at LEVEL, and below it who gets network from it; one that is there already ends a circle. */
static void put_branch(const struct tree *tree, struct order *order, struct vm *vm, size_t level)
{
	put_at(order, vm, level);
	for (size_t at = tree->first[vm->qid]; at; at = tree->next[at - 1])
		if (!order->has[tree->sorted[at - 1].vm->qid])
			put_branch(tree, order, tree->sorted[at - 1].vm, level + 1);
}

static bool is_root(const struct tree *tree, size_t place)
{
	const struct vm *vm = tree->sorted[place].vm;

	return vm_provides_network(vm) && !vm_is_dom0(vm) && !tree->netvms[place];
}

static void put_tree(struct qubes *q, struct order *order)
{
	const struct tree tree = make_tree(q);

	for (size_t i = 0; i < tree.count; i++)
		if (!tree.netvms[i] && !is_root(&tree, i))
			put(order, tree.sorted[i].vm);
	for (size_t i = 0; i < tree.count; i++)
		if (is_root(&tree, i))
			put_branch(&tree, order, tree.sorted[i].vm, 0);
	for (size_t i = 0; i < tree.count; i++) /* a circle has no root */
		if (!order->has[tree.sorted[i].vm->qid])
			put_branch(&tree, order, tree.sorted[i].vm, 0);
}

struct columns_place *columns_order(struct qubes *q, enum columns_order by)
{
	struct order order = { .places = arena_alloc(q->arena, vms_count(q) * sizeof(*order.places)) };

	if (by == COLUMNS_BY_GROUP)
		put_groups(q, &order);
	else if (by == COLUMNS_AS_TREE)
		put_tree(q, &order);
	put_all(q, &order);
	if (by == COLUMNS_BY_NAME)
		sort_by_name(order.places, order.count);
	return order.places;
}

/* ---- by a column ---- */

struct key {
	struct columns_place place;
	struct column_cell cell;
	size_t before; /* where it was */
	const struct columns_sorting *sorting;
};

static int compare_cells(const struct key *one, const struct key *other)
{
	const char *a = one->cell.text ? one->cell.text : "", *b = other->cell.text ? other->cell.text : "";

	if (one->cell.none || other->cell.none)
		return other->cell.none - one->cell.none;
	if (one->cell.type != COLUMN_TEXT)
		return (one->cell.number > other->cell.number) - (one->cell.number < other->cell.number);
	return one->sorting->ignore_case ? strcasecmp(a, b) : strcmp(a, b);
}

static int compare_keys(const void *a, const void *b)
{
	const struct key *one = a, *other = b;
	int result = compare_cells(one, other);

	if (result)
		return one->sorting->reverse ? -result : result;
	return (one->before > other->before) - (one->before < other->before);
}

void columns_sort(const struct columns *columns, struct columns_place *places,
		  const struct columns_sorting *sorting)
{
	size_t count = vms_count(columns->q);
	struct key *keys = arena_alloc(columns->q->arena, count * sizeof(*keys));

	for (size_t i = 0; i < count; i++) {
		keys[i] = (struct key){ .place = places[i], .before = i, .sorting = sorting };
		if (sorting->column)
			sorting->column->fill(columns, places[i].vm, &keys[i].cell);
		else
			column_fill_prop(columns, places[i].vm, sorting->prop, &keys[i].cell);
	}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < count; i++)
		places[i] = keys[i].place;
}
