/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and numbers: finding a VM, what a name may be, which qid is free, adding and removing.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "util.h"

/* The addresses of this one collide with the secondary DNS. */
#define QID_LAST_CHOICE 252

static const char *const reserved_names[] = { "none", "true", "false", "default", "dom0" };

static size_t hash(const char *name)
{
	size_t sum = 5381;

	for (; *name; name++)
		sum = sum * 33 + (unsigned char)*name;
	return sum;
}

void vms_forget_names(struct vms *vms)
{
	free(vms->by_name);
	vms->by_name = NULL;
}

/* By ascending qid: of several with one name, the first in their row of slots is the lowest. */
static void make_table(struct vms *vms)
{
	vms->slots = 16;
	while (vms->slots < 2 * vms->count)
		vms->slots *= 2;
	vms->by_name = util_alloc(vms->slots * sizeof(*vms->by_name));
	for (size_t i = 0; i < vms->count; i++) {
		size_t slot = hash(vms->items[i]->name) & (vms->slots - 1);

		while (vms->by_name[slot])
			slot = (slot + 1) & (vms->slots - 1);
		vms->by_name[slot] = vms->items[i];
	}
}

struct vm *vms_named(const struct qubes *q, const char *name, size_t *count)
{
	struct vms *vms = q->vms;
	struct vm *first = NULL;

	if (!vms->by_name)
		make_table(vms);
	*count = 0;
	for (size_t slot = hash(name) & (vms->slots - 1); vms->by_name[slot];
	     slot = (slot + 1) & (vms->slots - 1))
		if (!strcmp(vms->by_name[slot]->name, name) && !(*count)++)
			first = vms->by_name[slot];
	return first;
}

void vm_call(struct vm *vm, const char *name)
{
	vm->name = name;
	vms_forget_names(vm->qubes->vms);
}

/* With two VMs of one name, looking at the first is what the original does; acting on it is a gamble. */
struct vm *vm_by_name(const struct qubes *q, const char *name)
{
	size_t count;
	struct vm *vm = vms_named(q, name, &count);

	if (count == 0) {
		error_set(ERROR_NOT_FOUND, "there is no VM '%s'", name);
		return NULL;
	}
	if (count == 1)
		return vm;
	if (q->acting) {
		error_set(ERROR_FAILED, "%zu VMs are called '%s'; which one is meant cannot be known", count,
			  name);
		return NULL;
	}
	error_note("warning: %zu VMs are called '%s'; this is the one with qid %d", count, name, vm->qid);
	return vm;
}

struct vm *vm_find(const struct qubes *q, const char *name)
{
	size_t count;

	return vms_named(q, name, &count);
}

bool vm_name_taken(const struct qubes *q, const char *name)
{
	return vm_find(q, name) != NULL;
}

static bool is_name_text(const char *name)
{
	if (!isascii((unsigned char)name[0]) || !isalpha((unsigned char)name[0]))
		return false;
	for (const char *c = name; *c; c++)
		if (!isascii((unsigned char)*c) || (!isalnum((unsigned char)*c) && !strchr("_.-", *c)))
			return false;
	return true;
}

int vm_check_name(const char *name)
{
	if (!is_name_text(name))
		return error_set(ERROR_FAILED,
				 "'%s' is no name for a VM: it takes a letter, then letters, "
				 "digits, '_', '.' and '-'",
				 name);
	if (strlen(name) > VM_NAME_MAX)
		return error_set(ERROR_FAILED, "'%s' is too long for a VM's name (more than %d characters)",
				 name, VM_NAME_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(reserved_names); i++)
		if (!strcasecmp(name, reserved_names[i]))
			return error_set(ERROR_FAILED, "'%s' is a reserved name", name);
	if (util_ends_with(name, "-dm"))
		return error_set(ERROR_FAILED, "'%s': names ending in -dm are those of stub domains", name);
	return 0;
}

