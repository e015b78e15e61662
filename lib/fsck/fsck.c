/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole check: the tree, round by round until nothing more is to be repaired, and the writing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "layout.h"

/* One repair may show the next fault; a chain of so many would be a circle. */
#define ROUNDS_MAX 50
#define TRIES_MAX 3

/* ---- what has been found so far ---- */

static bool is_same(const struct fsck_finding *a, const struct fsck_finding *b)
{
	return !strcmp(a->id, b->id) && !strcmp(a->vm ? a->vm : "", b->vm ? b->vm : "") &&
	       !strcmp(a->what, b->what);
}

/*
 * Was number INDEX of this round there in the rounds before, BEFORE findings ago, and left as it is? Several may look
 * the same.
 */
static bool is_known(const struct fsck *f, size_t index, size_t before)
{
	const struct fsck_finding *finding = &f->found.items[index];
	size_t left = 0, repaired = 0, here = 0;

	for (size_t i = 0; i < before; i++)
		if (is_same(&f->all.items[i], finding)) {
			left += !f->all.items[i].repaired;
			repaired += f->all.items[i].repaired;
		}
	for (size_t i = 0; (left || repaired) && i <= index; i++)
		here += is_same(&f->found.items[i], finding);
	/* A repair that does not help is not tried for ever. */
	return (left && here <= left) || repaired >= TRIES_MAX;
}

void fsck_remember(struct fsck *f, const struct fsck_finding *finding)
{
	if (f->all.count == f->all.room) {
		f->all.room = f->all.room ? 2 * f->all.room : 32;
		f->all.items = util_realloc(f->all.items, f->all.room * sizeof(*f->all.items));
	}
	f->all.items[f->all.count++] = *finding;
}

/* Is it about one of the VMs that were named, if any were? */
static bool concerns(const struct fsck *f, const struct fsck_finding *finding)
{
	char *const *vms = f->options->vms;

	if (!vms || !*vms)
		return true;
	for (; finding->vm && *vms; vms++)
		if (!strcmp(*vms, finding->vm))
			return true;
	return false;
}

/* ---- the tree ---- */

void fsck_check(struct fsck *f)
{
	f->found.count = 0;
	f->phase = 0;
	if (f->format == STORE_R3)
		fsck_check_r3(f);
	else
		fsck_check_r4(f);
}

/* Shows one, and repairs it if that is wanted. Was it? */
static bool settle(struct fsck *f, struct fsck_finding *finding)
{
	fsck_show(f, finding);
	if (finding->repair && fsck_ask(f, FSCK_QUESTION) == FSCK_YES) {
		finding->repair(f, finding);
		store_touch(f->store);
		finding->repaired = true;
	}
	fsck_remember(f, finding);
	return finding->repaired;
}

/* Those of PHASE, errors or warnings, but for what the rounds before knew. Was one repaired? */
static bool settle_phase(struct fsck *f, size_t before, int phase, bool errors)
{
	bool repaired = false;

	for (size_t i = 0; i < f->found.count && !f->stop; i++) {
		struct fsck_finding *finding = &f->found.items[i];

		if (finding->phase != phase || fsck_is_error(finding) != errors)
			continue;
		/* What goes needs no repair any more. */
		if (concerns(f, finding) && !is_known(f, i, before) && !fsck_is_doomed(f, finding->node))
			repaired |= settle(f, finding);
	}
	return repaired;
}

/*
 * One step: the errors of the first phase that has some, or its warnings. What comes after may look different
 * then: a warning may be no more than what an error beside it brings about.
 */
static bool check_round(struct fsck *f)
{
	size_t before = f->all.count;
	bool repaired = false;

	fsck_check(f);
	for (int phase = 0; phase <= f->phase && !repaired; phase++) {
		repaired = settle_phase(f, before, phase, true);
		repaired = repaired || settle_phase(f, before, phase, false);
	}
	fsck_remove_doomed(f);
	return repaired;
}

static void check_tree(struct fsck *f)
{
	for (int round = 0; round < ROUNDS_MAX && check_round(f); round++)
		;
	/* What the last round left, and what was not looked at. */
	fsck_check(f);
}

static bool has_errors(const struct fsck *f)
{
	for (size_t i = 0; i < f->found.count; i++)
		if (fsck_is_error(&f->found.items[i]) && concerns(f, &f->found.items[i]))
			return true;
	return f->bytes_left;
}

/* Were there errors before somebody quit? */
static bool had_errors(const struct fsck *f)
{
	for (size_t i = 0; f->stop && i < f->all.count; i++)
		if (fsck_is_error(&f->all.items[i]))
			return true;
	return false;
}

/* ---- the end ---- */

static int save(struct fsck *f)
{
	/* Who quits wants nothing of it. */
	for (size_t i = 0; f->stop && i < f->all.count; i++)
		f->all.items[i].repaired = false;
	if (!store_changed(f->store) || f->bytes_left || f->stop || f->options->mode == FSCK_NOTHING)
		return 0;
	if (fsck_keep_copy(f) < 0)
		return -1;
	return store_save(f->store);
}

