/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-run - run a command in VMs. */
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "helpers.h"
#include "lifecycle.h"
#include "paint.h"
#include "selection.h"
#include "vmm.h"

#define SERVICE_MAX 255

struct run_args {
	struct selection which;
	bool quiet, start, no_start, tray, pause, unpause, pass_io, gui, no_gui;
	bool filter, no_filter, no_colour_output, no_colour_stderr;
	bool service, no_shell, dispvm;
	const char *user, *local, *colour_output, *colour_stderr;
};

#define HIDDEN_FLAG(n, m)                                                                               \
	{                                                                                               \
		.kind = OPTION_FLAG, .name = n, .offset = offsetof(struct run_args, m), .hidden = true, \
		.summary = ""                                                                           \
	}
#define HIDDEN_TEXT(n, v, m)                                                                        \
	{                                                                                           \
		.kind = OPTION_TEXT, .name = n, .value = v, .offset = offsetof(struct run_args, m), \
		.hidden = true, .summary = ""                                                       \
	}

const struct option_row qvm_run_options[] = {
	OPT_FLAG('q', "quiet", struct run_args, quiet, "say nothing about progress"),
	OPT_FLAG('a', "auto", struct run_args, start, "start a VM that is off"),
	OPT_FLAG('n', "no-auto", struct run_args, no_start, "start none; so it is without --auto"),
	OPT_TEXT('u', "user", "USER", struct run_args, user, "run as USER, not as the VM's default user"),
	OPT_FLAG(0, "tray", struct run_args, tray, "accepted; progress is text in any case"),
	OPT_FLAG(0, "all", struct run_args, which.all,
		 "every running VM but dom0 (with --unpause: every paused one), all at once"),
	OPT_LIST(0, "exclude", "VM", struct run_args, which.exclude, "with --all: not this one (repeatable)"),
	OPT_FLAG(0, "pause", struct run_args, pause, "pause the VM; there is no command"),
	OPT_FLAG(0, "unpause", struct run_args, unpause, "let the paused VM go on; there is no command"),
	OPT_FLAG('p', "pass-io", struct run_args, pass_io,
		 "wait for the command, with our stdin, stdout and stderr; implies --quiet"),
	OPT_TEXT(0, "localcmd", "COMMAND", struct run_args, local,
		 "with --pass-io: a command of this host instead of our stdin and stdout"),
	OPT_FLAG(0, "nogui", struct run_args, no_gui, "start no GUI daemon"),
	OPT_FLAG(0, "dispvm", struct run_args, dispvm,
		 "in a disposable VM, which is started for it from the VM BASE (default: the one that "
		 "qvm-create-default-dvm has made last) and gone when it ends"),
	OPT_FLAG(0, "service", struct run_args, service,
		 "COMMAND is the name of a service: NAME or NAME+ARGUMENT"),
	OPT_FLAG(0, "filter-escape-chars", struct run_args, filter,
		 "take out of the output what makes terminals do things (default: if stdout is a terminal)"),
	OPT_FLAG(0, "no-filter-escape-chars", struct run_args, no_filter, "leave the output as it is"),
	OPT_TEXT(0, "color-output", "N", struct run_args, colour_output,
		 "ANSI style of the output on a terminal (default: " PAINT_DEFAULT ")"),
	OPT_FLAG(0, "no-color-output", struct run_args, no_colour_output, "none"),
	OPT_TEXT(0, "color-stderr", "N", struct run_args, colour_stderr,
		 "ANSI style of the VM's stderr on a terminal (default: " PAINT_DEFAULT ")"),
	OPT_FLAG(0, "no-color-stderr", struct run_args, no_colour_stderr, "none"),
	HIDDEN_FLAG("autostart", start),
	HIDDEN_FLAG("no-autostart", no_start),
	HIDDEN_FLAG("gui", gui),
	HIDDEN_FLAG("no-gui", no_gui),
	HIDDEN_TEXT("colour-output", "N", colour_output),
	HIDDEN_FLAG("no-colour-output", no_colour_output),
	HIDDEN_TEXT("colour-stderr", "N", colour_stderr),
	HIDDEN_FLAG("no-colour-stderr", no_colour_stderr),
	HIDDEN_FLAG("no-shell", no_shell),
	OPT_WORDS("VM|--all COMMAND | --dispvm [BASE] COMMAND | --pause|--unpause VM|--all", 0, -1),
	OPT_NOTE(
		"COMMAND is one word for the shell in the VM: quote it. Without --pass-io it gets no input, its "
		"output is lost, and nobody waits for it but with --dispvm. The exit status is that of the command, the highest one "
		"of several; 1 if it could not be run. Colours are for terminals, and not if NO_COLOR is set."),
	OPT_END
};

