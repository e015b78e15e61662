/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which domain is which in an R4 store: names, qids, UUIDs.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "r4.h"

/* ---- what must be there ---- */

/* In VG/vm-NAME-private or appvms/NAME/private; NULL: none. */
static const char *name_in_vid(struct r4 *r, const char *vid, const char *volume)
{
	const char *slash = vid ? strchr(vid, '/') : NULL, *start, *end;

	if (!slash || !volume)
		return NULL;
	start = util_starts_with(slash + 1, "vm-") ? slash + 1 + strlen("vm-") : slash + 1;
	end = vid + strlen(vid) - strlen(volume) - 1;
	if (end <= start || !util_ends_with(vid, volume) || !strchr("-/", *end))
		return NULL;
	return arena_printf(r->arena, "%.*s", (int)(end - start), start);
}

const struct r4_vm *r4_vm_by_old_name(struct r4 *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			const char *vid = element_attribute(volume, "vid");
			const char *other = name_in_vid(r, vid, element_attribute(volume, "name"));

			if (other && r->vms[i].name && !strcmp(other, name))
				return &r->vms[i];
		}
	return NULL;
}

/* A name that its volumes have, or one made up; of nobody else. */
static const char *guess_name(struct r4 *r, const struct r4_vm *vm)
{
	FOR_EACH_ITEM(vm->node, "volume-config", "volume", volume)
	{
		const char *name =
			name_in_vid(r, element_attribute(volume, "vid"), element_attribute(volume, "name"));

		if (name && r4_name_is_fine(name) && !r4_vm_by_name(r, name))
			return name;
	}
	for (int number = vm->qid > 0 ? (int)vm->qid : 1;; number++) {
		const char *name = arena_printf(r->arena, "vm-%d", number);

		if (!r4_vm_by_name(r, name))
			return name;
	}
}

/* What id="domain-N" says, if that is free. */
static const char *guess_qid(struct r4 *r, const struct r4_vm *vm)
{
	const char *id = element_attribute(vm->node, "id");
	unsigned long long qid;

	if (id && util_starts_with(id, "domain-") &&
	    util_parse_decimal(id + strlen("domain-"), R4_QID_MAX_41, &qid) && qid > 0 && !r->qids[qid]) {
		r->qids[qid] = true;
		return arena_printf(r->arena, "%llu", qid);
	}
	return r4_free_qid(r);
}

static void note_absent(struct r4 *r, const struct r4_vm *vm, const char *name, unsigned releases,
			const char *value)
{
	struct fsck_finding *finding =
		fsck_note(r->f, "property-absent", releases, vm->node, vm->shown, "it has no %s", name);

	if (value)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", value), r4_put_property, vm->node,
			    name, value);
}

static void note_name(struct r4 *r, const struct r4_vm *vm, const char *what, const char *effect,
		      const char *name)
{
	struct fsck_finding *finding =
		fsck_note(r->f, "name-odd", FSCK_LOADS, vm->node, vm->shown, "%s", what);

	fsck_effect(finding, effect);
	fsck_remedy(finding, arena_printf(r->arena, "call it %s", name), r4_put_property, vm->node, "name",
		    name);
}

/* A name that was meant to be another, before anything that names it is looked at. */
static void check_slip_in_name(struct r4 *r, const struct r4_vm *vm)
{
	const char *text = r4_text(r, vm->node, "name"), *trimmed;

	if (!text || !r4_is(vm, VM4_LOCAL | VM4_REMOTE))
		return;
	trimmed = fsck_trimmed(r->arena, text);
	if (!*text)
		note_name(r, vm, "its name is empty", "it is called None", guess_name(r, vm));
	else if (strcmp(text, trimmed) && r4_name_is_fine(trimmed) && !r4_vm_by_name(r, trimmed))
		note_name(r, vm, "its name has blanks or line ends around it",
			  "nothing that names it without them finds it", trimmed);
}

static void check_required(struct r4 *r, const struct r4_vm *vm)
{
	if (!r4_is(vm, VM4_LOCAL | VM4_REMOTE))
		return;
	if (!vm->name)
		note_absent(r, vm, "name", FSCK_R4, guess_name(r, vm));
	if (!r4_property(vm->node, "qid"))
		note_absent(r, vm, "qid", FSCK_R4, guess_qid(r, vm));
	if (!r4_property(vm->node, "uuid"))
		note_absent(r, vm, "uuid", FSCK_BEFORE_43, r4_new_uuid(r));
}

/* ---- qids ---- */

static void renumber(struct r4 *r, const struct r4_vm *vm, struct fsck_finding *finding)
{
	const char *qid = guess_qid(r, vm);

	if (qid)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", qid), r4_put_property, vm->node,
			    "qid", qid);
}

static void check_qid(struct r4 *r, const struct r4_vm *vm)
{
	store_node *property = r4_property(vm->node, "qid");
	const char *text = property ? r4_value(r, property) : NULL;

	if (!property || !r4_is(vm, VM4_LOCAL | VM4_REMOTE))
		return;
	if (vm->qid < 0)
		renumber(r, vm,
			 fsck_note(r->f, "qid", FSCK_R4, property, vm->shown,
				   "its qid '%s' is not a number from 0 to %d", text ? text : "",
				   R4_QID_MAX));
	else if (vm->qid == 0)
		renumber(r, vm,
			 fsck_note(r->f, "qid-twice", FSCK_R4, property, vm->shown,
				   "its qid is 0, which is dom0's"));
	else if (vm->qid > R4_QID_MAX_41 && (r->count <= R4_QID_MAX_41 || r->f->loaded_by == FSCK_R41))
		/* The lowest free one is given, so that a store of so few never was above that in the others either. */
		renumber(r, vm,
			 fsck_note(r->f, "qid", FSCK_R41, property, vm->shown, "its qid %lld is not below %d",
				   vm->qid, R4_QID_MAX_41 + 1));
}