static void say_end(struct fsck *f, int status)
{
	size_t warnings = 0;

	for (size_t i = 0; i < f->found.count; i++)
		warnings += !fsck_is_error(&f->found.items[i]);
	if (f->copy)
		fsck_say(f, "%s: written; as it was before it is %s", f->options->store, f->copy);
	if (status & FSCK_ERRORS_LEFT)
		fsck_say(f, "%s: errors are left%s", f->options->store,
			 f->options->mode == FSCK_ALL ? "" : "; qubes-fsck -y repairs what can be repaired");
	else if (status == FSCK_CLEAN)
		fsck_say(f, "%s: clean%s", f->options->store, warnings ? ", but for warnings" : "");
}

static bool has_repairs(const struct fsck *f)
{
	for (size_t i = 0; i < f->all.count; i++)
		if (f->all.items[i].remedy)
			return true;
	return false;
}

static int finish(struct fsck *f, bool tree)
{
	int status = FSCK_CLEAN;

	if (tree && save(f) < 0)
		return FSCK_TROUBLE;
	if (f->copy)
		status |= FSCK_FIXED;
	if (!tree || has_errors(f) || had_errors(f))
		status |= FSCK_ERRORS_LEFT;
	if (f->owned && has_repairs(f) && store_check_owner(f->store) < 0)
		status = FSCK_TROUBLE;
	else
		say_end(f, status);
	if (f->options->json)
		fsck_print_json(f, status);
	return status;
}

/*
 * While qubesd owns the store it is looked at, and no more: what is to be repaired will be told, and this with it. A
 * store at another place has no owner.
 */
static void heed_owner(struct fsck *f, struct fsck_options *only_look)
{
	store_set_format(f->store, f->format);
	if (f->q->force_store || strcmp(f->options->store, STORE_PATH) != 0)
		store_force(f->store);
	if (f->options->mode == FSCK_NOTHING || store_check_owner(f->store) == 0)
		return;
	error_clear();
	*only_look = *f->options;
	only_look->mode = FSCK_NOTHING;
	f->options = only_look;
	f->owned = true;
}

/* Those that were named must be there. */
static int check_names(struct fsck *f)
{
	const struct layout *layout = layout_of(f->format);
	store_node *root = store_root(f->store);

	for (char *const *vm = f->options->vms; vm && *vm; vm++) {
		const char *qid, *name = NULL;
		store_node *node = layout->next_vm(root, NULL);

		for (; node; node = layout->next_vm(root, node)) {
			layout->identity(node, &qid, &name);
			if (name && !strcmp(name, *vm))
				break;
		}
		if (!node)
			return error_set(ERROR_NOT_FOUND, "there is no VM '%s' in %s", *vm,
					 f->options->store);
	}
	return 0;
}

static int check_open(struct fsck *f)
{
	struct fsck_options only_look;
	bool tree;

	fsck_guess_format(f);
	heed_owner(f, &only_look);
	tree = fsck_read_tree(f) == 0;
	store_set_format(f->store, f->format);
	if (tree && check_names(f) < 0)
		return FSCK_TROUBLE;
	if (tree)
		check_tree(f);
	return finish(f, tree);
}

/* There is no file: only a backup helps. */
static int check_missing(struct fsck *f)
{
	const struct store *backup;
	AUTO_FREE char *text = NULL;
	size_t length;
	struct fsck_finding *finding;

	f->format = STORE_R4;
	f->loaded_by = FSCK_R4;
	f->any_format = true;
	backup = fsck_backup(f);
	if (!backup)
		return error_set(ERROR_NOT_FOUND, "there is no %s, and no copy of it in %s",
				 f->options->store, fsck_backup_directory(f, false)),
		       FSCK_TROUBLE;
	finding = fsck_note(f, "file-missing", f->loaded_by, NULL, NULL, "there is no such file");
	finding->remedy = arena_printf(f->arena, "take %s in its place", f->backup_name);
	fsck_show(f, finding);
	finding->repaired = fsck_ask(f, FSCK_QUESTION) == FSCK_YES;
	fsck_remember(f, finding);
	text = store_text(backup, &length);
	if (finding->repaired && store_write_new(f->q->root, f->options->store, text, length) < 0)
		return FSCK_TROUBLE;
	if (f->options->json)
		fsck_print_json(f, finding->repaired ? FSCK_FIXED : FSCK_ERRORS_LEFT);
	return finding->repaired ? FSCK_FIXED : FSCK_ERRORS_LEFT;
}

static bool is_missing(const struct fsck *f)
{
	struct stat st;

	return root_stat(f->q->root, f->options->store, &st) < 0 && errno == ENOENT;
}

int fsck_run(struct qubes *q, const struct fsck_options *options)
{
	struct fsck f = { .q = q, .arena = q->arena, .options = options };
	int status = FSCK_TROUBLE;

	if (is_missing(&f)) {
		status = check_missing(&f);
	} else {
		f.store =
			store_open_unchecked(q->root, options->store, options->mode != FSCK_NOTHING, q->wait);
		if (f.store)
			status = check_open(&f);
	}
	store_close(f.store);
	store_close(f.backup);
	free(f.found.items);
	free(f.all.items);
	free(f.doomed);
	return status;
}
