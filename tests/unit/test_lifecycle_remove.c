/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle: removing VMs, all of those that were named or none.
 */
#include "lifecycle_world.h"

#include <signal.h>

static const struct lifecycle_remove quietly = { .quiet = true };
static const struct lifecycle_remove by_force = { .quiet = true, .force = true };
static const struct lifecycle_remove just_entry = { .quiet = true, .just_entry = true };

/* Up to three of them. */
static struct vm **these(struct world *w, const char *first, const char *second, const char *third)
{
	const char *names[] = { first, second, third };
	struct vm **vms = arena_alloc(w->q.arena, (ARRAY_SIZE(names) + 1) * sizeof(struct vm *));

	for (size_t i = 0; i < ARRAY_SIZE(names) && names[i]; i++)
		vms[i] = the(w, names[i]);
	return vms;
}

static int remove_one(struct world *w, const char *name, const struct lifecycle_remove *how)
{
	return lifecycle_remove(these(w, name, NULL, NULL), how);
}

static void assert_defined(struct world *w, const char *name, bool defined)
{
	struct vmm_info info;

	assert_int_equal(vmm_info_now(the(w, name), &info), 0);
	assert_int_equal(info.defined, defined);
}

/* ---- what goes ---- */

static void removal_takes_entry_files_and_link(void **state)
{
	struct world *w = *state;

	assert_int_equal(root_mkdirs(w->q.root, WANTS, 0755), 0);
	assert_int_equal(root_symlink(w->q.root, "/unit", WANTS "/qubes-vm@work.service"), 0);
	assert_int_equal(remove_one(w, "work", &quietly), 0);
	assert_false(is_there(w, BASE "/appvms/work"));
	assert_false(is_there(w, WANTS "/qubes-vm@work.service"));
	reopen_world(w, NULL);
	assert_false(vm_name_taken(&w->q, "work"));
}

static void removal_takes_the_domain(void **state)
{
	struct world *w = *state;
	struct vm *work = the(w, "work");
	struct vmm_info info;

	assert_int_equal(define_domain(work), 0);
	assert_int_equal(remove_one(w, "work", &quietly), 0);
	/* Without its entry it would be known by its name. */
	assert_int_equal(vmm_info_now(work, &info), 0);
	assert_false(info.defined);
}

static void a_domain_that_is_gone_already_is_fine(void **state)
{
	struct world *w = *state;

	assert_int_equal(remove_one(w, "work", &quietly), 0);
	assert_false(is_there(w, BASE "/appvms/work"));
}

static void files_are_kept_on_demand(void **state)
{
	struct world *w = *state;

	assert_int_equal(remove_one(w, "work", &just_entry), 0);
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	reopen_world(w, NULL);
	assert_false(vm_name_taken(&w->q, "work"));
}

static void missing_files_are_no_failure(void **state)
{
	struct world *w = *state;

	assert_int_equal(root_remove_tree(w->q.root, BASE "/appvms/work"), 0);
	assert_int_equal(remove_one(w, "work", &quietly), 0);
	reopen_world(w, NULL);
	assert_false(vm_name_taken(&w->q, "work"));
}

/* The entry is gone by then, and the message says what to do. */
static void files_that_cannot_be_deleted_are_a_failure(void **state)
{
	struct world *w = *state;

	assert_int_equal(root_rename(w->q.root, BASE "/appvms/work", BASE "/appvms/real", false), 0);
	assert_int_equal(root_symlink(w->q.root, "real", BASE "/appvms/work"), 0);
	assert_int_equal(remove_one(w, "work", &quietly), -1);
	assert_int_equal(error_kind(), ERROR_SAID);
	assert_true(is_there(w, BASE "/appvms/real/private.img"));
	reopen_world(w, NULL);
	assert_false(vm_name_taken(&w->q, "work"));
}

static void a_directory_elsewhere_is_left_alone(void **state)
{
	struct world *w = *state;

	/* The place of its class is there too, though it is not what the VM has. */
	make_vm_files(w, "elsewhere");
	assert_int_equal(vm_set(the(w, "work"), "dir_path", BASE "/elsewhere"), 0);
	assert_int_equal(remove_one(w, "work", &quietly), -1);
	assert_true(is_there(w, BASE "/elsewhere/private.img"));
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
}

