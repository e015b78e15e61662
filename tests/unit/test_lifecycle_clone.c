/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle: copies of VMs, whole or not at all.
 */
#include "lifecycle_world.h"

#include <signal.h>

#include "firewall.h"

static const struct lifecycle_clone quietly = { .quiet = true };

#define RULES \
	"<QubesFirewallRules policy=\"deny\"><rule address=\"1.2.3.4\" proto=\"any\"/></QubesFirewallRules>\n"

static void assert_nothing_made(struct world *w)
{
	assert_false(is_there(w, BASE "/appvms/copy"));
	assert_false(vm_name_taken(&w->q, "copy"));
	assert_store_unchanged(w);
}

static const char *value(struct world *w, const char *vm, const char *property)
{
	const char *text = vm_get(the(w, vm), property).text;

	return text ? text : "(none)";
}

static void set(struct world *w, const char *vm, const char *property, const char *text)
{
	assert_int_equal(vm_set(the(w, vm), property, text), 0);
}

/* ---- what a copy has ---- */

static void a_copy_has_files_and_an_identity_of_its_own(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), 0);
	assert_true(is_there(w, BASE "/appvms/copy/private.img"));
	assert_false(is_there(w, BASE "/appvms/copy/root.img"));
	reopen_world(w, NULL);
	assert_int_equal(the(w, "copy")->qid, 12);
	assert_ptr_equal(vm_template(the(w, "copy")), the(w, "tpl"));
	assert_non_null(vm_uuid(the(w, "copy")));
	assert_string_not_equal(vm_uuid(the(w, "copy")), vm_uuid(the(w, "work")));
	assert_string_equal(value(w, "copy", "dir_path"), BASE "/appvms/copy");
	assert_string_equal(value(w, "copy", "conf_file"), "copy.conf");
}

static void values_of_its_own_are_copied(void **state)
{
	static const char *const copied[][2] = {
		{ "kernel", "4.4" },
		{ "memory", "500" },
		{ "maxmem", "1500" },
		{ "kernelopts", "quiet" },
		{ "vcpus", "3" },
		{ "mac", "00:16:3E:11:22:33" },
		{ "pcidevs", "['00:19.0']" },
		{ "label", "blue" },
		{ "qrexec_timeout", "70" },
		{ "services", "{'cups': True, 'meminfo-writer': False}" },
		{ "include_in_backups", "False" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(copied); i++)
		set(w, "work", copied[i][0], copied[i][1]);
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), 0);
	reopen_world(w, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
		assert_string_equal(value(w, "copy", copied[i][0]), copied[i][1]);
		assert_int_equal(vm_get(the(w, "copy"), copied[i][0]).presence, LAYOUT_SET);
	}
}

static void what_belongs_to_the_source_alone_is_not(void **state)
{
	static const char *const own[][3] = {
		{ "autostart", "True", "False" },	{ "debug", "True", "False" },
		{ "internal", "True", "False" },	{ "installed_by_rpm", "True", "False" },
		{ "backup_content", "True", "False" },	{ "backup_path", "/mnt", "" },
		{ "pci_strictreset", "False", "True" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		set(w, "work", own[i][0], own[i][1]);
	set(w, "work", "backup_timestamp", "1430000000");
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), 0);
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		assert_string_equal(value(w, "copy", own[i][0]), own[i][2]);
	assert_string_equal(value(w, "copy", "backup_timestamp"), "(none)");
	/* As effective as it was: the source has none because it belongs to a package. */
	assert_string_equal(value(w, "copy", "include_in_backups"), "False");
}

