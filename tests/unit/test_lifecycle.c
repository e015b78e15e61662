/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle: making and renaming VMs, all or nothing.
 */
#include "lifecycle_world.h"

#include <signal.h>

/* ---- sequences ---- */

static char trace[64];

static int note_act(const char *what)
{
	strncat(trace, what, sizeof(trace) - strlen(trace) - 1);
	return 0;
}

static int act_a(void *unused)
{
	(void)unused;
	return note_act("a");
}

static int act_b(void *unused)
{
	(void)unused;
	return note_act("b");
}

static int act_c(void *unused)
{
	(void)unused;
	return error_set(ERROR_FAILED, "c broke");
}

static void undo_a(void *unused)
{
	(void)unused;
	note_act("A");
}

static void undo_b(void *unused)
{
	(void)unused;
	note_act("B");
	error_set(ERROR_FAILED, "undoing b broke");
}

static const struct step failing_steps[] = {
	{ .act = act_a, .undo = undo_a },
	{ .act = act_b, .undo = undo_b },
	{ .act = act_c, .undo = undo_a },
	{ .act = NULL },
};

static void steps_are_undone_in_reverse(void **state)
{
	struct qubes q = { 0 };

	(void)state;
	trace[0] = '\0';
	assert_int_equal(steps_run(&q, failing_steps, NULL), -1);
	assert_string_equal(trace, "abBA");
	assert_string_equal(error_message(), "c broke");
	error_clear();
}

static const struct step good_steps[] = {
	{ .act = act_a, .undo = undo_a },
	{ .act = act_b, .undo = undo_b, .outside = true },
	{ .act = NULL },
};

static void in_a_batch_they_can_be_undone_later(void **state)
{
	struct world *w = *state;

	trace[0] = '\0';
	w->q.batch = true;
	assert_int_equal(steps_run(&w->q, good_steps, NULL), 0);
	assert_string_equal(trace, "ab");
	pending_take_back(&w->q);
	assert_string_equal(trace, "abBA");
	pending_take_back(&w->q);
	assert_string_equal(trace, "abBA");
	error_clear();
}

static void a_dry_run_leaves_out_what_is_outside_the_store(void **state)
{
	struct world *w = *state;

	trace[0] = '\0';
	w->q.batch = w->q.dry_run = true;
	assert_int_equal(steps_run(&w->q, good_steps, NULL), 0);
	pending_take_back(&w->q);
	assert_string_equal(trace, "aA");
}

/* ---- create ---- */

static struct lifecycle_new an_appvm(struct world *w, const char *name)
{
	return (struct lifecycle_new){
		.class = vm_class_by_type("AppVM"),
		.name = name,
		.label = "green",
		.template = the(w, "tpl"),
		.with_images = true,
		.quiet = true,
	};
}

static void assert_nothing_made(struct world *w, const char *name)
{
	AUTO_FREE char *directory = util_printf(BASE "/appvms/%s", name);

	assert_false(is_there(w, directory));
	assert_false(vm_name_taken(&w->q, name));
	assert_store_unchanged(w);
}

static void create_makes_entry_files_and_uuid(void **state)
{
	struct world *w = *state;
	const struct lifecycle_new what = an_appvm(w, "new");

	assert_int_equal(lifecycle_create(&w->q, &what), 0);
	assert_true(is_there(w, BASE "/appvms/new/private.img"));
	reopen_world(w, NULL);
	assert_string_equal(vm_get(the(w, "new"), "label").text, "green");
	assert_ptr_equal(vm_template(the(w, "new")), the(w, "tpl"));
	assert_non_null(vm_uuid(the(w, "new")));
	assert_ptr_equal(vm_netvm(the(w, "new")), the(w, "fw"));
}

static void create_defines_the_domain_when_online(void **state)
{
	struct world *w = *state;
	const struct lifecycle_new what = an_appvm(w, "new");
	struct vmm_info info;

	assert_int_equal(lifecycle_create(&w->q, &what), 0);
	assert_int_equal(vmm_info_now(the(w, "new"), &info), 0);
	assert_true(info.defined);
	assert_int_equal(info.power, VMM_HALTED);
	assert_true(is_there(w, BASE "/appvms/new/new.conf"));
}