/* ---- what the options say ---- */

static bool pauses(const struct run_args *args)
{
	return args->pause || args->unpause;
}

/* How many come before the command. */
static size_t count_vms(const struct run_args *args, char **words)
{
	if (args->dispvm)
		return option_count_words(words) > 1 ? 1 : 0;
	return args->which.all ? 0 : 1;
}

static int check_words(const struct run_args *args, char **words)
{
	size_t wanted = count_vms(args, words) + (pauses(args) ? 0 : 1), count = option_count_words(words);

	if (count > wanted && wanted > 0 && !pauses(args))
		return error_set(ERROR_USAGE,
				 "unexpected argument '%s': the command must be quoted as one word",
				 words[wanted]);
	if (count > wanted)
		return error_set(ERROR_USAGE, "unexpected argument '%s'", words[wanted]);
	if (count == wanted)
		return 0;
	if (args->which.all || args->dispvm)
		return error_set(ERROR_USAGE, "a command is needed");
	return error_set(ERROR_USAGE, "the name of a VM%s needed",
			 pauses(args) ? " is" : " and a command are");
}

static int check_service(const char *name)
{
	const char *c = name;

	while (isascii((unsigned char)*c) && *c && (isalnum((unsigned char)*c) || strchr("._+-", *c)))
		c++;
	if (c > name && !*c && c - name <= SERVICE_MAX)
		return 0;
	return error_set(ERROR_USAGE, "'%s' is no service", name);
}

static int check_pass_io(const struct run_args *args)
{
	if (args->pass_io && args->which.all && !args->local && !pauses(args))
		return error_set(ERROR_USAGE,
				 "--all and --pass-io need --localcmd: several VMs cannot share our streams");
	if (args->local && !args->pass_io)
		error_note("--localcmd is ignored without --pass-io");
	return 0;
}

static int check_possible(const struct run_args *args)
{
	if (args->dispvm && args->which.exclude.count)
		return error_set(ERROR_USAGE, "--exclude needs --all");
	if (args->no_shell)
		return error_set(ERROR_FAILED,
				 "--no-shell: agents of release 3 hand every command to a shell");
	return 0;
}

static const struct contradiction {
	size_t one, other; /* offsets of flags */
	const char *names;
} contradictions[] = {
	{ offsetof(struct run_args, pause), offsetof(struct run_args, unpause), "--pause and --unpause" },
	{ offsetof(struct run_args, start), offsetof(struct run_args, no_start), "--auto and --no-auto" },
	{ offsetof(struct run_args, dispvm), offsetof(struct run_args, which.all), "--dispvm and --all" },
	{ offsetof(struct run_args, dispvm), offsetof(struct run_args, pause), "--dispvm and --pause" },
	{ offsetof(struct run_args, dispvm), offsetof(struct run_args, unpause), "--dispvm and --unpause" },
	{ offsetof(struct run_args, dispvm), offsetof(struct run_args, no_start), "--dispvm and --no-auto" },
	{ offsetof(struct run_args, gui), offsetof(struct run_args, no_gui), "--gui and --nogui" },
	{ offsetof(struct run_args, filter), offsetof(struct run_args, no_filter),
	  "--filter-escape-chars and --no-filter-escape-chars" },
};

static int check_contradictions(const struct run_args *args)
{
	for (size_t i = 0; i < ARRAY_SIZE(contradictions); i++) {
		const char *start = (const char *)args;

		if (*(const bool *)(start + contradictions[i].one) &&
		    *(const bool *)(start + contradictions[i].other))
			return error_set(ERROR_USAGE, "%s exclude each other", contradictions[i].names);
	}
	return 0;
}

/* Starting one may give it, and its netvms, UUIDs. */
int qvm_run_access(const void *parsed, char **words)
{
	const struct run_args *args = parsed;

	if (check_possible(args) != 0 || check_contradictions(args) != 0 || check_words(args, words) != 0)
		return -1;
	if (paint_check("color-output", args->colour_output) != 0 ||
	    paint_check("color-stderr", args->colour_stderr) != 0)
		return -1;
	if (args->service && !pauses(args) && check_service(words[count_vms(args, words)]) != 0)
		return -1;
	if (check_pass_io(args) != 0)
		return -1;
	return args->dispvm || (args->start && !pauses(args)) ? STORE_WRITE : STORE_READ;
}