static void references_are_followed_as_the_source_follows_them(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), 0);
	assert_true(vm_netvm_follows(the(w, "copy")));
	assert_ptr_equal(vm_netvm(the(w, "copy")), the(w, "fw"));
	reopen_world(w, NULL);
	assert_int_equal(vm_set_reference(the(w, "work"), "netvm", NULL), 0);
	assert_int_equal(vm_set_reference(the(w, "work"), "dispvm_netvm", the(w, "net")), 0);
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy2", &quietly), 0);
	reopen_world(w, NULL);
	assert_false(vm_netvm_follows(the(w, "copy2")));
	assert_null(vm_netvm(the(w, "copy2")));
	assert_ptr_equal(vm_dispvm_netvm(the(w, "copy2")), the(w, "net"));
}

static void a_netvm_gets_a_netid_of_its_own(void **state)
{
	struct world *w = *state;

	set(w, "net", "netid", "1");
	assert_int_equal(lifecycle_clone(the(w, "net"), "net2", &quietly), 0);
	reopen_world(w, NULL);
	assert_int_equal(vm_netid(the(w, "net")), 1);
	assert_int_not_equal(vm_netid(the(w, "net2")), 1);
	assert_true(is_there(w, BASE "/servicevms/net2/private.img"));
}

static void a_template_brings_its_root_image(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_clone(the(w, "tpl"), "tpl2", &quietly), 0);
	assert_true(is_there(w, BASE "/vm-templates/tpl2/root.img"));
	assert_true(is_there(w, BASE "/vm-templates/tpl2/root-cow.img"));
	reopen_world(w, NULL);
	/* The default is not touched: there is one. */
	assert_ptr_equal(vm_global(&w->q, "default_template"), the(w, "tpl"));
}

static void the_firewall_comes_along(void **state)
{
	struct world *w = *state;
	struct firewall firewall;

	assert_int_equal(root_write(w->q.root, BASE "/appvms/work/firewall.xml", RULES, strlen(RULES), 0660),
			 0);
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), 0);
	reopen_world(w, NULL);
	assert_int_equal(firewall_load(the(w, "copy"), &firewall), 0);
	assert_true(firewall.stored);
	assert_false(firewall.allow);
	assert_int_equal(firewall.count, 1);
}

static void a_domain_is_defined_when_online(void **state)
{
	struct world *w = *state;
	struct vmm_info info;

	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), 0);
	assert_int_equal(vmm_info_now(the(w, "copy"), &info), 0);
	assert_true(info.defined);
	assert_int_equal(info.power, VMM_HALTED);
	assert_true(is_there(w, BASE "/appvms/copy/copy.conf"));
}

/* ---- refused ---- */

static void what_cannot_be_copied_is_refused(void **state)
{
	struct world *w = *state;
	const struct lifecycle_clone anyway = { .quiet = true, .ignore_errors = true };

	assert_int_equal(lifecycle_clone(the(w, "work"), "no/name", &quietly), -1);
	assert_error("no name");
	assert_int_equal(lifecycle_clone(the(w, "work"), "fw", &quietly), -1);
	assert_error("already");
	assert_int_equal(lifecycle_clone(the(w, "dom0"), "copy", &quietly), -1);
	assert_error("no copies are made");
	assert_int_equal(lifecycle_clone(the(w, "lost"), "copy", &anyway), -1);
	assert_error("its template (99) does not exist");
	assert_int_equal(lifecycle_clone(the(w, "odd"), "copy", &quietly), -1);
	assert_error("odd is broken");
	make_file(w, BASE "/appvms/work/firewall.xml");
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), -1);
	assert_error("the firewall of work");
	assert_nothing_made(w);
}

static void what_runs_is_refused(void **state)
{
	struct world *w = *state;
	const struct lifecycle_start how = { .quiet = true };

	assert_int_equal(vm_set_reference(the(w, "work"), "netvm", NULL), 0);
	assert_int_equal(lifecycle_start(the(w, "work"), &how), 0);
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), -1);
	assert_error("work is running");
	assert_int_equal(lifecycle_pause(the(w, "work")), 0);
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), -1);
	assert_error("work is running");
	assert_nothing_made(w);
}

