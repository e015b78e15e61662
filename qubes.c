/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qubes - the front door: finds the applet by the name it was called by, sets up what it may touch, runs
 * it, and turns its result into an exit status.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "install.h"
#include "layout.h"
#include "lifecycle.h"
#include "pending.h"
#include "store.h"
#include "vm.h"
#include "vmm.h"

#ifndef QUBES_VERSION
#define QUBES_VERSION "0.1"
#endif

#define STATUS_UNKNOWN_APPLET 127

/* ---- the tables ---- */

#define APPLET(name_, function, store_, access_, hypervisor_, flags_, summary_) \
	{ .name = name_,                                                        \
	  .summary = summary_,                                                  \
	  .options = function##_options,                                        \
	  .main = function##_main,                                              \
	  .store = store_,                                                      \
	  .access = access_,                                                    \
	  .hypervisor = hypervisor_,                                            \
	  .flags = flags_ },

const struct applet applets[] = {
#include "applets.h"
	{ .name = NULL }
};

const struct applet *applet_find(const char *name)
{
	for (const struct applet *applet = applets; applet->name; applet++)
		if (strcmp(applet->name, name) == 0)
			return applet;
	return NULL;
}

/* By its name, or what is left of it without the prefix. */
static const struct applet *find_short(const char *name)
{
	const struct applet *applet = applet_find(name);

	if (!applet) {
		AUTO_FREE char *longer = util_printf("qubes-%s", name);

		applet = applet_find(longer);
	}
	return applet;
}

struct common_args {
	bool help, version, offline, force_root, force_store;
	const char *root, *uri;
	int wait;
};
#define NO_COMMON_ARGS                     \
	{                                  \
		.wait = STORE_WAIT_FOREVER \
	}

static const struct option_row common_options[] = {
	OPT_FLAG('h', "help", struct common_args, help, "print this help and exit"),
	OPT_FLAG(0, "version", struct common_args, version, "print the version and exit"),
	OPT_FLAG(0, "offline-mode", struct common_args, offline,
		 "never touch the hypervisor (environment: QUBES_OFFLINE=1)"),
	OPT_TEXT(
		0, "root", "DIR", struct common_args, root,
		"work on the system mounted at DIR; offline unless a URI is given (environment: QUBES_ROOT)"),
	OPT_TEXT(0, "connect", "URI", struct common_args, uri,
		 "libvirt URI of the hypervisor, " VMM_DEFAULT_URI
		 " if nothing is said (environment: QUBES_LIBVIRT_URI)"),
	OPT_NUMBER(
		0, "wait", "SECONDS", struct common_args, wait,
		"give up when somebody else has locked the store for so long; 0: at once (default: wait for ever)"),
	OPT_FLAG(
		0, "force-store", struct common_args, force_store,
		"write a store of release 4 although qubesd is running (--force, where that has no other meaning)"),
	{ .kind = OPTION_FLAG,
	  .name = "force",
	  .offset = offsetof(struct common_args, force_store),
	  .hidden = true },
	OPT_FLAG(0, "force-root", struct common_args, force_root, "accepted; root needs no forcing here"),
	OPT_END
};

struct front_args {
	bool list, version, help, install, symbolic, man, completion;
};

static const struct option_row front_options[] = {
	OPT_FLAG(0, "list", struct front_args, list, "print the names of the applets, one a line"),
	OPT_FLAG(0, "install", struct front_args, install, "make a link for every applet in directory DIR"),
	OPT_FLAG('s', "symbolic", struct front_args, symbolic, "make symbolic links, not hard ones"),
	OPT_FLAG(0, "man", struct front_args, man, "print the manual page (of an applet)"),
	OPT_FLAG(0, "completion", struct front_args, completion, "print the completion script for bash"),
	OPT_WORDS("[DIR|APPLET [ARGUMENT...]]", 0, 1),
	OPT_END
};

static const struct option_row front_common_options[] = {
	OPT_FLAG('h', "help", struct front_args, help, "print this help and exit"),
	OPT_FLAG(0, "version", struct front_args, version, "print the version and exit"), OPT_END
};

#define FRONT_SUMMARY "the Qubes VM tools in one program, also called by their own names"

/* ---- ends ---- */

