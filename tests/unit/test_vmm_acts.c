/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Acting on domains, and what happens when others do so at the same time: test:///default is one host to
 * all connections of a process.
 */
#include "vmm_access.h"

/* ---- acts ---- */

static void a_domain_goes_through_its_life(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));

	assert_false(info_of(vm).defined);
	assert_done(define_it(vm));
	assert_true(info_of(vm).defined);
	assert_int_equal(info_of(vm).power, VMM_HALTED);
	assert_done(vmm_create_paused(vm));
	assert_int_equal(info_of(vm).power, VMM_PAUSED);
	assert_true(info_of(vm).xid > 0);
	assert_done(vmm_resume(vm));
	assert_int_equal(info_of(vm).power, VMM_RUNNING);
	assert_done(vmm_suspend(vm));
	assert_int_equal(info_of(vm).power, VMM_PAUSED);
	assert_done(vmm_resume(vm));
	assert_done(vmm_shutdown(vm));
	assert_int_equal(info_of(vm).power, VMM_HALTED);
	assert_done(vmm_create_paused(vm));
	assert_done(vmm_destroy(vm));
	assert_int_equal(info_of(vm).power, VMM_HALTED);
	assert_done(define_it(vm));
	assert_done(vmm_undefine(vm));
	assert_false(info_of(vm).defined);
	assert_done(vmm_undefine(vm));
}

static void a_driver_that_cannot_start_paused_is_asked_once(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "halted", UUID_OF("0005"));

	assert_false(world->q.vmm->no_start_paused);
	assert_done(vmm_create_paused(vm));
	assert_true(world->q.vmm->no_start_paused); /* the test driver refuses the flag */
}

static void acting_on_one_vm_asks_anew_for_that_one_only(void **state)
{
	struct world *world = *state;
	struct vm *one = context_vm(&world->q, 1, "running", UUID_OF("0001"));
	struct vm *other = context_vm(&world->q, 2, "paused", UUID_OF("0003"));

	info_of(one);
	info_of(other);
	assert_done(vmm_suspend(one));
	assert_false(one->domain->known);
	assert_true(other->domain->known);
	assert_int_equal(info_of(one).power, VMM_PAUSED);
}

static void acts_on_a_vm_without_a_domain_say_so(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));
	access_function *const need_one[] = { vmm_create_paused, vmm_resume, vmm_suspend, vmm_shutdown,
					      vmm_destroy,	 attach_it,  detach_it };

	for (size_t i = 0; i < ARRAY_SIZE(need_one); i++) {
		assert_fails(need_one[i](vm), ERROR_NOT_FOUND);
		assert_contains(error_message(), "the hypervisor has no such domain");
	}
}

static void dom0_is_not_acted_on(void **state)
{
	struct world *world = *state;
	struct vm *dom0 = context_vm(&world->q, 0, "dom0", UUID_OF("0001"));

	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		if (acts[i] != take_pci)
			assert_fails(acts[i](dom0), ERROR_FAILED);
	assert_null(world->q.vmm->connection);
}

static void a_refused_act_gives_the_reason(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "halted", UUID_OF("0005"));

	assert_fails(vmm_suspend(vm), ERROR_VMM);
	assert_contains(error_message(), "cannot pause halted: ");
	assert_contains(error_message(), "not running");
}

/* ---- definitions ---- */

static void expect_way_out(struct world *world, const char *name, const char *words)
{
	AUTO_FREE char *way_out = util_printf("virsh -c '%s' %s", world->uri, words);

	assert_fails(define_it(context_vm(&world->q, 5, name, UUID_OF("9999"))), ERROR_VMM);
	assert_contains(error_message(), name);
	assert_contains(error_message(), ": the hypervisor has another domain of this name");
	assert_contains(error_message(), way_out);
}

static void a_name_taken_by_another_uuid_is_said_with_the_way_out(void **state)
{
	expect_way_out(*state, "halted", "undefine " UUID_OF("0005"));
	expect_way_out(*state, "running", "'destroy " UUID_OF("0001") "; undefine " UUID_OF("0001") "'");
}

