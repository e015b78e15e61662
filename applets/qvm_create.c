/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvm-create - make a new VM: its entry, its directory and images, its domain. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "images.h"
#include "lifecycle.h"
#include "prop.h"

struct create_args {
	const char *template, *label, *class, *pool, *move_root, *copy_root, *memory, *vcpus;
	int kinds; /* of enum vm_kind */
	bool standalone, internal, quiet;
	struct strlist properties;
};

const struct option_row qvm_create_options[] = {
	OPT_TEXT('t', "template", "VM", struct create_args, template,
		 "template to use, if not the default one"),
	OPT_TEXT('l', "label", "LABEL", struct create_args, label,
		 "red, orange, yellow, green, gray, blue, purple or black; must be given"),
	OPT_CHOICE('p', "proxy", struct create_args, kinds, VM_PROXY, "a ProxyVM"),
	OPT_CHOICE('n', "net", struct create_args, kinds, VM_NET, "a NetVM"),
	OPT_CHOICE('H', "hvm", struct create_args, kinds, VM_HVM, "an HVM; standalone unless -t is given"),
	OPT_CHOICE(0, "hvm-template", struct create_args, kinds, VM_TEMPLATE_HVM, "an HVM template"),
	OPT_TEXT('C', "class", "CLASS", struct create_args, class,
		 "AppVM (the default), StandaloneVM, NetVM, ProxyVM, HVM or TemplateHVM"),
	OPT_FLAG('s', "standalone", struct create_args, standalone,
		 "with a root image of its own, copied from the template"),
	OPT_TEXT('P', "pool", "POOL", struct create_args, pool, "storage pool; only default in this release"),
	OPT_TEXT('R', "root-move-from", "FILE", struct create_args, move_root,
		 "its root image is FILE, moved there"),
	OPT_TEXT('r', "root-copy-from", "FILE", struct create_args, copy_root,
		 "its root image is a copy of FILE"),
	OPT_TEXT('m', "mem", "MB", struct create_args, memory, "initial memory, if not that of its class"),
	OPT_TEXT('c', "vcpus", "N", struct create_args, vcpus, "number of CPUs, if not the default"),
	OPT_FLAG('i', "internal", struct create_args, internal, "not for users: no menu entries"),
	OPT_LIST(0, "property", "NAME=VALUE", struct create_args, properties,
		 "set this property too (repeatable)"),
	OPT_FLAG('q', "quiet", struct create_args, quiet, "say nothing about progress"),
	OPT_WORDS("NAME", 1, 1),
	OPT_END
};

/* ---- what kind of VM ---- */

static const struct {
	const char *name;
	enum vm_kind kind;
	bool standalone;
} class_words[] = {
	{ "AppVM", VM_APP, false }, { "StandaloneVM", VM_APP, true },
	{ "NetVM", VM_NET, false }, { "ProxyVM", VM_PROXY, false },
	{ "HVM", VM_HVM, false },   { "TemplateHVM", VM_TEMPLATE_HVM, false },
};

static const struct vm_class *class_of_kind(unsigned kind)
{
	FOR_EACH_CLASS(class)
		if (class->kind == (enum vm_kind)kind)
			return class;
	return NULL;
}

static int class_from_word(const char *word, struct lifecycle_new *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(class_words); i++)
		if (strcmp(word, class_words[i].name) == 0) {
			what->class = class_of_kind(class_words[i].kind);
			what->standalone |= class_words[i].standalone;
			return 0;
		}
	if (vm_class_by_type(word))
		return error_set(ERROR_FAILED, "VMs of class %s are not made by this tool", word);
	return error_set(ERROR_USAGE, "there is no class '%s'", word);
}

static int choose_class(const struct create_args *args, struct lifecycle_new *what)
{
	int kinds = args->kinds ? args->kinds : VM_APP;

	if ((kinds & (kinds - 1)) || (args->class && args->kinds))
		return error_set(ERROR_USAGE, "only one kind of VM can be given");
	what->standalone = args->standalone;
	what->class = class_of_kind((unsigned)kinds);
	return args->class ? class_from_word(args->class, what) : 0;
}

/* ---- checks, in the order of the original ---- */

static int check_label(const char *label)
{
	AUTO_STRBUF struct strbuf names = { 0 };

	if (label && vm_label_by_name(label))
		return 0;
	for (const struct vm_label *known = vm_labels; known->name; known++)
		strbuf_printf(&names, "%s%s", names.length ? ", " : "", known->name);
	if (label)
		return error_set(ERROR_FAILED, "there is no label '%s'; labels: %s", label, names.text);
	return error_set(ERROR_FAILED, "a label must be given (-l): %s", names.text);
}

