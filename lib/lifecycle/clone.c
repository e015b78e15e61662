/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of a VM: an entry of its own with the source's values, its images, its firewall, saved; then its
 * domain.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "devices.h"
#include "error.h"
#include "firewall.h"
#include "halted.h"
#include "images.h"
#include "internal.h"
#include "prop.h"
#include "util.h"
#include "vmm.h"

#define FIREWALL_SIZE_MAX (1 << 20)
#define FIREWALL_MODE 0660
#define YUM_PROXY_SERVICE "yum-proxy-setup"

struct cloning {
	struct qubes *q;
	const struct lifecycle_clone *how;
	const char *name;
	struct vm *source, *vm;
	struct firewall firewall;
	struct turn *turn; /* the source's */
	int after;
};

/* ---- may it be made? ---- */

/* HVMs share their template's root image for writing. */
static int check_relatives(struct vm *source)
{
	struct vm *template = vm_template(source);

	if (vm_is(source, VM_TEMPLATE_HVM))
		return halted_check_children(source);
	return vm_is(source, VM_HVM) && template ? halted_check(template, true) : 0;
}

static int check_source(const struct cloning *c)
{
	struct vm *source = c->source;
	const char *fault = vm_broken(source);
	int running;

	if (!vm_is(source, VM_PVS | VM_HVMS) || vm_is(source, VM_DISPOSABLE))
		return error_set(ERROR_FAILED, "%s is of class %s, of which no copies are made", source->name,
				 source->type);
	if (!fault && !c->how->ignore_errors)
		fault = prop_broken(source);
	if (fault)
		return error_set(ERROR_FAILED, "%s is broken: %s", source->name, fault);
	if (vmm_offline(c->q) && root_is_host(c->q->root))
		error_note("offline: whether %s is off is not known", source->name);
	running = vmm_is_running(source);
	if (running < 0)
		return -1;
	if (running == 0)
		return check_relatives(source);
	return error_set(ERROR_FAILED, "%s is running: its images would be copied while they change",
			 source->name);
}

static int check_request(void *work)
{
	struct cloning *c = work;

	if (check_new_name(c->q, c->name) != 0 || check_source(c) != 0)
		return -1;
	/* Rules that cannot be understood cannot be kept to. */
	return firewall_load(c->source, &c->firewall);
}

/* ---- the entry ---- */

static int add_entry(void *work)
{
	struct cloning *c = work;

	c->vm = vm_add(c->q, c->source->class, c->name);
	return c->vm ? 0 : -1;
}

static void remove_entry(void *work)
{
	struct cloning *c = work;

	vm_take_back(c->vm);
	c->vm = NULL;
}

/* What is the source's own is the copy's own; what is not set follows the same default. */
static int copy_text(struct cloning *c, const char *name)
{
	struct layout_value value = vm_get(c->source, name);

	return value.presence == LAYOUT_SET && value.text ? vm_set(c->vm, name, value.text) : 0;
}

/* A VM that is based on a template has the template's, whatever is stored for it. */
static int copy_user(struct cloning *c, const char *name)
{
	return vm_set(c->vm, name, prop_string(c->source, name));
}

/* The default is not the same for a VM that belongs to a package. */
static int copy_in_backups(struct cloning *c, const char *name)
{
	return vm_set(c->vm, name, prop_flag(c->source, name) ? "True" : "False");
}

static int copy_services(struct cloning *c, const char *name)
{
	struct literal services;

	if (prop_services(c->source, &services) != 0)
		return -1;
	return vm_set(c->vm, name, literal_dict_text(c->q->arena, &services));
}

static int copy_mac(struct cloning *c, const char *name)
{
	struct layout_value value = vm_get(c->source, name);

	if (value.presence != LAYOUT_SET || !value.text || !strcasecmp(value.text, "none"))
		return 0;
	error_note("warning: %s has the MAC address of %s, %s: only one of the two can be in a network; "
		   "qvm-prefs -s %s mac auto gives it its own",
		   c->name, c->source->name, value.text, c->name);
	return vm_set(c->vm, name, value.text);
}