static void xml_of_another_identity_defines_nothing(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));
	AUTO_FREE char *other_uuid = context_domain("test", "work", UUID_OF("9998"), 0);
	AUTO_FREE char *other_name = context_domain("test", "job", UUID_OF("9999"), 0);

	assert_fails(vmm_define(vm, other_uuid), ERROR_FAILED);
	assert_contains(error_message(), UUID_OF("9998"));
	assert_fails(vmm_define(vm, other_name), ERROR_FAILED);
	assert_contains(error_message(), "'job'");
	assert_false(info_of(vm).defined);
	assert_false(info_of(context_vm(&world->q, 6, "job", NULL)).defined);
}

/* libvirt would take it for a new definition of that domain. */
static void xml_of_another_vm_leaves_its_domain_alone(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));
	struct vm *other = context_vm(&world->q, 6, "other", UUID_OF("9998"));
	AUTO_FREE char *its = context_domain("test", "other", UUID_OF("9998"), 0);

	assert_done(vmm_define(other, its));
	assert_fails(vmm_define(vm, its), ERROR_FAILED);
	assert_contains(error_message(), "'other'");
	assert_true(info_of(other).defined);
	assert_done(vmm_undefine(other));
}

/* What libvirt would read is what is compared, so that there are no two readings. */
static void an_identity_that_can_be_read_in_two_ways_is_none(void **state)
{
	static const char *const odd[] = {
		"<domain><name>other</name><name>work</name><uuid>" UUID_OF("9999") "</uuid></domain>",
		"<domain><name>wo<!-- -->rk</name><uuid>" UUID_OF("9999") "</uuid></domain>",
		"<domain><metadata><name>work</name></metadata><uuid>" UUID_OF("9999") "</uuid></domain>",
		"<domain><name>work</name></domain>",
		"<!DOCTYPE domain [<!ENTITY n 'other'>]><domain><name>&n;</name></domain>",
	};
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
		assert_fails(vmm_define(vm, odd[i]), ERROR_FAILED);
}

static void bad_xml_is_one_line_of_error(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));

	assert_fails(vmm_define(vm, "<domain>\n<name>\n"), ERROR_FAILED);
	assert_contains(error_message(), "cannot define work: its domain XML, line 3, column 1: ");
	assert_fails(vmm_define(vm, "<domain><name>work</name><uuid>" UUID_OF("9999") "</uuid></domain>"),
		     ERROR_VMM);
	assert_null(strchr(error_message(), '?'));
}

/* ---- others act on the same hypervisor meanwhile ---- */

static const char other_uuid[] = "6695eb01-f6a4-8304-79aa-97f2502e193f"; /* test:///default's domain "test" */

static void interfere(int (*what)(virDomainPtr))
{
	virConnectPtr connection = virConnectOpen("test:///default");
	virDomainPtr domain = virDomainLookupByUUIDString(connection, other_uuid);

	assert_int_equal(what(domain), 0);
	virDomainFree(domain);
	virConnectClose(connection);
}

static void what_was_learnt_is_remembered_until_forgotten(void **state)
{
	struct qubes *q = reopen(*state, "test:///default", false);
	struct vm *vm = context_vm(q, 5, "test", other_uuid);

	assert_int_equal(info_of(vm).power, VMM_RUNNING);
	interfere(virDomainSuspend);
	assert_int_equal(info_of(vm).power, VMM_RUNNING);
	vmm_forget(q);
	assert_int_equal(info_of(vm).power, VMM_PAUSED);
}

static void a_domain_destroyed_between_question_and_act_is_an_error_of_the_act(void **state)
{
	struct qubes *q = reopen(*state, "test:///default", false);
	struct vm *vm = context_vm(q, 5, "test", other_uuid);
	struct vmm_figures figures;

	assert_int_equal(info_of(vm).power, VMM_RUNNING);
	interfere(virDomainDestroy);
	assert_done(vmm_figures(vm, &figures));
	assert_int_equal(figures.memory_kib, 0);
	assert_fails(vmm_suspend(vm), ERROR_VMM);
	assert_contains(error_message(), "not running");
	assert_int_equal(info_of(vm).power, VMM_HALTED);
}

