/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole check: the bytes, what is left of a damaged file, then the tree, round by round until nothing more is to be
 * repaired; and the writing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "error.h"
#include "internal.h"
#include "layout.h"

/* One repair may show the next fault; a chain of so many would be a circle. */
#define ROUNDS_MAX 50
#define TRIES_MAX 3

#define QUESTION "    repair it? [y]es, [n]o, [a]ll of them, [q]uit without a change:"

/* ---- what has been found so far ---- */

static bool is_same(const struct fsck_finding *a, const struct fsck_finding *b)
{
	return !strcmp(a->id, b->id) && !strcmp(a->vm ? a->vm : "", b->vm ? b->vm : "") &&
	       !strcmp(a->what, b->what) && a->line == b->line;
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

static void remember(struct fsck *f, const struct fsck_finding *finding)
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

/* ---- the bytes ---- */

/* Shows what was mended; what somebody does not want mended keeps the file from being written. */
static void settle_bytes(struct fsck *f)
{
	for (size_t i = 0; i < f->found.count; i++) {
		struct fsck_finding *finding = &f->found.items[i];

		fsck_show(f, finding);
		finding->repaired = fsck_ask(f, QUESTION) == FSCK_YES;
		f->bytes_left = f->bytes_left || !finding->repaired;
		remember(f, finding);
		if (finding->repaired)
			store_touch(f->store);
	}
	f->found.count = 0;
}

static void say_change(const char *line, void *context)
{
	fsck_say(context, "        %s", line);
}

/* What has become of the backup in what was salvaged. */
static void show_difference(struct fsck *f, const struct store *backup)
{
	const struct facts *then = facts_of_store(f->arena, backup, false);
	const struct facts *now = facts_of_store(f->arena, f->store, false);

	fsck_say(f,
		 "    the newest copy that is intact is %s; from it to what is whole here:", f->backup_name);
	if (!changes_between(then, now, CHANGES_BRIEF, say_change, f))
		fsck_say(f, "        no difference");
}

static int take_backup(struct fsck *f, const struct store *backup)
{
	struct store_fault unused;
	size_t length;
	AUTO_FREE char *text = store_text(backup, &length);

	f->lines_cut = 0;
	return store_take_text(f->store, text, length, &unused);
}

/* What can be had instead of a file that cannot be mended. */
struct salvage {
	bool whole; /* something was salvaged */
	struct fsck_lost lost;
	const struct store *backup;
};

static const char *remedy_of(struct fsck *f, const struct salvage *salvage)
{
	if (salvage->whole && salvage->backup)
		return arena_printf(f->arena, "keep what is whole, and take from %s what was lost",
				    f->backup_name);
	if (salvage->backup)
		return arena_printf(f->arena, "take %s in its place", f->backup_name);
	return salvage->whole ? "keep what is whole" : NULL;
}

static char ask_salvage(struct fsck *f, const struct salvage *salvage)
{
	if (salvage->whole && salvage->backup)
		return fsck_choose(
			f, "    [m]erge both, [r]ecovered parts only, [b]ackup only, [n]othing:", "mrb");
	if (!salvage->whole && !salvage->backup)
		return 0;
	return fsck_ask(f, QUESTION) == FSCK_YES ? (salvage->backup ? 'b' : 'r') : 0;
}

static size_t file_length(const struct fsck *f)
{
	size_t length;

	store_bytes(f->store, &length);
	return length;
}

static void note_damage(struct fsck *f, const struct store_fault *fault, const struct salvage *salvage,
			const struct strbuf *text)
{
	struct fsck_finding *finding;
	const char *after = salvage->lost.after;
	unsigned all = f->loaded_by;

	if (!file_length(f) || (text->length && text->text[0] == '\0'))
		finding = fsck_note(f, "file-empty", all, NULL, NULL, "the file is %s",
				    file_length(f) ? "full of zeros" : "empty");
	else
		finding = fsck_note(
			f, "file-damaged", all, NULL, NULL, "column %zu: %s%s%s", fault->column, fault->what,
			salvage->whole ? "; whole are only the elements before this" :
					 "; nothing before this is whole",
			salvage->whole && after ? arena_printf(f->arena, " (up to %s%s)",
							       f->format == STORE_R3 ? "qid " : "", after) :
						  "");
	finding->line = fault->line + f->lines_cut;
	finding->remedy = remedy_of(f, salvage);
}

/* The tree becomes what was chosen, or what would be; -1: there is none. */
static int apply_salvage(struct fsck *f, const struct salvage *salvage, char choice)
{
	if (choice == 'b' || (!salvage->whole && salvage->backup))
		return take_backup(f, salvage->backup);
	if (!salvage->whole)
		return -1;
	if (salvage->backup && choice != 'r')
		fsck_merge(f, salvage->backup, &salvage->lost);
	return 0;
}

static int recover(struct fsck *f, const struct strbuf *text, const struct store_fault *fault)
{
	struct salvage salvage = { .whole = fsck_salvage(f, text, fault, &salvage.lost) == 0 };
	struct fsck_finding *finding;
	char choice;

	if (salvage.whole)
		f->loaded_by = fsck_loaded_by(f);
	f->any_format = !salvage.whole;
	salvage.backup = fsck_backup(f);
	settle_bytes(f);
	note_damage(f, fault, &salvage, text);
	finding = &f->found.items[f->found.count - 1];
	fsck_show(f, finding);
	if (salvage.whole && salvage.backup)
		show_difference(f, salvage.backup);
	choice = ask_salvage(f, &salvage);
	finding->repaired = choice != 0;
	f->bytes_left = f->bytes_left || !choice;
	remember(f, finding);
	f->found.count = 0;
	if (choice)
		store_touch(f->store);
	if (apply_salvage(f, &salvage, choice) < 0)
		return -1;
	f->format = fsck_format(f->store);
	f->loaded_by = fsck_loaded_by(f);
	return 0;
}

/* Gets a tree out of the file; -1: there is none to be had, which has been said. */
static int read_tree(struct fsck *f)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	struct store_fault fault;
	size_t length;
	const char *bytes = store_bytes(f->store, &length);

	strbuf_add_bytes(&text, bytes, length);
	f->format = strstr(bytes, "<QubesVmCollection") ? STORE_R3 : STORE_R4;
	f->loaded_by = f->format == STORE_R3 ? FSCK_R3 : FSCK_R4;
	fsck_decode(&text);
	if (fsck_mend(f, &text, &fault) < 0)
		return recover(f, &text, &fault);
	if (store_take_text(f->store, text.text, text.length, &fault) < 0)
		return recover(f, &text, &fault);
	if (fsck_is_foreign(f->store)) {
		fault = (struct store_fault){ 0, 1, 1, "this is no store of VMs" };
		text.length = 0;
		return recover(f, &text, &fault);
	}
	f->format = fsck_format(f->store);
	f->loaded_by = fsck_loaded_by(f);
	settle_bytes(f);
	return 0;
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
	if (finding->repair && fsck_ask(f, QUESTION) == FSCK_YES) {
		finding->repair(f, finding);
		store_touch(f->store);
		finding->repaired = true;
	}
	remember(f, finding);
	return finding->repaired;
}

