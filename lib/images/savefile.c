/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What disposable VMs start from: the savefile of a domain, the volatile image that it had then, and where the
 * ones of the default are found.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"

#define DATA "/var/lib/qubes/dvmdata"
#define DEFAULT_SAVEFILE DATA "/default-savefile"
#define TEMPLATE_ROOT DATA "/savefile-root"
#define DEFAULT_DIRECTORY DATA "/vmdir"
#define KEEP_ON_DISK DATA "/dont-use-shm"
#define CURRENT "/var/run/qubes/current-savefile"
#define MEMORY "/dev/shm"
#define IN_MEMORY MEMORY "/qubes"
#define IN_MEMORY_SAVEFILE IN_MEMORY "/current-savefile"
#define IN_MEMORY_MODE 0770

const char *images_savefile(const struct vm *base)
{
	return vm_path(base, "dvm-savefile");
}

static const char *new_savefile(const struct vm *base)
{
	return vm_path(base, "dvm-savefile.new");
}

/* ---- how old ---- */

static bool is_older(const struct stat *one, const struct stat *other)
{
	if (one->st_mtim.tv_sec != other->st_mtim.tv_sec)
		return one->st_mtim.tv_sec < other->st_mtim.tv_sec;
	return one->st_mtim.tv_nsec < other->st_mtim.tv_nsec;
}

/* What qvm-create-default-dvm made has a name of its own. */
static bool is_made_from(const struct vm *base, const struct vm *template)
{
	AUTO_FREE char *name = util_printf("%s-dvm", template->name);

	return strcmp(base->name, name) == 0;
}

static int unfit(const struct vm *base, const char *why)
{
	const struct vm *template = vm_template(base);

	if (!template || !is_made_from(base, template))
		return error_set(ERROR_NOT_FOUND, "no disposable VM can be started from %s: %s", base->name,
				 why);
	return error_set(ERROR_NOT_FOUND,
			 "no disposable VM can be started from %s: %s (qvm-create-default-dvm %s makes it)",
			 base->name, why, template->name);
}

/* What the savefile remembers of the root image's blocks must still hold. */
static int check_savefile(const struct vm *base, struct stat *st)
{
	const struct root *root = base->qubes->root;
	const char *path = images_savefile(base), *cows = images_saved_cows(base), *image = images_root(base);
	struct stat its_root;

	if (!path || !image)
		return unfit(base, "it has no files, or no template");
	if (root_stat(root, path, st) < 0 || !root_exists(root, cows))
		return errno == ENOENT ? unfit(base, "there is no savefile") : error_errno("%s", path);
	if (!S_ISREG(st->st_mode))
		return error_set(ERROR_FAILED, "%s is no file", path);
	if (root_stat(root, image, &its_root) < 0)
		return error_errno("%s", image);
	return is_older(st, &its_root) ? unfit(base, "its savefile is older than its template's root image") :
					 0;
}

/* ---- the default one, in memory ---- */

static bool is_default(const struct vm *base, const struct stat *savefile)
{
	struct stat st;

	return root_stat(base->qubes->root, DEFAULT_SAVEFILE, &st) == 0 && st.st_dev == savefile->st_dev &&
	       st.st_ino == savefile->st_ino;
}

static bool wants_memory(const struct root *root)
{
	return !root_exists(root, KEEP_ON_DISK) && root_exists(root, MEMORY);
}

/* Anybody may make a directory there, and we may not take what a disposable VM starts from out of theirs. */
static int check_memory_directory(const struct root *root)
{
	struct stat st;

	if (root_lstat(root, IN_MEMORY, &st) < 0)
		return error_errno("%s", IN_MEMORY);
	if (S_ISDIR(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & S_IWOTH))
		return 0;
	return error_set(ERROR_FAILED, "%s is not ours alone, and is left alone", IN_MEMORY);
}

static int need_memory_directory(const struct root *root, gid_t group)
{
	AUTO_CLOSE int fd = -1;

	if (root_mkdir(root, IN_MEMORY, 0700) < 0)
		return errno == EEXIST ? check_memory_directory(root) :
					 error_errno("cannot make %s", IN_MEMORY);
	fd = root_open(root, IN_MEMORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd >= 0 && images_share_with_group(fd, group, IN_MEMORY_MODE) == 0)
		return 0;
	return error_errno("%s", IN_MEMORY);
}

