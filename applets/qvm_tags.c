/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-tags - the tags of a VM, which stores of release 3 do not have: says so.
 */
#include "applet.h"
#include "vm.h"

const struct option_row qvm_tags_options[] = {
	OPT_WORDS("VM [list|add|del] [TAG...]", 1, -1),
	OPT_NOTE("VMs of release 3 have no tags: there are none to list, and none can be set."), OPT_END
};

int qvm_tags_main(struct qubes *q, const void *parsed, char **words)
{
	(void)parsed;
	if (!vm_by_name(q, words[0]))
		return -1;
	return error_set(ERROR_FAILED, "%s has no tags: a store of release 3 knows none", words[0]);
}