static void a_directory_of_two_is_kept(void **state)
{
	struct world *w = *state;

	assert_int_equal(vm_set(the(w, "odd"), "dir_path", BASE "/appvms/work/"), 0);
	assert_int_equal(remove_one(w, "work", &quietly), -1);
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
}

/* ---- who refers to it ---- */

static void what_others_use_stays(void **state)
{
	struct world *w = *state;

	assert_int_equal(remove_one(w, "tpl", &by_force), -1);
	assert_error("tpl is not removed: VMs are based on it: net, fw, work, ");
	assert_int_equal(remove_one(w, "fw", &quietly), -1);
	assert_error("VMs get their network from it: tpl, work, lost, odd, "); /* most follow the default */
	assert_int_equal(remove_one(w, "ring1", &quietly), -1);
	assert_error("from it: ring2, ringed");
	assert_int_equal(vm_set_reference(the(w, "lost"), "dispvm_netvm", the(w, "ring2")), 0);
	assert_int_equal(lifecycle_remove(these(w, "ring1", "ring2", "ringed"), &quietly), -1);
	assert_error("ring2 is not removed: VMs get their network from it: lost");
	assert_store_unchanged(w);
}

static void users_can_go_along(void **state)
{
	struct world *w = *state;

	make_vm_files(w, "servicevms/ring1");
	assert_int_equal(lifecycle_remove(these(w, "ring1", "ringed", "ring2"), &quietly), 0);
	assert_false(is_there(w, BASE "/servicevms/ring1"));
	reopen_world(w, NULL);
	assert_false(vm_name_taken(&w->q, "ring1") || vm_name_taken(&w->q, "ring2") ||
		     vm_name_taken(&w->q, "ringed"));
}

/* A qid is given again, and must not be found in the references of others then. */
static void forced_removal_leaves_no_reference(void **state)
{
	struct world *w = *state;
	struct layout_reference reference;

	assert_int_equal(vm_set_reference(the(w, "work"), "dispvm_netvm", the(w, "fw")), 0);
	assert_int_equal(remove_one(w, "fw", &by_force), 0);
	reopen_world(w, NULL);
	assert_null(vm_global(&w->q, "default_netvm"));
	assert_null(vm_netvm(the(w, "work")));
	assert_true(vm_netvm_follows(the(w, "work")));
	assert_false(vm_dispvm_netvm_follows(the(w, "work")));
	reference = w->q.layout->get_reference(the(w, "work")->node, "dispvm_netvm");
	assert_int_equal(reference.kind, LAYOUT_NO_VM);
}

static void a_package_keeps_its_vm(void **state)
{
	struct world *w = *state;

	assert_int_equal(remove_one(w, "packed", &by_force), -1);
	assert_error("package");
	assert_store_unchanged(w);
	assert_int_equal(remove_one(w, "packed", &just_entry), 0);
}

static void the_host_stays(void **state)
{
	struct world *w = *state;

	assert_int_equal(remove_one(w, "dom0", &by_force), -1);
	assert_error("dom0 is not removed");
	assert_int_equal(remove_one(w, "dom0", &just_entry), -1);
	assert_error("dom0 is not removed");
}

/* ---- all or nothing ---- */

static void what_runs_stays_and_so_do_the_others(void **state)
{
	struct world *w = *state;
	const struct lifecycle_start how = { .quiet = true };

	assert_int_equal(define_domain(the(w, "net")), 0);
	assert_int_equal(vm_set_reference(the(w, "work"), "netvm", NULL), 0);
	assert_int_equal(lifecycle_start(the(w, "work"), &how), 0);
	assert_int_equal(lifecycle_remove(these(w, "odd", "work", NULL), &by_force), -1);
	assert_error("work is not removed: it is running");
	assert_int_equal(remove_one(w, "work", &just_entry), -1);
	assert_error("work is not removed: it is running");
	assert_true(vm_name_taken(&w->q, "odd"));
	assert_power(w, "work", VMM_RUNNING);
	assert_store_unchanged(w);
}

static int refuse(struct vm *const *vms, void *context)
{
	struct world *w = context;

	assert_ptr_equal(vms[0], the(w, "work"));
	return error_set(ERROR_FAILED, "no");
}

