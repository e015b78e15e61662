/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of our own that work at the same time: started one by one, waited for, told of signals.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "util.h"

#define NOBODY 0

/* Those that are ignored (nohup) are not held: nobody waits for them. */
static sigset_t held_ones(void)
{
	static const int numbers[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP };
	sigset_t blocked, held;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (sigismember(&blocked, numbers[i]) == 1)
			sigaddset(&held, numbers[i]);
	return held;
}

void crew_begin(struct crew *crew, size_t most)
{
	sigset_t child;

	*crew = (struct crew){ .pids = util_alloc(most * sizeof(*crew->pids)), .count = most };
	util_hold_signals(&crew->before);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	crew->waited = held_ones();
}

int crew_start(struct crew *crew, size_t index, crew_work *work, void *argument)
{
	pid_t pid;
	int status;

	fflush(NULL); /* else both of us would print it */
	pid = fork();
	if (pid < 0)
		return error_errno("no process for it");
	if (pid > 0) {
		crew->pids[index] = pid;
		return 0;
	}
	util_release_signals(&crew->before);
	status = work(argument);
	fflush(NULL);
	_exit(status);
}

/* ---- waiting ---- */

static bool is_empty(const struct crew *crew)
{
	for (size_t i = 0; i < crew->count; i++)
		if (crew->pids[i] != NOBODY)
			return false;
	return true;
}

/* One that somebody else has waited for is gone, and how it ended is not known. */
static bool has_ended(pid_t pid, int *status)
{
	int how;
	pid_t ended;

	do
		ended = waitpid(pid, &how, WNOHANG);
	while (ended < 0 && errno == EINTR);
	if (ended == 0)
		return false;
	if (ended < 0)
		*status = EXIT_FAILURE;
	else
		*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
	return true;
}

static bool find_ended(struct crew *crew, size_t *index, int *status)
{
	for (*index = 0; *index < crew->count; (*index)++)
		if (crew->pids[*index] != NOBODY && has_ended(crew->pids[*index], status)) {
			crew->pids[*index] = NOBODY;
			return true;
		}
	return false;
}

static void pass_on(struct crew *crew, int number)
{
	crew->interrupted = number;
	for (size_t i = 0; i < crew->count; i++)
		if (crew->pids[i] != NOBODY)
			kill(crew->pids[i], number);
}

/* Wakes up now and then by itself: who was started with SIGCHLD ignored is never told of an end. */
static void wait_for_signal(struct crew *crew)
{
	static const struct timespec second = { .tv_sec = 1 };
	int number = sigtimedwait(&crew->waited, NULL, &second);

	if (number > 0 && number != SIGCHLD)
		pass_on(crew, number);
}

bool crew_wait(struct crew *crew, size_t *index, int *status)
{
	while (!is_empty(crew)) {
		if (find_ended(crew, index, status))
			return true;
		wait_for_signal(crew);
	}
	return false;
}

void crew_end(struct crew *crew)
{
	free(crew->pids);
	util_release_signals(&crew->before);
	if (crew->interrupted)
		raise(crew->interrupted);
}
