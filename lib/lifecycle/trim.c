/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving back the room of deleted files in a template's root image: only a VM that mounts it knows which blocks
 * those are. That VM is in no store, and gone at the end.
 *
 * Of a run that was killed the domain and the directory are left. A note beside the store, made before both, says
 * whose they are, and the domain's UUID is always the same one: the next run takes both away.
 */
#include <errno.h>
#include <string.h>

#include "again.h"
#include "domainxml.h"
#include "error.h"
#include "helpers.h"
#include "images.h"
#include "internal.h"
#include "prop.h"
#include "util.h"
#include "vmm.h"

#define BASE "/var/lib/qubes"
#define NOTE BASE "/.trimming-%s"
#define PREFIX "trim-"
#define NAME_MOST ((int)(VM_NAME_MAX - strlen(PREFIX)))
#define DIGITS 9 /* "-89abcdef" */
#define TARGET "xvdi"
#define TRIM_SECONDS 3600
#define OFF_SECONDS 60

/* In the VM, as root. The image is not to be changed but for what it takes no room for any more. */
static const char command[] = "for i in $(seq 100); do [ -b /dev/" TARGET " ] && break; sleep 0.1; done; "
			      "mount -o ro /dev/" TARGET " /mnt && fstrim -v /mnt; "
			      "status=$?; umount /mnt; exit $status";

struct trimming {
	const struct vm *template; /* of the store */
	bool quiet;
	struct qubes own; /* what only this run sees */
	struct vm *vm;
	char *note;
	bool dropped; /* there were changes of its last run, and they cannot be taken back any more */
	bool left;    /* its domain could not be stopped, and may still use its files */
};

/* ---- the VM ---- */

/* FNV-1a: tells names apart that begin alike. */
static unsigned digest(const char *text)
{
	uint32_t sum = 2166136261;

	for (; *text; text++)
		sum = (sum ^ (unsigned char)*text) * 16777619;
	return sum;
}

/* A name that is too long for the prefix is cut: each template has a VM of its own. */
static const char *name_for(struct arena *arena, const struct vm *template)
{
	if (strlen(template->name) <= (size_t)NAME_MOST)
		return arena_printf(arena, PREFIX "%s", template->name);
	return arena_printf(arena, PREFIX "%.*s-%08x", NAME_MOST - DIGITS, template->name,
			    digest(template->name));
}

static int open_own(void *work)
{
	struct trimming *t = work;

	return again_open(t->template->qubes, false, &t->own);
}

static void close_own(void *work)
{
	struct trimming *t = work;

	again_close(&t->own);
}

static int add_vm(void *work)
{
	struct trimming *t = work;
	struct vm *template = again_vm(&t->own, t->template);

	if (!template)
		return error_set(ERROR_FAILED, "%s is not in the store any more", t->template->name);
	t->vm = vm_add(&t->own, vm_class_by_type("AppVM"), name_for(t->own.arena, template));
	if (!t->vm || !vm_derive_uuid(t->vm, template, "qvm-trim-template") ||
	    vm_set(t->vm, "label", "gray") != 0 || vm_set(t->vm, "internal", "True") != 0)
		return -1;
	return prop_initialise(t->vm, template) == 0 ? vm_set_reference(t->vm, "netvm", NULL) : -1;
}

/* ---- what a run that was killed has left ---- */

static int stop_vm(struct vm *vm)
{
	return stop_domain(vm) == 0 ? vmm_undefine(vm) : -1;
}

static int remove_files(const struct trimming *t)
{
	const struct root *root = t->own.root;

	if (root_exists(root, vm_directory(t->vm)) && images_remove(t->vm) != 0)
		return -1;
	return root_unlink(root, t->note) == 0 || errno == ENOENT ? 0 : error_errno("%s", t->note);
}

/* Its domain has another UUID, and its run may not be over: that is for a run with that template to see. */
static int refuse_others(const struct trimming *t, const char *template)
{
	return error_set(
		ERROR_FAILED,
		"%s belongs to the trimming of %s: wait for its end, or run qvm-trim-template %s, which "
		"takes away what is left of it",
		t->vm->name, template, template);
}

static int clear_leftovers(void *work)
{
	struct trimming *t = work;
	AUTO_FREE char *left = NULL;

	t->note = util_printf(NOTE, t->vm->name);
	left = root_readlink(t->own.root, t->note);
	if (!left)
		return 0;
	if (strcmp(left, t->template->name) != 0)
		return refuse_others(t, left);
	error_note("taking away what an interrupted run has left of %s", t->vm->name);
	return stop_vm(t->vm) == 0 ? remove_files(t) : -1;
}

/* ---- its files ---- */

static int make_note(void *work)
{
	struct trimming *t = work;

	if (root_exists(t->own.root, vm_directory(t->vm)))
		return error_set(ERROR_FAILED, "%s is there already", vm_directory(t->vm));
	if (root_symlink(t->own.root, t->template->name, t->note) == 0)
		return 0;
	return error_errno("cannot make %s", t->note);
}

/*
 * With the store's lock, as whoever makes a directory of a VM; finished at once, since no store is going to have it:
 * nobody may take it for one that is left over.
 */
static int make_files(void *work)
{
	struct trimming *t = work;
	struct qubes locked;
	int result;

	if (again_open(t->template->qubes, true, &locked) != 0)
		return -1;
	if (vm_name_taken(&locked, t->vm->name))
		result = error_set(ERROR_FAILED, "there is a VM %s", t->vm->name);
	else
		result = images_create(t->vm, vm_template(t->vm), true);
	if (result == 0)
		result = images_finish(t->vm);
	again_close(&locked);
	return result;
}

