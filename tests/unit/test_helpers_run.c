/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a command or a service in a VM: qrexec-client's arguments, what goes in and comes out, and the exit
 * status.
 */
#include "helpers_world.h"

#include <stdlib.h>

/* With qrexec's daemon as if VM were running. */
static struct vm *running(struct world *w, const char *name)
{
	AUTO_FREE char *path = util_printf(RUN "/qrexec.%s", name);

	make_file(w, path, 0, "");
	return the(w, name);
}

static void assert_call(struct world *w, const char *name, const struct helpers_command *command,
			const char *expected)
{
	assert_int_equal(helpers_run(running(w, name), command), 0);
	assert_recorded(w, expected);
}

/* ---- arguments ---- */

static void a_command_runs_as_the_default_user(void **state)
{
	assert_call(*state, "work", &(const struct helpers_command){ .command = "true" },
		    "qrexec-client <-d> <work> <user:true>\n");
	assert_call(*state, "odd", &(const struct helpers_command){ .command = "true" },
		    "qrexec-client <-d> <odd> <me:true>\n");
	assert_call(*state, "work", &(const struct helpers_command){ .command = "true", .user = "root" },
		    "qrexec-client <-d> <work> <root:true>\n");
}

static void the_command_is_one_argument(void **state)
{
	assert_call(*state, "work", &(const struct helpers_command){ .command = ": 'a b' $(:) *; true" },
		    "qrexec-client <-d> <work> <user:: 'a b' $(:) *; true>\n");
}

static void options_follow_in_their_order(void **state)
{
	const struct helpers_command command = {
		.command = "true",
		.local = "cat >/dev/null",
		.filter_escapes = true,
		.pass_io = true,
	};

	assert_call(*state, "work", &command,
		    "qrexec-client <-d> <work> <user:true> <-l> <cat >/dev/null> <-t>\n");
}

static void nobody_waits_if_not_wanted(void **state)
{
	assert_call(*state, "work", &(const struct helpers_command){ .command = "exit 5", .no_wait = true },
		    "qrexec-client <-d> <work> <user:exit 5> <-e>\n");
}

/* What the VM writes to stderr could make a terminal do things, too. */
static void a_terminal_is_said_to_be_one(void **state)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), before = dup(STDERR_FILENO), other;

	assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	other = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(dup2(other, STDERR_FILENO) >= 0);
	assert_int_equal(helpers_run(running(*state, "work"),
				     &(const struct helpers_command){ .command = "true", .no_wait = true }),
			 0);
	dup2(before, STDERR_FILENO);
	close(before);
	close(other);
	close(terminal);
	assert_recorded(*state, "qrexec-client <-d> <work> <user:true> <-T> <-e>\n");
}

/* The agent of an HVM is told; that of a PV VM has no GUI of its own. */
static void an_hvm_is_told_that_there_is_no_gui(void **state)
{
	const struct helpers_command command = { .command = "true", .no_gui = true };

	assert_call(*state, "win", &command, "qrexec-client <-d> <win> <user:nogui:true>\n");
	assert_call(*state, "work", &command, "qrexec-client <-d> <work> <user:true>\n");
}

/* ---- streams and status ---- */

static void the_exit_status_is_the_command_s(void **state)
{
	struct vm *vm = running(*state, "work");

	assert_int_equal(helpers_run(vm, &(const struct helpers_command){ .command = "exit 7" }), 7);
	assert_int_equal(helpers_run(vm, &(const struct helpers_command){ .command = "kill -9 $$" }),
			 128 + 9);
}

static void input_goes_in_and_output_comes_out(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };
	const struct helpers_command command = { .command = "cat; echo",
						 .input = "a b\n",
						 .output = &output };

	assert_int_equal(helpers_run(running(*state, "work"), &command), 0);
	assert_string_equal(output.text, "a b\n\n");
}

static void without_it_nothing_goes_in_or_comes_out(void **state)
{
	struct listening listening = listen_to_stderr();
	const struct helpers_command command = { .command = "cat; echo out; echo error >&2" };

	assert_int_equal(helpers_run(running(*state, "work"), &command), 0);
	assert_said(listening, "");
}

/* Runs COMMAND with a pipe that has TEXT as our stdin. */
static int run_with_stdin(struct vm *vm, const char *text, const struct helpers_command *command)
{
	int ends[2], before = dup(STDIN_FILENO), status;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(util_write_all(ends[1], text, strlen(text)), 0);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	status = helpers_run(vm, command);
	dup2(before, STDIN_FILENO);
	close(before);
	return status;
}

