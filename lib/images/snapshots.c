/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The root devices of VMs that run: snapshots of their template's root image, called after it and after the file
 * that keeps its old blocks for them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "internal.h"

#define MAPPER "/dev/mapper"

/* "DEVICE:INODE" */
static bool read_identity(const char *text, struct stat *st)
{
	unsigned long long device, inode;
	int end = 0;

	if (sscanf(text, "%llx:%llu%n", &device, &inode, &end) != 2 || text[end])
		return false;
	st->st_dev = (dev_t)device;
	st->st_ino = (ino_t)inode;
	return true;
}

int images_for_snapshots(const struct root *root, const struct stat *image, images_snapshot *each,
			 void *context)
{
	AUTO_FREE char *prefix = util_printf("snapshot-%llx:%llu-", (unsigned long long)image->st_dev,
					     (unsigned long long)image->st_ino);
	int fd = root_open(root, MAPPER, O_RDONLY | O_DIRECTORY, 0), result = 0;
	DIR *devices = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct stat cow = { 0 };

	if (!devices) {
		util_close_at(&fd);
		return 0;
	}
	while (result == 0 && (entry = readdir(devices))) {
		AUTO_FREE char *path = util_printf(MAPPER "/%s", entry->d_name);

		if (util_starts_with(entry->d_name, prefix))
			result = each(path, read_identity(entry->d_name + strlen(prefix), &cow) ? &cow : NULL,
				      context);
	}
	closedir(devices);
	return result;
}

/* ---- is there one of an earlier epoch? ---- */

static int check_epoch(const char *device, const struct stat *cow, void *current)
{
	const struct stat *its = current;

	if (cow && cow->st_dev == its->st_dev && cow->st_ino == its->st_ino)
		return 0;
	return error_set(ERROR_FAILED, "%s is still used by a VM that was started before its last change",
			 device);
}

int images_check_epoch(const struct vm *template)
{
	const struct root *root = template->qubes->root;
	const char *path = images_root(template), *cow_path = images_root_cow(template);
	struct stat image, cow = { 0 };

	if (!path || !cow_path)
		return error_set(ERROR_FAILED, "%s (%s) is not a template", template->name, template->type);
	if (root_stat(root, path, &image) < 0)
		return error_errno("%s", path);
	(void)root_stat(root, cow_path, &cow);
	return images_for_snapshots(root, &image, check_epoch, &cow);
}
