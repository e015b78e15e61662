/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loop devices keep the size that their file had when they were set up, until they are told.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <string.h>
#include <sys/ioctl.h>

#include "error.h"
#include "internal.h"

#define BLOCK_DEVICES "/sys/block"
#define PATH_LIMIT 8192

/* Is PATH what loop device NAME stands for? The kernel's text for it ends with a line end. */
static bool is_over(const struct root *root, const char *name, const char *path)
{
	AUTO_FREE char *attribute = util_printf(BLOCK_DEVICES "/%s/loop/backing_file", name);
	AUTO_FREE char *text = root_read(root, attribute, PATH_LIMIT, NULL);
	size_t length = text ? strlen(text) : 0;

	if (length && text[length - 1] == '\n')
		text[length - 1] = '\0';
	return length && !strcmp(text, path);
}

/* One that lost its file meanwhile needs nothing. */
static int refresh(const struct root *root, const char *name)
{
	AUTO_FREE char *device = util_printf("/dev/%s", name);
	AUTO_CLOSE int fd = root_open(root, device, O_RDONLY | O_NONBLOCK, 0);

	if (fd >= 0 && (ioctl(fd, LOOP_SET_CAPACITY, 0) == 0 || errno == ENXIO))
		return 0;
	return error_errno("%s does not see the new size (losetup --set-capacity %s)", device, device);
}

static int refresh_if_over(const struct root *root, const char *name, const char *path)
{
	return util_starts_with(name, "loop") && is_over(root, name, path) ? refresh(root, name) : 0;
}

int images_refresh_loops(const struct root *root, const char *path)
{
	int fd = root_open(root, BLOCK_DEVICES, O_RDONLY | O_DIRECTORY, 0);
	DIR *devices = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int result = 0;

	if (!devices) { /* no /sys: nobody has told us of loop devices */
		util_close_at(&fd);
		return 0;
	}
	while ((entry = readdir(devices)))
		if (refresh_if_over(root, entry->d_name, path) < 0)
			result = -1;
	closedir(devices);
	return result;
}