static void passed_on_streams_are_ours(void **state)
{
	struct vm *vm = running(*state, "work");
	const struct helpers_command loud = { .command = "cat >&2", .pass_io = true };
	const struct helpers_command muted = { .command = "cat >&2", .pass_io = true, .hide_stderr = true };
	struct listening listening = listen_to_stderr();

	assert_int_equal(run_with_stdin(vm, "hello\n", &loud), 0);
	assert_int_equal(run_with_stdin(vm, "nothing\n", &muted), 0);
	assert_said(listening, "hello\n");
}

static void a_local_command_is_connected(void **state)
{
	const struct helpers_command command = {
		.command = "read -r word; [ \"$word\" = ping ] && echo pong",
		.local = "echo ping; read -r word; echo \"got $word\" >&2",
		.pass_io = true,
	};
	struct listening listening = listen_to_stderr();

	assert_int_equal(helpers_run(running(*state, "work"), &command), 0);
	assert_said(listening, "got pong\n");
}

/* ---- services ---- */

static void a_service_is_called_for_dom0(void **state)
{
	AUTO_STRBUF struct strbuf output = { 0 };

	make_file(*state, FAULTS "services/qubes.Test", 0, "tr a-z A-Z");
	assert_int_equal(
		helpers_call_service(running(*state, "work"), "qubes.Test", "root", "text", &output, 5), 0);
	assert_string_equal(output.text, "TEXT\n");
	assert_recorded(*state, "qrexec-client <-d> <work> <root:QUBESRPC qubes.Test dom0>\n"
				"qubes.Test reads <text>\n");
}

static void the_status_of_a_service_is_its_own(void **state)
{
	make_file(*state, FAULTS "services/qubes.USBAttach", 0, "exit 127");
	assert_int_equal(
		helpers_call_service(running(*state, "work"), "qubes.USBAttach", NULL, NULL, NULL, 5), 127);
}

static void names_of_services_are_checked(void **state)
{
	static const char *const names[] = { "", "a b", "a;b", "a/b", "a\nb" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(helpers_call_service(running(*state, "work"), names[i], NULL, NULL, NULL, 5),
				 -1);
	assert_recorded(*state, "");
}

/* ---- refusals ---- */

static void assert_run_refused(struct vm *vm, const char *user, const char *message)
{
	assert_error(helpers_run(vm, &(const struct helpers_command){ .command = "true", .user = user }),
		     message);
}

static void without_a_daemon_it_is_not_connected(void **state)
{
	assert_run_refused(the(*state, "work"), NULL, "qrexec is not connected");
}

static void without_a_client_it_is_said(void **state)
{
	struct vm *vm = running(*state, "work");

	take_away(*state, QREXEC_CLIENT);
	assert_run_refused(vm, NULL, "/usr/lib/qubes/qrexec-client is missing");
}

static void an_hvm_needs_an_agent(void **state)
{
	assert_run_refused(running(*state, "bare"), NULL,
			   "it has no qrexec agent (see property qrexec_installed)");
}

/* What is before the first colon is the user. */
static void users_are_checked(void **state)
{
	assert_run_refused(running(*state, "work"), "root:rm -r", "'root:rm -r' is no user for a daemon");
	assert_run_refused(running(*state, "work"), "", "'' is no user for a daemon");
}

static void a_hung_client_is_stopped(void **state)
{
	struct world *w = *state;
	const struct helpers_command command = { .command = "exec sleep 60", .seconds = 1 };
	AUTO_FREE char *message =
		util_printf("%s" QREXEC_CLIENT " did not end within 1 s and was stopped", w->directory);

	misbehave(w, "qrexec-client", "exec sleep 60");
	assert_error(helpers_run(running(w, "work"), &command), message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST(a_command_runs_as_the_default_user),
		HOST(the_command_is_one_argument),
		HOST(options_follow_in_their_order),
		HOST(nobody_waits_if_not_wanted),
		HOST(a_terminal_is_said_to_be_one),
		HOST(an_hvm_is_told_that_there_is_no_gui),
		HOST(the_exit_status_is_the_command_s),
		HOST(input_goes_in_and_output_comes_out),
		HOST(without_it_nothing_goes_in_or_comes_out),
		HOST(passed_on_streams_are_ours),
		HOST(a_local_command_is_connected),
		HOST(a_service_is_called_for_dom0),
		HOST(the_status_of_a_service_is_its_own),
		HOST(names_of_services_are_checked),
		HOST(without_a_daemon_it_is_not_connected),
		HOST(without_a_client_it_is_said),
		HOST(an_hvm_needs_an_agent),
		HOST(users_are_checked),
		HOST(a_hung_client_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
