/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qrexec: the daemon that a VM's agent talks to, and its client, which runs a command there.
 */
#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "qubes.h"

#define TIMEOUT_IF_ZERO 60 /* what the daemon takes 0 for */
#define SERVICE_MAX 255

/* ---- the daemon ---- */

bool helpers_qrexec_runs(const struct vm *vm)
{
	AUTO_FREE char *path = util_printf(RUN "/qrexec.%s", vm->name);

	return !strchr(vm->name, '/') && root_exists(vm->qubes->root, path);
}

bool helpers_has_agent(const struct vm *vm)
{
	return !vm_is(vm, VM_HVMS) || prop_flag(vm, "qrexec_installed");
}

/* Without an agent there is nothing to wait for now; one may come to be installed while the VM runs. */
static const char *patience(const struct helpers *helpers, int *seconds)
{
	long long timeout;

	*seconds = helpers_limits.daemon;
	if (!helpers_has_agent(helpers->vm))
		return "QREXEC_STARTUP_NOWAIT=1";
	if (prop_number(helpers->vm, "qrexec_timeout", &timeout) != 0)
		return NULL;
	*seconds = (int)(timeout ? timeout : TIMEOUT_IF_ZERO) + helpers_limits.agent;
	return arena_printf(helpers->vm->qubes->arena, "QREXEC_STARTUP_TIMEOUT=%lld", timeout);
}

int qrexec_start(const struct helpers *helpers, int xid)
{
	const struct vm *vm = helpers->vm;
	AUTO_STRLIST struct strlist words = { 0 };
	int seconds;
	const char *environment[] = { patience(helpers, &seconds), NULL };

	if (!environment[0])
		return -1;
	strlist_add(&words, QREXEC_DAEMON);
	if (helpers->how.quiet && helpers_has_agent(vm))
		strlist_add(&words, "-q");
	strlist_add(&words, arena_printf(vm->qubes->arena, "%d", xid));
	strlist_add(&words, vm->name);
	strlist_add(&words, prop_string(vm, "default_user"));
	return program_start(helpers, &words, environment, seconds);
}

/* ---- the client ---- */

static int check_can_run(const struct vm *vm, const char *user)
{
	if (check_word("name", vm->name) != 0 || check_word("user", user) != 0)
		return -1;
	if (!helpers_has_agent(vm))
		return error_set(ERROR_FAILED, "it has no qrexec agent (see property qrexec_installed)");
	if (!helpers_qrexec_runs(vm))
		return error_set(ERROR_FAILED, "qrexec is not connected");
	if (!program_exists(vm, QREXEC_CLIENT))
		return error_set(ERROR_FAILED, "%s is missing", QREXEC_CLIENT);
	return 0;
}

static void add_words(const struct vm *vm, const struct helpers_command *command, const char *user,
		      struct strlist *words)
{
	const char *start = command->no_gui && vm_is(vm, VM_HVMS) ? "nogui:" : "";

	strlist_add(words, QREXEC_CLIENT);
	strlist_add(words, "-d");
	strlist_add(words, vm->name);
	strlist_add(words, arena_printf(vm->qubes->arena, "%s:%s%s", user, start, command->command));
	if (command->local) {
		strlist_add(words, "-l");
		strlist_add(words, command->local);
	}
	if (command->filter_escapes)
		strlist_add(words, "-t");
	if (isatty(STDERR_FILENO))
		strlist_add(words, "-T");
	if (command->no_wait && !command->pass_io)
		strlist_add(words, "-e");
}

int qrexec_run(struct vm *vm, const struct helpers_command *command, struct spawn streams)
{
	const char *user = command->user ? command->user : prop_string(vm, "default_user");
	AUTO_STRLIST struct strlist words = { 0 };

	if (check_can_run(vm, user) != 0)
		return -1;
	add_words(vm, command, user, &words);
	streams.seconds = command->seconds;
	streams.interruptible = command->interruptible;
	return program_run(vm, NULL, &words, streams);
}

int helpers_run(struct vm *vm, const struct helpers_command *command)
{
	const struct spawn streams = {
		.input = command->input,
		.own_input = command->pass_io && !command->input,
		.output = command->output,
		.out = command->pass_io ? SPAWN_PASS : SPAWN_DROP,
		.err = command->pass_io && !command->hide_stderr ? SPAWN_PASS : SPAWN_DROP,
	};

	return qrexec_run(vm, command, streams);
}

/* ---- services ---- */

static bool is_service(const char *name)
{
	if (!*name || strlen(name) > SERVICE_MAX)
		return false;
	for (const char *c = name; *c; c++)
		if (!isascii((unsigned char)*c) || !(isalnum((unsigned char)*c) || strchr("._+-", *c)))
			return false;
	return true;
}

static int call(struct vm *vm, const char *service, const char *source, const struct helpers_command *how)
{
	struct helpers_command command = *how;
	const struct spawn streams = { .input = how->input, .output = how->output, .out = SPAWN_DROP };

	if (!is_service(service))
		return error_set(ERROR_FAILED, "'%s' is no service", service);
	command.command = arena_printf(vm->qubes->arena, "QUBESRPC %s %s", service, source);
	return qrexec_run(vm, &command, streams);
}

int helpers_call_service(struct vm *vm, const char *service, const char *user, const char *input,
			 struct strbuf *output, int seconds)
{
	const struct helpers_command how = {
		.user = user,
		.input = input,
		.output = output,
		.seconds = seconds,
	};

	return call(vm, service, "dom0", &how);
}

int qrexec_call(struct vm *vm, const char *service, const char *source, const char *user, const char *input,
		int seconds)
{
	const struct helpers_command how = { .user = user, .input = input, .seconds = seconds };
	int status = call(vm, service, source, &how);

	if (status <= 0)
		return status;
	return error_set(ERROR_FAILED, "service %s failed (status %d)", service, status);
}
