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

/* ---- taking it back ---- */

struct noted {
	const char *class_directory, *old_name, *new_name;
};

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

static char *place_of(const struct noted *noted, const char *name)
{
	return util_printf(BASE "/%s/%s", noted->class_directory, name);
}

/* Moves FROM to TO if that is what is left to do; what fails is said. */
static void move_back(const struct qubes *q, const char *from, const char *to)
{
	struct stat st;

	if (root_lstat(q->root, from, &st) != 0 || root_lstat(q->root, to, &st) == 0)
		return;
	if (root_rename(q->root, from, to, false) != 0)
		error_note("%s stays where it is: %s", from, strerror(errno));
}

static void take_back(struct qubes *q, const struct noted *noted)
{
	AUTO_FREE char *old_place = place_of(noted, noted->old_name),
		       *new_place = place_of(noted, noted->new_name);
	AUTO_FREE char *old_conf = util_printf("%s/%s.conf", old_place, noted->old_name);
	AUTO_FREE char *new_conf = util_printf("%s/%s.conf", old_place, noted->new_name);
	AUTO_FREE char *old_link = vm_autostart_link(noted->old_name);
	AUTO_FREE char *new_link = vm_autostart_link(noted->new_name);

	error_note("an interrupted rename of %s to %s is taken back", noted->old_name, noted->new_name);
	move_back(q, new_place, old_place);
	move_back(q, new_conf, old_conf);
	move_back(q, new_link, old_link);
}

static void recover(struct qubes *q, const char *entry)
{
	AUTO_FREE char *path = util_printf(BASE "/%s", entry);
	AUTO_FREE char *text = root_readlink(q->root, path);
	struct noted noted;

	if (!text)
		return;
	/* Saved under the new name, or never begun: only the note is left. */
	if (parse(text, &noted) && vm_name_taken(q, noted.old_name) && !vm_name_taken(q, noted.new_name))
		take_back(q, &noted);
	if (root_unlink(q->root, path) != 0)
		error_note("%s stays: %s", path, strerror(errno));
}

void lifecycle_recover(struct qubes *q)
{
	int fd = root_open(q->root, BASE, O_RDONLY | O_DIRECTORY, 0);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	AUTO_STRLIST struct strlist notes = { 0 };
	struct dirent *entry;

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (util_starts_with(entry->d_name, NOTE))
			strlist_add(&notes, arena_strdup(q->arena, entry->d_name));
	closedir(directory);
	for (size_t i = 0; i < notes.count; i++)
		recover(q, notes.items[i]);
}