static void a_domain_undefined_between_question_and_act_is_not_there(void **state)
{
	struct qubes *q = reopen(*state, "test:///default", false);
	struct vm *vm = context_vm(q, 5, "test", other_uuid);
	struct vmm_figures figures;

	assert_int_equal(info_of(vm).power, VMM_RUNNING);
	interfere(virDomainDestroy);
	interfere(virDomainUndefine);
	assert_done(vmm_figures(vm, &figures));
	assert_int_equal(figures.max_memory_kib, 0);
	assert_fails(vmm_destroy(vm), ERROR_NOT_FOUND);
	assert_false(info_of(vm).defined);
	assert_done(vmm_undefine(vm));
}

static void a_state_that_ended_before_it_was_asked_for_is_halted(void **state)
{
	struct qubes *q = reopen(*state, "test:///default", false);
	struct vm *vm = context_vm(q, 5, "test", other_uuid);

	/* A listing that could not tell the state, and is overtaken. */
	assert_done(vmm_connection(q));
	assert_done(listing_make(q->vmm));
	listing_find(q->vmm, vm)->power = VMM_UNKNOWN;
	interfere(virDomainDestroy);
	assert_int_equal(info_of(vm).power, VMM_HALTED);
	assert_int_equal(info_of(vm).xid, -1);
	assert_true(info_of(vm).defined);

	vmm_forget(q);
	assert_done(listing_make(q->vmm));
	listing_find(q->vmm, vm)->power = VMM_UNKNOWN;
	interfere(virDomainUndefine);
	assert_false(vmm_is_running(vm));
}

/* ---- PCI devices ---- */

static void pci_devices_have_one_form(void **state)
{
	static const char *const bad[] = { "",	      "00:19",	 "0000:00:19.0", "00:19.8", "00:19.00",
					   "0g:19.0", "00_19_0", "../../19.0",	 "00:19.0 " };
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_fails(vmm_pci_detach(vm, bad[i]), ERROR_FAILED);
		assert_contains(error_message(), "BB:DD.F");
	}
	assert_null(world->q.vmm->connection);
}

static void a_pci_device_that_is_not_there_is_said(void **state)
{
	struct world *world = *state;
	struct vm *vm = context_vm(&world->q, 5, "work", UUID_OF("9999"));

	assert_fails(vmm_pci_detach(vm, "1b:19.0"), ERROR_NOT_FOUND);
	assert_string_equal(error_message(), "PCI device 1b:19.0 of work does not exist on this host");
}

/* ---- what is absence, and what is a lost connection ---- */

static void a_lost_connection_is_never_taken_for_an_absent_domain(void **state)
{
	static const struct {
		struct failure failure;
		bool in_act, in_query;
	} cases[] = {
		{ { .code = VIR_ERR_NO_DOMAIN }, true, true },
		{ { .code = VIR_ERR_INTERNAL_ERROR }, false, true },
		{ { .code = VIR_ERR_OK }, false, true },
		{ { .code = VIR_ERR_OPERATION_FAILED }, false, false },
		{ { .code = VIR_ERR_NO_DOMAIN, .lost = true }, false, false },
		{ { .code = VIR_ERR_INTERNAL_ERROR, .lost = true }, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(failure_is_absence(&cases[i].failure, false), cases[i].in_act);
		assert_int_equal(failure_is_absence(&cases[i].failure, true), cases[i].in_query);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_domain_goes_through_its_life),
		T(a_driver_that_cannot_start_paused_is_asked_once),
		T(acting_on_one_vm_asks_anew_for_that_one_only),
		T(acts_on_a_vm_without_a_domain_say_so),
		T(dom0_is_not_acted_on),
		T(a_refused_act_gives_the_reason),
		T(a_name_taken_by_another_uuid_is_said_with_the_way_out),
		T(xml_of_another_identity_defines_nothing),
		T(xml_of_another_vm_leaves_its_domain_alone),
		T(an_identity_that_can_be_read_in_two_ways_is_none),
		T(bad_xml_is_one_line_of_error),
		T(what_was_learnt_is_remembered_until_forgotten),
		T(a_domain_destroyed_between_question_and_act_is_an_error_of_the_act),
		T(a_domain_undefined_between_question_and_act_is_not_there),
		T(a_state_that_ended_before_it_was_asked_for_is_halted),
		T(pci_devices_have_one_form),
		T(a_pci_device_that_is_not_there_is_said),
		T(a_lost_connection_is_never_taken_for_an_absent_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
