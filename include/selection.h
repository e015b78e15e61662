/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * selection - which VMs a command is for: those named, or all but some.
 */
#ifndef QUBES_SELECTION_H
#define QUBES_SELECTION_H

#include "option.h"
#include "vm.h"

/* A member called WHICH of the applet's argument structure S. */
struct selection {
	bool all;
	struct strlist exclude;
};

#define OPT_SELECTION(s, which, text)                                                                    \
	OPT_FLAG(0, "all", s, which.all, text),                                                          \
		OPT_LIST(0, "exclude", "VM", s, which.exclude, "with --all: not this one (repeatable)"), \
		OPT_WORDS("VM...|--all", 0, -1)

/* Does --all mean this VM? dom0 is never asked about. 1, 0, or -1 with an error. */
typedef int selection_filter(struct vm *vm);

/*
 * The VMs that WORDS name, each once, in that order; or with --all those that FILTER lets through (NULL:
 * all), in ascending qid, without dom0. A name that does not exist is an error before anything was done
 * to the others. NULL-terminated, in the arena; NULL with an error.
 */
struct vm **selection_vms(struct qubes *q, const struct selection *which, char **words,
			  selection_filter *filter);

/*
 * Calls EACH for every VM, reports what fails and goes on with the rest. 0, or -1 if one failed (ERROR_SAID).
 */
int for_vms(struct vm *const *vms, int (*each)(struct vm *vm, const void *context), const void *context);

/* Filters: active in whatever state; active and not paused; paused; off. */
int selection_active(struct vm *vm);
int selection_running(struct vm *vm);
int selection_paused(struct vm *vm);
int selection_halted(struct vm *vm);

#endif
