/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks as a class.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "hotplug.h"
#include "internal.h"
#include "size.h"

static void add_disk(struct qubes *q, struct deviceclass_list *list, const struct hotplug_device *disk)
{
	AUTO_FREE char *size = size_whole_text(disk->bytes);
	struct deviceclass_row *row;

	if (hotplug_is_system_disk(disk))
		return;
	row = deviceclass_add(q, list, disk->backend, disk->name,
			      arena_printf(q->arena, "%s (%s)", disk->description, size));
	if (disk->user)
		deviceclass_add_use(q, row, disk->user,
				    arena_printf(q->arena, "frontend-dev=%s", disk->frontend));
}

static int list(struct qubes *q, struct deviceclass_list *rows)
{
	return deviceclass_list_offers(q, &hotplug_disks, add_disk, rows);
}

/* ---- options of an attachment ---- */

static int read_frontend(const char *value, struct hotplug_how *how)
{
	how->frontend = value;
	return 0;
}

static int read_mode(const char *value, struct hotplug_how *how)
{
	static const struct {
		const char *word;
		enum hotplug_mode mode;
	} words[] = { { "yes", HOTPLUG_READ_ONLY }, { "true", HOTPLUG_READ_ONLY },
		      { "on", HOTPLUG_READ_ONLY },  { "1", HOTPLUG_READ_ONLY },
		      { "no", HOTPLUG_WRITABLE },   { "false", HOTPLUG_WRITABLE },
		      { "off", HOTPLUG_WRITABLE },  { "0", HOTPLUG_WRITABLE } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(value, words[i].word) == 0) {
			how->mode = words[i].mode;
			return 0;
		}
	return error_set(ERROR_FAILED, "read-only is yes or no, not '%s'", value);
}

static int read_type(const char *value, struct hotplug_how *how)
{
	how->is_cdrom = strcmp(value, "cdrom") == 0;
	if (how->is_cdrom || strcmp(value, "disk") == 0)
		return 0;
	return error_set(ERROR_FAILED, "devtype is disk or cdrom, not '%s'", value);
}

static const struct {
	const char *name;
	int (*read)(const char *value, struct hotplug_how *how);
} options[] = {
	{ "frontend-dev=", read_frontend },
	{ "read-only=", read_mode },
	{ "devtype=", read_type },
};

static int read_option(const char *option, struct hotplug_how *how)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (util_starts_with(option, options[i].name))
			return options[i].read(option + strlen(options[i].name), how);
	return error_set(ERROR_FAILED,
			 "a disk has no option '%s': it takes frontend-dev, read-only and devtype", option);
}

static int attach(struct vm *vm, struct vm *backend, const char *ident, const struct deviceclass_args *args)
{
	struct hotplug_how how = { .mode = args->read_only ? HOTPLUG_READ_ONLY : HOTPLUG_OWN_MODE };
	const struct hotplug_device *disk;

	if (args->persistent)
		return error_set(ERROR_FAILED, "in release 3 a disk is attached for as long as the VM runs "
					       "(an HVM may have a drive: qvm-prefs)");
	for (size_t i = 0; i < args->options.count; i++)
		if (read_option(args->options.items[i], &how) != 0)
			return -1;
	if (args->read_only && how.mode != HOTPLUG_READ_ONLY)
		return error_set(ERROR_USAGE, "--ro and -o read-only=no exclude each other");
	disk = hotplug_find(backend, &hotplug_disks, ident);
	return disk ? hotplug_attach(vm, &hotplug_disks, disk, &how) : -1;
}

static int detach(struct vm *vm, struct vm *backend, const char *ident)
{
	return hotplug_detach(backend, &hotplug_disks, ident, vm);
}

static int detach_all(struct vm *vm)
{
	return hotplug_detach_all(vm, &hotplug_disks);
}

const struct deviceclass deviceclass_block = {
	.name = "block",
	.list = list,
	.attach = attach,
	.detach = detach,
	.detach_all = detach_all,
};