static int copy_pci_devices(struct cloning *c, const char *name)
{
	struct literal devices;

	(void)name;
	if (devices_pci_of(c->source, &devices) != 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		devices_note_shared(c->vm, devices.entries[i].key);
	return vm_set(c->vm, name, literal_list_text(c->q->arena, &devices));
}

/* The references come behind prop_initialise, which has them begin as a new VM's do. */
static const struct copied {
	const char *name;
	unsigned classes;
	int (*copy)(struct cloning *c, const char *name);
} copied[] = {
	{ "kernel", VM_PVS, copy_text },
	{ "memory", VM_ALL, copy_text },
	{ "maxmem", VM_PVS, copy_text },
	{ "kernelopts", VM_PVS, copy_text },
	{ "services", VM_ALL, copy_services },
	{ "vcpus", VM_ALL, copy_text },
	{ "mac", VM_ALL, copy_mac },
	{ "pcidevs", VM_ALL, copy_pci_devices },
	{ "include_in_backups", VM_ALL, copy_in_backups },
	{ "label", VM_ALL, copy_text },
	{ "default_user", VM_ALL, copy_user },
	{ "qrexec_timeout", VM_ALL, copy_text },
	{ "timezone", VM_HVMS, copy_text },
	{ "qrexec_installed", VM_HVMS, copy_text },
	{ "guiagent_installed", VM_HVMS, copy_text },
};

static int copy_one(struct cloning *c, const struct copied *row)
{
	if (!vm_is(c->source, row->classes) || row->copy(c, row->name) == 0)
		return 0;
	error_within("%s", row->name);
	if (!c->how->ignore_errors)
		return -1;
	error_note("warning: %s has the default instead: %s", c->name, error_message());
	error_clear();
	return 0;
}

/* What follows a default is stored with what that is now, as the original tools do it. */
static int copy_reference(struct cloning *c, const char *name, const struct vm *to, bool follows)
{
	if (vm_set_reference(c->vm, name, to) != 0)
		return -1;
	return follows ? vm_set_default(c->vm, name) : 0;
}

static int copy_references(struct cloning *c)
{
	const struct vm *source = c->source;

	if (!vm_is(source, VM_NET) &&
	    copy_reference(c, "netvm", vm_netvm(source), vm_netvm_follows(source)) != 0)
		return -1;
	return copy_reference(c, "dispvm_netvm", vm_dispvm_netvm(source), vm_dispvm_netvm_follows(source));
}

/* A service says in the VM what its firewall says outside. */
static int set_yum_proxy(struct cloning *c)
{
	if (!c->firewall.stored)
		return 0;
	return prop_set_service(c->vm, YUM_PROXY_SERVICE, c->firewall.yum_proxy ? PROP_ON : PROP_ABSENT);
}

static int copy_all(struct cloning *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		if (copy_one(c, &copied[i]) != 0)
			return -1;
	if (prop_initialise(c->vm, vm_template(c->source)) != 0)
		return -1;
	return copy_references(c);
}

static int copy_properties(void *work)
{
	struct cloning *c = work;

	if (c->how->directory && vm_set(c->vm, "dir_path", c->how->directory) != 0)
		return -1;
	return copy_all(c) != 0 ? -1 : set_yum_proxy(c);
}

int copy_values(struct vm *source, struct vm *vm)
{
	const struct lifecycle_clone how = { 0 };
	struct cloning c = {
		.q = vm->qubes,
		.how = &how,
		.name = vm->name,
		.source = source,
		.vm = vm,
	};

	return copy_all(&c);
}

static int fill_unset_globals(void *work)
{
	struct cloning *c = work;

	return fill_globals(c->vm);
}

/* ---- the files ---- */

static int make_images(void *work)
{
	struct cloning *c = work;

	return images_clone(c->vm, c->source, c->how->quiet);
}

/* Wherever it is: making it has shown that nothing was there before. */
static void remove_images(void *work)
{
	struct cloning *c = work;

	if (root_remove_tree(c->q->root, vm_directory(c->vm)) != 0)
		error_note("%s is left behind: %s", vm_directory(c->vm), error_message());
}

static int finish_images(void *work)
{
	struct cloning *c = work;

	finish_with_save(c->vm);
	return 0;
}

/*
 * As it stands: what is written with the store is written after it, and a copy without rules, if that is as
 * far as it gets, would be let out everywhere.
 */
int copy_firewall_file(const struct vm *source, const struct vm *vm)
{
	const struct root *root = vm->qubes->root;
	const char *from = firewall_path(source), *to = firewall_path(vm);
	size_t length;
	AUTO_FREE char *text = from ? root_read(root, from, FIREWALL_SIZE_MAX, &length) : NULL;

	if (!text)
		return !from || errno == ENOENT ? 0 : error_errno("cannot read %s", from);
	if (root_write(root, to, text, length, FIREWALL_MODE) != 0)
		return -1;
	root_chgrp_qubes(root, to);
	return 0;
}

static int copy_firewall(void *work)
{
	struct cloning *c = work;

	if (!c->firewall.stored)
		return 0;
	return copy_firewall_file(c->source, c->vm) != 0 ? -1 : firewall_save(c->vm, &c->firewall);
}

/* ---- the end ---- */

/* The source's turn ends with the store's lock, not after it. */
static int finish_clone(struct qubes *q, void *argument)
{
	struct cloning *c = argument;
	int result = vmm_offline(q) ? 0 : define_domain(c->vm);

	turn_drop(c->turn);
	return result;
}

static int give_identity(void *work)
{
	struct cloning *c = work;

	if (!vm_need_uuid(c->vm))
		return -1;
	qubes_with_save(c->q, finish_clone, c);
	return 0;
}

static int save_clone(void *work)
{
	struct cloning *c = work;

	return save_store(c->q, &c->after);
}

static int take_turn(void *work)
{
	struct cloning *c = work;

	return turn_take(c->source, &c->turn) == 0 ? 0 : error_within("%s", c->source->name);
}

static void drop_turn(void *work)
{
	struct cloning *c = work;

	turn_drop(c->turn);
}

static const struct step cloning_steps[] = {
	{ .act = take_turn, .undo = drop_turn },
	{ .act = check_request },
	{ .act = add_entry, .undo = remove_entry },
	{ .act = copy_properties },
	{ .act = fill_unset_globals }, /* removing the entry clears them */
	{ .act = make_images, .undo = remove_images, .outside = true },
	{ .act = stop_if_interrupted },
	{ .act = copy_firewall, .outside = true },
	{ .act = finish_images, .outside = true },
	{ .act = give_identity },
	{ .act = save_clone },
	{ .act = NULL },
};

int lifecycle_clone(struct vm *source, const char *name, const struct lifecycle_clone *how)
{
	struct qubes *q = source->qubes;
	struct cloning *cloning = arena_alloc(q->arena, sizeof(*cloning));
	struct lifecycle_clone *kept = arena_alloc(q->arena, sizeof(*kept));

	*kept = *how;
	*cloning = (struct cloning){
		.q = q,
		.how = kept,
		.name = arena_strdup(q->arena, name),
		.source = source,
	};
	if (steps_run(q, cloning_steps, cloning) != 0)
		return error_within("%s is not made", name);
	return cloning->after;
}