/* ---- what is to be run ---- */

/* One command for all VMs. */
struct order {
	struct helpers_command command;
	bool quiet, start;
	const char *colour_output, *colour_stderr; /* NULL: none */
};

static struct order order_of(struct qubes *q, const struct run_args *args, const char *text)
{
	/* The output of the VM goes to the local command then, not to our stdout. */
	bool to_stdout = args->pass_io && !args->local;
	bool filter = args->filter || (to_stdout && !args->no_filter && isatty(STDOUT_FILENO));

	return (struct order){
		.command = {
			.command = args->service ? arena_printf(q->arena, "QUBESRPC %s dom0", text) : text,
			.user = args->user,
			.local = args->pass_io ? args->local : NULL,
			.pass_io = args->pass_io,
			.no_wait = !args->pass_io && !args->dispvm,
			.no_gui = args->no_gui && !args->service,
			.filter_escapes = filter,
			.interruptible = args->dispvm, /* whose end comes after it */
		},
		.quiet = args->quiet || args->pass_io,
		.start = args->start,
		.colour_output = to_stdout ? paint_for(STDOUT_FILENO, args->colour_output, args->no_colour_output) :
					     NULL,
		.colour_stderr = args->pass_io ? paint_for(STDERR_FILENO, args->colour_stderr,
							    args->no_colour_stderr) :
						 NULL,
	};
}

/* One VM that it is run in. */
struct run {
	const struct order *order;
	struct vm *vm;
	int xid, stubdom;
	bool gui; /* its daemon is missing */
	struct helpers helpers;
};

/* ---- getting a VM ready: all that the hypervisor is needed for ---- */

static int start_if_off(struct vm *vm, const struct order *order, bool no_gui)
{
	const struct lifecycle_start how = { .quiet = order->quiet,
					     .no_guid = no_gui,
					     .skip_if_running = true };
	struct vmm_info info;

	if (vmm_info_now(vm, &info) != 0)
		return error_within("%s", vm->name);
	if (info.power != VMM_HALTED)
		return 0;
	if (!order->start)
		return error_set(ERROR_FAILED, "%s: it is not running (--auto starts it)", vm->name);
	return lifecycle_start(vm, &how);
}

static int check_runs(struct run *run)
{
	struct vmm_info info;

	if (vmm_info_now(run->vm, &info) != 0)
		return error_within("%s", run->vm->name);
	run->xid = info.xid;
	if (info.power == VMM_RUNNING)
		return 0;
	if (info.power == VMM_PAUSED)
		return error_set(ERROR_FAILED, "%s: it is paused", run->vm->name);
	return error_set(ERROR_FAILED, "%s: it is not running (%s)", run->vm->name, lifecycle_state(run->vm));
}

/* A GUI daemon that ended, or was never started because nobody was logged in then, is started now. */
static int look_for_gui(struct run *run, bool no_gui)
{
	const struct helpers_how how = { .quiet = run->order->quiet };
	const char *display = getenv("DISPLAY");

	int shown;

	if (no_gui || !display || !*display)
		return 0;
	shown = helpers_shown_domain(run->vm, run->xid);
	if (helpers_gui_runs(run->vm, shown >= 0 ? shown : run->xid))
		return 0;
	if (helpers_check(run->vm, &how, &run->helpers) != 0)
		return error_within("%s", run->vm->name);
	run->gui = run->helpers.gui;
	run->stubdom = vmm_stubdom(run->vm);
	return 0;
}

static int get_ready(struct run *run, bool no_gui)
{
	if (vm_is_dom0(run->vm))
		return error_set(ERROR_FAILED, "%s: it is the host itself", run->vm->name);
	if (start_if_off(run->vm, run->order, no_gui) != 0 || check_runs(run) != 0)
		return -1;
	return look_for_gui(run, no_gui);
}

/* ---- running ---- */

/* Ctrl-C ends the client; we follow once the terminal has its colour back. */
static int run_painted(struct run *run)
{
	const struct order *order = run->order;
	sigset_t interrupt, before;
	int status;

	sigemptyset(&interrupt);
	if (order->colour_output || order->colour_stderr)
		sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &before);
	paint_begin(stdout, order->colour_output);
	paint_begin(stderr, order->colour_stderr);
	status = helpers_run(run->vm, &order->command);
	paint_end(stderr, order->colour_stderr);
	paint_end(stdout, order->colour_output);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}

