/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What disposable VMs start from: which VM, and whether what was saved of it still fits.
 */
#include <string.h>

#include "error.h"
#include "images.h"
#include "internal.h"
#include "prop.h"
#include "startable.h"
#include "util.h"
#include "xmlfile.h"

#define SAVED_NETWORK_MAX 16
#define SAVED_KERNEL_MAX 4096
#define CONFIGURATION_MAX (1 << 20)

struct vm *lifecycle_default_base(struct qubes *q)
{
	AUTO_FREE char *directory = images_default_directory(q->root);
	const char *slash = directory ? strrchr(directory, '/') : NULL;

	if (slash && slash[1])
		return vm_by_name(q, slash + 1);
	error_set(ERROR_NOT_FOUND, "there is no default for disposable VMs: qvm-create-default-dvm "
				   "--default-template makes it");
	return NULL;
}

int base_check_kind(const struct vm *base)
{
	struct literal devices;

	if (!vm_is(base, VM_APP) || !vm_template(base))
		return error_set(ERROR_FAILED,
				 "disposable VMs start from an AppVM that is based on a template");
	if (prop_pcidevs(base, &devices) != 0)
		return -1;
	if (devices.count)
		return error_set(ERROR_FAILED, "it has PCI devices, which disposable VMs cannot have");
	return 0;
}

/* ---- does what was saved still fit? ---- */

static int unfit(const struct vm *base, const char *how)
{
	return error_set(ERROR_FAILED, "it was saved with%s (qvm-create-default-dvm %s saves it again)", how,
			 vm_template(base)->name);
}

/* An interface cannot come or go with a restore. */
static int check_network(const struct vm *base)
{
	AUTO_FREE char *saved =
		root_read(base->qubes->root, vm_path(base, SAVED_NETWORK), SAVED_NETWORK_MAX, NULL);
	bool had = saved && *saved;

	if (!saved || had == (vm_netvm(base) != NULL))
		return 0;
	return unfit(base, had ? " a network" : "out a network");
}

/*
 * The kernel in the configuration of its last start, as the host sees it, of one that was saved before this was
 * noted; the caller frees. NULL: not known.
 */
static char *configured_kernel(const struct vm *base)
{
	AUTO_FREE char *name = util_printf("%s.conf", base->name);
	AUTO_FREE char *text = root_read(base->qubes->root, vm_path(base, name), CONFIGURATION_MAX, NULL);
	AUTO_XMLFILE struct xmlfile *file = text ? xmlfile_parse(text, name) : NULL;
	xmlfile_element *os = file ? xmlfile_child(xmlfile_root(file), "os") : NULL;
	xmlfile_element *kernel = xmlfile_child(os, "kernel");
	const char *path = kernel ? xmlfile_text(kernel) : NULL;

	error_clear();
	return path ? util_strdup(path) : NULL;
}

static bool is_its_kernel(const struct vm *base, const char *kernel)
{
	const struct root *root = base->qubes->root;
	AUTO_FREE char *noted = root_read(root, vm_path(base, SAVED_KERNEL), SAVED_KERNEL_MAX, NULL);
	AUTO_FREE char *configured = noted ? NULL : configured_kernel(base);
	AUTO_FREE char *path = root_host_path(root, kernel);

	if (noted)
		return strcmp(noted, kernel) == 0;
	return !configured || strcmp(configured, path) == 0;
}

const char *base_kernel(const struct vm *base)
{
	const char *directory = images_kernels_dir(base);

	return directory ? arena_printf(base->qubes->arena, "%s/vmlinuz", directory) : NULL;
}

/* What it was saved with is what goes on running, whatever the store says now. */
static int check_kernel(const struct vm *base)
{
	const char *kernel = base_kernel(base);

	return !kernel || is_its_kernel(base, kernel) ? 0 : unfit(base, " another kernel");
}

int base_check(const struct vm *base)
{
	if (base_check_kind(base) != 0 || check_values(base) != 0 || check_network(base) != 0 ||
	    check_kernel(base) != 0)
		return error_within("%s", base->name);
	return images_check_savefile(base);
}
