/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What loads in R4, but is wrong: names, labels, numbers that do not fit together, kernels that are not there.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "r4.h"

#define KERNELS "/var/lib/qubes/vm-kernels"

bool r4_name_is_fine(const char *name)
{
	bool fine = vm_check_name(name) == 0 && !strchr(name, '.') && strcmp(name, "Domain-0");

	error_clear();
	return fine;
}

static void check_name(struct r4 *r, const struct r4_vm *vm)
{
	const char *text = r4_text(r, vm->node, "name");

	/* An empty one has been told. */
	if (!text || !*text || !r4_is(vm, VM4_LOCAL | VM4_REMOTE) || r4_name_is_fine(text))
		return;
	fsck_effect(fsck_note(r->f, "name-odd", FSCK_LOADS, vm->node, vm->shown,
			      "its name is none that a new VM could have"),
		    "it is loaded, but other tools may refuse it; a clone may have another name");
}

static void check_label(struct r4 *r, const struct r4_vm *vm)
{
	const char *usual = r4_is(vm, VM_ADMIN | VM4_TEMPLATE) ? "black" : "red";
	struct fsck_finding *finding;

	if (!vm->class || r4_property(vm->node, "label") || r4_is(vm, VM4_REMOTE))
		return;
	finding = fsck_note(r->f, "label-absent", FSCK_LOADS, vm->node, vm->shown, "it has no label");
	fsck_effect(finding, "what shows its colour or icon fails");
	if (r4_label(r, usual))
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", usual), r4_put_property, vm->node,
			    "label", usual);
}

/* ---- memory ---- */

static bool own_number(const struct r4 *r, const struct r4_vm *vm, const char *name, long long *number)
{
	const char *text = r4_text(r, vm->node, name);

	return text && prop4_read_number(text, number);
}

/* Its own, else that of what it is based on. */
static long long memory_of(const struct r4 *r, const struct r4_vm *vm)
{
	const struct r4_vm *at = vm;
	long long memory;

	for (int depth = 0; at && at->node && depth < 4; depth++) {
		if (own_number(r, at, "memory", &memory))
			return memory;
		at = r4_template(r, at);
	}
	return 400;
}

static void check_memory(struct r4 *r, const struct r4_vm *vm)
{
	long long maxmem, memory = memory_of(r, vm);
	struct fsck_finding *finding;

	if (!r4_is(vm, VM4_LOCAL) || !own_number(r, vm, "maxmem", &maxmem) || maxmem <= 0 || memory <= maxmem)
		return;
	finding = fsck_note(r->f, "memory", FSCK_LOADS, r4_property(vm->node, "maxmem"), vm->shown,
			    "its maxmem %lld is less than its memory %lld", maxmem, memory);
	fsck_effect(finding, "its start may fail");
	fsck_remedy(finding, "remove maxmem, so that the default holds", fsck_remove_node,
		    r4_property(vm->node, "maxmem"), NULL, NULL);
}

/* ---- virtualisation ---- */

static void check_mode(struct r4 *r, const struct r4_vm *vm)
{
	const char *mode = r4_text(r, vm->node, "virt_mode");
	struct fsck_finding *finding;

	if (!r4_is(vm, VM4_LOCAL) || !mode || strcasecmp(mode, "pvh") || !r4_has_pci(vm))
		return;
	finding = fsck_note(r->f, "pvh-pci", FSCK_LOADS, r4_property(vm->node, "virt_mode"), vm->shown,
			    "it is PVH and has PCI devices");
	fsck_effect(finding, "it cannot be started");
	fsck_remedy(finding, "make its virt_mode hvm", r4_put_property, vm->node, "virt_mode", "hvm");
}

/* ---- disposable VMs ---- */

static bool has_earlier_twin(const struct r4 *r, const struct r4_vm *vm, long long dispid)
{
	for (const struct r4_vm *other = r->vms; other < vm; other++) {
		long long number;

		if (r4_is(other, VM4_DISPOSABLE) && own_number(r, other, "dispid", &number) &&
		    number == dispid)
			return true;
	}
	return false;
}

static void check_dispid(struct r4 *r, const struct r4_vm *vm)
{
	struct fsck_finding *finding;
	const char *new;
	long long dispid;

	if (!r4_is(vm, VM4_DISPOSABLE))
		return;
	if (!r4_property(vm->node, "dispid")) {
		finding = fsck_note(r->f, "dispid", FSCK_LOADS, vm->node, vm->shown, "it has no dispid");
		fsck_effect(finding, "it has no address");
	} else if (own_number(r, vm, "dispid", &dispid) && has_earlier_twin(r, vm, dispid)) {
		finding = fsck_note(r->f, "dispid", FSCK_LOADS, r4_property(vm->node, "dispid"), vm->shown,
				    "its dispid is that of another VM");
		fsck_effect(finding, "both have the same address");
	} else {
		return;
	}
	new = r4_free_dispid(r);
	if (new)
		fsck_remedy(finding, arena_printf(r->arena, "make it %s", new), r4_put_property, vm->node,
			    "dispid", new);
}

/* ---- kernels ---- */

static bool is_installed(const struct r4 *r, const char *kernel)
{
	AUTO_FREE char *path = util_printf(KERNELS "/%s", kernel);

	return root_exists(r->f->q->root, path);
}

/*
 * Are the kernels here those of this store? If none that it names is, it is of another system, or they are on a
 * disk that is not mounted.
 */
static bool has_kernels(const struct r4 *r)
{
	for (size_t i = 0; i < r->count; i++)
		FOR_EACH_ITEM(r->vms[i].node, "volume-config", "volume", volume)
		{
			const char *name = element_attribute(volume, "name"),
				   *vid = element_attribute(volume, "vid");

			if (name && vid && vid[0] && !strcmp(name, "kernel") && !strchr(vid, '/') &&
			    is_installed(r, vid))
				return true;
		}
	return false;
}

static void check_kernel(struct r4 *r, const struct r4_vm *vm, const store_node *of, const char *name)
{
	const char *kernel = r4_text(r, of, name);

	if (!kernel || !kernel[0] || strchr(kernel, '/') || strcmp(r->f->options->store, STORE_PATH) != 0 ||
	    is_installed(r, kernel) || !has_kernels(r))
		return;
	fsck_effect(fsck_note(r->f, "kernel", FSCK_LOADS, r4_property(of, name), vm ? vm->shown : NULL,
			      "the kernel %s is not installed", kernel),
		    vm ? "it cannot be started" : "what follows it cannot be started");
}

void r4_check_start(struct r4 *r, const struct r4_vm *vm)
{
	if (vm == r->vms)
		check_kernel(r, NULL, r->root, "default_kernel");
	check_name(r, vm);
	check_label(r, vm);
	check_memory(r, vm);
	check_mode(r, vm);
	check_dispid(r, vm);
	if (r4_is(vm, VM4_LOCAL))
		check_kernel(r, vm, vm->node, "kernel");
}