static void create_without_hypervisor_makes_nothing(void **state)
{
	struct world *w = *state;
	struct lifecycle_new what;

	reopen_world(w, "test:///nowhere/node.xml");
	what = an_appvm(w, "new");
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_int_equal(error_kind(), ERROR_VMM);
	assert_nothing_made(w, "new");
}

static void create_refuses_bad_requests(void **state)
{
	struct world *w = *state;
	struct lifecycle_new what = an_appvm(w, "no/name");

	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error("no name");
	what.name = "work";
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error("already");
	what.name = "new";
	what.template = the(w, "net");
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error("not a template");
	what.template = the(w, "wintpl");
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error("cannot be based on");
	what.template = NULL;
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error("needs a template");
	assert_nothing_made(w, "new");
}

static int refuse(struct vm *vm, void *context)
{
	struct world *w = context;

	assert_false(is_there(w, vm_directory(vm)));
	return error_set(ERROR_FAILED, "not like this");
}

static void create_makes_no_files_when_a_property_is_refused(void **state)
{
	struct world *w = *state;
	struct lifecycle_new what = an_appvm(w, "new");

	what.set = refuse;
	what.context = w;
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error("not like this");
	assert_nothing_made(w, "new");
}

static void create_leaves_nothing_when_the_save_fails(void **state)
{
	struct world *w = *state;
	const struct lifecycle_new what = an_appvm(w, "new");

	store_forbid_writing(w->q.store, "a test");
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error("a test");
	assert_nothing_made(w, "new");
}

static void ignore(int number)
{
	(void)number;
}

/* Ctrl-C while the images are made comes into effect after they are gone again. */
static void create_leaves_nothing_when_interrupted(void **state)
{
	struct world *w = *state;
	const struct lifecycle_new what = an_appvm(w, "new");
	struct sigaction action = { .sa_handler = ignore }, before;
	sigset_t held, mask;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaction(SIGTERM, &action, &before);
	sigprocmask(SIG_BLOCK, &held, &mask);
	raise(SIGTERM);
	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGTERM, &before, NULL);
	assert_error("interrupted");
	assert_nothing_made(w, "new");
}

/* Globals that are unset name the first VM that can be them (store.md 9). */
static void the_first_of_a_kind_becomes_the_global(void **state)
{
	struct world *w = *state;
	struct lifecycle_new what = an_appvm(w, "new");

	/* Absent, it is the end of the default chain. */
	assert_ptr_equal(vm_global(&w->q, "clockvm"), the(w, "net"));
	assert_null(vm_global(&w->q, "updatevm"));
	what.class = vm_class_by_type("ProxyVM");
	assert_int_equal(lifecycle_create(&w->q, &what), 0);
	reopen_world(w, NULL);
	assert_ptr_equal(vm_global(&w->q, "updatevm"), the(w, "new"));
	assert_ptr_equal(vm_global(&w->q, "default_fw_netvm"), the(w, "new"));
	assert_ptr_equal(vm_global(&w->q, "default_netvm"), the(w, "fw"));
	assert_ptr_equal(vm_global(&w->q, "clockvm"), the(w, "net"));
}

static void registering_needs_the_files_and_makes_none(void **state)
{
	struct world *w = *state;
	const struct lifecycle_new what = {
		.class = vm_class_by_type("TemplateVM"),
		.name = "other",
		.installed_by_rpm = true,
		.directory = BASE "/elsewhere",
	};

	assert_int_equal(lifecycle_create(&w->q, &what), -1);
	assert_error(BASE "/elsewhere");
	assert_nothing_made(w, "other");
	make_vm_files(w, "elsewhere");
	make_file(w, BASE "/elsewhere/root.img");
	assert_int_equal(lifecycle_create(&w->q, &what), 0);
	reopen_world(w, NULL);
	assert_null(vm_uuid(the(w, "other")));
	assert_string_equal(vm_directory(the(w, "other")), BASE "/elsewhere");
	assert_string_equal(vm_get(the(w, "other"), "include_in_backups").text, "False");
	assert_false(is_there(w, BASE "/elsewhere/volatile.img"));
}

/* ---- rename ---- */

