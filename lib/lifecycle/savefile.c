/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The savefile that disposable VMs start from: an AppVM runs until its inside says that it is ready, is made
 * small, and saved.
 */
#include <poll.h>
#include <string.h>

#include "again.h"
#include "balancing.h"
#include "domainxml.h"
#include "error.h"
#include "helpers.h"
#include "images.h"
#include "internal.h"
#include "prop.h"
#include "qubesdb.h"
#include "util.h"
#include "vmm.h"

#define LEAST_MEMORY 400 /* MiB */
#define KIB_MOST (1ULL << 31)
#define MORE_KIB 1024	   /* that the domain may have beside what it uses */
#define READY_SECONDS 300  /* what its script does, too */
#define TICK 200	   /* ms between looks */
#define LOOKS_PER_SECOND 5 /* the hypervisor is asked once a second */

_Static_assert(QUBESDB_BASE64_SIZE(LIFECYCLE_SCRIPT_MOST) <= QUBESDB_VALUE_LIMIT, "a script fits a value");

struct saving {
	struct vm *vm;
	const struct lifecycle_savefile *how;
	const char *file;
	int xid;
	unsigned long long used; /* KiB */
	struct balancing balancing;
};

/* ---- its run ---- */

static int check_off(void *work)
{
	struct saving *saving = work;
	struct vmm_info info;

	if (vmm_info_now(saving->vm, &info) != 0)
		return -1;
	return info.power == VMM_HALTED ? 0 : error_set(ERROR_FAILED, "it is running already");
}

static int boot(void *work)
{
	struct saving *saving = work;
	const struct lifecycle_start how = { .quiet = saving->how->quiet, .dvm = true };
	struct vmm_info info;

	if (start_in_turn(saving->vm, &how) != 0 || vmm_info_now(saving->vm, &info) != 0)
		return -1;
	saving->xid = info.xid;
	return info.xid >= 0 ? 0 : error_set(ERROR_FAILED, "its domain has ended already");
}

static void note_failure(const struct saving *saving, int result)
{
	if (result != 0)
		error_note("%s: %s", saving->vm->name, error_message());
}

/* Also when its save has ended it: its daemons stay otherwise. */
static void end(void *work)
{
	struct saving *saving = work;
	struct vmm_info info;

	if (vmm_info_now(saving->vm, &info) != 0 || info.power != VMM_HALTED)
		note_failure(saving, vmm_destroy(saving->vm));
	note_failure(saving, helpers_gui_stop(saving->vm, saving->xid));
	note_failure(saving, helpers_qubesdb_stop(saving->vm));
}

static int ask(struct saving *saving, struct qubesdb *db)
{
	const struct lifecycle_savefile *how = saving->how;
	AUTO_FREE char *text = util_alloc(QUBESDB_BASE64_SIZE(how->length));

	qubesdb_encode((const unsigned char *)(how->script ? how->script : ""), how->length, text);
	if (how->script && qubesdb_write(db, "/qubes-save-script", text) != 0)
		return -1;
	return qubesdb_write(db, "/qubes-save-request", "1");
}

static int request(void *work)
{
	struct saving *saving = work;
	struct qubesdb *db = qubesdb_open(saving->vm->qubes, saving->vm->name);
	int result = db ? ask(saving, db) : -1;

	qubesdb_close(db);
	return result;
}

/* ---- what it uses ---- */

/* The VM says so; less than it says would only hurt itself, more would be the others' memory. */
static int take_answer(struct saving *saving, const char *text)
{
	long long most = 0;

	if (!util_parse_decimal(text, KIB_MOST, &saving->used) || saving->used == 0)
		return error_set(ERROR_FAILED, "it says that it uses '%.20s' KiB of memory", text);
	if (prop_number(saving->vm, "maxmem", &most) != 0)
		return -1;
	if (saving->used <= (unsigned long long)most * 1024)
		return 0;
	return error_set(ERROR_FAILED, "it says that it uses %llu KiB of memory, and may have %lld MiB",
			 saving->used, most);
}

/* 1: it has answered; 0: not yet; -1 with an error. */
static int look(struct saving *saving, struct qubesdb *db)
{
	AUTO_FREE char *text = NULL;
	int found = qubesdb_read(db, "/qubes-used-mem", &text);

	if (found <= 0)
		return found;
	return take_answer(saving, text) == 0 ? 1 : -1;
}

static int check_alive(const struct saving *saving)
{
	struct vmm_info info;

	if (vmm_info_now(saving->vm, &info) != 0)
		return -1;
	return info.power != VMM_HALTED ? 0 : error_set(ERROR_FAILED, "it has ended before it was ready");
}

static int wait_for_answer(struct saving *saving, struct qubesdb *db)
{
	for (int looks = 0; looks < READY_SECONDS * LOOKS_PER_SECOND; looks++) {
		int found = look(saving, db);

		if (found != 0)
			return found > 0 ? 0 : -1;
		if (util_interrupted() != 0)
			return -1;
		if (looks % LOOKS_PER_SECOND == 0 && check_alive(saving) != 0)
			return -1;
		poll(NULL, 0, TICK);
	}
	return error_set(ERROR_FAILED, "it was not ready within %d s", READY_SECONDS);
}

static int wait_until_ready(void *work)
{
	struct saving *saving = work;
	struct qubesdb *db = qubesdb_open(saving->vm->qubes, saving->vm->name);
	int result = db ? wait_for_answer(saving, db) : -1;

	qubesdb_close(db);
	return result;
}

/* ---- making it small ---- */

