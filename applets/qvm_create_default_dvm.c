/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-create-default-dvm - make the VM that disposable VMs are started from, and its savefile. */
#include <errno.h>
#include <string.h>

#include "applet.h"
#include "lifecycle.h"
#include "prop.h"
#include "vmm.h"

#define TEMPLATES "/var/lib/qubes/vm-templates"
#define APPVMS "/var/lib/qubes/appvms"
/* Leads to the root image of the template that was used last. */
#define SAVEFILE_ROOT "/var/lib/qubes/dvmdata/savefile-root"
#define SCRIPT "/usr/lib/qubes/dispvm-prerun.sh"
#define MAXMEM 4000

#define QUOTED(number) #number
#define TEXT_OF(number) QUOTED(number)

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
	OPT_NOTE(
		"Makes the VM TEMPLATE-dvm if there is none, starts it, runs SCRIPT in it, and saves it when it is "
		"ready: from that savefile disposable VMs come up. It is to be made again when TEMPLATE has "
		"changed. SCRIPT is a file below the root of at most " TEXT_OF(
			LIFECYCLE_SCRIPT_MOST) " bytes; the built-in one is " SCRIPT "."),
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

static const char *script_of(const struct default_dvm_args *args, char **words)
{
	return by_option(args) || !words[0] ? words[0] : words[1];
}

static int check_words(const struct default_dvm_args *args, char **words)
{
	const char *script = script_of(args, words);

	if (args->default_template && args->used_template)
		return error_set(ERROR_USAGE, "the template is either the default or the one used last");
	if (!by_option(args) && !words[0])
		return error_set(ERROR_USAGE, "which template?");
	if (script && args->default_script)
		return error_set(ERROR_USAGE, "the script is either the default or '%s'", script);
	if (by_option(args) && words[0] && words[1])
		return error_set(ERROR_USAGE, "unexpected argument '%s'", words[1]);
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

/* What a start needs of the store goes in with the VM: there is one save. Offline it is only made. */
static int set_up(struct vm *vm, void *unused)
{
	if (limit_memory(vm, unused) != 0)
		return -1;
	return vmm_offline(vm->qubes) ? 0 : lifecycle_prepare(vm);
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
		.set = set_up,
	};

	return lifecycle_create(q, &what);
}

/* Of a VM that somebody has given that name this is nothing to be made. */
static int check_vm(const struct vm *vm, const struct vm *template)
{
	if (vm_template(vm) == template)
		return 0;
	return error_set(ERROR_FAILED, "%s is not based on %s", vm->name, template->name);
}

/* In the store, with all that its start needs, and the lock gone. NULL with an error. */
static struct vm *need_vm(struct qubes *q, const struct vm *template)
{
	const char *name = arena_printf(q->arena, "%s-dvm", template->name);
	AUTO_FREE char *directory = util_printf(APPVMS "/%s", name);
	struct vm *vm;

	if (!vm_name_taken(q, name) || !root_exists(q->root, directory))
		return make_vm(q, template, name) == 0 ? vm_by_name(q, name) : NULL;
	vm = vm_by_name(q, name);
	if (!vm || check_vm(vm, template) != 0)
		return NULL;
	if (!vmm_offline(q) && lifecycle_prepare(vm) != 0)
		return NULL;
	return qubes_commit(q) == 0 ? vm : NULL;
}

/* ---- what it runs before it is saved ---- */

/* The built-in one need not be there. The caller frees the text. */
static int read_script(struct qubes *q, const char *word, struct lifecycle_savefile *how, char **text)
{
	const char *path = word ? util_absolute(q->arena, word) : SCRIPT;

	*text = root_read(q->root, path, LIFECYCLE_SCRIPT_MOST, &how->length);

	if (!*text && errno == EFBIG)
		return error_set(ERROR_FAILED, "%s is too long: %d bytes are the most", path,
				 LIFECYCLE_SCRIPT_MOST);
	if (!*text && (word || errno != ENOENT))
		return error_errno("%s", path);
	how->script = *text;
	return 0;
}

int qvm_create_default_dvm_main(struct qubes *q, const void *parsed, char **words)
{
	const struct default_dvm_args *args = parsed;
	AUTO_FREE char *script = NULL;
	struct lifecycle_savefile how = { 0 };
	const struct vm *template;
	struct vm *vm;

	if (check_words(args, words) != 0)
		return -1;
	template = find_template(q, args, by_option(args) ? NULL : words[0]);
	if (!template || read_script(q, script_of(args, words), &how, &script) != 0)
		return -1;
	vm = need_vm(q, template);
	if (!vm)
		return -1;
	if (vmm_offline(q))
		return error_set(ERROR_OFFLINE,
				 "%s is there, but without a hypervisor its savefile cannot be made",
				 vm->name);
	if (!how.script)
		error_note("there is no %s: %s is saved as it is", SCRIPT, vm->name);
	return lifecycle_make_savefile(vm, &how);
}
