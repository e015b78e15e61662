/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new VM: entry, properties, globals, images, UUID, saved; then its domain.
 */
#include "error.h"
#include "images.h"
#include "internal.h"
#include "prop.h"
#include "util.h"
#include "vmm.h"

struct creation {
	struct qubes *q;
	const struct lifecycle_new *what;
	struct vm *vm;
	int after;
};

/* ---- may it be made? ---- */

static int check_template(const struct lifecycle_new *what)
{
	const struct vm_class *class = what->class;
	const struct vm *template = what->template;

	if (!template && what->with_images && (class->kind & VM_PVS))
		return error_set(ERROR_FAILED, "class %s needs a template, and there is none", class->type);
	if (!template)
		return 0;
	if (!vm_is(template, VM_TEMPLATES))
		return error_set(ERROR_FAILED, "%s (%s) is not a template", template->name, template->type);
	if (!vm_is(template, class->template_kind))
		return error_set(ERROR_FAILED, "class %s cannot be based on %s (%s)", class->type,
				 template->name, template->type);
	return 0;
}

/* What is bound to fail after the save is better refused before. */
static int check_hypervisor(struct qubes *q)
{
	return vmm_offline(q) ? 0 : vmm_connection(q);
}

static int check_request(void *work)
{
	struct creation *c = work;

	if (check_new_name(c->q, c->what->name) != 0 || check_template(c->what) != 0)
		return -1;
	return c->what->with_images ? check_hypervisor(c->q) : 0;
}

/* ---- the entry ---- */

static int add_entry(void *work)
{
	struct creation *c = work;

	c->vm = vm_add(c->q, c->what->class, c->what->name);
	return c->vm ? 0 : -1;
}

static void remove_entry(void *work)
{
	struct creation *c = work;

	vm_take_back(c->vm);
	c->vm = NULL;
}

static int set_text(struct vm *vm, const char *property, const char *text)
{
	return text ? vm_set(vm, property, text) : 0;
}

static int set_number(struct vm *vm, const char *name, int number)
{
	AUTO_FREE char *text = util_printf("%d", number);

	return number > 0 ? prop_set(vm, prop_find(vm->qubes, name), text) : 0;
}

/* What is set first stays when the rest is given its defaults, and some defaults follow from it. */
static int set_first(struct vm *vm, const struct lifecycle_new *what)
{
	if (set_text(vm, "label", what->label) != 0 || set_text(vm, "dir_path", what->directory) != 0 ||
	    set_text(vm, "conf_file", what->conf_file) != 0)
		return -1;
	if (what->installed_by_rpm && vm_set(vm, "installed_by_rpm", "True") != 0)
		return -1;
	return what->internal ? vm_set(vm, "internal", "True") : 0;
}

static int set_properties(void *work)
{
	struct creation *c = work;
	const struct lifecycle_new *what = c->what;

	if (set_first(c->vm, what) != 0 ||
	    prop_initialise(c->vm, what->standalone ? NULL : what->template) != 0)
		return -1;
	/* maxmem follows from the class's memory, not from this. */
	if (set_number(c->vm, "memory", what->memory) != 0 || set_number(c->vm, "vcpus", what->vcpus) != 0)
		return -1;
	return what->set ? what->set(c->vm, what->context) : 0;
}

/* Those that fall back on others come before these, so that what was unset is seen as unset. */
static const struct {
	const char *global;
	unsigned kinds;
} first_becomes[] = {
	{ "clockvm", VM_NET | VM_PROXY },     { "updatevm", VM_PROXY },
	{ "default_netvm", VM_PROXY },	      { "default_fw_netvm", VM_NET | VM_PROXY },
	{ "default_template", VM_TEMPLATES },
};

int fill_globals(struct vm *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(first_becomes); i++) {
		const char *global = first_becomes[i].global;

		if (!vm_is(vm, first_becomes[i].kinds) || vm_global(vm->qubes, global))
			continue;
		if (vm_set_global_reference(vm->qubes, global, vm) != 0)
			return -1;
	}
	return 0;
}

static int fill_unset_globals(void *work)
{
	struct creation *c = work;

	return fill_globals(c->vm);
}

/* ---- the files ---- */

static int make_images(void *work)
{
	struct creation *c = work;

	if (!c->what->with_images)
		return images_verify(c->vm);
	return images_create(c->vm, c->what->template, c->what->quiet);
}

static void remove_images(void *work)
{
	struct creation *c = work;

	if (c->what->with_images && images_remove(c->vm) != 0)
		error_note("%s is left behind: %s", vm_directory(c->vm), error_message());
}

static int replace_root(void *work)
{
	struct creation *c = work;
	const struct lifecycle_new *what = c->what;

	return what->root_image ? images_replace_root(c->vm, what->root_image, what->move_root, what->quiet) :
				  0;
}

/* ---- the rest ---- */

static int finish_images(void *work)
{
	struct creation *c = work;

	if (c->what->with_images)
		finish_with_save(c->vm);
	return 0;
}

static int define_created(struct qubes *q, void *argument)
{
	(void)q;
	return define_domain(argument);
}

/* A VM that is only registered gets both with its first start. */
static int give_identity(void *work)
{
	struct creation *c = work;

	if (!c->what->with_images)
		return 0;
	if (!vm_need_uuid(c->vm))
		return -1;
	if (!vmm_offline(c->q))
		qubes_with_save(c->q, define_created, c->vm);
	return 0;
}

static int save_creation(void *work)
{
	struct creation *c = work;

	return save_store(c->q, &c->after);
}

static const struct step creation_steps[] = {
	{ .act = check_request },
	{ .act = add_entry, .undo = remove_entry },
	{ .act = set_properties },
	{ .act = fill_unset_globals }, /* removing the entry clears them */
	{ .act = make_images, .undo = remove_images, .outside = true },
	{ .act = stop_if_interrupted },
	{ .act = replace_root, .outside = true },
	{ .act = finish_images, .outside = true },
	{ .act = give_identity },
	{ .act = save_creation },
	{ .act = NULL },
};

int lifecycle_create(struct qubes *q, const struct lifecycle_new *what)
{
	struct creation *creation = arena_alloc(q->arena, sizeof(*creation));
	struct lifecycle_new *kept = arena_alloc(q->arena, sizeof(*kept));

	*kept = *what;
	*creation = (struct creation){ .q = q, .what = kept };
	if (steps_run(q, creation_steps, creation) != 0)
		return error_within("%s is not made", what->name);
	return creation->after;
}
