/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services: their names, setting one without touching what else is set, what holds whatever is set; and the
 * flags that say who looks for updates.
 */
#include "scratch_world.h"

#include "pending.h"
#include "prop.h"

#define FLAG_DOM0 "/var/lib/qubes/updates/disable-updates"
#define FLAG_NEW_VMS "/var/lib/qubes/updates/vm-default-disable-updates"

static const char store[] =
	"<QubesVmCollection clockvm='3'>"
	"<QubesTemplateVm name='tpl' qid='1'/>"
	"<QubesNetVm name='net' qid='2' template_qid='1' pcidevs=\"['00:19.0']\"/>"
	"<QubesProxyVm name='clock' qid='3' template_qid='1' services='none'/>"
	"<QubesAppVm name='work' qid='4' template_qid='1' services=\"{ 'cups' : 1, 'a b' : 0 , }\"/>"
	"<QubesHVm name='win' qid='5' guiagent_installed='True'/>"
	"<QubesHVm name='old' qid='6'/>"
	"<QubesAppVm name='odd' qid='7' template_qid='1' services='cups, please'/>"
	"</QubesVmCollection>";

static int set_up(void **state)
{
	struct world *w = world_new(NULL);

	w->q.pending = pending_new(&w->q);
	world_load(w, store);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static const char *stored(const struct world *w, const char *vm)
{
	return vm_get(the(w, vm), "services").text;
}

/* ---- names ---- */

#define LONGEST "123456789.123456789.123456789.123456789.12345678"

static void names_fit_into_a_qubesdb_path(void **state)
{
	static const char *const good[] = { "cups", "meminfo-writer", "new.svc", "0", "x@y:z_", LONGEST };
	static const char *const bad[] = { "", "a b", "a/b", "q'uote", "a\n", "\t", "\303\263", LONGEST "9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(prop_check_service_name(good[i]), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(prop_check_service_name(bad[i]), -1);
}

/* ---- setting one ---- */

/* Each row starts from the store above. AFTER: what stands there then; NULL: still no attribute. */
static const struct {
	const char *vm, *service;
	enum prop_switch to;
	int result;
	const char *after;
} sets[] = {
	{ "work", "cups", PROP_OFF, 0, "{'a b': False, 'cups': False}" },
	{ "work", "new", PROP_ON, 0, "{'a b': False, 'cups': True, 'new': True}" },
	{ "work", "cups", PROP_ABSENT, 0, "{'a b': False}" },
	{ "work", "a b", PROP_ABSENT, 0, "{'cups': True}" }, /* whatever it is called */
	{ "tpl", "cups", PROP_ON, 0, "{'cups': True}" },
	{ "tpl", "meminfo-writer", PROP_OFF, 0, "{'meminfo-writer': False}" },
	{ "clock", "cups", PROP_ON, 0, "{'cups': True}" },
	{ "win", "cups", PROP_ON, 0, "{'cups': True, 'meminfo-writer': False}" }, /* absent it would be on */
	{ "win", "meminfo-writer", PROP_ABSENT, 0, "{}" },
	{ "dom0", "cups", PROP_ON, 0, "{'cups': True}" },

	/* Nothing to do: not even another form of the same. */
	{ "work", "cups", PROP_ON, 0, "{ 'cups' : 1, 'a b' : 0 , }" },
	{ "work", "nosuch", PROP_ABSENT, 0, "{ 'cups' : 1, 'a b' : 0 , }" },
	{ "win", "cups", PROP_ABSENT, 0, NULL },
	{ "tpl", "cups", PROP_ABSENT, 0, NULL },

	/* Refused. */
	{ "work", "a b", PROP_ON, -1, "{ 'cups' : 1, 'a b' : 0 , }" },
	{ "work", "", PROP_OFF, -1, "{ 'cups' : 1, 'a b' : 0 , }" },
	{ "odd", "cups", PROP_ON, -1, "cups, please" },
	{ "odd", "cups", PROP_ABSENT, -1, "cups, please" },
};

/* The store's text of before, so that the next row finds it. */
static void put_back(struct vm *vm, const char *text)
{
	assert_int_equal(text ? vm_set(vm, "services", text) : vm_unset(vm, "services"), 0);
}

static void one_service_is_set_and_the_rest_stays(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		struct vm *vm = the(w, sets[i].vm);
		const char *text = stored(w, sets[i].vm), *after = sets[i].after;
		const char *before = text ? arena_strdup(w->q.arena, text) : NULL;
		int result = prop_set_service(vm, sets[i].service, sets[i].to);

		text = stored(w, sets[i].vm);
		if (result != sets[i].result || !text != !after || (text && strcmp(text, after)))
			fail_msg("%s of %s to %d: %d, %s", sets[i].service, sets[i].vm, sets[i].to, result,
				 text ? text : "(absent)");
		put_back(vm, before);
	}
}

static void what_is_so_already_is_not_written(void **state)
{
	struct world *w = *state;

	assert_int_equal(prop_set_service(the(w, "work"), "cups", PROP_ON), 0);
	assert_int_equal(prop_set_service(the(w, "work"), "nosuch", PROP_ABSENT), 0);
	assert_int_equal(prop_set_service(the(w, "tpl"), "cups", PROP_ABSENT), 0);
	assert_int_equal(prop_set_service(the(w, "odd"), "cups", PROP_ON), -1);
	assert_int_equal(prop_set_service(the(w, "work"), "a b", PROP_ON), -1);
	assert_false(store_changed(w->q.store));
}

static void services_that_cannot_be_read_can_be_forgotten(void **state)
{
	struct world *w = *state;
	struct literal services;

	assert_int_equal(prop_services(the(w, "odd"), &services), -1);
	assert_int_equal(prop_reset_services(the(w, "odd")), 0);
	assert_int_equal(prop_services(the(w, "odd"), &services), 0);
	assert_int_equal(services.count, 1);
	assert_int_equal(prop_set_service(the(w, "odd"), "cups", PROP_ON), 0);
	assert_string_equal(stored(w, "odd"), "{'cups': True}");
}

/* ---- what always holds ---- */

static bool holds(const struct world *w, const char *vm, const char *service)
{
	struct literal services;
	const struct literal_entry *entry;

	assert_int_equal(prop_services(the(w, vm), &services), 0);
	entry = literal_find(&services, service);
	assert_non_null(entry);
	return entry->value;
}

static void some_services_are_not_for_the_store_to_say(void **state)
{
	static const struct {
		const char *vm, *service;
		bool on;
	} rows[] = {
		{ "net", "meminfo-writer", false }, /* has a PCI device */
		{ "old", "meminfo-writer", false }, /* an HVM whose agent nobody knows of */
		{ "clock", "ntpd", false },	    /* sets the clock of others */
		{ "win", "meminfo-writer", true },  { "tpl", "ntpd", true },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(prop_set_service(the(w, rows[i].vm), rows[i].service, PROP_ON), 0);
		assert_non_null(strstr(stored(w, rows[i].vm), "True"));
		assert_int_equal(holds(w, rows[i].vm, rows[i].service), rows[i].on);
	}
}

/* It is the store's again as soon as the reason is gone. */
static void what_overrules_the_store_does_not_change_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(prop_set_service(the(w, "net"), "cups", PROP_ON), 0);
	assert_string_equal(stored(w, "net"), "{'cups': True}");
	assert_false(holds(w, "net", "meminfo-writer"));
	assert_int_equal(vm_set(the(w, "net"), "pcidevs", "[]"), 0);
	assert_true(holds(w, "net", "meminfo-writer"));
}