/* What R4 leaves out of what R3 allows. */
int vm_check_name4(const char *name)
{
	if (vm_check_name(name) < 0)
		return -1;
	if (strchr(name, '.'))
		return error_set(ERROR_FAILED, "'%s' is no name for a VM of release 4, which takes no '.'",
				 name);
	if (!strcmp(name, "Domain-0"))
		return error_set(ERROR_FAILED, "'%s' is a reserved name", name);
	return 0;
}

static void mark_qid(int qid, void *mentioned)
{
	if (qid >= 0 && qid < QID_LIMIT)
		((bool *)mentioned)[qid] = true;
}

/* Best one that nothing in the store names: a reference to a VM that is gone must not find another one. */
int vm_free_qid(const struct qubes *q)
{
	bool mentioned[QID_LIMIT] = { false };

	q->layout->each_qid(store_root(q->store), mark_qid, mentioned);
	for (int qid = 1; qid < QID_LIMIT; qid++)
		if (qid != QID_LAST_CHOICE && !mentioned[qid] && !vm_by_qid(q, qid))
			return qid;
	for (int qid = 1; qid < QID_LIMIT; qid++)
		if (qid != QID_LAST_CHOICE && !vm_by_qid(q, qid))
			return qid;
	if (!vm_by_qid(q, QID_LAST_CHOICE))
		return QID_LAST_CHOICE;
	return error_set(ERROR_FAILED, "the store is full: all %d qids are in use", QID_LIMIT - 1);
}

struct vm_globals {
	const char *texts[16]; /* by row of vms_globals; NULL: the store says nothing */
};

static struct vm_globals *note_globals(const struct qubes *q)
{
	struct vm_globals *noted = arena_alloc(q->arena, sizeof(*noted));

	for (size_t i = 0; vms_globals[i].name; i++) {
		const char *text =
			q->layout->get(q->layout->globals(store_root(q->store)), vms_globals[i].name).text;

		noted->texts[i] = text ? arena_strdup(q->arena, text) : NULL;
	}
	return noted;
}

static void restore_globals(struct qubes *q, const struct vm_globals *noted)
{
	store_node *globals = q->layout->globals(store_root(q->store));

	for (size_t i = 0; vms_globals[i].name; i++) {
		if (noted->texts[i])
			q->layout->set(globals, vms_globals[i].name, noted->texts[i]);
		else
			q->layout->unset(globals, vms_globals[i].name);
	}
}

struct vm *vm_add(struct qubes *q, const struct vm_class *class, const char *name)
{
	struct vm_globals *globals = note_globals(q);
	int qid = vm_free_qid(q);
	store_node *node;
	struct vm *vm;

	if (qid < 0)
		return NULL;
	if (vm_name_taken(q, name)) {
		error_set(ERROR_FAILED, "there is a VM '%s' already", name);
		return NULL;
	}
	node = q->layout->add_vm(store_root(q->store), class->type, qid, name);
	if (!node)
		return NULL;
	store_touch(q->store);
	vm = vms_insert(q, class, class->type, qid, name, node);
	vm->globals_before = globals;
	return vm;
}

static void clear_globals(struct vm *vm)
{
	struct qubes *q = vm->qubes;
	store_node *root = q->layout->globals(store_root(q->store));

	for (const struct vms_global *global = vms_model(q)->globals; global->name; global++) {
		struct layout_reference reference = q->layout->get_reference(root, global->name);

		if (reference.presence == LAYOUT_SET && vm_resolve(q, &reference) == vm)
			vms_model(q)->clear_global(q, global->name);
	}
}

void vm_take_back(struct vm *vm)
{
	restore_globals(vm->qubes, vm->globals_before);
	vm_remove(vm);
}

void vm_remove(struct vm *vm)
{
	struct vms *vms = vm->qubes->vms;

	clear_globals(vm);
	for (size_t i = 0; i < vms->count; i++)
		if (vms->items[i] == vm) {
			memmove(vms->items + i, vms->items + i + 1, (--vms->count - i) * sizeof(struct vm *));
			vms_forget_names(vms);
			break;
		}
	if (vm->node)
		vm->qubes->layout->remove_vm(vm->node);
	vm->node = NULL;
	store_touch(vm->qubes->store);
}
