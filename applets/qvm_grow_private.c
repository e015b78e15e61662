/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-grow-private - make the private image of a VM larger.
 */
#include "applet.h"
#include "halted.h"
#include "images.h"
#include "size.h"

const struct option_row qvm_grow_private_options[] = {
	OPT_WORDS("VM SIZE", 2, 2),
	OPT_NOTE("SIZE is a number of bytes, or one with K, M or G (powers of 1024). The VM must be off; its "
		 "file system is made larger by its next start."),
	OPT_END
};

int qvm_grow_private_main(struct qubes *q, const void *parsed, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);
	uint64_t size;

	(void)parsed;
	if (!vm || size_parse(words[1], &size) != 0 || halted_check(vm, false) != 0)
		return -1;
	return images_grow_private(vm, size);
}
