/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices of VMs that run. What the store says has been saved by then: a failure is but a word that it takes
 * effect later.
 */
#include <string.h>

#include "devices.h"
#include "domainxml.h"
#include "error.h"
#include "helpers.h"
#include "internal.h"
#include "vmm.h"

#define UNBIND "/usr/lib/qubes/unbind-pci-device.sh"
#define XL "xl"
#define SECONDS 60

/* A device that the store gives to VM, or takes from it. */
struct change {
	struct vm *vm;
	const char *address;
	const struct direction *direction;
	int xid;
};

struct direction {
	int (*act)(const struct change *change);
	const char *verb, *when; /* "work VERB 02:00.0 WHEN it is started next" */
};

static int change_domain(const struct change *change, int (*act)(struct vm *vm, const char *xml))
{
	AUTO_STRBUF struct strbuf xml = { 0 };

	if (domainxml_add_hostdev(&xml, change->vm, change->address) != 0)
		return -1;
	return act(change->vm, xml.text);
}

/* ---- giving ---- */

/* Without the script libvirt alone takes it from its driver. */
static int attach(const struct change *change)
{
	struct qubes *q = change->vm->qubes;
	const char *const unbind[] = { UNBIND, change->address, NULL };

	if (root_exists(q->root, UNBIND) && helpers_run_host(q, unbind, SECONDS, false, NULL) != 0)
		return -1;
	return change_domain(change, vmm_attach);
}

/* ---- taking ---- */

/* "04.0 0000:02:00.0": the place that the VM sees it at. In the arena; NULL: it does not have it. */
static const char *find_slot(struct arena *arena, const char *list, const char *address)
{
	AUTO_FREE char *wanted = util_printf(" 0000:%s", address);

	while (*list) {
		size_t length = strcspn(list, "\n"), first = strcspn(list, " \n");
		const char *rest = list + first + strspn(list + first, " ") - 1;

		if (first && first < length && (size_t)(list + length - rest) == strlen(wanted) &&
		    strncmp(rest, wanted, strlen(wanted)) == 0)
			return arena_printf(arena, "%.*s", (int)first, list);
		list += length + (list[length] != '\0');
	}
	return NULL;
}

/* The VM lets go of it first; without that its driver would hang. */
static int ask_vm(const struct change *change, const char *slot)
{
	AUTO_FREE char *input = util_printf("00:%s\n", slot);
	int status = helpers_call_service(change->vm, "qubes.DetachPciDevice", "root", input, NULL, SECONDS);

	if (status <= 0)
		return status;
	return error_set(ERROR_FAILED, "service qubes.DetachPciDevice failed (status %d)", status);
}

/* libvirt does not know what the original tools have attached. */
static int take(const struct change *change)
{
	AUTO_FREE char *xid = util_printf("%d", change->xid);
	const char *const detach[] = { XL, "pci-detach", xid, change->address, NULL };

	if (change_domain(change, vmm_detach) == 0)
		return 0;
	error_clear();
	return helpers_run_host(change->vm->qubes, detach, SECONDS, false, NULL);
}

static int detach(const struct change *change)
{
	struct qubes *q = change->vm->qubes;
	AUTO_FREE char *xid = util_printf("%d", change->xid);
	const char *const list[] = { XL, "pci-list", xid, NULL };
	AUTO_STRBUF struct strbuf text = { 0 };
	const char *slot;

	if (helpers_run_host(q, list, SECONDS, false, &text) != 0)
		return -1;
	slot = find_slot(q->arena, text.text ? text.text : "", change->address);
	if (!slot) {
		error_note("%s does not have %s at the moment", change->vm->name, change->address);
		return 0;
	}
	return ask_vm(change, slot) == 0 ? take(change) : -1;
}

/* ---- once the store is saved ---- */

static const struct direction assigned = { attach, "gets", "when" }, released = { detach, "keeps", "until" };

static int change_running(struct change *change)
{
	struct vmm_info info;

	if (vm_is_dom0(change->vm) || vmm_offline(change->vm->qubes))
		return 0;
	if (vmm_info_now(change->vm, &info) != 0)
		return error_within("whether it runs is not known");
	change->xid = info.xid;
	if (info.power == VMM_HALTED)
		return 0;
	if (vm_is(change->vm, VM4_LOCAL))
		return error_set(ERROR_FAILED, "what a running VM of release 4 has is for qubesd to change");
	return change->direction->act(change);
}

static int follow(struct qubes *q, void *argument)
{
	struct change *change = argument;

	(void)q;
	if (change_running(change) == 0)
		return 0;
	error_within("%s %s %s %s it is started next", change->vm->name, change->direction->verb,
		     change->address, change->direction->when);
	error_report();
	return 0;
}

static void queue_change(struct vm *vm, const char *address, const struct direction *direction)
{
	struct change *change = arena_alloc(vm->qubes->arena, sizeof(*change));

	*change = (struct change){ vm, arena_strdup(vm->qubes->arena, address), direction, -1 };
	qubes_after_save(vm->qubes, follow, change);
}

int hotplug_assign_pci(struct vm *vm, const char *address)
{
	bool had = devices_vm_has_pci(vm, address);

	if (devices_assign_pci(vm, address) != 0)
		return -1;
	if (!had)
		queue_change(vm, address, &assigned);
	return 0;
}

int hotplug_release_pci(struct vm *vm, const char *address)
{
	bool had = devices_vm_has_pci(vm, address);

	if (devices_release_pci(vm, address) != 0)
		return -1;
	if (had)
		queue_change(vm, address, &released);
	return 0;
}

int hotplug_release_all_pci(struct vm *vm)
{
	struct literal addresses;

	if (devices_pci_of(vm, &addresses) != 0)
		return -1;
	for (size_t i = 0; i < addresses.count; i++)
		queue_change(vm, addresses.entries[i].key, &released);
	return devices_release_all_pci(vm);
}
