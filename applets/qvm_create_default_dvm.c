/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-create-default-dvm - make the VM that DispVMs are started from. Its savefile, which takes a run of
 * that VM, is not made by this release, and that is how it ends.
 */
#include <string.h>

#include "applet.h"
#include "lifecycle.h"
#include "prop.h"

#define TEMPLATES "/var/lib/qubes/vm-templates"
#define APPVMS "/var/lib/qubes/appvms"
/* Leads to the root image of the template that was used last. */
#define SAVEFILE_ROOT "/var/lib/qubes/dvmdata/savefile-root"
#define MAXMEM 4000

struct default_dvm_args {
	bool default_template, used_template, default_script;
};

const struct option_row qvm_create_default_dvm_options[] = {
	OPT_FLAG(0, "default-template", struct default_dvm_args, default_template,
		 "from the default template"),
	OPT_FLAG(0, "used-template", struct default_dvm_args, used_template,
		 "from the template used last, or the default one if there is none"),
	OPT_FLAG(0, "default-script", struct default_dvm_args, default_script,
		 "prepare it by the built-in script (the default)"),
	OPT_WORDS("[TEMPLATE] [SCRIPT]", 0, 2),
	OPT_NOTE("Makes the VM TEMPLATE-dvm if there is none. This release cannot start it to make the "
		 "savefile from which DispVMs come up: it says so, and fails."),
	OPT_END
};

/* ---- which template, which script ---- */

/* The name of the directory in which the link's target is; NULL: there is no such link. In the arena. */
static const char *used_template(struct qubes *q)
{
	AUTO_FREE char *target = root_readlink(q->root, SAVEFILE_ROOT);
	char *slash = target ? strrchr(target, '/') : NULL;

	if (!slash)
		return NULL;
	*slash = '\0';
	slash = strrchr(target, '/');
	return arena_strdup(q->arena, slash ? slash + 1 : target);
}

/* NULL with an error. */
static const char *template_name(struct qubes *q, const struct default_dvm_args *args, const char *word)
{
	const char *used = args->used_template ? used_template(q) : NULL;
	const struct vm *template;

	if (word || used)
		return word ? word : used;
	template = vm_global(q, "default_template");
	if (!template)
		error_set(ERROR_FAILED, "there is no default template");
	return template ? template->name : NULL;
}

static const struct vm *find_template(struct qubes *q, const struct default_dvm_args *args, const char *word)
{
	const char *name = template_name(q, args, word);
	const struct vm *template = name ? vm_by_name(q, name) : NULL;
	AUTO_FREE char *directory = template ? util_printf(TEMPLATES "/%s", name) : NULL;

	if (!template || root_exists(q->root, directory))
		return template;
	error_set(ERROR_NOT_FOUND, "there is no directory %s", directory);
	return NULL;
}

static bool by_option(const struct default_dvm_args *args)
{
	return args->default_template || args->used_template;
}

/* The script would only be read when the VM has been started. */
static int check_words(const struct default_dvm_args *args, char **words)
{
	char **script = by_option(args) || !words[0] ? words : words + 1;

	if (args->default_template && args->used_template)
		return error_set(ERROR_USAGE, "the template is either the default or the one used last");
	if (!by_option(args) && !words[0])
		return error_set(ERROR_USAGE, "which template?");
	if (script[0] && args->default_script)
		return error_set(ERROR_USAGE, "the script is either the default or '%s'", script[0]);
	if (script[0] && script[1])
		return error_set(ERROR_USAGE, "unexpected argument '%s'", script[1]);
	return 0;
}

/* ---- the VM ---- */

static int limit_memory(struct vm *vm, void *unused)
{
	const struct prop *maxmem = prop_find(vm->qubes, "maxmem");
	struct prop_value value;

	(void)unused;
	if (prop_get(vm, maxmem, &value) != 0)
		return -1;
	if (value.none || value.number < MAXMEM)
		return 0;
	return prop_set(vm, maxmem, "4000");
}

static int make_vm(struct qubes *q, const struct vm *template, const char *name)
{
	const struct lifecycle_new what = {
		.class = vm_class_by_type("AppVM"),
		.name = name,
		.label = "gray",
		.template = template,
		.internal = true,
		.vcpus = 1,
		.with_images = true,
		.set = limit_memory,
	};
	AUTO_FREE char *directory = util_printf(APPVMS "/%s", name);

	if (vm_name_taken(q, name) && root_exists(q->root, directory))
		return 0;
	return lifecycle_create(q, &what);
}

int qvm_create_default_dvm_main(struct qubes *q, const void *parsed, char **words)
{
	const struct default_dvm_args *args = parsed;
	const struct vm *template;
	const char *name;

	if (check_words(args, words) != 0)
		return -1;
	template = find_template(q, args, by_option(args) ? NULL : words[0]);
	if (!template)
		return -1;
	name = arena_printf(q->arena, "%s-dvm", template->name);
	if (make_vm(q, template, name) != 0)
		return -1;
	return error_set(ERROR_FAILED,
			 "%s is there, but this release cannot make its savefile: no DispVM can be "
			 "started from it yet",
			 name);
}