static int copy_to_memory(const struct root *root)
{
	gid_t group = root_group(root, "qubes");
	AUTO_FREE char *temporary = util_random_name(IN_MEMORY_SAVEFILE);

	if (!temporary || need_memory_directory(root, group) < 0 ||
	    images_copy(root, DEFAULT_SAVEFILE, temporary, group, true) < 0)
		return -1;
	if (root_rename(root, temporary, IN_MEMORY_SAVEFILE, true) == 0)
		return images_point_link(root, CURRENT, IN_MEMORY_SAVEFILE);
	error_errno("cannot replace %s", IN_MEMORY_SAVEFILE);
	root_unlink(root, temporary);
	return -1;
}

/* It only saves time: where there is no room for it, the one on the disk does as well. */
int images_seed_savefile(const struct root *root)
{
	if (!root_exists(root, DEFAULT_SAVEFILE))
		return 0;
	if (root_mkdirs(root, "/var/run/qubes", IMAGES_DIRECTORY_MODE) < 0)
		return -1;
	if (wants_memory(root) && copy_to_memory(root) == 0)
		return 0;
	if (wants_memory(root))
		error_note("the savefile is not kept in memory: %s", error_message());
	error_clear();
	return images_point_link(root, CURRENT, DEFAULT_SAVEFILE);
}

/* Is the copy in memory one of the savefile as it is now? */
static bool is_in_memory(const struct root *root, const struct stat *savefile)
{
	struct stat st;

	if (check_memory_directory(root) < 0 || root_lstat(root, IN_MEMORY_SAVEFILE, &st) < 0) {
		error_clear();
		return false;
	}
	return S_ISREG(st.st_mode) && st.st_size == savefile->st_size && !is_older(&st, savefile);
}

const char *images_current_savefile(const struct vm *base)
{
	const struct root *root = base->qubes->root;
	struct stat st;

	if (check_savefile(base, &st) < 0)
		return NULL;
	if (!is_default(base, &st) || !wants_memory(root))
		return images_savefile(base);
	if (is_in_memory(root, &st) || (images_seed_savefile(root) == 0 && is_in_memory(root, &st)))
		return IN_MEMORY_SAVEFILE;
	error_clear();
	return images_savefile(base);
}

/* ---- a new one ---- */

const char *images_begin_savefile(const struct vm *base)
{
	const char *path = new_savefile(base);

	if (!path || images_check_own(base, path) < 0)
		return NULL;
	images_drop_savefile(base);
	return path;
}

void images_drop_savefile(const struct vm *base)
{
	root_unlink(base->qubes->root, new_savefile(base));
	images_drop_cows(base);
}

/*
 * A savefile beside the volatile image of another would be worse than none: from the first step to the last
 * there is none.
 */
int images_keep_savefile(const struct vm *base)
{
	const struct root *root = base->qubes->root;
	const char *path = images_savefile(base);

	if (images_share_new(root, new_savefile(base)) < 0)
		return -1;
	if (root_unlink(root, path) < 0 && errno != ENOENT)
		return error_errno("cannot replace %s", path);
	if (images_keep_cows(base) < 0)
		return -1;
	if (root_rename(root, new_savefile(base), path, true) < 0)
		return error_errno("cannot replace %s", path);
	return images_sync(root, path) < 0 ? error_errno("%s", path) : 0;
}

int images_default_savefile(const struct vm *base)
{
	const struct root *root = base->qubes->root;

	if (!root_exists(root, DATA) && images_make_directory(root, DATA, root_group(root, "qubes")) < 0)
		return -1;
	if (images_point_link(root, DEFAULT_DIRECTORY, vm_directory(base)) < 0 ||
	    images_point_link(root, TEMPLATE_ROOT, images_root(base)) < 0 ||
	    images_point_link(root, DEFAULT_SAVEFILE, images_savefile(base)) < 0)
		return -1;
	return images_seed_savefile(root);
}

char *images_default_directory(const struct root *root)
{
	return root_readlink(root, DEFAULT_DIRECTORY);
}

/* ---- after a change of the root image that changes nothing for who uses it ---- */

static int touch(const struct root *root, const char *path)
{
	AUTO_CLOSE int fd = root_open(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd >= 0 && futimens(fd, NULL) == 0)
		return 0;
	return error_errno("%s", path);
}

int images_check_savefile(const struct vm *base)
{
	struct stat st;

	return check_savefile(base, &st);
}

int images_renew_savefile(const struct vm *base)
{
	const struct root *root = base->qubes->root;
	struct stat st;
	bool in_memory;

	if (images_check_own(base, images_savefile(base)) < 0)
		return -1;
	if (root_stat(root, images_savefile(base), &st) < 0)
		return error_errno("%s", images_savefile(base));
	in_memory = is_default(base, &st) && is_in_memory(root, &st);
	if (touch(root, images_savefile(base)) < 0)
		return -1;
	return in_memory ? touch(root, IN_MEMORY_SAVEFILE) : 0;
}
