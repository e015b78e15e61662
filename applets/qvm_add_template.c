/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-add-template - register a template whose files are installed already. */
#include "applet.h"
#include "lifecycle.h"

struct add_template_args {
	const char *directory, *conf_file;
	bool rpm;
};

const struct option_row qvm_add_template_options[] = {
	OPT_TEXT('p', "path", "DIR", struct add_template_args, directory,
		 "its directory, if that is not /var/lib/qubes/vm-templates/NAME"),
	OPT_TEXT('c', "conf", "FILE", struct add_template_args, conf_file,
		 "its configuration, relative to the directory, taken as it is instead of a generated one"),
	OPT_FLAG(0, "rpm", struct add_template_args, rpm, "it belongs to a package"), OPT_WORDS("NAME", 1, 1),
	OPT_END
};

int qvm_add_template_main(struct qubes *q, const void *parsed, char **words)
{
	const struct add_template_args *args = parsed;
	struct lifecycle_new what = {
		.class = vm_class_by_type("TemplateVM"),
		.name = words[0],
		.conf_file = args->conf_file,
		.installed_by_rpm = args->rpm,
	};

	if (args->directory && !(what.directory = lifecycle_place(q, args->directory)))
		return -1;
	return lifecycle_create(q, &what);
}
