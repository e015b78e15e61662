/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start has to work with: which daemons are there, which must be, who they run as, and which values are
 * not fit for them.
 */
#include "helpers_world.h"

/* ---- a Qubes host, and others ---- */

static void a_qubes_host_has_it_all(void **state)
{
	struct helpers helpers = check(*state, "work");

	assert_true(helpers.memory && helpers.qubesdb && helpers.qrexec && helpers.gui);
	assert_null(helpers.without);
	assert_int_equal(helpers.memory_held, -1);
}

static void a_host_without_daemons_goes_without(void **state)
{
	struct helpers helpers = check(*state, "work");

	assert_false(helpers.memory || helpers.qubesdb || helpers.qrexec || helpers.gui);
	assert_string_equal(helpers.without, "memory balancing, QubesDB and qrexec");
	pretend_xen(*state);
	assert_string_equal(check(*state, "work").without, "memory balancing, QubesDB and qrexec");
}

/* Nothing is started, and nothing is an error. */
static void what_is_not_there_is_skipped(void **state)
{
	struct helpers helpers = check(*state, "work");

	assert_ok(helpers_memory_request(&helpers));
	assert_ok(helpers_qubesdb_start(&helpers, 5));
	assert_ok(helpers_session_start(&helpers, 5, -1));
	assert_ok(helpers_gui_start(&helpers, 5, -1));
	assert_ok(helpers_qubesdb_stop(the(*state, "work")));
	assert_ok(helpers_gui_stop(the(*state, "work"), 5));
	helpers_memory_release(&helpers);
	assert_recorded(*state, "");
}

static const struct {
	const char *path, *name;
} required[] = {
	{ QMEMMAN_SOCKET, "memory balancing" },
	{ QUBESDB_DAEMON, "QubesDB" },
	{ QREXEC_DAEMON, "qrexec" },
};

/* A Xen host that has some of the daemons is a Qubes host that is broken. */
static void on_xen_a_missing_daemon_is_an_error(void **state)
{
	pretend_xen(*state);
	for (size_t i = 0; i < ARRAY_SIZE(required); i++) {
		AUTO_FREE char *message =
			util_printf("no %s: %s is missing", required[i].name, required[i].path);
		AUTO_FREE char *aside = util_printf("%s.aside", required[i].path);
		struct world *w = *state;

		assert_ok(root_rename(w->q.root, required[i].path, aside, false));
		assert_refused(w, "work", message);
		assert_ok(root_rename(w->q.root, aside, required[i].path, false));
	}
}

static void elsewhere_a_missing_daemon_is_skipped(void **state)
{
	take_away(*state, QREXEC_DAEMON);
	assert_string_equal(check(*state, "work").without, "qrexec");
	assert_true(check(*state, "work").qubesdb);
}

static void the_gui_daemon_is_optional(void **state)
{
	pretend_xen(*state);
	take_away(*state, GUI_DAEMON);
	assert_false(check(*state, "work").gui);
	assert_string_equal(check(*state, "work").without, "GUI");
}

static void the_image_of_disposable_vms_has_no_qrexec(void **state)
{
	struct helpers helpers;

	pretend_xen(*state);
	take_away(*state, QREXEC_DAEMON);
	helpers = check_how(*state, "work", &(const struct helpers_how){ .dvm = true });
	assert_true(helpers.gui && !helpers.qrexec);
	assert_null(helpers.without);
}

/* ---- is there to be a GUI? ---- */

static void no_gui_without_shared_memory(void **state)
{
	take_away(*state, "/var/run/shm.id");
	assert_false(check(*state, "work").gui);
	assert_true(check_how(*state, "work", &(const struct helpers_how){ .dvm = true }).gui);
}

static void no_gui_if_not_wanted(void **state)
{
	assert_false(check_how(*state, "work", &(const struct helpers_how){ .no_gui = true }).gui);
}

static bool gui_under(struct world *w, const char *display, const struct helpers_how *how)
{
	if (display)
		setenv("DISPLAY", display, true);
	else
		unsetenv("DISPLAY");
	return check_how(w, "work", how).gui;
}

