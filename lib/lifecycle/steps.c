/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running a table of steps, and what several sequences do.
 */
#include <stddef.h>

#include "domainxml.h"
#include "error.h"
#include "images.h"
#include "internal.h"
#include "util.h"
#include "vmm.h"

static bool is_left_out(const struct qubes *q, const struct step *step)
{
	return q->dry_run && step->outside;
}

/* Undoes the steps from before FAILED down to FIRST; their own errors must not hide the one that matters. */
static void unwind(struct qubes *q, const struct step *first, const struct step *failed, void *work)
{
	const struct error_aside failure = error_put_aside();

	while (failed-- > first)
		if (failed->undo && !is_left_out(q, failed))
			failed->undo(work);
	error_put_back(&failure);
}

/* The steps of a command of a batch: the whole may fail yet. */
static void keep_undo(struct qubes *q, const struct step *steps, void *work)
{
	for (const struct step *step = steps; step->act; step++)
		if (step->undo && !is_left_out(q, step))
			qubes_on_failure(q, step->undo, work);
}

static int run_held(struct qubes *q, const struct step *steps, void *work)
{
	for (const struct step *step = steps; step->act; step++) {
		if (is_left_out(q, step) || step->act(work) == 0)
			continue;
		unwind(q, steps, step, work);
		return -1;
	}
	if (q->batch)
		keep_undo(q, steps, work);
	return 0;
}

int steps_run(struct qubes *q, const struct step *steps, void *work)
{
	sigset_t before;
	int result;

	util_hold_signals(&before);
	result = run_held(q, steps, work);
	util_release_signals(&before);
	return result;
}

int stop_if_interrupted(void *work)
{
	(void)work;
	return util_interrupted();
}

int check_new_name(const struct qubes *q, const char *name)
{
	if (vm_check_name(name) != 0)
		return -1;
	return vm_name_taken(q, name) ? error_set(ERROR_FAILED, "there is a VM '%s' already", name) : 0;
}

int save_store(struct qubes *q, int *after)
{
	*after = qubes_commit(q);
	/* The lock goes as soon as the store is safe; failures after that are the queue's. */
	if (*after != 0 && q->writing)
		return -1;
	return 0;
}

/* ---- the files of a VM that is new in the store ---- */

static int finish_files(struct qubes *q, void *vm)
{
	(void)q;
	return ((struct vm *)vm)->node ? images_finish(vm) :
					 0; /* not removed by a later command of a batch */
}

void finish_with_save(struct vm *vm)
{
	qubes_with_save(vm->qubes, finish_files, vm);
}

/* ---- the domain ---- */

int define_domain(struct vm *vm)
{
	const char *type = vm->node ? vmm_domain_type(vm->qubes) : NULL;
	AUTO_FREE char *xml = type ? domainxml_of(vm, type) : NULL;

	if (!vm->node) /* removed by a later command of a batch */
		return 0;
	if (!xml || vmm_define(vm, xml) != 0)
		return error_within("%s: its domain is not defined (the next start tries again)", vm->name);
	domainxml_keep(vm, xml);
	return 0;
}
