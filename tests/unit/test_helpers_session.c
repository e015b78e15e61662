/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemons of a VM that was resumed: for each class, who is called with what, and in which order.
 */
#include "helpers_world.h"

#define ICON "</usr/share/icons/hicolor/128x128/devices/"

/* What a session of NAME, domain 5, calls. */
static void assert_session(struct world *w, const char *name, const struct helpers_how *how,
			   const char *expected)
{
	struct helpers helpers = check_how(w, name, how);

	assert_ok(helpers_session_start(&helpers, 5, 6));
	assert_recorded(w, expected);
}

/* ---- PV: qrexec, then the GUI, then the session ---- */

static void an_appvm(void **state)
{
	assert_session(*state, "work", &(const struct helpers_how){ 0 },
		       "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <5> <work> <user>\n"
		       "qubes-guid <-d> <5> <-N> <work> <-c> <0x3465a4> <-i> " ICON
		       "appvm-blue.png> <-l> <6>\n"
		       "qubes-monitor-layout-notify <work>\n"
		       "qrexec-client <-d> <work> <root:QUBESRPC qubes.WaitForSession none>\n"
		       "qubes.WaitForSession reads <user>\n");
}

static void a_quiet_netvm(void **state)
{
	assert_session(*state, "net", &(const struct helpers_how){ .quiet = true },
		       "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <-q> <5> <net> <user>\n"
		       "qubes-guid <-d> <5> <-N> <net> <-c> <0xcc0000> <-i> " ICON
		       "appvm-red.png> <-l> <1> <-q>\n"
		       "qubes-monitor-layout-notify <net>\n"
		       "qrexec-client <-d> <net> <root:QUBESRPC qubes.WaitForSession none>\n"
		       "qubes.WaitForSession reads <user>\n");
}

static void a_proxyvm_without_gui(void **state)
{
	assert_session(*state, "fw", &(const struct helpers_how){ .no_gui = true },
		       "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <5> <fw> <user>\n");
}

static void a_template(void **state)
{
	assert_session(*state, "tpl", &(const struct helpers_how){ .no_gui = true, .quiet = true },
		       "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <-q> <5> <tpl> <user>\n");
}

/* Its debug mode is louder than quiet; its user, patience and colour are its own. */
static void an_appvm_in_debug_mode(void **state)
{
	assert_session(*state, "odd", &(const struct helpers_how){ .quiet = true },
		       "QREXEC_STARTUP_TIMEOUT=7 qrexec-daemon <-q> <5> <odd> <me>\n"
		       "qubes-guid <-d> <5> <-N> <odd> <-c> <0xf57900> <-i> " ICON
		       "appvm-orange.png> <-l> <2> <-v> <-v>\n"
		       "qubes-monitor-layout-notify <odd>\n"
		       "qrexec-client <-d> <odd> <root:QUBESRPC qubes.WaitForSession none>\n"
		       "qubes.WaitForSession reads <me>\n");
}

static void the_image_of_disposable_vms(void **state)
{
	assert_session(*state, "work", &(const struct helpers_how){ .dvm = true },
		       "qubes-guid <-d> <5> <-N> <work> <-c> <0x3465a4> <-i> " ICON
		       "appvm-blue.png> <-l> <6> <-I>\n");
}

static void a_disposable_vm_has_an_icon_of_its_own(void **state)
{
	assert_session(*state, "disp1", &(const struct helpers_how){ 0 },
		       "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <5> <disp1> <user>\n"
		       "qubes-guid <-d> <5> <-N> <disp1> <-c> <0x75507b> <-i> " ICON
		       "dispvm-purple.png> <-l> <7>\n"
		       "qubes-monitor-layout-notify <disp1>\n"
		       "qrexec-client <-d> <disp1> <root:QUBESRPC qubes.WaitForSession none>\n"
		       "qubes.WaitForSession reads <user>\n");
}

/* ---- HVM: the GUI first ---- */

/* Its screen is shown until an agent comes to be there, and qrexec waits for none. */
static void an_hvm_without_agents(void **state)
{
	struct helpers helpers = check_how(*state, "bare", &(const struct helpers_how){ .quiet = true });
	AUTO_FREE char *expected = NULL;

	assert_ok(helpers_session_start(&helpers, 5, 6));
	expected = util_printf("qubes-guid <-d> <6> <-t> <5> <-N> <bare> <-c> <0xedd400> <-i> " ICON
			       "appvm-yellow.png> <-l> <3>"
			       " <-q>\n"
			       "qubes-guid <-d> <5> <-N> <bare> <-c> <0xedd400> <-i> " ICON
			       "appvm-yellow.png> <-l> <3>"
			       " <-Q> <-n> <-K> <%d> <-q>\n"
			       "QREXEC_STARTUP_NOWAIT=1 qrexec-daemon <5> <bare> <user>\n",
			       daemon_number(helpers.vm->qubes, RUN "/guid-running.6"));
	assert_recorded(*state, expected);
}