/* Also when they were not made: the note goes with them. Both stay for the next run if the domain does. */
static void unmake_files(void *work)
{
	struct trimming *t = work;

	if (!t->left && remove_files(t) != 0)
		error_note("%s is left behind: %s", vm_directory(t->vm), error_message());
}

/* ---- its run ---- */

static int boot(void *work)
{
	struct trimming *t = work;

	return lifecycle_start(t->vm, &(const struct lifecycle_start){ .quiet = true, .no_guid = true });
}

static void end(void *work)
{
	struct trimming *t = work;

	t->left = stop_vm(t->vm) != 0;
	if (t->left)
		error_note("%s is left as it is, for the next run to take away: %s", t->vm->name,
			   error_message());
	error_clear();
}

static int attach_image(void *work)
{
	struct trimming *t = work;
	const struct domainxml_disk disk = { .target = TARGET, .path = images_root(t->template) };
	const char *type = vmm_domain_type(&t->own);
	AUTO_FREE char *xml = type ? domainxml_of_disk(t->vm, type, &disk) : NULL;

	return xml ? vmm_attach(t->vm, xml) : -1;
}

/* They fit the image as it was, and a part of it may be trimmed whatever comes then. */
static int drop_changes(void *work)
{
	struct trimming *t = work;
	time_t when;

	t->dropped = images_find_changes(t->template, &when) == 0;
	error_clear();
	return images_drop_changes(t->template);
}

/* What it prints comes from the VM. */
static int run_trim(struct trimming *t)
{
	const struct helpers_command how = {
		.command = command,
		.user = "root",
		.input = "",
		.pass_io = true,
		.filter_escapes = true,
		.seconds = TRIM_SECONDS,
		.interruptible = true,
	};
	int status;

	if (!t->quiet)
		error_note("trimming %s in %s", images_root(t->template), t->vm->name);
	status = helpers_run(t->vm, &how);
	if (status < 0)
		return error_within("%s", t->vm->name);
	return status == 0 ? 0 :
			     error_set(ERROR_FAILED, "%s: fstrim failed (status %d)", t->vm->name, status);
}

static int trim(void *work)
{
	struct trimming *t = work;

	if (run_trim(t) == 0)
		return 0;
	return t->dropped ? error_within("what its last run changed cannot be taken back any more") : -1;
}

/* Unmounted cleanly, if it can be; what is left of it is destroyed. The image is trimmed in any case. */
static int shut_down(void *work)
{
	struct trimming *t = work;
	struct vm *vms[] = { t->vm, NULL };
	const struct lifecycle_wait how = { .seconds = OFF_SECONDS, .kill = true };

	if (lifecycle_shutdown(t->vm, false) != 0 || lifecycle_wait_off(vms, &how) != 0)
		error_note("%s is trimmed, but %s", t->template->name, error_message());
	error_clear();
	return 0;
}

/* ---- all of it ---- */

static int nothing(void *work)
{
	(void)work;
	return 0;
}

/* What takes back a step that may fail half-way stands before it. */
static const struct step trimming_steps[] = {
	{ .act = open_own, .undo = close_own },
	{ .act = add_vm },
	{ .act = clear_leftovers },
	{ .act = make_note, .undo = unmake_files },
	{ .act = make_files },
	{ .act = nothing, .undo = end },
	{ .act = boot },
	{ .act = attach_image },
	{ .act = drop_changes },
	{ .act = trim },
	{ .act = shut_down },
	{ .act = NULL },
};

static int run(struct trimming *t)
{
	sigset_t before;
	int result;

	util_hold_signals(&before);
	result = steps_run(t->template->qubes, trimming_steps, t);
	if (result == 0) {
		end(t);
		unmake_files(t);
		close_own(t);
	}
	util_release_signals(&before);
	util_free_at(&t->note);
	return result;
}

/* What disposable VMs start from; NULL: there is none, or it was no good before either. */
static const struct vm *base_to_renew(const struct vm *template)
{
	AUTO_FREE char *name = util_printf("%s-dvm", template->name);
	const struct vm *base =
		vm_name_taken(template->qubes, name) ? vm_by_name(template->qubes, name) : NULL;

	if (base && images_check_savefile(base) == 0)
		return base;
	error_clear();
	return NULL;
}

/* Once it is our turn nobody starts it. */
static int check_template(struct vm *template)
{
	struct vmm_info info;

	if (vmm_info_now(template, &info) != 0)
		return -1;
	if (info.power != VMM_HALTED)
		return error_set(ERROR_FAILED, "it is running");
	return images_check_epoch(template);
}

int lifecycle_trim(struct vm *template, bool quiet)
{
	struct trimming trimming = { .template = template, .quiet = quiet };
	const struct vm *base;
	AUTO_CLOSE int lock = -1;

	if (turn_wait(template, &lock) != 0 || check_template(template) != 0)
		return error_within("%s is not trimmed", template->name);
	base = base_to_renew(template); /* whoever had the turn before may have changed the image */
	if (run(&trimming) != 0)
		return error_within("%s is not trimmed", template->name);
	if (base && images_renew_savefile(base) != 0) {
		error_note("%s is to be saved again (qvm-create-default-dvm): %s", base->name,
			   error_message());
		error_clear();
	}
	return 0;
}