static void whoever_is_asked_may_say_no(void **state)
{
	struct world *w = *state;
	const struct lifecycle_remove asking = { .quiet = true, .confirm = refuse, .context = w };

	assert_int_equal(define_domain(the(w, "work")), 0);
	assert_int_equal(remove_one(w, "work", &asking), -1);
	assert_error("no");
	assert_defined(w, "work", true);
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_store_unchanged(w);
}

static void domains_come_back_when_the_save_fails(void **state)
{
	struct world *w = *state;

	assert_int_equal(define_domain(the(w, "work")), 0);
	store_forbid_writing(w->q.store, "a test");
	assert_int_equal(lifecycle_remove(these(w, "work", "packed", NULL), &just_entry), -1);
	assert_error("a test");
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_store_unchanged(w);
	/* As this process has lost the entry, another look: the driver forgets nothing within one. */
	vms_free(w->q.vms);
	store_close(w->q.store);
	w->q.store = store_open(w->q.root, STORE_PATH, true);
	assert_int_equal(vms_load(&w->q), 0);
	assert_defined(w, "work", true);
}

/* A later command of the batch failed: what this one did outside of the store is taken back. */
static void domains_come_back_when_the_batch_fails(void **state)
{
	struct world *w = *state;
	struct vm *work = the(w, "work");
	struct vmm_info info;

	w->q.batch = true;
	assert_int_equal(define_domain(work), 0);
	assert_int_equal(remove_one(w, "work", &quietly), 0);
	assert_int_equal(vmm_info_now(work, &info), 0);
	assert_false(info.defined);
	pending_take_back(&w->q);
	assert_int_equal(vmm_info_now(work, &info), 0);
	assert_true(info.defined);
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_store_unchanged(w);
}

static void nothing_is_touched_in_a_dry_run(void **state)
{
	struct world *w = *state;
	struct vm *work = the(w, "work");
	struct vmm_info info;

	w->q.batch = w->q.dry_run = true;
	assert_int_equal(define_domain(work), 0);
	assert_int_equal(remove_one(w, "work", &quietly), 0);
	assert_false(vm_name_taken(&w->q, "work"));
	assert_int_equal(vmm_info_now(work, &info), 0);
	assert_true(info.defined);
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
}

static void an_interruption_comes_before_anything_is_done(void **state)
{
	struct world *w = *state;
	struct sigaction action = { .sa_handler = SIG_DFL }, before;
	sigset_t held, mask;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaction(SIGTERM, &action, &before);
	sigprocmask(SIG_BLOCK, &held, &mask);
	raise(SIGTERM);
	assert_int_equal(remove_one(w, "work", &quietly), -1);
	sigwaitinfo(&held, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGTERM, &before, NULL);
	assert_error("interrupted");
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_store_unchanged(w);
}

/* ---- without a hypervisor ---- */

/* Whether it runs is not known: its files may be in use. But an entry does no harm by going. */
static void files_stay_when_the_hypervisor_is_not_there(void **state)
{
	struct world *w = *state;

	reopen_world(w, "test:///nowhere/node.xml");
	assert_int_equal(remove_one(w, "work", &by_force), -1);
	assert_int_equal(error_kind(), ERROR_VMM);
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_store_unchanged(w);
	assert_int_equal(remove_one(w, "work", &just_entry), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFLINE(removal_takes_entry_files_and_link),
		ONLINE(removal_takes_the_domain),
		ONLINE(a_domain_that_is_gone_already_is_fine),
		OFFLINE(files_are_kept_on_demand),
		OFFLINE(missing_files_are_no_failure),
		OFFLINE(files_that_cannot_be_deleted_are_a_failure),
		OFFLINE(a_directory_elsewhere_is_left_alone),
		OFFLINE(a_directory_of_two_is_kept),
		OFFLINE(what_others_use_stays),
		OFFLINE(users_can_go_along),
		OFFLINE(forced_removal_leaves_no_reference),
		OFFLINE(a_package_keeps_its_vm),
		OFFLINE(the_host_stays),
		ONLINE(what_runs_stays_and_so_do_the_others),
		ONLINE(whoever_is_asked_may_say_no),
		ONLINE(domains_come_back_when_the_save_fails),
		ONLINE(domains_come_back_when_the_batch_fails),
		ONLINE(nothing_is_touched_in_a_dry_run),
		OFFLINE(an_interruption_comes_before_anything_is_done),
		OFFLINE(files_stay_when_the_hypervisor_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
