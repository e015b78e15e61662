/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a table of steps, and what several sequences do.
 */
#include <stddef.h>

#include "domainxml.h"
#include "error.h"
#include "internal.h"
#include "util.h"
#include "vmm.h"

/* Undoes the steps from before FAILED down to FIRST; their own errors must not hide the one that matters. */
static void unwind(const struct step *first, const struct step *failed, void *work)
{
	enum error_kind kind = error_kind();
	AUTO_FREE char *message = util_strdup(error_message());

	while (failed-- > first)
		if (failed->undo)
			failed->undo(work);
	if (kind == ERROR_SAID)
		error_said();
	else
		error_set(kind, "%s", message);
}

int steps_run(const struct step *steps, void *work)
{
	for (const struct step *step = steps; step->act; step++) {
		if (step->act(work) == 0)
			continue;
		if (step->doing)
			error_within("%s", step->doing);
		unwind(steps, step, work);
		return -1;
	}
	return 0;
}

int save_store(struct qubes *q, int *after)
{
	*after = qubes_commit(q);
	/* The lock goes as soon as the store is safe; failures after that are the queue's. */
	if (*after != 0 && q->writing)
		return -1;
	return 0;
}

/* ---- signals ---- */

static const int held_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* One that is ignored (nohup) would be pending too while it is held. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void hold_signals(sigset_t *before)
{
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_SIZE(held_signals); i++)
		if (!is_ignored(held_signals[i]))
			sigaddset(&held, held_signals[i]);
	sigprocmask(SIG_BLOCK, &held, before);
}

void release_signals(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

int interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	for (size_t i = 0; i < ARRAY_SIZE(held_signals); i++)
		if (sigismember(&pending, held_signals[i]) == 1)
			return error_set(ERROR_FAILED, "interrupted");
	return 0;
}

/* ---- the domain ---- */

int define_domain(struct vm *vm)
{
	const char *type = vmm_domain_type(vm->qubes);
	AUTO_FREE char *xml = type ? domainxml_of(vm, type) : NULL;

	if (!xml || vmm_define(vm, xml) != 0)
		return error_within("%s: its domain is not defined (the next start tries again)", vm->name);
	domainxml_keep(vm, xml);
	return 0;
}