/* ---- doubles ---- */

static int by_qid(const void *a, const void *b)
{
	const struct r4_vm *first = *(const struct r4_vm *const *)a,
			   *second = *(const struct r4_vm *const *)b;

	if (first->qid != second->qid)
		return first->qid < second->qid ? -1 : 1;
	return first < second ? -1 : first > second;
}

static void remedy_double(struct r4 *r, struct fsck_finding *finding, const struct r4_vm *first,
			  const struct r4_vm *second, const char *property)
{
	if (first->node && fsck_is_same(r->arena, first->node, second->node)) {
		fsck_remedy(finding, "remove the second one, which says the same", fsck_remove_node,
			    second->node, NULL, NULL);
	} else if (!strcmp(property, "qid")) {
		renumber(r, second, finding);
	} else {
		const char *name = guess_name(r, second);

		fsck_remedy(finding,
			    arena_printf(r->arena, "call this one %s; its volumes stay where they are", name),
			    r4_put_property, second->node, "name", name);
	}
}

static void check_double_qids(struct r4 *r)
{
	AUTO_FREE const struct r4_vm **sorted = util_alloc((r->count + 1) * sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; i < r->count; i++)
		if (r->vms[i].qid > 0)
			sorted[count++] = &r->vms[i];
	qsort(sorted, count, sizeof(*sorted), by_qid);
	for (size_t i = 1, first = 0; i < count; i++) {
		if (sorted[i]->qid != sorted[first]->qid) {
			first = i;
			continue;
		}
		remedy_double(r,
			      fsck_note(r->f, "qid-twice", FSCK_R4, sorted[i]->node, sorted[i]->shown,
					"its qid %lld is that of %s", sorted[i]->qid, sorted[first]->shown),
			      sorted[first], sorted[i], "qid");
	}
}

static void check_double_names(struct r4 *r)
{
	for (size_t i = 1, first = 0; i < r->named; i++) {
		const struct r4_vm *vm = r->by_name[i], *other = r->by_name[first];
		const struct r4_vm *earlier = other, *later = vm;

		if (strcmp(vm->name, other->name)) {
			first = i;
			continue;
		}
		/* Of dom0 the other one goes. */
		if (r4_is(vm, VM_ADMIN)) {
			earlier = vm;
			later = other;
		}
		if (!later->node)
			continue;
		remedy_double(r,
			      fsck_note(r->f, "name-twice", FSCK_R4, later->node, later->shown,
					"it has the name of another one"),
			      earlier, later, "name");
	}
}

static void check_double_dom0(struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r4_is(&r->vms[i], VM_ADMIN) && r->admin != &r->vms[i])
			fsck_remedy(fsck_note(r->f, "qid-twice", FSCK_R4, r->vms[i].node, "dom0",
					      "it is there twice"),
				    "remove the second one", fsck_remove_node, r->vms[i].node, NULL, NULL);
}

struct uuid_of {
	const char *uuid;
	const struct r4_vm *vm;
};

static int by_uuid(const void *a, const void *b)
{
	const struct uuid_of *first = a, *second = b;
	int order = strcmp(first->uuid, second->uuid);

	if (!order && r4_is(first->vm, VM_ADMIN) != r4_is(second->vm, VM_ADMIN))
		return r4_is(first->vm, VM_ADMIN) ? -1 : 1;
	return order ? order : first->vm < second->vm ? -1 : first->vm > second->vm;
}

static void check_double_uuids(struct r4 *r)
{
	AUTO_FREE struct uuid_of *sorted = util_alloc((r->count + 1) * sizeof(*sorted));
	size_t count = 0;

	/* dom0's is fixed. */
	sorted[count++] = (struct uuid_of){ "00000000-0000-0000-0000-000000000000", r->admin };

	for (size_t i = 0; i < r->count; i++) {
		const char *text = r4_text(r, r->vms[i].node, "uuid");
		const struct prop *row = r4_row("uuid");
		const struct vm view = r4_view(r, &r->vms[i]);

		if (text && r4_is(&r->vms[i], VM4_LOCAL) && prop_check_loads(&view, row, text, &text) == 0)
			sorted[count++] = (struct uuid_of){ text, &r->vms[i] };
		error_clear();
	}
	qsort(sorted, count, sizeof(*sorted), by_uuid);
	for (size_t i = 1, first = 0; i < count; i++) {
		const char *new = r4_new_uuid(r);
		struct fsck_finding *finding;

		if (strcmp(sorted[i].uuid, sorted[first].uuid)) {
			first = i;
			continue;
		}
		finding = fsck_note(r->f, "uuid-twice", FSCK_LOADS, sorted[i].vm->node, sorted[i].vm->shown,
				    "its uuid is that of %s", sorted[first].vm->shown);
		fsck_effect(finding, "libvirt takes both for one, and only the first is found by it");
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", new), r4_put_property,
			    sorted[i].vm->node, "uuid", new);
	}
}

void r4_check_identity(struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++) {
		/* One with nothing in it goes. */
		if (!element_next(r->vms[i].node, NULL, NULL))
			continue;
		check_required(r, &r->vms[i]);
		check_slip_in_name(r, &r->vms[i]);
		check_qid(r, &r->vms[i]);
	}
	check_double_dom0(r);
	check_double_qids(r);
	check_double_names(r);
	check_double_uuids(r);
}
