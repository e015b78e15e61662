/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the tree to the collection: which elements are VMs, and what is wrong with those that cannot be.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

/* ---- the collection ---- */

size_t vms_count(const struct qubes *q)
{
	return q->vms->count;
}

struct vm *vms_at(const struct qubes *q, size_t index)
{
	return q->vms->items[index];
}

/* Where QID is, or would have to be. */
static size_t place_of(const struct vms *vms, int qid)
{
	size_t low = 0, high = vms->count;

	/* Stores are written in this order. */
	if (high && vms->items[high - 1]->qid < qid)
		return high;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (vms->items[middle]->qid < qid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct vm *vm_by_qid(const struct qubes *q, int qid)
{
	size_t place = place_of(q->vms, qid);

	return place < q->vms->count && q->vms->items[place]->qid == qid ? q->vms->items[place] : NULL;
}

struct vm *vms_insert(struct qubes *q, const struct vm_class *class, const char *type, int qid,
		      const char *name, store_node *node)
{
	struct vms *vms = q->vms;
	struct vm *vm = arena_alloc(q->arena, sizeof(*vm));
	size_t place = place_of(vms, qid);

	*vm = (struct vm){
		/* Its own copy of the name: it outlives a rename. */
		.qubes = q,   .class = class, .qid = qid, .name = arena_strdup(q->arena, name),
		.type = type, .node = node,
	};
	if (vms->count == vms->room) {
		vms->room = vms->room ? 2 * vms->room : 64;
		vms->items = util_realloc(vms->items, vms->room * sizeof(struct vm *));
	}
	memmove(vms->items + place + 1, vms->items + place, (vms->count - place) * sizeof(struct vm *));
	vms->items[place] = vm;
	vms->count++;
	vms_forget_names(vms);
	return vm;
}

void vms_free(struct vms *vms)
{
	if (!vms)
		return;
	free(vms->items);
	free(vms->by_name);
	free(vms);
}

/* ---- elements that cannot be VMs ---- */

#define REJECTED_SHOWN 20 /* finding a line takes a walk over the file */

static void reject(struct qubes *q, const store_node *node, const char *why)
{
	AUTO_FREE char *reason = NULL;

	if (q->vms->rejected++ >= REJECTED_SHOWN)
		return;
	reason = util_printf("line %zu: %s", store_line(q->store, node), why);
	error_note("%s; this VM is left out, and nothing will be written", reason);
	store_forbid_writing(q->store, reason);
}

static const char *fault_of(const struct qubes *q, const struct vm_class *class, const char *qid_text,
			    const char *name, unsigned long long *qid)
{
	int most = vms_model(q)->qid_limit - 1;

	if (!qid_text)
		return "a VM without a qid";
	if (!util_parse_decimal(qid_text, (unsigned long long)most, qid))
		return arena_printf(q->arena, "a qid that is not a number from 0 to %d", most);
	if (!name || !*name)
		return "a VM without a name";
	if (*qid == 0 && class->kind != VM_ADMIN)
		return "qid 0, which is dom0's, on another VM";
	if (vm_by_qid(q, (int)*qid))
		return "a qid that another VM has already";
	return NULL;
}

static const struct vm_class *class_of(const struct qubes *q, const char *type)
{
	for (const struct vm_class *class = vms_model(q)->classes; class->type; class ++)
		if (type && !strcmp(class->type, type))
			return class;
	return &vm_class_unknown;
}

static void load_vm(struct qubes *q, store_node *node)
{
	const char *type = q->layout->vm_class(node), *qid_text, *name, *fault;
	const struct vm_class *class = class_of(q, type);
	unsigned long long qid = 0;

	q->layout->identity(node, &qid_text, &name);
	if (class->kind == VM_ADMIN) { /* fixed, whatever the file says */
		qid_text = "0";
		name = "dom0";
	}
	fault = fault_of(q, class, qid_text, name, &qid);
	if (fault)
		reject(q, node, fault);
	else
		vms_insert(q, class, type ? type : class->type, (int)qid, name, node);
}

/* ---- what only a writer has to know ---- */

static bool template_loops(const struct vm *vm)
{
	const struct vm *at = vm;

	for (size_t steps = 0; at && steps <= vms_count(vm->qubes); steps++) {
		struct layout_reference up = vm->qubes->layout->get_reference(at->node, "template");

		at = vm_resolve(vm->qubes, &up);
	}
	return at != NULL;
}

static void check_for_writing(struct qubes *q)
{
	struct vm *vm;

	FOR_EACH_VM(q, vm)
		if (template_loops(vm)) {
			AUTO_FREE char *reason = util_printf("the templates of %s form a circle", vm->name);

			store_forbid_writing(q->store, reason);
			return;
		}
}

int vms_load(struct qubes *q)
{
	store_node *root = store_root(q->store);

	q->vms = util_alloc(sizeof(*q->vms));
	for (store_node *node = q->layout->next_vm(root, NULL); node; node = q->layout->next_vm(root, node))
		load_vm(q, node);
	if (q->vms->rejected > REJECTED_SHOWN)
		error_note("%zu more VMs are left out", q->vms->rejected - REJECTED_SHOWN);
	if (!vm_by_qid(q, 0))
		vms_insert(q, class_of(q, "AdminVM"), "AdminVM", 0, "dom0", NULL);
	q->vms->bad_globals = vms_bad_globals(q);
	if (q->vms->bad_globals && !q->writing)
		vms_report_globals(q);
	if (q->writing)
		check_for_writing(q);
	return 0;
}
