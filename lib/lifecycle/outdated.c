/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has a template changed since a VM that is based on it was started? What the VM has is a snapshot, whose name says
 * of which two files.
 */
#include <string.h>

#include "images.h"
#include "lifecycle.h"
#include "util.h"
#include "vmm.h"

/* The name that a snapshot of TEMPLATE would have now. NULL: there can be none. The caller frees. */
static char *snapshot_of(const struct vm *template)
{
	const struct root *root = template->qubes->root;
	const char *image = images_root(template), *cow = images_root_cow(template);
	struct stat of_image, of_cow;

	if (!image || !cow || root_stat(root, image, &of_image) != 0 || root_stat(root, cow, &of_cow) != 0)
		return NULL;
	return util_printf("/dev/mapper/snapshot-%lx:%lu-%lx:%lu", (unsigned long)of_image.st_dev,
			   (unsigned long)of_image.st_ino, (unsigned long)of_cow.st_dev,
			   (unsigned long)of_cow.st_ino);
}

int lifecycle_is_outdated(struct vm *vm, bool *outdated)
{
	const struct vm *template = vm_template(vm);
	AUTO_FREE char *snapshot = NULL;
	const char *device;
	int running = vmm_is_running(vm), result;

	*outdated = false;
	/* An HVM has its template's image itself, which therefore does not change meanwhile. */
	if (running < 0 || !running || !template || !vm_is(template, VM_TEMPLATE))
		return running < 0 ? -1 : 1;
	result = vmm_root_device(vm, &device);
	if (result <= 0)
		return result;
	snapshot = snapshot_of(template);
	*outdated = !snapshot || strcmp(device, snapshot) != 0;
	return 1;
}
