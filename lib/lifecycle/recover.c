/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rename that was killed between moving the files and saving the store: noted before, taken back by the
 * next writer.
 *
 * The note is a symbolic link that leads nowhere: made and removed in one step, and its text is all there is
 * to know: "appvms/OLD/NEW".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define BASE "/var/lib/qubes"
#define NOTE ".renaming-"

static char *note_path(const char *new_name)
{
	return util_printf(BASE "/" NOTE "%s", new_name);
}

int note_rename(struct qubes *q, const char *class_directory, const char *old_name, const char *new_name)
{
	AUTO_FREE char *path = note_path(new_name);
	AUTO_FREE char *text = util_printf("%s/%s/%s", class_directory, old_name, new_name);

	if (root_symlink(q->root, text, path) == 0)
		return 0;
	return error_errno("cannot note the rename in %s", path);
}

int forget_rename(struct qubes *q, const char *new_name)
{
	AUTO_FREE char *path = note_path(new_name);

	if (root_unlink(q->root, path) == 0 || errno == ENOENT)
		return 0;
	return error_errno("%s stays, until the store is written the next time", path);
}

/* ---- the notes that are there ---- */

struct noted {
	const char *path;
	const char *class_directory, *old_name, *new_name;
	bool interrupted; /* to be taken back; else it was saved, or never begun: only the note is left */
};

struct notes {
	struct noted *items;
	size_t count;
};

#define FOR_EACH_NOTE(notes, at) \
	for (struct noted *at = (notes)->items; at < (notes)->items + (notes)->count; at++)

static bool is_class_directory(const char *text)
{
	FOR_EACH_CLASS(class)
		if (class->directory && !strcmp(class->directory, text))
			return true;
	return false;
}

/* TEXT is cut up; whoever wrote it, it names nothing outside of the classes' places. */
static bool parse(char *text, struct noted *noted)
{
	noted->class_directory = strsep(&text, "/");
	noted->old_name = text ? strsep(&text, "/") : NULL;
	noted->new_name = text;
	if (!noted->new_name || !is_class_directory(noted->class_directory))
		return false;
	if (vm_check_name(noted->old_name) == 0 && vm_check_name(noted->new_name) == 0)
		return true;
	error_clear();
	return false;
}

static void forget_note(const struct qubes *q, const char *path)
{
	if (root_unlink(q->root, path) != 0)
		error_note("%s stays: %s", path, strerror(errno));
}

static void read_note(struct qubes *q, const char *entry, struct notes *notes)
{
	struct noted noted = { .path = arena_printf(q->arena, BASE "/%s", entry) };
	AUTO_FREE char *text = root_readlink(q->root, noted.path);

	if (!text)
		return;
	if (parse(arena_strdup(q->arena, text), &noted))
		notes->items[notes->count++] = noted;
	else
		forget_note(q, noted.path);
}

static struct notes read_notes(struct qubes *q)
{
	int fd = root_open(q->root, BASE, O_RDONLY | O_DIRECTORY, 0);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	AUTO_STRLIST struct strlist names = { 0 };
	struct notes notes = { 0 };
	struct dirent *entry;

	if (!directory)
		return notes;
	while ((entry = readdir(directory)))
		if (util_starts_with(entry->d_name, NOTE))
			strlist_add(&names, arena_strdup(q->arena, entry->d_name));
	closedir(directory);
	notes.items = arena_alloc(q->arena, (names.count + 1) * sizeof(*notes.items));
	for (size_t i = 0; i < names.count; i++)
		read_note(q, names.items[i], &notes);
	return notes;
}

/* ---- a batch may rename a VM several times: the notes are a chain then ---- */

/* Does FIRST lead to the name that NEXT starts from? */
static bool leads_to(const struct noted *first, const struct noted *next)
{
	return !strcmp(first->new_name, next->old_name) &&
	       !strcmp(first->class_directory, next->class_directory);
}

static bool is_begun(const struct qubes *q, const struct notes *notes, const struct noted *noted)
{
	if (vm_name_taken(q, noted->new_name))
		return false;
	if (vm_name_taken(q, noted->old_name))
		return true;
	FOR_EACH_NOTE(notes, other)
	if (other->interrupted && leads_to(other, noted))
		return true;
	return false;
}

/* From the VM that the store has, along its chain. */
static void find_interrupted(const struct qubes *q, struct notes *notes)
{
	bool found;

	do {
		found = false;
		FOR_EACH_NOTE(notes, noted)
		{
			if (noted->interrupted || !is_begun(q, notes, noted))
				continue;
			noted->interrupted = found = true;
		}
	} while (found);
}

/* Nothing that comes after it is still to be taken back. */
static bool is_last(const struct notes *notes, const struct noted *noted)
{
	FOR_EACH_NOTE(notes, other)
	if (other->interrupted && leads_to(noted, other))
		return false;
	return true;
}

/* ---- taking it back ---- */

static char *place_of(const struct noted *noted, const char *name)
{
	return util_printf(BASE "/%s/%s", noted->class_directory, name);
}

/* Moves FROM to TO if that is what is left to do; what fails is said. */
static bool move_back(const struct qubes *q, const char *from, const char *to)
{
	struct stat st;

	if ((root_lstat(q->root, from, &st) != 0 && errno == ENOENT) || root_lstat(q->root, to, &st) == 0)
		return true;
	if (root_rename(q->root, from, to, false) == 0)
		return true;
	error_note("%s stays where it is: %s", from, strerror(errno));
	return false;
}

static bool take_back(const struct qubes *q, const struct noted *noted)
{
	AUTO_FREE char *old_place = place_of(noted, noted->old_name),
		       *new_place = place_of(noted, noted->new_name);
	AUTO_FREE char *old_conf = util_printf("%s/%s.conf", old_place, noted->old_name);
	AUTO_FREE char *new_conf = util_printf("%s/%s.conf", old_place, noted->new_name);
	AUTO_FREE char *old_link = vm_autostart_link(noted->old_name);
	AUTO_FREE char *new_link = vm_autostart_link(noted->new_name);

	error_note("an interrupted rename of %s to %s is taken back", noted->old_name, noted->new_name);
	return move_back(q, new_place, old_place) && move_back(q, new_conf, old_conf) &&
	       move_back(q, new_link, old_link);
}

/* The one of a chain that was made last; NULL: none is left. */
static struct noted *find_last(const struct notes *notes)
{
	FOR_EACH_NOTE(notes, noted)
	if (noted->interrupted && is_last(notes, noted))
		return noted;
	return NULL;
}

/* What cannot be moved stays noted, with what led to it, for the next writer. */
static void give_up(struct notes *notes, struct noted *noted)
{
	noted->interrupted = false;
	FOR_EACH_NOTE(notes, other)
	if (other->interrupted && leads_to(other, noted))
		give_up(notes, other);
}

void lifecycle_recover(struct qubes *q)
{
	struct notes notes = read_notes(q);
	struct noted *noted;

	find_interrupted(q, &notes);
	FOR_EACH_NOTE(&notes, over)
	if (!over->interrupted)
		forget_note(q, over->path);
	while ((noted = find_last(&notes))) {
		if (take_back(q, noted)) {
			noted->interrupted = false;
			forget_note(q, noted->path);
		} else {
			give_up(&notes, noted);
		}
	}
}
