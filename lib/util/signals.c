/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ctrl-C and its like, held off while something must come to its end.
 */
#include <signal.h>

#include "error.h"
#include "util.h"

static const int held_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* One that is ignored (nohup) would be pending too while it is held. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void util_hold_signals(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(held_signals); i++)
		if (!is_ignored(held_signals[i]))
			sigaddset(&held, held_signals[i]);
	sigprocmask(SIG_BLOCK, &held, before);
}

void util_release_signals(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

int util_interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < ARRAY_SIZE(held_signals); i++)
		if (sigismember(&pending, held_signals[i]) == 1)
			return error_set(ERROR_FAILED, "interrupted");
	return 0;
}
