/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classes, and lists of what they have.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "hotplug.h"
#include "internal.h"

const struct deviceclass *const deviceclasses[] = { &deviceclass_block, &deviceclass_pci, &deviceclass_usb,
						    NULL };

const struct deviceclass *deviceclass_by_name(const char *name)
{
	for (const struct deviceclass *const *class = deviceclasses; *class; class ++)
		if (strcmp((*class)->name, name) == 0)
			return *class;
	error_set(ERROR_USAGE, "there is no class '%s' of devices (--list-device-classes)", name);
	return NULL;
}

struct deviceclass_row *deviceclass_add(struct qubes *q, struct deviceclass_list *list, struct vm *backend,
					const char *ident, const char *description)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->rows[i].backend == backend && strcmp(list->rows[i].ident, ident) == 0)
			return &list->rows[i];
	list->rows = arena_grow(q->arena, list->rows, list->count, &list->room, sizeof(*list->rows));
	list->rows[list->count] = (struct deviceclass_row){ backend, ident, description, NULL };
	return &list->rows[list->count++];
}

void deviceclass_add_use(struct qubes *q, struct deviceclass_row *row, struct vm *vm, const char *options)
{
	struct deviceclass_use **end = &row->uses;

	while (*end)
		end = &(*end)->next;
	*end = arena_alloc(q->arena, sizeof(**end));
	**end = (struct deviceclass_use){ vm, options, NULL };
}

/* ---- devices that VMs offer ---- */

int deviceclass_list_offers(struct qubes *q, const struct hotplug_kind *kind,
			    void (*add)(struct qubes *q, struct deviceclass_list *list,
					const struct hotplug_device *device),
			    struct deviceclass_list *list)
{
	struct hotplug_devices devices;

	if (hotplug_list(q, kind, &devices) != 0)
		return -1;
	for (size_t i = 0; i < devices.count; i++)
		add(q, list, &devices.items[i]);
	return 0;
}

int deviceclass_detach_release3(struct qubes *q, const struct hotplug_kind *kind, const char *word)
{
	struct vm *vm;
	const char *name;

	if (!strchr(word, ':')) {
		vm = vm_by_name(q, word);
		return vm ? hotplug_detach_all(vm, kind) : -1;
	}
	vm = hotplug_backend(q, word, &name);
	return vm ? hotplug_detach(vm, kind, name, NULL) : -1;
}
