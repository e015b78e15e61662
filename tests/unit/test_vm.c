/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collection: which elements are VMs, what a fault costs (store.md, 14), relations and free numbers.
 */
#include "scratch_world.h"

static struct world *load(const char *text)
{
	struct world *w = world_new(NULL);

	world_load(w, text);
	return w;
}

#define STORE(text) "<QubesVmCollection default_netvm='2' default_fw_netvm='1'>" text "</QubesVmCollection>"
#define NET "<QubesNetVm name='net' qid='1'/>"
#define FW "<QubesProxyVm name='fw' qid='2' netvm_qid='1'/>"

/* ---- what a fault costs ---- */

enum cost {
	NOTHING, /* a note at most */
	ONE_VM,	 /* that VM is broken; the store can be written */
	WRITING, /* nothing may be written */
};

static const struct {
	const char *store;
	enum cost cost;
	size_t count; /* of VMs that are shown, dom0 included */
} faults[] = {
	{ STORE(NET FW), NOTHING, 3 },
	{ STORE("<QubesAppVm name='a'/>"), WRITING, 1 },
	{ STORE("<QubesAppVm name='a' qid='x'/>"), WRITING, 1 },
	{ STORE("<QubesAppVm name='a' qid='-1'/>"), WRITING, 1 },
	{ STORE("<QubesAppVm name='a' qid='254'/>"), WRITING, 1 },
	{ STORE("<QubesAppVm name='a' qid='253'/>"), NOTHING, 2 },
	{ STORE("<QubesAppVm qid='3'/>"), WRITING, 1 },
	{ STORE("<QubesAppVm name='' qid='3'/>"), WRITING, 1 },
	{ STORE("<QubesAppVm name='a' qid='3'/><QubesAppVm name='b' qid='3'/>"), WRITING, 2 },
	{ STORE("<QubesAppVm name='a' qid='0'/>"), WRITING, 1 },
	{ STORE("<QubesAdminVm name='other' qid='9'/>"), NOTHING, 1 },
	{ STORE("<QubesAdminVm qid='0'/><QubesAdminVm qid='0'/>"), WRITING, 1 },
	{ STORE("<QubesAppVm name='a' qid='3'/><QubesAppVm name='a' qid='4'/>"), NOTHING, 3 },
	{ STORE("<QubesAppVm name='-bad name-' qid='3'/>"), NOTHING, 2 },
	{ STORE("<QubesAppVm name='a/b' qid='3'/>"), ONE_VM, 2 },
	{ STORE("<QubesAppVm name='a' qid='3' template_qid='77'/>"), ONE_VM, 2 },
	{ STORE("<QubesAppVm name='a' qid='3' template_qid='seven'/>"), ONE_VM, 2 },
	{ STORE(NET "<QubesAppVm name='a' qid='3' template_qid='1'/>"), ONE_VM, 3 },
	{ STORE("<QubesTemplateHVm name='t' qid='4'/><QubesAppVm name='a' qid='3' template_qid='4'/>"),
	  ONE_VM, 3 },
	{ STORE("<QubesAppVm name='a' qid='3' netvm_qid='4'/><QubesAppVm name='b' qid='4'/>"), ONE_VM, 3 },
	{ STORE("<QubesAppVm name='a' qid='3' netvm_qid='77'/>"), NOTHING, 2 },
	{ STORE("<QubesAppVm name='a' qid='3' template_qid='4'/><QubesAppVm name='b' qid='4' template_qid='3'/>"),
	  WRITING, 3 },
	{ STORE("<QubesAppVm name='a' qid='3' label='pink' uuid='nonsense'/>"), NOTHING, 2 },
	{ STORE("<QubesFutureVm name='f' qid='3'/><QubesAppVm name='a' qid='4'/>"), NOTHING, 2 },
};

static void a_fault_costs_what_it_must_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct world *w = world_new(NULL);
		bool forbidden, broken = false;
		struct vm *vm;

		w->q.writing = true; /* what a reader need not know is looked for as well */
		world_load(w, faults[i].store);
		forbidden = store_write_forbidden(w->q.store) != NULL;
		FOR_EACH_VM(&w->q, vm)
			broken |= vm_broken(vm) != NULL;
		if (forbidden != (faults[i].cost == WRITING) || vms_count(&w->q) != faults[i].count)
			fail_msg("%s: %zu VMs, writing %s", faults[i].store, vms_count(&w->q),
				 forbidden ? store_write_forbidden(w->q.store) : "allowed");
		if (faults[i].cost != WRITING && broken != (faults[i].cost == ONE_VM))
			fail_msg("%s: %s", faults[i].store, broken ? "a VM is broken" : "no VM is broken");
		world_free(w);
	}
}

