/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-clone - copy a VM that is off: its properties, images and firewall under a new name. */
#include <string.h>

#include "applet.h"
#include "lifecycle.h"
#include "prop.h"

struct clone_args {
	const char *directory, *pool, *class;
	bool ignore_errors, quiet;
};

const struct option_row qvm_clone_options[] = {
	OPT_TEXT('p', "path", "DIR", struct clone_args, directory,
		 "directory of the copy, if not the place of its class"),
	OPT_TEXT('P', "pool", "POOL", struct clone_args, pool,
		 "storage pool, if not the source's; only default in this release"),
	OPT_TEXT('C', "class", "CLASS", struct clone_args, class,
		 "class of the copy; only the source's in this release"),
	OPT_FLAG(0, "ignore-errors", struct clone_args, ignore_errors,
		 "go on with the default of a property that cannot be copied"),
	OPT_FLAG('q', "quiet", struct clone_args, quiet, "say nothing about progress"),
	OPT_WORDS("VM NEW", 2, 2),
	OPT_NOTE("Not copied: whether it starts at boot, is internal, in debug mode or of a package, its "
		 "drive, and its backup data. Devices and a MAC address that was set are, though only one VM "
		 "at a time can use them."),
	OPT_END
};

static int check_pool(const struct vm *source, const char *pool)
{
	const char *wanted = pool ? pool : prop_string(source, "pool_name");

	if (strcmp(wanted, "default") == 0)
		return 0;
	if (pool)
		return error_set(ERROR_FAILED, "there is no storage pool '%s'", pool);
	return error_set(ERROR_FAILED,
			 "%s is in storage pool %s, in which this release makes nothing; -P default takes "
			 "the default one",
			 source->name, wanted);
}

/* Release 4's name for a VM of its own is not a class here. */
static int check_class(const struct vm *source, const char *class)
{
	if (!class || strcmp(class, source->type) == 0)
		return 0;
	if (strcmp(class, "StandaloneVM") == 0 && vm_is(source, VM_APPS) && vm_is_standalone(source))
		return 0;
	return error_set(ERROR_FAILED, "%s is of class %s, and a copy is of the same, not of class %s",
			 source->name, source->type, class);
}

int qvm_clone_main(struct qubes *q, const void *parsed, char **words)
{
	const struct clone_args *args = parsed;
	struct lifecycle_clone how = {
		.ignore_errors = args->ignore_errors,
		.quiet = args->quiet,
	};
	struct vm *source;

	if (args->directory && !(how.directory = lifecycle_place(q, args->directory)))
		return -1;
	source = vm_by_name(q, words[0]);
	if (!source || check_pool(source, args->pool) != 0 || check_class(source, args->class) != 0)
		return -1;
	return lifecycle_clone(source, words[1], &how);
}
