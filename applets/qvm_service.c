/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-service - show and change which services a VM starts.
 */
#include <stdlib.h>
#include <string.h>

#include "applet.h"
#include "prop.h"

enum mode {
	MODE_LIST = 1 << 0,
	MODE_ENABLE = 1 << 1,
	MODE_DISABLE = 1 << 2,
	MODE_DEFAULT = 1 << 3,
	MODE_RESET = 1 << 4,
	MODE_QUERY = 1 << 5, /* no option says these two */
	MODE_WORD = 1 << 6,
};

struct service_args {
	int mode; /* bits of enum mode, as given */
};

const struct option_row qvm_service_options[] = {
	OPT_CHOICE('l', "list", struct service_args, mode, MODE_LIST, "list what is set (the default)"),
	OPT_CHOICE('e', "enable", struct service_args, mode, MODE_ENABLE, "switch a service on"),
	OPT_CHOICE('d', "disable", struct service_args, mode, MODE_DISABLE, "switch a service off"),
	OPT_CHOICE('D', "default", struct service_args, mode, MODE_DEFAULT,
		   "leave a service to the VM's own default"),
	{ .kind = OPTION_CHOICE,
	  .name = "unset",
	  .offset = offsetof(struct service_args, mode),
	  .number = MODE_DEFAULT,
	  .hidden = true },
	{ .kind = OPTION_CHOICE,
	  .name = "delete",
	  .offset = offsetof(struct service_args, mode),
	  .number = MODE_DEFAULT,
	  .hidden = true },
	OPT_CHOICE(0, "reset", struct service_args, mode, MODE_RESET,
		   "forget what is set for all services, also where it cannot be read"),
	OPT_WORDS("VM [SERVICE [on|off]]", 0, 3),
	OPT_NOTE("With a service alone its state is printed, on or off; the exit status is 1 if it is not "
		 "set. A change takes effect when the VM is started next."),
	OPT_END
};

/* What the words mean where no option says it. */
static enum mode mode_of(const struct service_args *args, char **words)
{
	static const enum mode by_count[] = { MODE_LIST, MODE_LIST, MODE_QUERY, MODE_WORD };

	return args->mode ? (enum mode)args->mode : by_count[option_count_words(words)];
}

int qvm_service_access(const void *parsed, char **words)
{
	enum mode mode = mode_of(parsed, words);
	size_t count = option_count_words(words), whole = mode & (MODE_LIST | MODE_RESET) ? 1 : 2;

	if (option_is_ambiguous((int)mode))
		return error_set(ERROR_USAGE, "list, enable, disable, default and reset exclude each other");
	if (count == 0)
		return error_set(ERROR_USAGE, "which VM?");
	if (count < whole)
		return error_set(ERROR_USAGE, "which service?");
	if (count > whole && mode != MODE_WORD)
		return error_set(ERROR_USAGE, "'%s' is one word too many", words[whole]);
	return mode & (MODE_LIST | MODE_QUERY) ? STORE_READ : STORE_WRITE;
}

/* ---- showing ---- */

static int compare_keys(const void *a, const void *b)
{
	return strcmp(((const struct literal_entry *)a)->key, ((const struct literal_entry *)b)->key);
}

static int list(const struct vm *vm)
{
	struct literal services;
	int width = 0;

	if (prop_services(vm, &services) < 0)
		return -1;
	if (services.count)
		qsort(services.entries, services.count, sizeof(*services.entries), compare_keys);
	for (size_t i = 0; i < services.count; i++)
		if ((int)strlen(services.entries[i].key) > width)
			width = (int)strlen(services.entries[i].key);
	for (size_t i = 0; i < services.count; i++)
		puts(prop_service_line(vm->qubes, services.entries[i].key, width, services.entries[i].value));
	return 0;
}

static int query(const struct vm *vm, const char *name)
{
	const struct literal_entry *entry;
	struct literal services;

	if (prop_services(vm, &services) < 0)
		return -1;
	entry = literal_find(&services, name);
	if (!entry)
		return 1;
	puts(entry->value ? "on" : "off");
	return 0;
}

/* ---- changing ---- */

static int set_by_word(struct vm *vm, const char *name, const char *word)
{
	int on = prop_boolean_word(word);

	if (on < 0)
		return error_set(ERROR_USAGE, "'%s' is neither on nor off", word);
	return prop_set_service(vm, name, on ? PROP_ON : PROP_OFF);
}

int qvm_service_main(struct qubes *q, const void *parsed, char **words)
{
	struct vm *vm = vm_by_name(q, words[0]);

	if (!vm)
		return -1;
	switch (mode_of(parsed, words)) {
	case MODE_ENABLE:
		return prop_set_service(vm, words[1], PROP_ON);
	case MODE_DISABLE:
		return prop_set_service(vm, words[1], PROP_OFF);
	case MODE_DEFAULT:
		return prop_set_service(vm, words[1], PROP_ABSENT);
	case MODE_RESET:
		return prop_reset_services(vm);
	case MODE_QUERY:
		return query(vm, words[1]);
	case MODE_WORD:
		return set_by_word(vm, words[1], words[2]);
	default:
		return list(vm);
	}
}