static void no_gui_without_display(void **state)
{
	const struct helpers_how loud = { 0 }, quiet = { .quiet = true }, unwanted = { .no_gui = true };
	struct listening listening = listen_to_stderr();

	assert_false(gui_under(*state, NULL, &quiet));
	assert_false(gui_under(*state, "", &unwanted));
	assert_said(listening, "");
	listening = listen_to_stderr();
	error_set_program("qvm-test");
	assert_false(gui_under(*state, NULL, &loud));
	assert_said(listening, "qvm-test: work: no GUI, because DISPLAY is not set\n");
}

/* ---- who the daemons run as ---- */

static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void root_lends_them_to_the_first_member_of_qubes(void **state)
{
	need_root();
	assert_null(check(*state, "work").user);
	make_file(*state, "/etc/group", 0, "root:x:0:\nqubes:x:98:user,other\n");
	assert_string_equal(check(*state, "work").user, "user");
	make_file(*state, "/etc/group", 0, "qubes:x:98:\n");
	assert_null(check(*state, "work").user);
}

static void they_do_not_run_as_root_for_lack_of_runuser(void **state)
{
	need_root();
	make_file(*state, "/etc/group", 0, "qubes:x:98:user\n");
	take_away(*state, RUNUSER);
	assert_refused(*state, "work", "the daemons cannot be run as user: /usr/sbin/runuser is missing");
}

static void a_member_that_is_an_option_is_refused(void **state)
{
	need_root();
	make_file(*state, "/etc/group", 0, "qubes:x:98:-u\n");
	assert_refused(*state, "work", "/etc/group: '-u' is no user for a daemon");
}

/* ---- values ---- */

/* Is NAME refused when its PROPERTY is TEXT? The message, or NULL. */
static const char *refusal(struct world *w, const char *name, const char *property, const char *text)
{
	struct helpers helpers;
	struct vm *vm = the(w, name);

	assert_ok(w->q.layout->set(vm->node, property, text));
	error_clear();
	if (helpers_check(vm, &(const struct helpers_how){ 0 }, &helpers) == 0)
		return NULL;
	return error_message();
}

/* The user is the template's. */
static void bad_users_are_refused(void **state)
{
	static const char *const users[] = { "-q", "", "a:b", "../a", "a\nb" };

	for (size_t i = 0; i < ARRAY_SIZE(users); i++)
		assert_non_null(
			strstr(refusal(*state, "tpl", "default_user", users[i]), "is no user for a daemon"));
	assert_null(refusal(*state, "tpl", "default_user", "Administrator"));
}

static void bad_numbers_are_refused(void **state)
{
	assert_non_null(refusal(*state, "work", "qrexec_timeout", "soon"));
	assert_null(refusal(*state, "work", "qrexec_timeout", "0"));
	assert_non_null(refusal(*state, "work", "memory", "99999999999999"));
}

static void names_are_no_options_and_no_paths(void **state)
{
	static const char *const words[] = { "", "-d", ".", "..", ".a", "a/b", "a:b", "a\tb", "a\x7f" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_int_equal(check_word("name", words[i]), -1);
	assert_int_equal(check_word("name", NULL), -1);
	assert_int_equal(check_word("name", "sys-net_2.1"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST(a_qubes_host_has_it_all),
		PLAIN(a_host_without_daemons_goes_without),
		PLAIN(what_is_not_there_is_skipped),
		HOST(on_xen_a_missing_daemon_is_an_error),
		HOST(elsewhere_a_missing_daemon_is_skipped),
		HOST(the_gui_daemon_is_optional),
		HOST(the_image_of_disposable_vms_has_no_qrexec),
		HOST(no_gui_without_shared_memory),
		HOST(no_gui_if_not_wanted),
		HOST(no_gui_without_display),
		HOST(root_lends_them_to_the_first_member_of_qubes),
		HOST(they_do_not_run_as_root_for_lack_of_runuser),
		HOST(a_member_that_is_an_option_is_refused),
		HOST(bad_users_are_refused),
		HOST(bad_numbers_are_refused),
		cmocka_unit_test(names_are_no_options_and_no_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