/* ---- who looks for updates ---- */

static void assert_flags(const struct world *w, bool there)
{
	assert_int_equal(root_exists(w->q.root, FLAG_DOM0), there);
	assert_int_equal(root_exists(w->q.root, FLAG_NEW_VMS), there);
}

static void assert_checks(struct world *w, bool dom0, bool new_vms)
{
	struct prop_updates updates = prop_update_checks(&w->q);

	assert_int_equal(updates.dom0, dom0);
	assert_int_equal(updates.new_vms, new_vms);
}

static void the_flags_wait_for_the_save(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_checks(w, true, true);
	prop_set_update_checks(&w->q, false);
	assert_flags(w, false);
	assert_checks(w, false, false);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_flags(w, true);
	assert_checks(w, false, false);
	assert_int_equal(root_stat(w->q.root, "/var/lib/qubes/updates", &st), 0);
	assert_int_equal(st.st_mode & 07777, 02770);

	prop_set_update_checks(&w->q, true);
	assert_flags(w, true);
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_flags(w, false);
	assert_checks(w, true, true);
}

static void each_flag_counts_alone(void **state)
{
	struct world *w = *state;

	make_file(w, FLAG_DOM0, 0, "");
	assert_checks(w, false, true);
	make_file(w, FLAG_NEW_VMS, 0, "");
	assert_checks(w, false, false);
	prop_set_update_checks(&w->q, false); /* already so */
	assert_int_equal(qubes_commit(&w->q), 0);
	assert_flags(w, true);
}

/* As in a batch: the flag is not there yet, and must count all the same. */
static void a_vm_made_before_the_save_follows_the_switch(void **state)
{
	struct world *w = *state;
	struct vm *vm = vm_add(&w->q, vm_class_by_type("AppVM"), "new");

	prop_set_update_checks(&w->q, true);
	prop_set_update_checks(&w->q, false);
	assert_int_equal(prop_initialise(vm, the(w, "tpl")), 0);
	assert_string_equal(stored(w, "new"), "{'meminfo-writer': True, 'qubes-update-check': False}");
}

static void a_flag_that_cannot_be_made_is_said(void **state)
{
	struct world *w = *state;

	make_file(w, "/var/lib/qubes/updates", 0, "in the way");
	prop_set_update_checks(&w->q, false);
	assert_int_equal(qubes_commit(&w->q), -1);
	assert_int_equal(error_kind(), ERROR_SAID);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_fit_into_a_qubesdb_path),
		T(one_service_is_set_and_the_rest_stays),
		T(what_is_so_already_is_not_written),
		T(services_that_cannot_be_read_can_be_forgotten),
		T(some_services_are_not_for_the_store_to_say),
		T(what_overrules_the_store_does_not_change_it),
		T(the_flags_wait_for_the_save),
		T(each_flag_counts_alone),
		T(a_vm_made_before_the_save_follows_the_switch),
		T(a_flag_that_cannot_be_made_is_said),
	};

	return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
