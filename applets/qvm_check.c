/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-check - does a VM exist, and is it running, paused, a template, networked?
 */
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "selection.h"
#include "vmm.h"

#define STATUS_NO 1
#define STATUS_SOME 3

enum condition {
	IS_RUNNING = 1 << 0,
	IS_PAUSED = 1 << 1,
	IS_TEMPLATE = 1 << 2,
	IS_NETWORKED = 1 << 3,
};

struct check_args {
	int conditions;
	bool quiet;
	struct selection which;
};

const struct option_row qvm_check_options[] = {
	OPT_CHOICE(0, "running", struct check_args, conditions, IS_RUNNING, "is it active (paused counts)?"),
	OPT_CHOICE(0, "paused", struct check_args, conditions, IS_PAUSED, "is it paused?"),
	OPT_CHOICE(0, "template", struct check_args, conditions, IS_TEMPLATE, "is it a template?"),
	OPT_CHOICE(0, "networked", struct check_args, conditions, IS_NETWORKED,
		   "has it a network, or gives one to others?"),
	OPT_FLAG('q', "quiet", struct check_args, quiet, "say nothing, only exit"),
	OPT_SELECTION(struct check_args, which, "every VM but dom0"),
	OPT_NOTE("Of several conditions all must hold. Exit status: 0 yes, 1 no or no such VM, "
		 "3 only for some of the VMs."),
	OPT_END
};

/* ---- conditions ---- */

static int is_template(struct vm *vm)
{
	return vm_is(vm, VM_TEMPLATES);
}

static int is_networked(struct vm *vm)
{
	return vm_provides_network(vm) || vm_netvm(vm);
}

static const struct {
	enum condition bit;
	const char *word;
	selection_filter *holds;
} conditions[] = {
	{ IS_RUNNING, "running", selection_active },
	{ IS_PAUSED, "paused", selection_paused },
	{ IS_TEMPLATE, "template", is_template },
	{ IS_NETWORKED, "networked", is_networked },
};

/* "running, paused"; "exists" when nothing was asked. */
static void add_words(struct strbuf *text, int asked)
{
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++)
		if (asked & (int)conditions[i].bit)
			strbuf_printf(text, "%s%s", text->length ? ", " : "", conditions[i].word);
	if (!text->length)
		strbuf_add(text, "exists");
}

/* 1, 0, or -1 with an error. */
static int holds(struct vm *vm, int asked)
{
	for (size_t i = 0; i < ARRAY_SIZE(conditions); i++) {
		int result = asked & (int)conditions[i].bit ? conditions[i].holds(vm) : 1;

		if (result != 1)
			return result;
	}
	return 1;
}

/* ---- which VMs ---- */

static bool is_repeated(char **words, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(words[i], words[at]))
			return true;
	return false;
}

/* Those of WORDS that exist; the others are said and counted. NULL with an error. */
static struct vm **find_named(struct qubes *q, const struct check_args *args, char **words, size_t *missing)
{
	struct vm **vms = arena_alloc(q->arena, (vms_count(q) + 1) * sizeof(struct vm *));
	size_t count = 0;

	for (size_t i = 0; words[i]; i++) {
		struct vm *vm = is_repeated(words, i) ? NULL : vm_by_name(q, words[i]);

		if (vm) {
			vms[count++] = vm;
		} else if (!is_repeated(words, i)) {
			if (error_kind() != ERROR_NOT_FOUND)
				return NULL;
			if (!args->quiet)
				error_note("%s: non-existent!", words[i]);
			(*missing)++;
		}
		error_clear();
	}
	return vms;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct vm *const *)a)->name, (*(struct vm *const *)b)->name);
}

static size_t sort(struct vm **vms)
{
	size_t count = 0;

	while (vms[count])
		count++;
	qsort(vms, count, sizeof(*vms), by_name);
	return count;
}

/* ---- the answer ---- */

static void say_none(int asked)
{
	AUTO_STRBUF struct strbuf text = { 0 };

	add_words(&text, asked);
	error_note("None of qubes: %s", text.text);
}

static int answer(struct vm **vms, const struct check_args *args, size_t missing)
{
	size_t count = sort(vms), matching = 0;

	for (size_t i = 0; i < count; i++) {
		AUTO_STRBUF struct strbuf text = { 0 };
		int result = holds(vms[i], args->conditions);

		if (result < 0)
			return error_within("%s", vms[i]->name);
		matching += (size_t)result;
		add_words(&text, args->conditions);
		if (result && !args->quiet)
			error_note("%s: %s", vms[i]->name, text.text);
	}
	if (matching == 0 && (count || args->which.all) && !args->quiet)
		say_none(args->conditions);
	if (matching == 0 || missing)
		return STATUS_NO;
	return matching == count ? 0 : STATUS_SOME;
}

int qvm_check_main(struct qubes *q, const void *parsed, char **words)
{
	const struct check_args *args = parsed;
	bool by_words = words[0] && !args->which.all && args->which.exclude.count == 0;
	size_t missing = 0;
	struct vm **vms =
		by_words ? find_named(q, args, words, &missing) : selection_vms(q, &args->which, words, NULL);

	return vms ? answer(vms, args, missing) : -1;
}
