/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose directory is this? Paths as a store or a user may write them, compared by their components.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

/* Stored paths that may lie outside of a VM's own directory. */
static const char *const images[] = { "private_img", "volatile_img", "rootcow_img", "root_img" };

/*
 * PATH without '.', double and trailing slashes: "" is the root. NULL if it is not absolute, or has '..', of
 * which only the file system knows where it leads. The caller frees.
 */
static char *normalise(const char *path)
{
	char *plain = util_strdup(path);
	size_t length = 0;

	for (const char *at = path; *at; at += strcspn(at, "/")) {
		size_t slashes = strspn(at, "/"), part = strcspn(at + slashes, "/");

		at += slashes;
		if (slashes == 0 || (part == 2 && memcmp(at, "..", 2) == 0)) {
			util_free_at(&plain);
			return NULL;
		}
		if (part == 0 || (part == 1 && *at == '.'))
			continue;
		plain[length++] = '/';
		memcpy(plain + length, at, part);
		length += part;
	}
	plain[length] = '\0';
	return plain;
}

/* Is PATH the normalised DIRECTORY, or something below it? */
static bool lies_in(const char *path, const char *directory)
{
	AUTO_FREE char *plain = path ? normalise(path) : NULL;
	size_t length = strlen(directory);

	return plain && strncmp(plain, directory, length) == 0 &&
	       (plain[length] == '\0' || plain[length] == '/');
}

static bool lives_in(const struct vm *vm, const char *directory)
{
	if (lies_in(vm_directory(vm), directory))
		return true;
	/* The root image that release 2 stored for a VM with a template is the template's. */
	for (size_t i = 0; i < ARRAY_SIZE(images) - !vm_is_updateable(vm); i++)
		if (lies_in(vm_get(vm, images[i]).text, directory))
			return true;
	return false;
}

const struct vm *directory_sharer(const struct qubes *q, const struct vm *vm, const char *directory)
{
	AUTO_FREE char *plain = normalise(directory);
	const struct vm *other;

	if (!plain)
		return NULL;
	FOR_EACH_VM(q, other)
		if (other != vm && !vm_is(other, VM_DISPOSABLE) && lives_in(other, plain))
			return other;
	return NULL;
}

/* ---- a directory that a user names ---- */

static int check_free(const struct qubes *q, const char *directory)
{
	const struct vm *other;

	FOR_EACH_VM(q, other) {
		const char *its = vm_is(other, VM_DISPOSABLE) ? NULL : vm_directory(other);
		AUTO_FREE char *plain = its ? normalise(its) : NULL;

		if (plain && plain[0] && lies_in(directory, plain))
			return error_set(ERROR_FAILED, "%s is in the directory of %s, %s", directory,
					 other->name, plain);
	}
	return 0;
}

const char *lifecycle_place(const struct qubes *q, const char *path)
{
	AUTO_FREE char *plain = normalise(path);

	if (path[0] != '/') {
		error_set(ERROR_USAGE, "the directory must be an absolute path, not '%s'", path);
		return NULL;
	}
	if (!plain) {
		error_set(ERROR_USAGE, "the directory must be a path without '..', not '%s'", path);
		return NULL;
	}
	if (!plain[0]) {
		error_set(ERROR_USAGE, "the directory cannot be the root directory");
		return NULL;
	}
	return check_free(q, plain) == 0 ? arena_strdup(q->arena, plain) : NULL;
}