static void an_hvm_with_agents(void **state)
{
	assert_session(*state, "win", &(const struct helpers_how){ 0 },
		       "qubes-guid <-d> <5> <-N> <win> <-c> <0x555753> <-i> " ICON
		       "appvm-gray.png> <-l> <5> <-Q> <-n>\n"
		       "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <5> <win> <user>\n"
		       "qrexec-client <-d> <win> <root:QUBESRPC qubes.WaitForSession none>\n"
		       "qubes.WaitForSession reads <user>\n"
		       "qrexec-client <-d> <win> <user:QUBESRPC qubes.SetGuiMode dom0>\n"
		       "qubes.SetGuiMode reads <SEAMLESS>\n");
}

static void an_hvm_template_in_debug_mode(void **state)
{
	struct world *w = *state;

	assert_ok(w->q.layout->set(the(w, "wintpl")->node, "debug", "True"));
	assert_session(w, "wintpl", &(const struct helpers_how){ 0 },
		       "qubes-guid <-d> <6> <-t> <5> <-N> <wintpl> <-c> <0x000000> <-i> " ICON
		       "appvm-black.png> <-l> <8> <-v> <-v>\n"
		       "qubes-guid <-d> <5> <-N> <wintpl> <-c> <0x000000> <-i> " ICON
		       "appvm-black.png> <-l> <8> <-Q> <-n> <-v> <-v>\n"
		       "QREXEC_STARTUP_NOWAIT=1 qrexec-daemon <5> <wintpl> <user>\n");
}

static void an_hvm_whose_stub_domain_is_not_known(void **state)
{
	struct helpers helpers = check_how(*state, "bare", &(const struct helpers_how){ 0 });
	struct listening listening = listen_to_stderr();

	assert_ok(helpers_session_start(&helpers, 5, -1));
	assert_said(listening,
		    "qvm-test: bare: its screen is not shown: the domain that it is emulated in is not "
		    "known\n");
	assert_recorded(*state, "qubes-guid <-d> <5> <-N> <bare> <-c> <0xedd400> <-i> " ICON
				"appvm-yellow.png> <-l> <3> <-Q> <-n>\n"
				"QREXEC_STARTUP_NOWAIT=1 qrexec-daemon <5> <bare> <user>\n");
}

/* ---- as somebody else ---- */

static void root_runs_them_as_a_member_of_qubes(void **state)
{
	if (geteuid() != 0)
		skip();
	make_file(*state, "/etc/group", 0, "qubes:x:98:user,other\n");
	assert_session(*state, "fw", &(const struct helpers_how){ 0 },
		       "QREXEC_STARTUP_TIMEOUT=60 runuser <-u> <user> <--> <qrexec-daemon>\n"
		       "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <5> <fw> <user>\n"
		       "runuser <-u> <user> <--> <qubes-guid>\n"
		       "qubes-guid <-d> <5> <-N> <fw> <-c> <0x73d216> <-i> " ICON
		       "appvm-green.png> <-l> <4>\n"
		       "qubes-monitor-layout-notify <fw>\n"
		       "qrexec-client <-d> <fw> <root:QUBESRPC qubes.WaitForSession none>\n"
		       "qubes.WaitForSession reads <user>\n");
}

/* ---- under KDE ---- */

static void assert_gui(struct world *w, const char *before, const char *more)
{
	struct helpers helpers = check(w, "work");
	AUTO_FREE char *expected = util_printf("%squbes-guid <-d> <5> <-N> <work> <-c> <0x3465a4> <-i> " ICON
					       "appvm-blue.png> <-l> <6>%s\n",
					       before, more);

	assert_ok(helpers_gui_start(&helpers, 5, -1));
	assert_recorded(w, expected);
}

static void kde_colours_the_frames_itself(void **state)
{
	install_doubles(*state, "xprop");
	install_doubles(*state, "xhost");
	make_file(*state, "/etc/passwd", 0, "root:x:0:0::/root:\nuser:x:1000:1000::/home/user:/bin/bash\n");
	assert_gui(*state, "xprop <-root> <-notype> <KWIN_RUNNING>\nxhost\n",
		   " <-T> <-p> <_KDE_NET_WM_COLOR_SCHEME=s:/home/user/.local/share/qubes-kde/blue.colors>");
}

static void kde_with_an_unknown_owner_has_titles_alone(void **state)
{
	install_doubles(*state, "xprop");
	install_doubles(*state, "xhost");
	assert_gui(*state, "xprop <-root> <-notype> <KWIN_RUNNING>\nxhost\n", " <-T>");
}

/* Whatever xprop does, the GUI daemon is started. */
static void other_window_managers_get_nothing(void **state)
{
	static const char *const answers[] = {
		"echo 'KWIN_RUNNING:  not found.'; exit 0",
		"exit 1",
		"echo; exit 0",
		"exec sleep 60",
	};

	install_doubles(*state, "xprop");
	helpers_limits.question = 1;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		misbehave(*state, "xprop", answers[i]);
		assert_gui(*state, "xprop <-root> <-notype> <KWIN_RUNNING>\n", "");
	}
}