static void assert_renamed(struct world *w, const char *name, const char *other)
{
	AUTO_FREE char *conf = util_printf(BASE "/appvms/%s/%s.conf", name, name);
	AUTO_FREE char *link = util_printf(WANTS "/qubes-vm@%s.service", name);
	AUTO_FREE char *old_link = util_printf(WANTS "/qubes-vm@%s.service", other);
	AUTO_FREE char *old = util_printf(BASE "/appvms/%s", other);
	AUTO_FREE char *file = util_printf("%s.conf", name);

	assert_true(is_there(w, conf) && is_there(w, link));
	assert_false(is_there(w, old) || is_there(w, old_link));
	assert_false(vm_name_taken(&w->q, other));
	assert_string_equal(vm_get(the(w, name), "conf_file").text, file);
	assert_string_equal(vm_uuid(the(w, name)), UUID("04"));
}

static void make_autostart(struct world *w)
{
	make_file(w, BASE "/appvms/work/work.conf");
	assert_int_equal(root_mkdirs(w->q.root, WANTS, 0755), 0);
	assert_int_equal(root_symlink(w->q.root, "/usr/lib/systemd/system/qubes-vm@.service",
				      WANTS "/qubes-vm@work.service"),
			 0);
}

static void rename_moves_all_that_bears_the_name(void **state)
{
	struct world *w = *state;

	make_autostart(w);
	assert_int_equal(lifecycle_rename(the(w, "work"), "play"), 0);
	reopen_world(w, NULL);
	assert_renamed(w, "play", "work");
	assert_string_equal(vm_directory(the(w, "play")), BASE "/appvms/play");
}

static void rename_is_taken_back_when_the_save_fails(void **state)
{
	struct world *w = *state;

	make_autostart(w);
	store_forbid_writing(w->q.store, "a test");
	assert_int_equal(lifecycle_rename(the(w, "work"), "play"), -1);
	assert_error("a test");
	assert_renamed(w, "work", "play");
	assert_string_equal(vm_directory(the(w, "work")), BASE "/appvms/work");
	assert_store_unchanged(w);
}

static void rename_refuses_what_would_be_lost(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_rename(the(w, "work"), "fw"), -1);
	assert_error("already");
	assert_int_equal(lifecycle_rename(the(w, "work"), "none"), -1);
	assert_error("reserved");
	assert_int_equal(lifecycle_rename(the(w, "packed"), "play"), -1);
	assert_error("package");
	assert_int_equal(lifecycle_rename(the(w, "dom0"), "play"), -1);
	assert_error("cannot be renamed");
	make_vm_files(w, "appvms/play"); /* somebody's, though no VM's */
	assert_int_equal(lifecycle_rename(the(w, "work"), "play"), -1);
	assert_error(BASE "/appvms/play");
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_store_unchanged(w);
}

static void rename_gives_the_domain_its_new_name(void **state)
{
	struct world *w = *state;
	const struct lifecycle_start quietly = { .quiet = true };
	struct vmm_info info;

	assert_int_equal(define_domain(the(w, "work")), 0);
	assert_int_equal(lifecycle_rename(the(w, "work"), "play"), 0);
	assert_int_equal(vmm_info_now(the(w, "play"), &info), 0);
	assert_true(info.defined);
	assert_int_equal(lifecycle_start(the(w, "play"), &quietly), 0);
	assert_power(w, "play", VMM_RUNNING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_are_undone_in_reverse),
		OFFLINE(in_a_batch_they_can_be_undone_later),
		OFFLINE(a_dry_run_leaves_out_what_is_outside_the_store),
		OFFLINE(create_makes_entry_files_and_uuid),
		ONLINE(create_defines_the_domain_when_online),
		OFFLINE(create_without_hypervisor_makes_nothing),
		OFFLINE(create_refuses_bad_requests),
		OFFLINE(create_makes_no_files_when_a_property_is_refused),
		OFFLINE(create_leaves_nothing_when_the_save_fails),
		OFFLINE(create_leaves_nothing_when_interrupted),
		OFFLINE(the_first_of_a_kind_becomes_the_global),
		OFFLINE(registering_needs_the_files_and_makes_none),
		OFFLINE(rename_moves_all_that_bears_the_name),
		OFFLINE(rename_is_taken_back_when_the_save_fails),
		OFFLINE(rename_refuses_what_would_be_lost),
		ONLINE(rename_gives_the_domain_its_new_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
