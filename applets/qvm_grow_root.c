/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-grow-root - make the root image of a VM larger.
 */
#include "applet.h"
#include "halted.h"
#include "images.h"
#include "size.h"

struct grow_root_args {
	bool allow_start, file_only;
};

const struct option_row qvm_grow_root_options[] = {
	OPT_FLAG(0, "allow-start", struct grow_root_args, allow_start,
		 "start the VM, to make its file system larger (not in this release)"),
	OPT_FLAG(0, "file-only", struct grow_root_args, file_only,
		 "make the image larger, and leave the file system in it to you"),
	OPT_WORDS("VM SIZE", 2, 2),
	OPT_NOTE(
		"SIZE is a number of bytes, or one with K, M or G (powers of 1024). The VM must be off, and so "
		"must all that are based on an HVM template."),
	OPT_END
};

static int check_class(const struct vm *vm)
{
	const struct vm *template = vm_template(vm);

	if (!vm_is(vm, VM_TEMPLATES | VM_APPS))
		return error_set(ERROR_FAILED, "%s is of class %s, whose root images cannot grow", vm->name,
				 vm->type);
	if (!vm_is_updateable(vm))
		return error_set(ERROR_FAILED, "%s has no root image of its own, it uses that of %s",
				 vm->name, template ? template->name : "a template that is not there");
	return 0;
}

/* HVMs are left to their users; in a PV only a command of its own makes the file system larger. */
static int check_file_system(const struct vm *vm, const struct grow_root_args *args)
{
	if (vm_is(vm, VM_HVMS) || args->file_only)
		return 0;
	return error_set(ERROR_FAILED,
			 "%s: the file system in a root image is made larger by a command in the VM, "
			 "which is not supported by this release; --file-only makes the image larger",
			 vm->name);
}

static int check_off(struct vm *vm)
{
	/* A template gets a new root-cow.img, too, which it must not have in use. */
	if (halted_check(vm, vm_is(vm, VM_TEMPLATES)) != 0)
		return -1;
	return vm_is(vm, VM_TEMPLATE_HVM) ? halted_check_children(vm) : 0;
}

int qvm_grow_root_main(struct qubes *q, const void *parsed, char **words)
{
	const struct grow_root_args *args = parsed;
	struct vm *vm = vm_by_name(q, words[0]);
	uint64_t size;

	if (!vm || size_parse(words[1], &size) != 0 || check_class(vm) != 0 || check_off(vm) != 0 ||
	    check_file_system(vm, args) != 0 || images_grow_root(vm, size) != 0)
		return -1;
	if (!vm_is(vm, VM_HVMS))
		error_note("the image is larger; its file system follows with "
			   "'resize2fs /dev/mapper/dmroot' as root in %s",
			   vm->name);
	return 0;
}
