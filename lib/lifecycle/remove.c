/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMs that go: their domains undefined, saved without their entries, then their files and links deleted.
 */
#include <errno.h>
#include <string.h>

#include "domainxml.h"
#include "error.h"
#include "images.h"
#include "internal.h"
#include "prop.h"
#include "references.h"
#include "util.h"
#include "vmm.h"

/* What has to be known of a VM when its entry is gone. */
struct leaving {
	const struct removal *removal;
	struct vm *vm;
	struct turn *turn;
	const char *directory; /* NULL: it has none */
	const char *globals;   /* those that name it; NULL: none does */
	const char *xml;       /* of the domain that was undefined; NULL: none was */
};

struct removal {
	struct qubes *q;
	const struct lifecycle_remove *how;
	struct vm *const *vms;
	struct leaving *leaving; /* one for each of VMS; ended by a NULL vm */
	int after;
};

static bool goes(const struct removal *r, const struct vm *vm)
{
	for (struct vm *const *at = r->vms; *at; at++)
		if (*at == vm)
			return true;
	return false;
}

/* ---- who refers to it ---- */

static bool is_based_on(const struct vm *vm, const struct vm *template)
{
	return reference_names(vm, "template", template);
}

/* By its own choice or by the global default. */
static bool has_network_from(const struct vm *vm, const struct vm *netvm)
{
	return reference_names(vm, "netvm", netvm) || reference_names(vm, "dispvm_netvm", netvm) ||
	       vm_netvm(vm) == netvm;
}

static int check_users(const struct removal *r, const struct vm *vm,
		       bool (*uses)(const struct vm *user, const struct vm *used), const char *what)
{
	AUTO_STRBUF struct strbuf users = { 0 };
	struct vm *other;

	FOR_EACH_VM(r->q, other)
		if (!goes(r, other) && uses(other, vm))
			strbuf_printf(&users, "%s%s", users.length ? ", " : "", other->name);
	return users.length ? error_set(ERROR_FAILED, "%s: %s", what, users.text) : 0;
}

/* ---- may it go? ---- */

static int check_class(const struct removal *r, struct vm *vm)
{
	(void)r;
	return vm_is_dom0(vm) ? error_set(ERROR_FAILED, "it is the host itself") : 0;
}

static int check_package(const struct removal *r, struct vm *vm)
{
	if (r->how->just_entry || !prop_flag(vm, "installed_by_rpm"))
		return 0;
	return error_set(ERROR_FAILED,
			 "it belongs to a package: remove that, or its entry alone (--just-db)");
}

static int check_children(const struct removal *r, struct vm *vm)
{
	return check_users(r, vm, is_based_on, "VMs are based on it");
}

static int check_clients(const struct removal *r, struct vm *vm)
{
	return r->how->force ? 0 : check_users(r, vm, has_network_from, "VMs get their network from it");
}

static bool stays(const void *removal, const struct vm *vm)
{
	return !goes(removal, vm);
}

static int check_references(const struct removal *r, struct vm *vm)
{
	const char *references = r->how->force ? NULL : references_to(vm, stays, r);

	return references ? error_set(ERROR_FAILED, "it is in use: %s (--force clears that)", references) : 0;
}

/* What its volumes are in, the pools know, and those are qubesd's. */
static int check_volumes(const struct removal *r, struct vm *vm)
{
	if (r->how->just_entry || !vm_is(vm, VM4_LOCAL | VM4_REMOTE))
		return 0;
	return error_set(ERROR_FAILED,
			 "its volumes are qubesd's: remove it by that, or its entry alone (--store-only)");
}

/*
 * Not to know whether a VM runs is no reason to keep its entry, when its files are kept: packages come and go
 * where there is no hypervisor.
 */
static int check_halted(const struct removal *r, struct vm *vm)
{
	struct vmm_info info;

	if (vmm_offline(r->q))
		return 0;
	if (vmm_info_now(vm, &info) == 0)
		return info.power == VMM_HALTED ? 0 : error_set(ERROR_FAILED, "it is running");
	if (!r->how->just_entry)
		return -1;
	error_note("whether %s is running is not known, and its domain stays: %s", vm->name, error_message());
	error_clear();
	return 0;
}

/* A running DispVM lives in the directory of the VM that it was made from. */
static int check_guests(const struct removal *r, struct vm *vm)
{
	const char *directory = vm_directory(vm), *its;
	struct vm *other;
	int running;

	FOR_EACH_VM(r->q, other) {
		if (r->how->just_entry || goes(r, other) || !vm_is(other, VM_DISPOSABLE))
			continue;
		its = vm_directory(other);
		if (!its || !directory || strcmp(its, directory) != 0)
			continue;
		running = vmm_is_running(other);
		if (running < 0)
			return -1;
		if (running)
			return error_set(ERROR_FAILED, "%s is running in its directory", other->name);
	}
	return 0;
}

