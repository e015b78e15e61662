/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-device - list, attach and detach devices of a class, in release 4's words.
 */
#include "applet.h"
#include "deviceclass.h"

struct device_args {
	bool list_classes;
	struct deviceclass_args release4;
};

const struct option_row qvm_device_options[] = {
	OPT_FLAG(0, "list-device-classes", struct device_args, list_classes, "print the classes, one a line"),
	OPT_DEVICECLASS(struct device_args, release4),
	OPT_WORDS("CLASS [list [VM...] | attach VM BACKEND:DEVICE | detach VM [BACKEND:DEVICE]]", 0, -1),
	OPT_NOTE(
		"qvm-block, qvm-pci and qvm-usb say what their devices are called, and which options they have."),
	OPT_END
};

/* What WORDS ask for, the first of them the class. False with an error. */
static bool read_call(const struct device_args *args, char **words, struct deviceclass_tool *tool,
		      struct deviceclass_call *call)
{
	tool->class = words[0] ? deviceclass_by_name(words[0]) : NULL;
	if (!words[0])
		error_set(ERROR_USAGE, "which class of devices? (--list-device-classes)");
	if (!tool->class)
		return false;
	*call = (struct deviceclass_call){ tool, &args->release4, args, 0, words + 1 };
	return true;
}

int qvm_device_access(const void *parsed, char **words)
{
	const struct device_args *args = parsed;
	struct deviceclass_tool tool = { 0 };
	struct deviceclass_call call;
	int changes;

	if (args->list_classes)
		return words[0] ? error_set(ERROR_USAGE, "'%s' is one word too many", words[0]) : STORE_NONE;
	changes = read_call(args, words, &tool, &call) ? deviceclass_check(&call) : -1;
	return changes < 0 ? -1 : changes ? STORE_WRITE : STORE_READ;
}

int qvm_device_main(struct qubes *q, const void *parsed, char **words)
{
	const struct device_args *args = parsed;
	struct deviceclass_tool tool = { 0 };
	struct deviceclass_call call;

	if (!args->list_classes)
		return read_call(args, words, &tool, &call) ? deviceclass_run(q, &call) : -1;
	for (const struct deviceclass *const *class = deviceclasses; *class; class ++)
		puts((*class)->name);
	return 0;
}