/* ---- what goes wrong ---- */

static void a_missing_notifier_is_only_said(void **state)
{
	struct helpers helpers = check(*state, "work");
	struct listening listening;

	take_away(*state, LAYOUT_NOTIFIER);
	listening = listen_to_stderr();
	assert_ok(helpers_session_start(&helpers, 5, -1));
	assert_said(listening, "qvm-test: work: it is not told the layout of the monitors: "
			       "/usr/bin/qubes-monitor-layout-notify is missing\n");
}

static void a_session_that_does_not_come_is_only_said(void **state)
{
	struct helpers helpers = check(*state, "work");
	struct listening listening = listen_to_stderr();

	misbehave(*state, "qrexec-client", "exit 126");
	assert_ok(helpers_session_start(&helpers, 5, -1));
	assert_said(listening,
		    "qvm-test: work: waiting for its user's session: service qubes.WaitForSession failed "
		    "(status 126)\n");
}

static void without_qrexec_there_is_no_gui(void **state)
{
	struct helpers helpers = check(*state, "work");

	misbehave(*state, "qrexec-daemon", "exit 3");
	assert_error(helpers_session_start(&helpers, 5, -1), QREXEC_DAEMON " failed (status 3)");
	assert_recorded(*state, "QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <5> <work> <user>\n");
}

static void a_gui_daemon_that_fails_is_an_error(void **state)
{
	struct helpers helpers = check(*state, "work");

	misbehave(*state, "qubes-guid", "exit 2");
	assert_error(helpers_session_start(&helpers, 5, -1), GUI_DAEMON " failed (status 2)");
}

static void an_hvm_is_reachable_without_its_gui(void **state)
{
	struct helpers helpers = check(*state, "win");
	struct listening listening = listen_to_stderr();

	misbehave(*state, "qubes-guid", "exit 2");
	assert_int_equal(helpers_session_start(&helpers, 5, -1), -1);
	assert_int_equal(error_kind(), ERROR_SAID);
	assert_said(listening, "qvm-test: win: its GUI: " GUI_DAEMON " failed (status 2)\n");
	assert_true(helpers_qrexec_runs(helpers.vm));
}

static void a_hung_daemon_is_not_waited_for(void **state)
{
	AUTO_FREE char *message = util_printf("%s" GUI_DAEMON " did not end within 1 s and was stopped",
					      ((struct world *)*state)->directory);
	struct helpers helpers = check(*state, "work");
	double start = seconds_now();

	helpers_limits.gui = 1;
	misbehave(*state, "qubes-guid", "exec sleep 60");
	assert_error(helpers_session_start(&helpers, 5, -1), message);
	assert_true(seconds_now() - start < 10);
}

/* ---- an HVM that nobody could reach ---- */

static void run_domain(struct vm *vm)
{
	AUTO_FREE char *xml =
		util_printf("<domain type='test'><name>%s</name><uuid>%s</uuid><memory>8192</memory>"
			    "<os><type>hvm</type></os></domain>",
			    vm->name, vm_uuid(vm));

	assert_ok(vmm_define(vm, xml));
	assert_ok(vmm_create_paused(vm));
	assert_ok(vmm_resume(vm));
}

static void an_hvm_without_agent_and_qrexec_is_destroyed(void **state)
{
	struct helpers helpers = check_how(*state, "bare", &(const struct helpers_how){ .no_gui = true });
	struct vmm_info info;

	run_domain(helpers.vm);
	misbehave(*state, "qrexec-daemon", "exit 1");
	assert_error(helpers_session_start(&helpers, 5, 6),
		     QREXEC_DAEMON " failed (status 1); it was destroyed");
	assert_ok(vmm_info_now(helpers.vm, &info));
	assert_int_equal(info.power, VMM_HALTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST(an_appvm),
		HOST(a_quiet_netvm),
		HOST(a_proxyvm_without_gui),
		HOST(a_template),
		HOST(an_appvm_in_debug_mode),
		HOST(the_image_of_disposable_vms),
		HOST(a_disposable_vm_has_an_icon_of_its_own),
		HOST(an_hvm_without_agents),
		HOST(an_hvm_with_agents),
		HOST(an_hvm_template_in_debug_mode),
		HOST(an_hvm_whose_stub_domain_is_not_known),
		HOST(root_runs_them_as_a_member_of_qubes),
		HOST(kde_colours_the_frames_itself),
		HOST(kde_with_an_unknown_owner_has_titles_alone),
		HOST(other_window_managers_get_nothing),
		HOST(a_missing_notifier_is_only_said),
		HOST(a_session_that_does_not_come_is_only_said),
		HOST(without_qrexec_there_is_no_gui),
		HOST(a_gui_daemon_that_fails_is_an_error),
		HOST(an_hvm_is_reachable_without_its_gui),
		HOST(a_hung_daemon_is_not_waited_for),
		HOST(an_hvm_without_agent_and_qrexec_is_destroyed),
	};

	error_set_program("qvm-test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
