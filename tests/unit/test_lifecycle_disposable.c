/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lifecycle: disposable VMs that nobody has ended, as after a crash of the host. The rest of their life takes a
 * host with daemons: ../libvirt/dispvm.sh.
 */
#include <sys/file.h>

#include "domainxml.h"
#include "lifecycle_world.h"

#define DVM BASE "/appvms/tpl-dvm"
#define RUN "/var/run/qubes"
#define DISPOSABLE(qid, name, last)                                                                  \
	"  <QubesDisposableVm dir_path=\"" DVM "\" dispid=\"" qid "\" firewall_conf=\"" RUN "/" name \
	"-firewall.xml\" maxmem=\"400\" name=\"" name "\" qid=\"" qid                                \
	"\" template_qid=\"1\" uuid=\"" UUID(last) "\"/>\n"

static const char store[] =
	"<QubesVmCollection default_kernel=\"4.4\" default_template=\"1\">\n"
	"  <QubesTemplateVm name=\"tpl\" qid=\"1\" template_qid=\"none\"/>\n"
	"  <QubesAppVm name=\"tpl-dvm\" qid=\"4\" template_qid=\"1\"/>\n" DISPOSABLE("5", "disp5", "05")
		DISPOSABLE("6", "disp6", "06") DISPOSABLE("7", "renamed", "07") "</QubesVmCollection>\n";

/* disp6 is running, the others are not. */
static int setup(void **state)
{
	struct world *w = make_world();

	*state = w;
	assert_int_equal(root_write(w->q.root, STORE_PATH, store, strlen(store), 0600), 0);
	make_file(w, DVM "/volatile.img");
	for (int i = 5; i <= 6; i++) {
		AUTO_FREE char *configuration = util_printf(DVM "/disp%d.conf", i);
		AUTO_FREE char *firewall = util_printf(RUN "/disp%d-firewall.xml", i);

		make_file(w, configuration);
		make_file(w, firewall);
	}
	make_file(w, DVM "/renamed.conf");
	open_world(w, "test:///default");
	AUTO_FREE char *xml = domainxml_of(the(w, "disp6"), "test");
	assert_int_equal(vmm_define(the(w, "disp6"), xml), 0);
	assert_int_equal(vmm_create_paused(the(w, "disp6")), 0);
	return 0;
}

static void those_that_have_ended_go_with_their_files(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_remove_dead_disposables(&w->q, true), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_false(is_there(w, DVM "/disp5.conf"));
	assert_false(is_there(w, RUN "/disp5-firewall.xml"));
	reopen_world(w, "test:///default");
	assert_false(vm_name_taken(&w->q, "disp5"));
	assert_false(vm_name_taken(&w->q, "renamed"));
}

static void those_that_run_stay(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_remove_dead_disposables(&w->q, true), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_power(w, "disp6", VMM_PAUSED);
	assert_true(is_there(w, DVM "/disp6.conf"));
	assert_true(is_there(w, RUN "/disp6-firewall.xml"));
}

/* What they start from is another VM's, and what is not called like one of theirs is nobody's to delete. */
static void nothing_else_is_touched(void **state)
{
	struct world *w = *state;

	assert_int_equal(lifecycle_remove_dead_disposables(&w->q, true), 0);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_true(is_there(w, DVM "/volatile.img"));
	assert_true(is_there(w, DVM "/renamed.conf"));
	assert_true(vm_name_taken(&w->q, "tpl-dvm"));
}

/* Its entry comes before its domain. */
static void one_that_is_being_started_stays(void **state)
{
	struct world *w = *state;
	AUTO_CLOSE int starting = root_open(w->q.root, DVM, O_RDONLY | O_DIRECTORY, 0);

	assert_int_equal(flock(starting, LOCK_EX), 0);
	assert_int_equal(lifecycle_remove_dead_disposables(&w->q, true), 0);
	assert_true(vm_name_taken(&w->q, "disp5"));
}

static void unless_the_hypervisor_answers_all_stay(void **state)
{
	struct world *w = *state;

	vmm_set_offline(&w->q, true);
	assert_int_equal(lifecycle_remove_dead_disposables(&w->q, true), -1);
	assert_error("offline");
	assert_true(vm_name_taken(&w->q, "disp5"));
}

static void a_dead_one_is_not_started_again(void **state)
{
	struct world *w = *state;

	assert_int_equal(qubes_commit(&w->q), 0);
	assert_int_equal(lifecycle_start(the(w, "disp5"), &(const struct lifecycle_start){ .quiet = true }),
			 -1);
	assert_error("a disposable VM runs once");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_that_have_ended_go_with_their_files),
		TEST(those_that_run_stay),
		TEST(nothing_else_is_touched),
		TEST(one_that_is_being_started_stays),
		TEST(unless_the_hypervisor_answers_all_stay),
		TEST(a_dead_one_is_not_started_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