static void vms_are_in_ascending_qid_whatever_the_order_of_the_file(void **state)
{
	struct world *w =
		load(STORE("<QubesAppVm name='c' qid='30'/>" FW NET "<QubesAppVm name='b' qid='4'/>"));

	(void)state;
	for (size_t i = 1; i < vms_count(&w->q); i++)
		assert_true(vms_at(&w->q, i - 1)->qid < vms_at(&w->q, i)->qid);
	assert_string_equal(vm_by_qid(&w->q, 30)->name, "c");
	assert_null(vm_by_qid(&w->q, 5));
	world_free(w);
}

/* ---- names ---- */

static void names_follow_the_rules(void **state)
{
	static const char *const good[] = { "a",    "Work",	"x_y.z-1",
					    "disp", "nonesuch", "a234567890123456789012345678901" };
	static const char *const bad[] = { "",
					   "1a",
					   "-a",
					   "a b",
					   "a/b",
					   "..",
					   "a\n",
					   "\xc5\xbb",
					   "none",
					   "NONE",
					   "Default",
					   "dom0",
					   "true",
					   "False",
					   "stub-dm",
					   "lost+found",
					   "a2345678901234567890123456789012" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(vm_check_name(good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(vm_check_name(bad[i]), -1);
}

/* ---- relations ---- */

static void a_dangling_global_is_replaced_when_read_and_kept_in_the_file(void **state)
{
	struct world *w =
		load("<QubesVmCollection clockvm='9' default_fw_netvm='1' default_netvm='9' updatevm='9' "
		     "default_template='9'>" NET "</QubesVmCollection>");

	(void)state;
	assert_string_equal(vm_global(&w->q, "default_netvm")->name, "net");
	assert_string_equal(vm_global(&w->q, "updatevm")->name, "net");
	assert_string_equal(vm_global(&w->q, "clockvm")->name, "net");
	assert_null(vm_global(&w->q, "default_template"));
	assert_false(store_changed(w->q.store));
	world_free(w);
}

static void without_a_clockvm_attribute_it_is_the_end_of_the_default_chain(void **state)
{
	struct world *w = load(STORE(NET FW));
	struct world *none =
		load("<QubesVmCollection clockvm='None' default_netvm='1'>" NET "</QubesVmCollection>");
	struct world *circle =
		load("<QubesVmCollection default_netvm='1'><QubesProxyVm name='a' qid='1' netvm_qid='2'/>"
		     "<QubesProxyVm name='b' qid='2' netvm_qid='1'/></QubesVmCollection>");

	(void)state;
	assert_string_equal(vm_global(&w->q, "clockvm")->name, "net");
	assert_null(vm_global(&none->q, "clockvm"));
	assert_non_null(vm_global(&circle->q, "clockvm")); /* ends */
	world_free(w);
	world_free(none);
	world_free(circle);
}

static void a_netvm_without_a_netid_has_the_one_that_the_original_loader_gives(void **state)
{
	struct world *w =
		load(STORE("<QubesNetVm name='n1' qid='1'/><QubesNetVm name='n2' qid='2' netid='1'/>"
			   "<QubesProxyVm name='p1' qid='3'/><QubesAppVm name='a' qid='4'/>"));

	(void)state;
	assert_int_equal(vm_netid(the(w, "n2")), 1);
	assert_int_equal(vm_netid(the(w, "p1")), 2); /* ProxyVMs first */
	assert_int_equal(vm_netid(the(w, "n1")), 3);
	assert_int_equal(vm_netid(the(w, "a")), -1);
	assert_int_equal(vm_netid(the(w, "dom0")), 0);
	/* A new netvm must not shift them: they are stored before it gets its own. */
	assert_int_equal(vm_free_netid(&w->q), 4);
	assert_string_equal(vm_get(the(w, "p1"), "netid").text, "2");
	assert_string_equal(vm_get(the(w, "n1"), "netid").text, "3");
	world_free(w);
}

static void uuids_are_given_once_and_stay(void **state)
{
	struct world *w = load(STORE("<QubesAppVm name='a' qid='3'/><QubesAppVm name='b' qid='4' "
				     "uuid='C2573651-FAE7-515C-9FD8-674D309D5F05'/>"));
	const char *uuid;

	(void)state;
	assert_null(vm_uuid(the(w, "a")));
	uuid = vm_need_uuid(the(w, "a"));
	assert_int_equal(strlen(uuid), 36);
	assert_string_equal(vm_need_uuid(the(w, "a")), uuid);
	assert_string_equal(vm_need_uuid(the(w, "b")), "c2573651-fae7-515c-9fd8-674d309d5f05");
	world_free(w);
}

/* By which a run finds what another one has left. */
static void a_uuid_that_follows_from_another_is_always_the_same(void **state)
{
	struct world *w =
		load(STORE("<QubesAppVm name='a' qid='3'/><QubesAppVm name='b' qid='4' "
			   "uuid='c2573651-fae7-515c-9fd8-674d309d5f05'/><QubesAppVm name='c' qid='5'/>"));
	AUTO_FREE char *one = util_strdup(vm_derive_uuid(the(w, "a"), the(w, "b"), "test"));
	AUTO_FREE char *other = util_strdup(vm_derive_uuid(the(w, "a"), the(w, "b"), "another"));

	(void)state;
	assert_string_equal(vm_derive_uuid(the(w, "c"), the(w, "b"), "test"), one);
	assert_string_equal(vm_uuid(the(w, "c")), one);
	assert_string_not_equal(one, other);
	assert_string_not_equal(one, vm_uuid(the(w, "b")));
	world_free(w);
}

/* ---- numbers, adding, removing ---- */

static void a_qid_that_something_still_names_is_not_given_away(void **state)
{
	struct world *w =
		load("<QubesVmCollection default_netvm='1'><QubesAppVm name='a' qid='4' netvm_qid='2'/>"
		     "<QubesFutureVm name='f' qid='3'/></QubesVmCollection>");

	(void)state;
	assert_int_equal(vm_free_qid(&w->q), 5);
	world_free(w);
}

static void qid_252_is_the_last_choice(void **state)
{
	struct world *w = load("<QubesVmCollection/>");
	const struct vm_class *class = vm_class_by_type("AppVM");

	(void)state;
	for (int i = 1; i < QID_LIMIT; i++) {
		AUTO_FREE char *name = util_printf("vm%d", i);
		const struct vm *vm = vm_add(&w->q, class, name);

		assert_non_null(vm);
		assert_int_equal(vm->qid, i < 252 ? i : i == 252 ? 253 : 252);
	}
	assert_null(vm_add(&w->q, class, "one-more"));
	vm_remove(the(w, "vm7"));
	assert_int_equal(vm_free_qid(&w->q), 7);
	world_free(w);
}

static void a_removed_vm_is_no_global_any_more(void **state)
{
	struct world *w = load(STORE(NET FW));

	(void)state;
	vm_remove(the(w, "fw"));
	assert_null(vm_global(&w->q, "default_netvm"));
	assert_false(vm_name_taken(&w->q, "fw"));
	assert_string_equal(vm_global(&w->q, "default_fw_netvm")->name, "net");
	world_free(w);
}

static int count(struct vm *vm, void *context)
{
	(void)vm;
	++*(int *)context;
	return 0;
}

static void clients_and_children_are_found(void **state)
{
	struct world *w = load(STORE(NET FW "<QubesTemplateVm name='t' qid='3' uses_default_netvm='False'/>"
					    "<QubesAppVm name='a' qid='4' template_qid='3'/>"));
	int clients = 0, children = 0;

	(void)state;
	vm_for_clients(the(w, "fw"), count, &clients);
	vm_for_children(the(w, "t"), count, &children);
	assert_int_equal(clients, 1);
	assert_int_equal(children, 1);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_costs_what_it_must_and_no_more),
		cmocka_unit_test(vms_are_in_ascending_qid_whatever_the_order_of_the_file),
		cmocka_unit_test(names_follow_the_rules),
		cmocka_unit_test(a_dangling_global_is_replaced_when_read_and_kept_in_the_file),
		cmocka_unit_test(without_a_clockvm_attribute_it_is_the_end_of_the_default_chain),
		cmocka_unit_test(a_netvm_without_a_netid_has_the_one_that_the_original_loader_gives),
		cmocka_unit_test(uuids_are_given_once_and_stay),
		cmocka_unit_test(a_uuid_that_follows_from_another_is_always_the_same),
		cmocka_unit_test(a_qid_that_something_still_names_is_not_given_away),
		cmocka_unit_test(qid_252_is_the_last_choice),
		cmocka_unit_test(a_removed_vm_is_no_global_any_more),
		cmocka_unit_test(clients_and_children_are_found),
	};

	return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