static void out_of_memory(void)
{
	static const char text[] = "qubes: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

/* Output that was lost (a full disk, a closed descriptor) is a failure of the whole command. */
static int finish_output(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return error_errno("standard output");
	return 0;
}

/* What RESULT of an applet, or of the front door itself, means to the shell; prints the error it stands for. */
static int finish(int result, const char *program, const struct option_row *options)
{
	bool usage;

	if (result >= 0 && finish_output() == 0)
		return result;
	if (error_kind() == ERROR_NONE)
		error_set(ERROR_FAILED, "it failed, and nothing said why");
	usage = error_kind() == ERROR_USAGE;
	result = error_exit_status();
	fflush(stdout);
	error_report();
	if (usage)
		option_usage(stderr, program, options);
	return result;
}

/* ---- one applet over one context ---- */

static const char *from_environment(const char *given, const char *variable)
{
	const char *value = getenv(variable);

	if (given)
		return given;
	return value && *value ? value : NULL;
}

static int open_context(struct qubes *q, const struct common_args *common)
{
	const char *directory = from_environment(common->root, "QUBES_ROOT");
	const char *offline = from_environment(NULL, "QUBES_OFFLINE");
	/* One that is there for the host is not meant for a root that only this command line names. */
	const char *uri = common->root ? common->uri : from_environment(common->uri, "QUBES_LIBVIRT_URI");

	/* An empty variable in a script must not turn --root "$MNT" into the host. */
	if ((directory && !*directory) || (uri && !*uri))
		return error_set(ERROR_USAGE, "--%s needs a value",
				 directory && !*directory ? "root" : "connect");
	q->arena = arena_new();
	q->pending = pending_new(q);
	q->root = root_new(directory ? directory : "/");
	if (!q->root)
		return -1;
	q->offline = common->offline || (offline && strcmp(offline, "1") == 0) ||
		     q->applet->hypervisor == VMM_NEVER || (!root_is_host(q->root) && !uri);
	q->vmm = vmm_new(uri ? uri : VMM_DEFAULT_URI, q->offline);
	/* Offline this fails, with the reason; otherwise the connection is left to the first real need. */
	if (q->applet->hypervisor == VMM_REQUIRED && q->offline)
		return vmm_connection(q);
	return 0;
}

int applet_open_store(struct qubes *q, enum store_access access)
{
	const char *forbidden;

	if (access == STORE_NONE)
		return 0;
	q->store = store_open_within(q->root, STORE_PATH, access == STORE_WRITE, q->wait);
	if (!q->store)
		return -1;
	q->writing = access == STORE_WRITE;
	q->acting = q->writing || q->applet->hypervisor == VMM_REQUIRED;
	if (store_format(q->store) == STORE_R4 && (q->applet->flags & APPLET_R3))
		return error_set(
			ERROR_STORE,
			"%s is a store of release 4, where this is for qubesd to do; %s knows those of "
			"release 3",
			STORE_PATH, q->applet->name);
	if (q->force_store)
		store_force(q->store);
	if (q->writing && store_check_owner(q->store) < 0)
		return -1;
	q->layout = layout_of(store_format(q->store));
	if (vms_load(q) != 0)
		return -1;
	if (!q->writing)
		return 0;
	vms_report(q);
	forbidden = store_write_forbidden(q->store);
	if (forbidden)
		return error_set(ERROR_STORE, "%s may only be read: %s", STORE_PATH, forbidden);
	lifecycle_recover(q);
	return 0;
}

/* The end of the process frees memory faster; that nothing was lost before is seen where it is asked for. */
#if defined(__SANITIZE_ADDRESS__) || defined(QUBES_FREE)
#define FREE_ALL 1
#else
#define FREE_ALL 0
#endif

static void close_context(struct qubes *q)
{
	vmm_free(q->vmm);
	if (!FREE_ALL)
		return;
	vms_free(q->vms);
	store_close(q->store);
	root_free(q->root);
	arena_free(q->arena);
}

static int run(const struct applet *applet, const struct common_args *common, const void *args, char **words)
{
	struct qubes q = { .applet = applet, .wait = common->wait, .force_store = common->force_store };
	int access = applet->access ? applet->access(args, words) : (int)applet->store;
	int result = -1;

	if (access < 0)
		return -1;
	if (open_context(&q, common) == 0 && applet_open_store(&q, (enum store_access)access) == 0)
		result = applet->main(&q, args, words);
	if (result == 0 && !q.dry_run)
		result = pending_finish(&q);
	close_context(&q);
	return result;
}

/* ---- one command of a batch over the batch's context ---- */

static int check_call(const struct qubes *q, const struct applet *applet, const struct common_args *common)
{
	if (!(applet->flags & APPLET_BATCH))
		return error_set(ERROR_FAILED,
				 "it cannot be part of a batch: it does more than change the store");
	if (common->root || common->uri)
		return error_set(ERROR_USAGE, "--root and --connect belong to the batch as a whole");
	if (common->wait != STORE_WAIT_FOREVER)
		return error_set(ERROR_USAGE, "--wait belongs to the batch as a whole");
	if (common->force_store)
		return error_set(ERROR_USAGE, "--force-store belongs to the batch as a whole");
	if (common->offline && !vmm_offline(q))
		return error_set(ERROR_USAGE, "--offline-mode belongs to the batch as a whole");
	if (store_format(q->store) == STORE_R4 && (applet->flags & APPLET_R3))
		return error_set(ERROR_STORE, "it knows stores of release 3");
	return 0;
}

static int run_inside(struct qubes *q, const struct applet *applet, const void *args, char **words)
{
	int result = applet->access ? applet->access(args, words) : 0;

	if (result < 0)
		return -1;
	result = applet->main(q, args, words);
	return result > 0 ? error_set(ERROR_FAILED, "exit status %d", result) : result;
}

static int parse_and_run_inside(struct qubes *q, int argc, char **argv)
{
	char *no_words[] = { NULL };
	AUTO_FREE void *args = util_alloc(option_size(q->applet->options));
	AUTO_STRLIST struct strlist words = { 0 };
	struct common_args common = NO_COMMON_ARGS;
	int result = option_parse(argc, argv, q->applet->options, args, common_options, &common, &words);

	if (result == 0 && (common.help || common.version))
		result = error_set(ERROR_USAGE, "a batch answers no questions about its commands");
	if (result == 0)
		result = check_call(q, q->applet, &common);
	if (result == 0)
		result = run_inside(q, q->applet, args, words.count ? (char **)words.items : no_words);
	option_free(q->applet->options, args);
	return result;
}

int applet_call(struct qubes *q, int argc, char **argv)
{
	const struct applet *batch = q->applet, *applet = find_short(argv[0]);
	int result;

	if (!applet)
		return error_set(ERROR_NOT_FOUND, "no applet called '%s'", argv[0]);
	q->applet = applet;
	error_set_program(applet->name);
	result = parse_and_run_inside(q, argc, argv);
	q->applet = batch;
	error_set_program(batch->name);
	/* A mistake in a line is none of the batch's own command line. */
	if (result != 0 && error_kind() == ERROR_USAGE)
		return error_set(ERROR_FAILED, "%s: %s", applet->name, error_message());
	return result == 0 ? 0 : error_within("%s", applet->name);
}

static int print_version(const char *name)
{
	printf("%s (qubes) %s\n", name, QUBES_VERSION);
	return 0;
}

static int parse_and_run(const struct applet *applet, int argc, char **argv)
{
	char *no_words[] = { NULL };
	AUTO_FREE void *args = util_alloc(option_size(applet->options));
	AUTO_STRLIST struct strlist words = { 0 };
	struct common_args common = NO_COMMON_ARGS;
	int result = option_parse(argc, argv, applet->options, args, common_options, &common, &words);

	/* Help that was asked for before a mistake answers it. */
	if (common.help) {
		option_help(stdout, applet->name, applet->summary, applet->options, common_options);
		result = 0;
	} else if (common.version) {
		result = print_version(applet->name);
	} else if (result == 0) {
		result = run(applet, &common, args, words.count ? (char **)words.items : no_words);
	}
	option_free(applet->options, args);
	return finish(result, applet->name, applet->options);
}

/* ---- no applet: the program itself ---- */

static int print_applets(void)
{
	option_help(stdout, "qubes", FRONT_SUMMARY, front_options, front_common_options);
	printf("\nApplets:\n");
	for (const struct applet *applet = applets; applet->name; applet++)
		printf("  %-22s  %s\n", applet->name, applet->summary);
	return 0;
}

static int print_names(void)
{
	for (const struct applet *applet = applets; applet->name; applet++)
		puts(applet->name);
	return 0;
}

static int print_completion(void)
{
	option_completion_start(stdout);
	for (const struct applet *applet = applets; applet->name; applet++)
		option_completion(stdout, applet->name, applet->options, common_options);
	return 0;
}

static int print_man(const char *name)
{
	const struct applet *applet = name ? find_short(name) : NULL;

	if (name && !applet)
		return error_set(ERROR_NOT_FOUND, "no applet called '%s'", name);
	if (applet)
		option_man(stdout, applet->name, applet->summary, applet->options, common_options);
	else
		option_man(stdout, "qubes", FRONT_SUMMARY, front_options, front_common_options);
	return 0;
}

static int install(const char *directory, bool symbolic)
{
	const char *names[ARRAY_SIZE(applets)]; /* the last is the table's end */

	if (!directory)
		return error_set(ERROR_USAGE, "--install needs a directory");
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++)
		names[i] = applets[i].name;
	return install_links(directory, names, symbolic);
}