/* A path from where we are is one of the host. NULL: none was given. */
static const char *given_root_image(const struct qubes *q, const struct create_args *args)
{
	const char *file = args->move_root ? args->move_root : args->copy_root;
	AUTO_FREE char *here = NULL;

	if (!file || file[0] == '/' || !root_is_host(q->root))
		return file;
	here = getcwd(NULL, 0);
	return here ? arena_printf(q->arena, "%s/%s", here, file) : file;
}

static int check_root_image(const struct qubes *q, const struct create_args *args, bool standalone)
{
	const char *file = given_root_image(q, args);

	if (!file)
		return 0;
	if (!standalone)
		return error_set(ERROR_FAILED, "only a standalone VM can be given a root image");
	if (args->move_root && args->copy_root)
		return error_set(ERROR_FAILED, "a root image is either moved or copied");
	return images_check_given_root(q->root, file, args->move_root);
}

static int check_pool(const char *pool)
{
	if (!pool || strcmp(pool, "default") == 0)
		return 0;
	return error_set(ERROR_FAILED, "there is no storage pool '%s'", pool);
}

/* Names that DispVMs get by themselves. */
static int check_reserved(const char *name)
{
	if (!util_starts_with(name, "disp"))
		return 0;
	name += strlen("disp");
	if (!*name || name[strspn(name, "0123456789")])
		return 0;
	return error_set(ERROR_FAILED, "the name disp%s is reserved for a DispVM", name);
}

static int read_number(const char *text, const char *what, int *number)
{
	unsigned long long value;

	if (!text)
		return 0;
	if (!util_parse_decimal(text, INT_MAX, &value) || value == 0)
		return error_set(ERROR_FAILED, "%s must be a positive number, not '%s'", what, text);
	*number = (int)value;
	return 0;
}

static int check_args(const struct qubes *q, const struct create_args *args, const char *name,
		      struct lifecycle_new *what)
{
	if (choose_class(args, what) != 0 || check_label(args->label) != 0)
		return -1;
	if (what->class->kind == VM_TEMPLATE_HVM && args->template)
		return error_set(ERROR_FAILED, "an HVM template is not based on another template");
	if (what->class->kind == VM_TEMPLATE_HVM || (what->class->kind == VM_HVM && !args->template))
		what->standalone = true;
	if (check_root_image(q, args, what->standalone) != 0 || check_pool(args->pool) != 0 ||
	    check_reserved(name) != 0)
		return -1;
	return read_number(args->memory, "memory", &what->memory) != 0 ?
		       -1 :
		       read_number(args->vcpus, "the number of CPUs", &what->vcpus);
}

/* ---- the template ---- */

static int choose_template(struct qubes *q, const struct create_args *args, struct lifecycle_new *what)
{
	if (args->template) {
		what->template = vm_by_name(q, args->template);
		return what->template ? 0 : -1;
	}
	if (what->class->kind & VM_HVMS)
		return 0;
	what->template = vm_global(q, "default_template");
	if (!what->template)
		return error_set(ERROR_FAILED, "there is no default template; give one (-t)");
	if (!args->quiet)
		error_note("using the default template, %s", what->template->name);
	return 0;
}

/* ---- what else was given ---- */

static int set_property(struct vm *vm, const char *word)
{
	const char *equals = strchr(word, '=');
	AUTO_FREE char *name = equals ? util_printf("%.*s", (int)(equals - word), word) : NULL;
	const struct prop *prop = name ? prop_find(vm->qubes, name) : NULL;

	if (!name)
		return error_set(ERROR_USAGE, "--property takes NAME=VALUE, not '%s'", word);
	if (!prop)
		return error_set(ERROR_FAILED, "there is no property '%s'", name);
	return prop_set(vm, prop, equals + 1);
}

static int set_given_properties(struct vm *vm, void *context)
{
	const struct create_args *args = context;

	for (size_t i = 0; i < args->properties.count; i++)
		if (set_property(vm, args->properties.items[i]) != 0)
			return -1;
	return 0;
}

int qvm_create_main(struct qubes *q, const void *parsed, char **words)
{
	const struct create_args *args = parsed;
	struct lifecycle_new what = {
		.name = words[0],
		.label = args->label,
		.internal = args->internal,
		.with_images = true,
		.quiet = args->quiet,
		.root_image = given_root_image(q, args),
		.move_root = args->move_root,
		.set = set_given_properties,
		.context = (void *)args,
	};

	if (check_args(q, args, words[0], &what) != 0 || choose_template(q, args, &what) != 0)
		return -1;
	return lifecycle_create(q, &what);
}