static bool check_round(struct fsck *f)
{
	size_t before = f->all.count;
	bool repaired = false;
	int phase = 0; /* of what was repaired last */

	fsck_check(f);
	for (size_t i = 0; i < f->found.count && !f->stop; i++) {
		struct fsck_finding *finding = &f->found.items[i];

		/* What goes needs no repair any more. */
		if (!concerns(f, finding) || is_known(f, i, before) || fsck_is_doomed(f, finding->node))
			continue;
		/* The rest may look different now. */
		if (repaired && finding->phase > phase)
			break;
		if (settle(f, finding)) {
			repaired = true;
			phase = finding->phase;
		}
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

static int finish(struct fsck *f, bool tree)
{
	int status = FSCK_CLEAN;

	if (tree && save(f) < 0)
		return FSCK_TROUBLE;
	if (f->copy)
		status |= FSCK_FIXED;
	if (!tree || has_errors(f) || had_errors(f))
		status |= FSCK_ERRORS_LEFT;
	say_end(f, status);
	if (f->options->json)
		fsck_print_json(f, status);
	return status;
}

/* May it be written? A store at another place has no owner. */
static int check_owner(struct fsck *f)
{
	store_set_format(f->store, f->format);
	if (f->q->force_store || strcmp(f->options->store, STORE_PATH) != 0)
		store_force(f->store);
	return f->options->mode == FSCK_NOTHING ? 0 : store_check_owner(f->store);
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
	bool tree = read_tree(f) == 0;

	if (check_owner(f) < 0 || (tree && check_names(f) < 0))
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
	finding->repaired = fsck_ask(f, QUESTION) == FSCK_YES;
	remember(f, finding);
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
