/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-prefs - show and change the properties of a VM.
 */
#include <string.h>
#include <unistd.h>

#include "applet.h"
#include "lifecycle.h"
#include "prop.h"

enum mode {
	MODE_LIST = 1 << 0,
	MODE_GET = 1 << 1,
	MODE_SET = 1 << 2,
	MODE_RESET = 1 << 3,
};

struct prefs_args {
	int mode; /* bits of enum mode, as given */
	bool hide_default, help_properties;
};

const struct option_row qvm_prefs_options[] = {
	OPT_CHOICE('l', "list", struct prefs_args, mode, MODE_LIST, "list all properties (the default)"),
	OPT_CHOICE('g', "get", struct prefs_args, mode, MODE_GET, "print the value of one property"),
	OPT_CHOICE('s', "set", struct prefs_args, mode, MODE_SET, "set a property"),
	OPT_CHOICE('D', "default", struct prefs_args, mode, MODE_RESET, "set a property back to its default"),
	OPT_FLAG(0, "hide-default", struct prefs_args, hide_default, "list only what is not the default"),
	OPT_FLAG(0, "help-properties", struct prefs_args, help_properties,
		 "print all properties and their forms"),
	OPT_WORDS("VM [PROPERTY [VALUE]]", 0, -1),
	OPT_NOTE("A value that starts with a dash goes behind --, as in: qvm-prefs -s -- VM timezone -7200. "
		 "Properties that are not listed but can be got by name: see --help-properties."),
	OPT_END
};

/* What the words mean where no option says it. */
static enum mode mode_of(const struct prefs_args *args, char **words)
{
	static const enum mode by_count[] = { MODE_LIST, MODE_LIST, MODE_GET };
	size_t count = option_count_words(words);

	if (args->mode)
		return (enum mode)args->mode;
	return count < ARRAY_SIZE(by_count) ? by_count[count] : MODE_SET;
}

static int check_count(enum mode mode, size_t count)
{
	if (count == 0)
		return error_set(ERROR_USAGE, "which VM?");
	if (mode == MODE_LIST && count > 1)
		return error_set(ERROR_USAGE, "a list is of a whole VM; without -l one property is printed");
	if (mode == MODE_GET && count != 2)
		return error_set(ERROR_USAGE, "one property of one VM is expected");
	if (mode == MODE_RESET && count != 2)
		return error_set(ERROR_USAGE, "the property to set back is expected, and nothing else");
	if (mode == MODE_SET && count > 3)
		return error_set(ERROR_FAILED, "one value is expected: quote blanks");
	return 0;
}

int qvm_prefs_access(const void *parsed, char **words)
{
	const struct prefs_args *args = parsed;
	enum mode mode = mode_of(args, words);

	if (args->help_properties)
		return STORE_NONE;
	if (option_count_words(words) == 0)
		return check_count(mode, 0);
	if (option_is_ambiguous((int)mode))
		return error_set(ERROR_FAILED,
				 "only one of list, get, set and default can be done at a time");
	if (check_count(mode, option_count_words(words)) < 0)
		return -1;
	return (mode == MODE_SET && words[1] && words[2]) || mode == MODE_RESET ? STORE_WRITE : STORE_READ;
}

/* ---- showing ---- */

static int print_row(const struct vm *vm, const struct prop *prop, bool hide_default)
{
	const char *line;

	if (prop_list_line(vm, prop, hide_default, &line) < 0)
		return -1;
	if (line)
		puts(line);
	return 0;
}

static int list(const struct vm *vm, bool hide_default)
{
	const char *fault = vm_broken(vm);

	if (!fault)
		fault = prop_broken(vm);
	if (fault)
		error_note("warning: %s is broken: %s", vm->name, fault);
	FOR_EACH_PROP(vm->qubes, prop)
		if (print_row(vm, prop, hide_default) < 0)
			return -1;
	return 0;
}

static const struct prop *find(const struct qubes *q, const char *name)
{
	const struct prop *prop = prop_find(q, name);

	if (!prop)
		error_set(ERROR_FAILED, "there is no property '%s'; qvm-prefs --help-properties prints all",
			  name);
	return prop;
}

/* To a script the value goes as it is; a terminal is kept from what a value could make it do. */
static void print_value(const char *text)
{
	AUTO_FREE char *shown = isatty(STDOUT_FILENO) ? util_printable(text) : util_strdup(text);

	puts(shown);
}

static int get(const struct vm *vm, const char *name)
{
	const struct prop *prop = find(vm->qubes, name);
	struct prop_value value;
	const char *text;

	if (!prop || prop_get(vm, prop, &value) < 0)
		return -1;
	text = prop_text(vm, &value);
	if (value.broken)
		error_note("warning: this is no value for %s", prop->name);
	if (text)
		print_value(text);
	return 0;
}

static int print_settable(const struct vm *vm)
{
	AUTO_STRBUF struct strbuf names = { 0 };

	FOR_EACH_PROP(vm->qubes, prop)
		if (prop_settable(vm, prop))
			strbuf_printf(&names, " %s", prop->name);
	return error_set(ERROR_FAILED, "which property? %s has:%s", vm->name,
			 names.text ? names.text : " none to set");
}

/* Those of the store that is there; without one, those of release 3. */
static int print_properties(struct qubes *q)
{
	q->wait = 0;
	if (applet_open_store(q, STORE_READ) < 0)
		error_clear();
	FOR_EACH_PROP(q, prop)
		printf("%-26s  %s\n", prop->name, prop->forms ? prop->forms : "(read only)");
	return 0;
}

/* ---- changing ---- */

static int set(struct vm *vm, const char *name, const char *text)
{
	const struct prop *prop = find(vm->qubes, name);

	if (!prop)
		return -1;
	if (!text)
		return error_set(ERROR_FAILED, "the value is missing; %s takes %s", prop->name,
				 prop_forms(vm->qubes, prop));
	return lifecycle_set(vm, prop, text);
}

static int reset(struct vm *vm, const char *name)
{
	const struct prop *prop = find(vm->qubes, name);

	return prop ? lifecycle_set(vm, prop, NULL) : -1;
}

int qvm_prefs_main(struct qubes *q, const void *parsed, char **words)
{
	const struct prefs_args *args = parsed;
	struct vm *vm;

	if (args->help_properties)
		return print_properties(q);
	vm = vm_by_name(q, words[0]);
	if (!vm)
		return -1;
	switch (mode_of(args, words)) {
	case MODE_GET:
		return get(vm, words[1]);
	case MODE_SET:
		return words[1] ? set(vm, words[1], words[2]) : print_settable(vm);
	case MODE_RESET:
		return reset(vm, words[1]);
	default:
		return list(vm, args->hide_default);
	}
}
