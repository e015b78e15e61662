/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Getting a tree out of a file: its bytes mended, or what is left of a damaged one, or a copy of it.
 */
#include <string.h>

#include "changes.h"
#include "internal.h"

/* Shows what was mended; what somebody does not want mended keeps the file from being written. */
static void settle_bytes(struct fsck *f)
{
	for (size_t i = 0; i < f->found.count; i++) {
		struct fsck_finding *finding = &f->found.items[i];

		fsck_show(f, finding);
		finding->repaired = fsck_ask(f, FSCK_QUESTION) == FSCK_YES;
		f->bytes_left = f->bytes_left || !finding->repaired;
		fsck_remember(f, finding);
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
	return fsck_ask(f, FSCK_QUESTION) == FSCK_YES ? (salvage->backup ? 'b' : 'r') : 0;
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
	fsck_remember(f, finding);
	f->found.count = 0;
	if (choice)
		store_touch(f->store);
	if (apply_salvage(f, &salvage, choice) < 0)
		return -1;
	f->format = fsck_format(f->store);
	f->loaded_by = fsck_loaded_by(f);
	return 0;
}

void fsck_guess_format(struct fsck *f)
{
	size_t length;

	f->format = strstr(store_bytes(f->store, &length), "<QubesVmCollection") ? STORE_R3 : STORE_R4;
	f->loaded_by = f->format == STORE_R3 ? FSCK_R3 : FSCK_R4;
}

/* Gets a tree out of the file; -1: there is none to be had, which has been said. */
int fsck_read_tree(struct fsck *f)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	struct store_fault fault;
	size_t length;
	const char *bytes = store_bytes(f->store, &length);

	strbuf_add_bytes(&text, bytes, length);

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
