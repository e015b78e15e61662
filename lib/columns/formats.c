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

const char *columns_usual_format(const struct qubes *q)
{
	return q->layout->format == STORE_R4 ? columns_formats[0].name : NULL;
}
