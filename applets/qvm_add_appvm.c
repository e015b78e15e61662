/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-add-appvm - register an AppVM whose files are there already. */
#include "applet.h"
#include "lifecycle.h"

struct add_appvm_args {
	const char *directory, *conf_file;
};

const struct option_row qvm_add_appvm_options[] = {
	OPT_TEXT('p', "path", "DIR", struct add_appvm_args, directory,
		 "its directory, if that is not /var/lib/qubes/appvms/NAME"),
	OPT_TEXT('c', "conf", "FILE", struct add_appvm_args, conf_file,
		 "its configuration, relative to the directory, taken as it is instead of a generated one"),
	OPT_WORDS("NAME TEMPLATE", 2, 2), OPT_END
};

int qvm_add_appvm_main(struct qubes *q, const void *parsed, char **words)
{
	const struct add_appvm_args *args = parsed;
	struct lifecycle_new what = {
		.class = vm_class_by_type("AppVM"),
		.name = words[0],
		.template = vm_by_name(q, words[1]),
		.conf_file = args->conf_file,
	};

	if (!what.template)
		return -1;
	if (args->directory && !(what.directory = lifecycle_place(q, args->directory)))
		return -1;
	return lifecycle_create(q, &what);
}
