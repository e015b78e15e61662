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
};

/* ---- the VM ---- */

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
	struct vm *template = vm_by_qid(&t->own, t->template->qid);
	const char *name = arena_printf(t->own.arena, PREFIX "%.*s", (int)(VM_NAME_MAX - strlen(PREFIX)),
					t->template->name);

	if (!template || strcmp(template->name, t->template->name) != 0)
		return error_set(ERROR_FAILED, "%s is not in the store any more", t->template->name);
	t->vm = vm_add(&t->own, vm_class_by_type("AppVM"), name);
	if (!t->vm || !vm_derive_uuid(t->vm, template, "qvm-trim-template") ||
	    vm_set(t->vm, "label", "gray") != 0 || vm_set(t->vm, "internal", "True") != 0)
		return -1;
	return prop_initialise(t->vm, template) == 0 ? vm_set_reference(t->vm, "netvm", NULL) : -1;
}

/* ---- what a run that was killed has left ---- */

static int stop_vm(struct vm *vm)
{
	struct vmm_info info;

	if (vmm_info_now(vm, &info) != 0)
		return -1;
	if (info.power != VMM_HALTED && vmm_destroy(vm) != 0 && error_kind() != ERROR_NOT_FOUND)
		return -1;
	if (helpers_qubesdb_stop(vm) != 0)
		return -1;
	return vmm_undefine(vm);
}

static int remove_files(const struct trimming *t)
{
	const struct root *root = t->own.root;

	if (root_exists(root, vm_directory(t->vm)) && images_remove(t->vm) != 0)
		return -1;
	return root_unlink(root, t->note) == 0 || errno == ENOENT ? 0 : error_errno("%s", t->note);
}

static int clear_leftovers(void *work)
{
	struct trimming *t = work;
	AUTO_FREE char *left = NULL;

	t->note = util_printf(NOTE, t->vm->name);
	left = root_readlink(t->own.root, t->note);
	if (!left)
		return 0;
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

static int make_files(void *work)
{
	struct trimming *t = work;

	return images_create(t->vm, vm_template(t->vm), true);
}

/* Also when they were not made: the note goes with them. */
static void unmake_files(void *work)
{
	struct trimming *t = work;

	if (remove_files(t) != 0)
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

	if (stop_vm(t->vm) != 0)
		error_note("%s is left as it is: %s", t->vm->name, error_message());
}

/* They fit the image as it was. */
static int drop_changes(void *work)
{
	struct trimming *t = work;

	return images_drop_changes(t->template);
}

static int attach_image(void *work)
{
	struct trimming *t = work;
	const struct domainxml_disk disk = { .target = TARGET, .path = images_root(t->template) };
	const char *type = vmm_domain_type(&t->own);
	AUTO_FREE char *xml = type ? domainxml_of_disk(t->vm, type, &disk) : NULL;

	return xml ? vmm_attach(t->vm, xml) : -1;
}

/* What it prints comes from the VM. */
static int trim(void *work)
{
	struct trimming *t = work;
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

/* Unmounted cleanly, if it can be; what is left of it is destroyed. */
static int shut_down(void *work)
{
	struct trimming *t = work;
	struct vm *vms[] = { t->vm, NULL };
	const struct lifecycle_wait how = { .seconds = OFF_SECONDS, .kill = true };

	return lifecycle_shutdown(t->vm, false) == 0 ? lifecycle_wait_off(vms, &how) : -1;
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
	{ .act = drop_changes },
	{ .act = attach_image },
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
	const struct vm *base = base_to_renew(template);
	AUTO_CLOSE int lock = -1;

	if (turn_wait(template, &lock) != 0 || check_template(template) != 0 || run(&trimming) != 0)
		return error_within("%s is not trimmed", template->name);
	if (base && images_renew_savefile(base) != 0) {
		error_note("%s is to be saved again (qvm-create-default-dvm): %s", base->name,
			   error_message());
		error_clear();
	}
	return 0;
}
