/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PCI devices that the host has, as the kernel lists them below /sys.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

#define DOMAIN "0000:"
#define ATTRIBUTE_MOST_BYTES 64

bool devices_is_pci_address(const char *text)
{
	static const char form[] = "hh:hh.o";

	for (const char *want = form; *want; want++, text++) {
		const char *allowed = *want == 'h' ? "0123456789abcdef" : *want == 'o' ? "01234567" : NULL;

		if (allowed ? !*text || !strchr(allowed, *text) : *text != *want)
			return false;
	}
	return *text == '\0';
}

int devices_has_pci(const struct qubes *q, const char *address)
{
	AUTO_FREE char *path = util_printf("%s/" DOMAIN "%s", DEVICES_PCI_SYSFS, address);

	if (devices_is_pci_address(address) && root_exists(q->root, path))
		return 1;
	return root_exists(q->root, DEVICES_PCI_SYSFS) ? 0 : -1;
}

/* "0x8086"; what is not there, or not of that form, counts as 0. */
static unsigned read_number(const struct root *root, const char *address, const char *attribute)
{
	AUTO_FREE char *path = util_printf("%s/" DOMAIN "%s/%s", DEVICES_PCI_SYSFS, address, attribute);
	AUTO_FREE char *text = root_read(root, path, ATTRIBUTE_MOST_BYTES, NULL);

	return text && util_starts_with(text, "0x") ? (unsigned)strtoul(text, NULL, 16) & 0xffffff : 0;
}

static struct devices_pci describe(struct qubes *q, const char *ids, const char *address)
{
	struct pci_numbers numbers = {
		.class = read_number(q->root, address, "class"),
		.vendor = read_number(q->root, address, "vendor"),
		.device = read_number(q->root, address, "device"),
	};

	return (struct devices_pci){ arena_strdup(q->arena, address), numbers.class,
				     devices_describe(q->arena, ids, &numbers) };
}

static int by_address(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in the kernel's list that are addresses in domain 0. 0, or -1 with an error. */
static int read_addresses(struct qubes *q, struct strlist *addresses)
{
	int fd = root_open(q->root, DEVICES_PCI_SYSFS, O_RDONLY | O_DIRECTORY, 0);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		util_close_at(&fd);
		return error_errno("the PCI devices of this host are not known: %s", DEVICES_PCI_SYSFS);
	}
	while ((entry = readdir(directory)))
		if (util_starts_with(entry->d_name, DOMAIN) &&
		    devices_is_pci_address(entry->d_name + strlen(DOMAIN)))
			strlist_add(addresses, arena_strdup(q->arena, entry->d_name + strlen(DOMAIN)));
	closedir(directory);
	if (addresses->count)
		qsort(addresses->items, addresses->count, sizeof(*addresses->items), by_address);
	return 0;
}

const struct devices_pci *devices_list_pci(struct qubes *q)
{
	AUTO_STRLIST struct strlist addresses = { 0 };
	AUTO_FREE char *ids = NULL;
	struct devices_pci *list;

	if (read_addresses(q, &addresses) < 0)
		return NULL;
	ids = devices_read_names(q->root);
	list = arena_alloc(q->arena, (addresses.count + 1) * sizeof(*list));
	for (size_t i = 0; i < addresses.count; i++)
		list[i] = describe(q, ids, addresses.items[i]);
	return list;
}
