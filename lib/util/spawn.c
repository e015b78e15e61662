/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Child processes: started with nothing of ours but stdin, stdout and stderr, watched until they end or
 * their time is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define MOST_OUTPUT ((size_t)16 << 20)
#define GRACE 3000 /* ms between asking a child to end and ending it */
#define LOOK 200   /* ms between looks for a held signal */
#define TICK 20	   /* ms, where the kernel has no descriptors for processes */
#define OLD_DESCRIPTOR_LIMIT 1024

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

struct child {
	const struct spawn *what;
	pid_t pid;
	int process; /* pidfd; -1: not known to this kernel */
	int output;  /* -1: none, or its end was reached */
	int status;
	long long deadline; /* ms; 0: none */
	int signals;	    /* sent so far */
	bool interrupted;
};

/* ---- starting ---- */

/* Descriptors that we were started with are not the child's business either. */
static void keep_descriptors_from_child(void)
{
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (int fd = STDERR_FILENO + 1; fd < OLD_DESCRIPTOR_LIMIT; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Input is in memory, not in a pipe: nobody has to feed it, and a child that does not read is no SIGPIPE. */
static int open_input(const char *input)
{
	int fd = input ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || !input)
		return fd;
	if (util_write_all(fd, input, strlen(input)) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	util_close_at(&fd);
	return -1;
}

static bool is_among(const char *const *settings, const char *setting, size_t name)
{
	for (; settings && *settings; settings++)
		if (strncmp(*settings, setting, name) == 0 && (*settings)[name] == '=')
			return true;
	return false;
}

/* Ours without what MORE says otherwise, and MORE. */
static void make_environment(const char *const *more, struct strlist *environment)
{
	for (char **own = environ; own && *own; own++)
		if (!is_among(more, *own, strcspn(*own, "=")))
			strlist_add(environment, *own);
	for (; more && *more; more++)
		strlist_add(environment, *more);
}

static int open_stdin(const struct spawn *what)
{
	return what->own_input ? dup(STDIN_FILENO) : open_input(what->input);
}

/* The order matters: stderr may be where stdout goes. 0, or an error number. */
static int arrange_streams(posix_spawn_file_actions_t *actions, const struct spawn *what, int input,
			   int output)
{
	int result = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);

	if (result == 0 && what->err == SPAWN_DROP)
		result = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (result != 0)
		return result;
	if (output >= 0)
		return posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	if (what->out == SPAWN_DROP)
		return posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (what->out == SPAWN_TO_STDERR)
		return posix_spawn_file_actions_adddup2(actions, STDERR_FILENO, STDOUT_FILENO);
	return 0;
}

static int arrange_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, normal;

	sigemptyset(&none);
	sigemptyset(&normal);
	sigaddset(&normal, SIGPIPE);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &normal);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn_with(struct child *child, int input, int output)
{
	AUTO_STRLIST struct strlist environment = { 0 };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result;

	make_environment(child->what->environment, &environment);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	result = arrange_signals(&attributes);
	if (result == 0)
		result = arrange_streams(&actions, child->what, input, output);
	if (result == 0)
		result = posix_spawn(&child->pid, child->what->argv[0], &actions, &attributes,
				     (char *const *)child->what->argv, (char *const *)environment.items);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	errno = result;
	return result == 0 ? 0 : -1;
}

static int start(struct child *child)
{
	AUTO_CLOSE int input = open_stdin(child->what);
	AUTO_CLOSE int writing = -1;
	int ends[2];

	if (input < 0)
		return -1;
	if (child->what->output) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return -1;
		child->output = ends[0];
		writing = ends[1];
	}
	keep_descriptors_from_child();
	if (spawn_with(child, input, writing) < 0)
		return -1;
	child->process = (int)syscall(SYS_pidfd_open, child->pid, 0);
	if (child->what->seconds > 0)
		child->deadline = util_milliseconds() + child->what->seconds * 1000LL;
	return 0;
}

/* ---- watching ---- */