static void without_the_hypervisor_nothing_is_made(void **state)
{
	struct world *w = *state;

	reopen_world(w, "test:///nowhere/node.xml");
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), -1);
	assert_int_equal(error_kind(), ERROR_VMM);
	assert_nothing_made(w);
}

/* ---- nothing left behind ---- */

static void files_in_the_way_are_kept(void **state)
{
	struct world *w = *state;

	make_vm_files(w, "appvms/copy");
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), -1);
	assert_error("File exists");
	assert_true(is_there(w, BASE "/appvms/copy/private.img"));
	assert_store_unchanged(w);
}

static void nothing_is_left_when_an_image_is_missing(void **state)
{
	struct world *w = *state;

	assert_int_equal(root_unlink(w->q.root, BASE "/vm-templates/tpl/root.img"), 0);
	assert_int_equal(lifecycle_clone(the(w, "tpl"), "copy", &quietly), -1);
	assert_error("root.img");
	assert_false(is_there(w, BASE "/vm-templates/copy"));
	assert_nothing_made(w);
}

/* Also where the directory is not in the place of its class. */
static void nothing_is_left_when_the_save_fails(void **state)
{
	struct world *w = *state;
	const struct lifecycle_clone elsewhere = { .quiet = true, .directory = "/srv/copy" };

	assert_int_equal(root_mkdirs(w->q.root, "/srv", 0755), 0);
	store_forbid_writing(w->q.store, "a test");
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), -1);
	assert_error("a test");
	assert_nothing_made(w);
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &elsewhere), -1);
	assert_error("a test");
	assert_nothing_made(w);
	assert_false(is_there(w, "/srv/copy"));
}

/* "/" is no directory of a VM: what is taken back is what was made. */
static void the_root_is_never_taken_for_the_copy(void **state)
{
	struct world *w = *state;
	const struct lifecycle_clone root = { .quiet = true, .directory = "/" };

	store_forbid_writing(w->q.store, "a test");
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &root), -1);
	error_clear();
	assert_true(is_there(w, BASE "/appvms/work/private.img"));
	assert_nothing_made(w);
}

static void nothing_is_left_when_interrupted(void **state)
{
	struct world *w = *state;
	struct sigaction action = { .sa_handler = SIG_DFL }, before;
	sigset_t held, mask;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaction(SIGTERM, &action, &before);
	sigprocmask(SIG_BLOCK, &held, &mask);
	raise(SIGTERM);
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), -1);
	sigwaitinfo(&held, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	sigaction(SIGTERM, &before, NULL);
	assert_error("interrupted");
	assert_nothing_made(w);
}

static void nothing_is_left_when_the_batch_fails(void **state)
{
	struct world *w = *state;

	w->q.batch = true;
	assert_int_equal(lifecycle_clone(the(w, "work"), "copy", &quietly), 0);
	assert_true(is_there(w, BASE "/appvms/copy/private.img"));
	pending_take_back(&w->q);
	assert_nothing_made(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFLINE(a_copy_has_files_and_an_identity_of_its_own),
		OFFLINE(values_of_its_own_are_copied),
		OFFLINE(what_belongs_to_the_source_alone_is_not),
		OFFLINE(references_are_followed_as_the_source_follows_them),
		OFFLINE(a_netvm_gets_a_netid_of_its_own),
		OFFLINE(a_template_brings_its_root_image),
		OFFLINE(the_firewall_comes_along),
		ONLINE(a_domain_is_defined_when_online),
		OFFLINE(what_cannot_be_copied_is_refused),
		ONLINE(what_runs_is_refused),
		OFFLINE(without_the_hypervisor_nothing_is_made),
		OFFLINE(files_in_the_way_are_kept),
		OFFLINE(nothing_is_left_when_an_image_is_missing),
		OFFLINE(nothing_is_left_when_the_save_fails),
		OFFLINE(the_root_is_never_taken_for_the_copy),
		OFFLINE(nothing_is_left_when_interrupted),
		OFFLINE(nothing_is_left_when_the_batch_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