static int front(const struct front_args *args, const struct strlist *words)
{
	const char *word = words->count ? words->items[0] : NULL;

	if (word && !args->man && !args->install)
		return error_set(ERROR_USAGE, "unexpected argument '%s'", word);
	if (args->version)
		return print_version("qubes");
	if (args->list)
		return print_names();
	if (args->man)
		return print_man(word);
	if (args->completion)
		return print_completion();
	if (args->install)
		return install(word, args->symbolic);
	return print_applets();
}

static int parse_front(int argc, char **argv)
{
	AUTO_STRLIST struct strlist words = { 0 };
	struct front_args args = { 0 };
	int result = option_parse(argc, argv, front_options, &args, front_common_options, &args, &words);

	if (args.help)
		result = print_applets();
	else if (result == 0)
		result = front(&args, &words);
	return finish(result, "qubes", front_options);
}

/* How far NAME is from an applet's name, with or without its prefix. */
static size_t distance_to(const struct applet *applet, const char *name)
{
	size_t whole = util_edit_distance(name, applet->name);
	size_t tail = util_edit_distance(name, strchr(applet->name, '-') + 1);

	return whole < tail ? whole : tail;
}

static int unknown_applet(const char *name)
{
	AUTO_STRBUF struct strbuf near = { 0 };
	size_t nearest = strlen(name) / 2 + 1; /* farther is no likeness */

	for (const struct applet *applet = applets; applet->name; applet++)
		if (distance_to(applet, name) < nearest)
			nearest = distance_to(applet, name);
	for (const struct applet *applet = applets; applet->name; applet++)
		if (nearest <= strlen(name) / 2 && distance_to(applet, name) == nearest)
			strbuf_printf(&near, "%s %s", near.length ? "," : "; nearest:", applet->name);
	error_set(ERROR_NOT_FOUND, "no applet called '%s'%s (all: qubes --list)", name,
		  near.text ? near.text : "");
	error_report();
	return STATUS_UNKNOWN_APPLET;
}

/* A store opened where a closed standard descriptor was would take what we print. */
static void fill_standard_descriptors(void)
{
	struct pollfd fds[] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(fds, ARRAY_SIZE(fds), 0) <= 0)
		return;
	/* Not writable on purpose: what is printed there is lost, and must be noticed. */
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if ((fds[i].revents & POLLNVAL) && open("/", O_RDONLY | O_DIRECTORY) < 0)
			return;
}

int main(int argc, char **argv)
{
	const char *name = argc > 0 && strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	const struct applet *applet;

	util_out_of_memory = out_of_memory;
	fill_standard_descriptors();
	if (argc < 1 || strcmp(name, "qubes") == 0) {
		error_set_program("qubes");
		if (argc < 2 || argv[1][0] == '-')
			return parse_front(argc, argv);
		argc--;
		argv++;
		applet = find_short(argv[0]);
		name = argv[0];
	} else {
		applet = applet_find(name);
	}
	error_set_program(applet ? applet->name : "qubes");
	return applet ? parse_and_run(applet, argc, argv) : unknown_applet(name);
}