static int (*const checks[])(const struct removal *r, struct vm *vm) = {
	check_class,   check_volumes,	 check_package, check_children,
	check_clients, check_references, check_halted,	check_guests,
};

static int check_one(const struct removal *r, struct vm *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i](r, vm) != 0)
			return error_within("%s is not removed", vm->name);
	return 0;
}

static int check_request(const struct removal *r)
{
	for (struct vm *const *vm = r->vms; *vm; vm++)
		if (check_one(r, *vm) != 0)
			return -1;
	return r->how->confirm ? r->how->confirm(r->vms, r->how->context) : 0;
}

/* ---- the domains ---- */

/* Kept as long as the entry is there to make it from; the VM may be too broken for that. */
static void keep_xml(struct leaving *leaving)
{
	const char *type = vmm_domain_type(leaving->removal->q);
	AUTO_FREE char *xml = type ? domainxml_of(leaving->vm, type) : NULL;

	leaving->xml = xml ? arena_strdup(leaving->removal->q->arena, xml) : NULL;
	error_clear();
}

static int undefine_one(struct leaving *leaving)
{
	struct vmm_info info;

	if (vmm_info_now(leaving->vm, &info) != 0)
		return leaving->removal->how->just_entry ? 0 : -1; /* that has been said */
	if (!info.defined)
		return 0;
	keep_xml(leaving);
	if (vmm_undefine(leaving->vm) == 0)
		return 0;
	leaving->xml = NULL;
	return -1;
}

static int undefine(void *work)
{
	const struct removal *r = work;

	for (struct leaving *leaving = r->leaving; leaving->vm; leaving++) {
		if (!vmm_offline(r->q)) {
			if (undefine_one(leaving) != 0)
				return -1;
		} else if (root_is_host(r->q->root)) {
			error_note("offline: a domain called %s may stay; virsh -c '%s' undefine %s takes it",
				   leaving->vm->name, vmm_uri(r->q), leaving->vm->name);
		}
	}
	return 0;
}

static void define_again(void *work)
{
	const struct removal *r = work;

	for (struct leaving *leaving = r->leaving; leaving->vm; leaving++) {
		if (leaving->xml && vmm_define(leaving->vm, leaving->xml) != 0)
			error_note("%s (the next start tries again)", error_message());
		leaving->xml = NULL;
	}
}

/* ---- the entries ---- */

static int clear_reference(struct vm *user, const char *property, const struct vm *gone)
{
	if (!reference_names(user, property, gone))
		return 0;
	error_note("%s of %s is none now, for %s is gone", property, user->name, gone->name);
	return vm_set_reference(user, property, NULL);
}

/* Those who follow a default go on following it. */
static int clear_references(const struct removal *r, const struct vm *gone)
{
	struct vm *user;

	FOR_EACH_VM(r->q, user)
		if (!goes(r, user) &&
		    (clear_reference(user, "netvm", gone) != 0 ||
		     clear_reference(user, "dispvm_netvm", gone) != 0 || references_clear(user, gone) != 0))
			return -1;
	return 0;
}

static bool is_global_vm(const struct prop_global *global)
{
	return global->row ? global->row->type == PROP_VM : global->check != NULL;
}

static const char *globals_naming(const struct vm *vm)
{
	struct qubes *q = vm->qubes;
	struct vm store = { .qubes = q, .node = q->layout->globals(store_root(q->store)) };
	AUTO_STRBUF struct strbuf found = { 0 };

	FOR_EACH_GLOBAL(q, global)
		if (is_global_vm(global) && reference_names(&store, global->key, vm))
			strbuf_printf(&found, "%s%s", found.length ? ", " : "", global->name);
	return found.length ? arena_strdup(q->arena, found.text) : NULL;
}

/* A drive is another VM's file by name. */
static void note_drives(const struct removal *r, const struct vm *gone)
{
	AUTO_FREE char *backend = util_printf(":%s:/", gone->name);
	struct vm *user;

	FOR_EACH_VM(r->q, user) {
		const char *drive = vm_is(user, VM_HVMS) ? vm_get(user, "drive").text : NULL;

		if (!goes(r, user) && drive && strstr(drive, backend))
			error_note("warning: the drive of %s is %s, and %s is gone", user->name, drive,
				   gone->name);
	}
}

static int finish_one(struct qubes *q, void *argument);

static int drop_entries(void *work)
{
	const struct removal *r = work;

	for (struct leaving *leaving = r->leaving; leaving->vm; leaving++) {
		if (vm_is(leaving->vm, VM_NET | VM_PROXY) && vm_keep_netids(r->q) != 0)
			return -1;
		if (clear_references(r, leaving->vm) != 0)
			return -1;
		note_drives(r, leaving->vm);
		leaving->globals = globals_naming(leaving->vm);
	}
	for (struct leaving *leaving = r->leaving; leaving->vm; leaving++) {
		vm_remove(leaving->vm);
		/* Under the store's lock: nobody can be making a VM of that name meanwhile. */
		qubes_with_save(r->q, finish_one, leaving);
	}
	return 0;
}

