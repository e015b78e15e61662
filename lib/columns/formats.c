/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets of columns that have a name, and which of them a listing has when none is asked for.
 */
#include <string.h>

#include "error.h"
#include "internal.h"
#include "util.h"

const struct columns_format columns_formats[] = {
	{ "simple", "NAME,STATE,CLASS,LABEL,TEMPLATE,NETVM" },
	{ "network", "NAME,STATE,NETVM,IP,IPBACK,GATEWAY" },
	{ "kernel", "NAME,STATE,CLASS,TEMPLATE,KERNEL,KERNELOPTS" },
	{ "full", "NAME,STATE,CLASS,LABEL,QID,XID,UUID" },
	{ "disk", "NAME,STATE,DISK,PRIV-CURR,PRIV-MAX,PRIV-USED,ROOT-CURR,ROOT-MAX,ROOT-USED" },
	{ NULL, NULL },
};

const char *columns_of_format(const char *name)
{
	for (const struct columns_format *format = columns_formats; format->name; format++)
		if (!strcmp(name, format->name))
			return format->columns;
	error_set(ERROR_USAGE, "no format '%s'; qvm-ls --help-formats prints all", name);
	return NULL;
}

/* ---- release 3's frame ---- */

static const char *const base_fields[] = {
	"name", "on", "state", "updbl", "type", "template", "netvm", "label",
};

/* What a letter adds, and which of the base columns it drops. */
static const struct {
	enum columns_group group;
	const char *adds[6], *drops[3];
	const char *format; /* what it alone stands for where a format is usual */
} groups[] = {
	{ COLUMNS_IDS, { "qid", "xid" }, { NULL }, NULL },
	{ COLUMNS_CPU, { "cpu" }, { NULL }, NULL },
	{ COLUMNS_MEM, { "mem" }, { NULL }, NULL },
	{ COLUMNS_BACKUP, { "last backup" }, { NULL }, NULL },
	{ COLUMNS_NETWORK, { "ip", "ip back", "gateway/DNS" }, { "template" }, "network" },
	{ COLUMNS_DISK,
	  { "priv-curr", "priv-max", "root-curr", "root-max", "disk" },
	  { "template", "netvm" },
	  "disk" },
	{ COLUMNS_KERNEL, { "kernel", "kernelopts" }, { NULL }, "kernel" },
};

static bool is_dropped(unsigned asked, const char *field)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		for (size_t d = 0; asked & groups[i].group && groups[i].drops[d]; d++)
			if (!strcmp(groups[i].drops[d], field))
				return true;
	return false;
}

size_t columns_frame(unsigned asked, const char *fields[COLUMNS_FRAME_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(base_fields); i++)
		if (!is_dropped(asked, base_fields[i]))
			fields[count++] = base_fields[i];
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		for (size_t a = 0; asked & groups[i].group && groups[i].adds[a]; a++)
			fields[count++] = groups[i].adds[a];
	return count;
}

const char *columns_usual_format(const struct qubes *q, unsigned asked)
{
	if (q->layout->format != STORE_R4)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (asked == groups[i].group)
			return groups[i].format;
	return asked ? NULL : columns_formats[0].name;
}