/* Disposable VMs have no private image, so neither may what they are restored from. */
static int take_private_image(void *work)
{
	struct saving *saving = work;
	struct vm *vm = saving->vm;
	const struct domainxml_disk disk = { .target = "xvdb", .path = images_private(vm) };
	const char *type = vmm_domain_type(vm->qubes);
	AUTO_FREE char *xml = type ? domainxml_of_disk(vm, type, &disk) : NULL;

	return xml ? vmm_detach(vm, xml) : -1;
}

static int stop_gui(void *work)
{
	struct saving *saving = work;

	return helpers_gui_stop(saving->vm, saving->xid);
}

static int stop_balancing(void *work)
{
	struct saving *saving = work;

	return balancing_stop(saving->vm->qubes->root, &saving->balancing);
}

static void go_on_balancing(void *work)
{
	struct saving *saving = work;

	balancing_resume(&saving->balancing);
}

static int shrink(void *work)
{
	struct saving *saving = work;

	return vmm_set_memory(saving->vm, saving->used, saving->used + MORE_KIB);
}

static int stop_qubesdb(void *work)
{
	struct saving *saving = work;

	return helpers_qubesdb_stop(saving->vm);
}

/* ---- the files ---- */

static int begin_file(void *work)
{
	struct saving *saving = work;

	saving->file = images_begin_savefile(saving->vm);
	return saving->file ? 0 : -1;
}

static void drop_files(void *work)
{
	struct saving *saving = work;

	images_drop_savefile(saving->vm);
}

static int save(void *work)
{
	struct saving *saving = work;
	AUTO_FREE char *file = root_host_path(saving->vm->qubes->root, saving->file);

	if (!saving->how->quiet)
		error_note("saving %s with %llu MiB of memory", saving->vm->name, saving->used / 1024);
	return vmm_save(saving->vm, file);
}

static int resume_balancing(void *work)
{
	go_on_balancing(work);
	return 0;
}

static int pack_cows(void *work)
{
	struct saving *saving = work;

	return images_pack_cows(saving->vm);
}

static int note(const struct saving *saving, const char *file, const char *text)
{
	const struct root *root = saving->vm->qubes->root;
	const char *path = vm_path(saving->vm, file);

	if (root_write(root, path, text, strlen(text), IMAGES_MODE) != 0)
		return -1;
	root_chgrp_qubes(root, path);
	return 0;
}

/* The third part of the addresses that it had; without a network nothing. Others look at it. */
static int note_network(void *work)
{
	struct saving *saving = work;
	const struct vm *netvm = vm_netvm(saving->vm);
	AUTO_FREE char *text = netvm ? util_printf("%d", vm_netid(netvm)) : util_strdup("");

	return note(saving, SAVED_NETWORK, text);
}

/* The configuration has that of the last start, which may be one for another reason. */
static int note_kernel(void *work)
{
	struct saving *saving = work;
	const char *kernel = base_kernel(saving->vm);

	return note(saving, SAVED_KERNEL, kernel ? kernel : "");
}

/* ---- the store: a disposable VM has the memory that its savefile needs ---- */

static int store_memory(struct qubes *again, const struct saving *saving)
{
	struct vm *vm = again_vm(again, saving->vm);
	unsigned long long mib = saving->used / 1024;
	AUTO_FREE char *text = util_printf("%llu", mib > LEAST_MEMORY ? mib : LEAST_MEMORY);

	if (!vm || prop_set(vm, prop_find(vm->qubes, "memory"), text) != 0)
		return -1;
	return qubes_commit(again);
}

static int set_memory(void *work)
{
	struct saving *saving = work;
	struct qubes again;
	int result;

	if (again_open(saving->vm->qubes, true, &again) != 0)
		return -1;
	result = store_memory(&again, saving);
	again_close(&again);
	return result;
}

static int keep_files(void *work)
{
	struct saving *saving = work;

	return images_keep_savefile(saving->vm);
}

static int make_default(void *work)
{
	struct saving *saving = work;

	return images_default_savefile(saving->vm);
}

/* ---- the sequence ---- */

static const struct step saving_steps[] = {
	{ .act = begin_file, .undo = drop_files },
	/* What takes back the next step stands here, for that may fail with the domain running. */
	{ .act = check_off, .undo = end },
	{ .act = boot },
	{ .act = request },
	{ .act = wait_until_ready },
	{ .act = stop_gui },
	{ .act = take_private_image },
	{ .act = stop_balancing, .undo = go_on_balancing },
	{ .act = shrink },
	{ .act = stop_qubesdb },
	{ .act = save },
	{ .act = resume_balancing },
	{ .act = pack_cows },
	{ .act = set_memory },
	{ .act = note_network },
	{ .act = note_kernel },
	{ .act = keep_files },
	{ .act = make_default },
	{ .act = NULL },
};

/* Nobody else could tell it to get ready. */
static int check_host(struct vm *vm)
{
	const struct helpers_how how = { .quiet = true, .no_gui = true, .dvm = true };
	struct helpers helpers;

	if (helpers_check(vm, &how, &helpers) != 0)
		return -1;
	return helpers.qubesdb ?
		       0 :
		       error_set(ERROR_FAILED, "it cannot be told to get ready: this host has no QubesDB");
}

static int run(struct saving *saving)
{
	AUTO_CLOSE int lock = -1;

	if (base_check_kind(saving->vm) != 0 || check_host(saving->vm) != 0 ||
	    turn_wait(saving->vm, &lock) != 0)
		return -1;
	return steps_run(saving->vm->qubes, saving_steps, saving);
}

int lifecycle_make_savefile(struct vm *vm, const struct lifecycle_savefile *how)
{
	struct saving saving = { .vm = vm, .how = how, .balancing = { .mark = -1 } };

	return run(&saving) == 0 ? 0 : error_within("%s", vm->name);
}
