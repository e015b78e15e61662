/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of PCI devices, from the list that hwdata or pciutils keeps: sections at the left margin ("8086
 * Intel Corporation", "C 02  Network controller"), what belongs to them behind one tab.
 */
#include <string.h>

#include "internal.h"
#include "util.h"

#define IDS_MOST_BYTES (8UL << 20)

char *devices_read_names(const struct root *root)
{
	static const char *const places[] = { "/usr/share/hwdata/pci.ids", "/usr/share/misc/pci.ids" };
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(places) && !text; i++)
		text = root_read(root, places[i], IDS_MOST_BYTES, NULL);
	return text;
}

static const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end ? end + 1 : line + strlen(line);
}

/* The name on a line that starts with KEY and two blanks; NULL: it does not. In the arena. */
static const char *name_on(struct arena *arena, const char *line, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(line, key, length) || strncmp(line + length, "  ", 2))
		return NULL;
	line += length + 2;
	return arena_printf(arena, "%.*s", (int)strcspn(line, "\r\n"), line);
}

/* The name of the section KEY, and in BODY where its lines start. */
static const char *find_section(struct arena *arena, const char *ids, const char *key, const char **body)
{
	for (; *ids; ids = next_line(ids)) {
		const char *name = name_on(arena, ids, key);

		if (!name)
			continue;
		*body = next_line(ids);
		return name;
	}
	return NULL;
}

/* In the section whose lines start at BODY. */
static const char *find_member(struct arena *arena, const char *body, const char *key)
{
	for (; *body == '\t' || *body == '#'; body = next_line(body)) {
		const char *name = *body == '\t' ? name_on(arena, body + 1, key) : NULL;

		if (name)
			return name;
	}
	return NULL;
}

static const char *class_text(struct arena *arena, const char *ids, unsigned class)
{
	AUTO_FREE char *base = util_printf("C %02x", class >> 16);
	AUTO_FREE char *sub = util_printf("%02x", class >> 8 & 0xff);
	const char *body, *name = ids ? find_section(arena, ids, base, &body) : NULL, *member = NULL;

	if (name)
		member = find_member(arena, body, sub);
	if (member)
		return member;
	return name ? name : arena_printf(arena, "Class %04x", class >> 8);
}

static const char *device_text(struct arena *arena, const char *ids, const struct pci_numbers *numbers)
{
	AUTO_FREE char *vendor = util_printf("%04x", numbers->vendor);
	AUTO_FREE char *device = util_printf("%04x", numbers->device);
	const char *body, *name = ids ? find_section(arena, ids, vendor, &body) : NULL, *member = NULL;

	if (name)
		member = find_member(arena, body, device);
	if (!name)
		return arena_printf(arena, "%s:%s", vendor, device);
	return arena_printf(arena, "%s %s", name, member ? member : device);
}

const char *devices_describe(struct arena *arena, const char *ids, const struct pci_numbers *numbers)
{
	if (!numbers->vendor)
		return "(unknown)";
	return arena_printf(arena, "%s: %s", class_text(arena, ids, numbers->class),
			    device_text(arena, ids, numbers));
}