/* ---- the files ---- */

/* What was left alone is said, for it is what starts a VM at boot. */
static int remove_autostart(struct qubes *q, const struct leaving *leaving)
{
	AUTO_FREE char *link = vm_autostart_link(leaving->vm->name);
	struct stat st;

	if (strchr(leaving->vm->name, '/'))
		return 0;
	if (leaving->removal->how->just_entry) {
		if (root_lstat(q->root, link, &st) == 0)
			error_note("%s stays", link);
		return 0;
	}
	if (root_unlink(q->root, link) == 0 || errno == ENOENT)
		return 0;
	return error_errno("%s is removed, but the link %s stays", leaving->vm->name, link);
}

/* The entry being gone, the directory of VM is the one that its class gives it. */
static int delete_files(struct qubes *q, const struct leaving *leaving)
{
	const char *directory = leaving->directory;
	const struct vm *vm = leaving->vm, *other = directory ? directory_sharer(q, vm, directory) : NULL;
	const char *own = vm_directory(vm);

	if (other)
		return error_set(ERROR_FAILED, "%s holds files of %s too, and is kept", directory,
				 other->name);
	if (directory && (!own || strcmp(directory, own) != 0))
		return error_set(
			ERROR_FAILED,
			"%s is not in the place of such VMs, and is kept; delete it yourself if it is "
			"no longer needed",
			directory);
	if (!leaving->removal->how->quiet)
		error_note("deleting %s", directory);
	return images_remove(vm);
}

static int finish_files(struct qubes *q, const struct leaving *leaving)
{
	if (leaving->removal->how->just_entry)
		return images_finish(leaving->vm); /* what is kept is nobody's to clear away */
	if (vm_is(leaving->vm, VM_DISPOSABLE)) {
		remove_disposable_files(q->root, leaving->directory, leaving->vm->name);
		return 0;
	}
	if (delete_files(q, leaving) == 0)
		return 0;
	if (error_kind() != ERROR_NOT_FOUND)
		return error_within("%s is removed, but its files stay", leaving->vm->name);
	error_note("warning: %s is removed, and its files were gone already: %s", leaving->vm->name,
		   error_message());
	error_clear();
	return 0;
}

/* One that fails keeps the other from nothing. */
static int finish_one(struct qubes *q, void *argument)
{
	const struct leaving *leaving = argument;
	int result = remove_autostart(q, leaving);

	if (leaving->globals)
		error_note("none now, for %s is gone: %s", leaving->vm->name, leaving->globals);
	if (result != 0)
		error_report();
	if (finish_files(q, leaving) != 0) {
		error_report();
		result = -1;
	}
	turn_drop(leaving->turn);
	return result == 0 ? 0 : error_said();
}

/* ---- the sequence ---- */

static int save_removal(void *work)
{
	struct removal *r = work;

	return save_store(r->q, &r->after);
}

static const struct step removal_steps[] = {
	/* What takes back the next step stands here, for that may fail with some of the domains undefined. */
	{ .act = stop_if_interrupted, .undo = define_again },
	{ .act = undefine, .outside = true },
	{ .act = drop_entries },
	{ .act = save_removal },
	{ .act = NULL },
};

/* Before anything is asked of the hypervisor, so that what is off then stays off. */
static int take_turns(const struct removal *r)
{
	for (struct leaving *leaving = r->leaving; leaving->vm; leaving++)
		if (turn_take(leaving->vm, &leaving->turn) != 0)
			return error_within("%s is not removed", leaving->vm->name);
	return 0;
}

static void drop_turns(const struct removal *r)
{
	for (struct leaving *leaving = r->leaving; leaving->vm; leaving++)
		turn_drop(leaving->turn);
}

static struct removal *removal_of(struct vm *const *vms, const struct lifecycle_remove *how)
{
	struct qubes *q = vms[0]->qubes;
	struct removal *r = arena_alloc(q->arena, sizeof(*r));
	struct lifecycle_remove *kept = arena_alloc(q->arena, sizeof(*kept));
	size_t count = 0;

	while (vms[count])
		count++;
	*kept = *how;
	*r = (struct removal){ .q = q, .how = kept, .vms = vms };
	r->leaving = arena_alloc(q->arena, (count + 1) * sizeof(*r->leaving));
	for (size_t i = 0; i < count; i++)
		r->leaving[i] =
			(struct leaving){ .removal = r, .vm = vms[i], .directory = vm_directory(vms[i]) };
	return r;
}

int lifecycle_remove(struct vm *const *vms, const struct lifecycle_remove *how)
{
	struct removal *removal;

	if (!vms[0])
		return 0;
	removal = removal_of(vms, how);
	if (take_turns(removal) == 0 && check_request(removal) == 0 &&
	    steps_run(removal->q, removal_steps, removal) == 0)
		return removal->after;
	drop_turns(removal);
	return -1;
}
