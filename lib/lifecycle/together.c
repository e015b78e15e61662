/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shutting several VMs down: who must not lose its network, in which order, and waiting for the end.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "util.h"
#include "vmm.h"

#define ROUND 1000 /* milliseconds */
#define KILL_TIME 3000
#define NAMES_SHOWN 50

static bool has(struct vm *const *vms, const struct vm *vm)
{
	for (; *vms; vms++)
		if (*vms == vm)
			return true;
	return false;
}

static size_t count_of(struct vm *const *vms)
{
	size_t count = 0;

	while (vms[count])
		count++;
	return count;
}

/* ---- clients ---- */

struct needs {
	struct vm *const *vms;
	struct strbuf names;
};

static int note_need(struct vm *client, void *context)
{
	struct needs *needs = context;
	struct vmm_info info;

	if (vm_is_dom0(client) || has(needs->vms, client))
		return 0;
	if (vmm_info(client, &info) != 0)
		return -1;
	if (info.power != VMM_HALTED)
		strbuf_printf(&needs->names, "%s%s", needs->names.length ? ", " : "", client->name);
	return 0;
}

static int check_netvm(struct vm *netvm, struct vm *const *vms)
{
	AUTO_STRBUF struct strbuf none = { 0 };
	struct needs needs = { .vms = vms, .names = none };
	int result = vm_for_clients(netvm, note_need, &needs);

	if (result == 0 && needs.names.length)
		result = error_set(ERROR_FAILED, "%s: running VMs get their network from it: %s", netvm->name,
				   needs.names.text);
	strbuf_free(&needs.names);
	return result;
}

int lifecycle_check_clients(struct vm *const *vms)
{
	for (struct vm *const *at = vms; *at; at++)
		if (vm_is(*at, VM_NETVMS) && check_netvm(*at, vms) != 0)
			return -1;
	return 0;
}

/* ---- order ---- */

/* How many netvms stand between VM and the outside; a circle ends where all have been seen. */
static size_t depth_of(const struct vm *vm)
{
	size_t depth = 0;

	while (depth <= vms_count(vm->qubes) && (vm = vm_netvm(vm)))
		depth++;
	return depth;
}

void lifecycle_sort_clients_first(struct vm **vms)
{
	/* By insertion: it keeps the order of equals, and the lists are short. */
	for (size_t i = 1, count = count_of(vms); i < count; i++) {
		struct vm *vm = vms[i];
		size_t depth = depth_of(vm), place = i;

		for (; place > 0 && depth_of(vms[place - 1]) < depth; place--)
			vms[place] = vms[place - 1];
		vms[place] = vm;
	}
}

/* ---- waiting ---- */

struct waiting {
	const struct lifecycle_wait *how;
	struct vm *const *vms;
	struct waited {
		bool off;
		long long halting; /* since when; 0: it is not */
	} * seen;		   /* one for each of VMS */
	size_t left;
	long long end;
	int shown; /* how much of the terminal's line is ours */
};

/* Whether it worked is seen in the next round. */
static void destroy(struct vm *vm)
{
	if (vmm_destroy(vm) == 0)
		return;
	if (error_kind() == ERROR_NOT_FOUND) { /* it has ended by itself */
		error_clear();
		return;
	}
	error_within("%s", vm->name);
	error_report();
}

/* One that is seen shutting down in two rounds hangs there. */
static bool hangs(struct waited *seen, enum vmm_power power)
{
	if (power != VMM_HALTING)
		seen->halting = 0;
	else if (seen->halting == 0)
		seen->halting = util_milliseconds();
	return seen->halting != 0 && util_milliseconds() - seen->halting >= ROUND;
}

static int look_at(struct waiting *w, size_t i, bool late)
{
	struct waited *seen = &w->seen[i];
	struct vmm_info info;

	if (vmm_info(w->vms[i], &info) != 0)
		return -1;
	seen->off = info.power == VMM_HALTED;
	if (seen->off)
		return 0;
	if (w->how->kill && (hangs(seen, info.power) || late))
		destroy(w->vms[i]);
	w->left++;
	return 0;
}

/* One question for all of them. */
static int look_at_all(struct waiting *w, bool late)
{
	w->left = 0;
	vmm_forget(w->vms[0]->qubes);
	for (size_t i = 0; w->vms[i]; i++)
		if (!w->seen[i].off && look_at(w, i, late) != 0)
			return -1;
	return 0;
}

/* The caller frees. */
static char *names_of_running(const struct waiting *w)
{
	struct strbuf names = { 0 };

	for (size_t i = 0; w->vms[i]; i++)
		if (!w->seen[i].off)
			strbuf_printf(&names, "%s%s", names.length ? ", " : "", w->vms[i]->name);
	return names.text;
}

static int still_running(const struct waiting *w)
{
	AUTO_FREE char *names = names_of_running(w);

	return error_set(ERROR_FAILED, "still running: %s", names);
}

/* One line, which each round writes over. */
static void hide(struct waiting *w)
{
	if (w->shown > 0)
		fprintf(stderr, "\r%*s\r", w->shown, "");
	w->shown = 0;
}

static void show(struct waiting *w)
{
	AUTO_FREE char *names = NULL;
	long long left = (w->end - util_milliseconds() + 999) / 1000;

	if (w->how->quiet || !isatty(STDERR_FILENO))
		return;
	hide(w);
	names = names_of_running(w);
	error_make_printable(names);
	w->shown = fprintf(stderr, "waiting %lld s for %.*s%s", left > 0 ? left : 0, NAMES_SHOWN, names,
			   strlen(names) > NAMES_SHOWN ? "..." : "");
}

/* A look at each change, once a second at least; and some more time to see what killing did. */
static int wait_rounds(struct waiting *w)
{
	long long over = w->end + (w->how->kill ? KILL_TIME : 0);

	while (look_at_all(w, util_milliseconds() >= w->end) == 0) {
		if (!w->left)
			return 0;
		if (util_milliseconds() >= over)
			return still_running(w);
		show(w);
		vmm_wait_change(ROUND);
	}
	return -1;
}

int lifecycle_wait_off(struct vm *const *vms, const struct lifecycle_wait *how)
{
	struct waiting waiting = { .how = how,
				   .vms = vms,
				   .end = util_milliseconds() + (long long)(how->seconds * 1000) };
	int result;

	if (!vms[0])
		return 0;
	waiting.seen = util_alloc(count_of(vms) * sizeof(*waiting.seen));
	vmm_watch(vms[0]->qubes);
	result = wait_rounds(&waiting);
	hide(&waiting);
	util_free_at(&waiting.seen);
	return result;
}