/* The exit status. */
static int run_one(struct run *run)
{
	int status = -1;

	if (run->gui && helpers_gui_start(&run->helpers, run->xid, run->stubdom) != 0) {
		error_within("its GUI");
	} else {
		if (!run->order->quiet)
			error_note("running '%s' in %s", run->order->command.command, run->vm->name);
		status = run_painted(run);
	}
	if (status >= 0)
		return status;
	error_within("%s", run->vm->name);
	error_report();
	return 1;
}

static int higher(int one, int other)
{
	return one > other ? one : other;
}

static int run_in_crew(void *run)
{
	return run_one(run);
}

static int run_at_once(struct run *runs, size_t count)
{
	int highest = 0, status;
	struct crew crew;
	size_t ended;

	crew_begin(&crew, count);
	for (size_t i = 0; i < count; i++)
		if (crew_start(&crew, i, run_in_crew, &runs[i]) != 0) {
			error_within("%s", runs[i].vm->name);
			error_report();
			highest = 1;
		}
	while (crew_wait(&crew, &ended, &status))
		highest = higher(highest, status);
	crew_end(&crew);
	return highest;
}

static int run_all(struct qubes *q, struct vm *const *vms, const struct order *order, bool no_gui)
{
	struct run *runs = arena_alloc(q->arena, (vms_count(q) + 1) * sizeof(*runs));
	size_t count = 0;
	int highest = 0;

	for (; *vms; vms++) {
		runs[count] = (struct run){ .order = order, .vm = *vms };
		if (get_ready(&runs[count], no_gui) == 0) {
			count++;
			continue;
		}
		error_report();
		highest = 1;
	}
	vmm_disconnect(q); /* a command may take for ever */
	if (count > 1)
		return higher(highest, run_at_once(runs, count));
	return count ? higher(highest, run_one(&runs[0])) : highest;
}

/* ---- in a disposable VM ---- */

static struct vm *base_of(struct qubes *q, const struct run_args *args, char **words)
{
	return count_vms(args, words) ? vm_by_name(q, words[0]) : lifecycle_default_base(q);
}

/* Nobody stays connected while it runs, as with other VMs. */
static int run_alone(struct run *run, bool no_gui)
{
	if (get_ready(run, no_gui) != 0) {
		error_report();
		return 1;
	}
	vmm_disconnect(run->vm->qubes);
	return run_one(run);
}

/* Ctrl-C ends the command; the VM must not outlive it. */
static int run_and_end(struct vm *vm, const struct order *order, bool no_gui)
{
	struct run run = { .order = order, .vm = vm };
	int status = run_alone(&run, no_gui);

	if (lifecycle_end_disposable(vm) == 0)
		return status;
	error_report();
	return higher(status, 1);
}

static int run_disposable(struct qubes *q, const struct run_args *args, char **words)
{
	const struct lifecycle_start how = { .quiet = args->quiet || args->pass_io, .no_guid = args->no_gui };
	struct order order = order_of(q, args, words[count_vms(args, words)]);
	struct vm *base = base_of(q, args, words), *vm;
	sigset_t before;
	int status = -1;

	if (!base)
		return -1;
	util_hold_signals(&before);
	vm = lifecycle_start_disposable(base, &how);
	if (vm)
		status = run_and_end(vm, &order, args->no_gui);
	util_release_signals(&before);
	return status;
}

/* ---- the applet ---- */

static int pause_one(struct vm *vm, const void *unused)
{
	(void)unused;
	return lifecycle_pause(vm);
}

static int unpause_one(struct vm *vm, const void *unused)
{
	(void)unused;
	return lifecycle_unpause(vm);
}

/* No lock is held while something starts or runs. */
static int prepare(struct qubes *q, struct vm *const *vms)
{
	for (; *vms; vms++)
		if (lifecycle_prepare(*vms) != 0)
			return -1;
	return qubes_commit(q);
}

int qvm_run_main(struct qubes *q, const void *parsed, char **words)
{
	const struct run_args *args = parsed;
	char *name[] = { args->which.all ? NULL : words[0], NULL };
	struct vm **vms;
	struct order order;

	if (args->dispvm)
		return run_disposable(q, args, words);
	vms = selection_vms(q, &args->which, name, args->unpause ? selection_paused : selection_running);
	if (!vms)
		return -1;
	if (pauses(args))
		return for_vms(vms, args->pause ? pause_one : unpause_one, NULL);
	if (args->start && prepare(q, vms) != 0)
		return -1;
	order = order_of(q, args, words[count_vms(args, words)]);
	return run_all(q, vms, &order, args->no_gui);
}