/* 1: something came; 0: the end; -1: failure. */
static int take_output(struct child *child)
{
	char bytes[16384];
	ssize_t got = read(child->output, bytes, sizeof(bytes));

	if (got < 0)
		return errno == EINTR ? 1 : -1;
	if (got == 0)
		return 0;
	if (child->what->output->length + (size_t)got > MOST_OUTPUT) {
		errno = EFBIG;
		return -1;
	}
	strbuf_add_bytes(child->what->output, bytes, (size_t)got);
	return 1;
}

/* What is in the pipe when the child has ended; its own children may hold it open for ever. */
static int take_last_output(struct child *child)
{
	struct pollfd waiting = { .fd = child->output, .events = POLLIN };
	int result = 1;

	while (child->output >= 0 && result > 0 && poll(&waiting, 1, 0) > 0)
		result = take_output(child);
	return result < 0 ? -1 : 0;
}

static void look_for_signal(struct child *child)
{
	if (child->interrupted || util_interrupted() == 0)
		return;
	child->interrupted = true;
	child->deadline = util_milliseconds();
}

/* How long to wait, in ms; sends the signal that is due. -1: for ever. */
static int time_left(struct child *child)
{
	static const int signals[] = { SIGTERM, SIGKILL };
	int longest = child->what->interruptible ? LOOK : 60000;
	long long left;

	if (child->what->interruptible)
		look_for_signal(child);
	left = child->deadline - util_milliseconds();
	if (child->deadline && left <= 0) {
		if (child->signals < 2)
			kill(child->pid, signals[child->signals++]);
		child->deadline = child->signals < 2 ? util_milliseconds() + GRACE : 0;
		left = GRACE;
	}
	if (child->process < 0)
		return TICK;
	if (!child->deadline)
		return child->what->interruptible ? longest : -1;
	return left < longest ? (int)left : longest;
}

static int wait_for_something(struct child *child)
{
	struct pollfd waiting[] = {
		{ .fd = child->output, .events = POLLIN },
		{ .fd = child->process, .events = POLLIN },
	};
	int result;

	if (poll(waiting, ARRAY_SIZE(waiting), time_left(child)) < 0)
		return errno == EINTR ? 0 : -1;
	if (!waiting[0].revents)
		return 0;
	result = take_output(child);
	if (result == 0) {
		close(child->output);
		child->output = -1;
	}
	return result < 0 ? -1 : 0;
}

static int reap(struct child *child, int flags)
{
	pid_t pid;

	do
		pid = waitpid(child->pid, &child->status, flags);
	while (pid < 0 && errno == EINTR);
	return pid;
}

static int watch(struct child *child)
{
	/* Without output and limit there is nothing to do meanwhile. */
	bool idle = child->output < 0 && !child->deadline && !child->what->interruptible;

	for (;;) {
		pid_t ended = reap(child, idle ? 0 : WNOHANG);

		if (ended < 0)
			return -1;
		if (ended > 0)
			return take_last_output(child);
		if (wait_for_something(child) < 0) {
			int saved = errno;

			kill(child->pid, SIGKILL);
			reap(child, 0);
			errno = saved;
			return -1;
		}
	}
}

/* ---- the end ---- */

static int result_of(const struct child *child)
{
	if (child->interrupted)
		return error_set(ERROR_FAILED, "interrupted");
	if (child->signals)
		return error_set(ERROR_FAILED, "%s did not end within %d s and was stopped",
				 child->what->argv[0], child->what->seconds);
	return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status) : WEXITSTATUS(child->status);
}

int util_spawn(const struct spawn *what)
{
	struct child child = { .what = what, .process = -1, .output = -1 };
	int result;

	if (start(&child) < 0)
		result = error_errno("cannot run %s", what->argv[0]);
	else if (watch(&child) < 0)
		result = error_errno("running %s", what->argv[0]);
	else
		result = result_of(&child);
	util_close_at(&child.process);
	util_close_at(&child.output);
	return result;
}
