/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a VM's images, kernel and icons are.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define KERNELS "/var/lib/qubes/vm-kernels"
#define ICONS "/usr/share/icons/hicolor/128x128/devices"

bool images_has_files(const struct vm *vm)
{
	return !vm_is(vm, VM_ADMIN | VM_UNKNOWN);
}

/* R1 and R2 kept image names in the store; what lies in the VM's directory has its fixed name anyway. */
static const char *image(const struct vm *vm, const char *attribute, const char *file)
{
	const char *stored = vm_get(vm, attribute).text;

	if (!images_has_files(vm))
		return NULL;
	if (stored && stored[0] == '/')
		return arena_strdup(vm->qubes->arena, stored);
	return vm_path(vm, file);
}

const char *images_root(const struct vm *vm)
{
	const struct vm *template = vm_template(vm);

	if (vm_is_updateable(vm))
		return image(vm, "root_img", "root.img");
	/* Anything else than a template is a broken reference, and may lead in a circle. */
	return template && vm_is(template, VM_TEMPLATES) ? images_root(template) : NULL;
}

const char *images_root_cow(const struct vm *vm)
{
	return vm_is(vm, VM_TEMPLATES) ? image(vm, "rootcow_img", "root-cow.img") : NULL;
}

const char *images_private(const struct vm *vm)
{
	return image(vm, "private_img", "private.img");
}

const char *images_volatile(const struct vm *vm)
{
	return image(vm, "volatile_img", "volatile.img");
}

/* Is it the same directory, whatever it is called? */
static bool is_same_directory(const struct root *root, const char *one, const char *other)
{
	struct stat a, b;

	if (!strcmp(one, other))
		return true;
	return root_stat(root, one, &a) == 0 && root_stat(root, other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static const struct vm *other_owner(const struct vm *vm, const char *directory)
{
	const struct vm *other;

	FOR_EACH_VM(vm->qubes, other) {
		const char *its = other == vm || vm_is(other, VM_DISPOSABLE) ? NULL : vm_directory(other);

		if (its && is_same_directory(vm->qubes->root, its, directory))
			return other;
	}
	return NULL;
}

int images_check_own(const struct vm *vm, const char *path)
{
	const char *directory = vm_directory(vm), *slash = strrchr(path, '/');
	const struct vm *other;

	if (!directory || (size_t)(slash - path) != strlen(directory) ||
	    strncmp(path, directory, strlen(directory)))
		return error_set(ERROR_FAILED, "%s is not in the directory of %s, and is not touched", path,
				 vm->name);
	other = other_owner(vm, directory);
	if (other)
		return error_set(ERROR_FAILED, "%s is the directory of %s too, and nothing in it is touched",
				 directory, other->name);
	return 0;
}

/* The name of the kernel's directory; NULL: the VM brings its own. */
static const char *kernel_of(const struct vm *vm)
{
	const struct layout *layout = vm->qubes->layout;
	struct layout_value kernel = vm_get(vm, "kernel");

	if (kernel.presence != LAYOUT_SET)
		kernel = layout->get(layout->globals(store_root(vm->qubes->store)), "default_kernel");
	if (!kernel.text || !kernel.text[0] || !strcasecmp(kernel.text, "none"))
		return NULL;
	return kernel.text;
}

const char *images_kernels_dir(const struct vm *vm)
{
	const char *kernel;

	if (!vm_is(vm, VM_PVS))
		return NULL;
	kernel = kernel_of(vm);
	if (!kernel)
		return vm_path(vm, "kernels");
	if (strchr(kernel, '/') || !strcmp(kernel, ".") || !strcmp(kernel, ".."))
		return NULL;
	return arena_printf(vm->qubes->arena, KERNELS "/%s", kernel);
}

const char *images_icon(const struct vm *vm)
{
	/* DispVMs share the label's. */
	if (vm_is(vm, VM_DISPOSABLE))
		return images_label_icon(vm);
	return images_has_files(vm) ? vm_path(vm, "icon.png") : NULL;
}

const char *images_label_icon(const struct vm *vm)
{
	const char *stored = vm_get(vm, "label").text;
	const struct vm_label *label = stored ? vm_label_by_name(stored) : NULL;

	return arena_printf(vm->qubes->arena, ICONS "/%s-%s.png",
			    vm_is(vm, VM_DISPOSABLE) ? "dispvm" : "appvm",
			    label ? label->name : vm->class->default_label);
}
