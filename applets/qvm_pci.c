/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvm-pci - show and change which PCI devices VMs have. Both grammars: an option says that it is release
 * 3's, a first word that is a command release 4's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "applet.h"
#include "devices.h"
#include "prop.h"
#include "selection.h"
#include "vmm.h"

#define BACKEND "dom0"

enum mode {
	MODE_LIST = 1 << 0,
	MODE_ADD = 1 << 1,
	MODE_DELETE = 1 << 2,
	MODE_ADD_CLASS = 1 << 3,
};

struct pci_args {
	int mode; /* bits of enum mode, as given */
	struct selection which;
	struct strlist options;
	bool persistent, read_only;
};

const struct option_row qvm_pci_options[] = {
	OPT_CHOICE('l', "list", struct pci_args, mode, MODE_LIST, "print the devices of a VM (the default)"),
	OPT_CHOICE('a', "add", struct pci_args, mode, MODE_ADD, "give a device to a VM"),
	OPT_CHOICE('d', "delete", struct pci_args, mode, MODE_DELETE, "take a device from a VM"),
	OPT_CHOICE('C', "add-class", struct pci_args, mode, MODE_ADD_CLASS,
		   "give all devices of a class to a VM: net or usb"),
	OPT_FLAG(0, "all", struct pci_args, which.all, "list: of every VM but dom0"),
	OPT_LIST(0, "exclude", "VM", struct pci_args, which.exclude, "list --all: not this one (repeatable)"),
	OPT_LIST('o', "option", "NAME=VALUE", struct pci_args, options, "attach: an option of the device"),
	OPT_FLAG(0, "ro", struct pci_args, read_only, "attach: refused, as PCI devices have no such form"),
	OPT_FLAG('p', "persistent", struct pci_args, persistent, "attach: in release 3 it is always so"),
	OPT_WORDS("VM [DEVICE|CLASS] | list [VM...] | attach VM dom0:DEVICE | detach VM [dom0:DEVICE]", 0,
		  -1),
	OPT_NOTE(
		"A DEVICE is " DEVICES_PCI_FORM " (00:19.0), in release 4's words also 00_19.0. A change "
		"takes effect when the VM is started next. A VM that is called like a command is listed with -l."),
	OPT_END
};

/* ---- the assignments of one VM; WORD is what stands behind its name ---- */

static int print_list(struct vm *vm, const struct pci_args *args, const char *word)
{
	struct literal devices;

	(void)args, (void)word;
	if (devices_pci_of(vm, &devices) < 0)
		return -1;
	puts(literal_list_text(vm->qubes->arena, &devices));
	return 0;
}

static int add(struct vm *vm, const struct pci_args *args, const char *word)
{
	(void)args;
	return devices_assign_pci(vm, word);
}

static int release(struct vm *vm, const struct pci_args *args, const char *word)
{
	(void)args;
	return devices_release_pci(vm, word);
}

static const struct device_class {
	const char *name;
	unsigned start; /* of the class code, */
	int rest;	/* which is so many bits longer */
} classes[] = {
	{ "net", 0x02, 16 },
	{ "usb", 0x0c03, 8 },
};

static int add_devices(struct vm *vm, const struct device_class *class)
{
	const struct devices_pci *device = devices_list_pci(vm->qubes);
	bool found = false;

	if (!device)
		return -1;
	for (; device->address; device++) {
		if (device->class >> class->rest != class->start)
			continue;
		if (devices_assign_pci(vm, device->address) < 0)
			return -1;
		found = true;
	}
	if (!found)
		error_note("this host has no PCI device of class %s", class->name);
	return 0;
}

static int add_class(struct vm *vm, const struct pci_args *args, const char *word)
{
	(void)args;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(word, classes[i].name))
			return add_devices(vm, &classes[i]);
	return error_set(ERROR_FAILED, "'%s' is no class of devices: there are net and usb", word);
}

/* ---- the same in release 4's words ---- */

/* The address in "dom0:00_19.0", in the arena. NULL with an error. */
static const char *read_ident(struct qubes *q, const char *text)
{
	size_t length = strcspn(text, ":");
	char *backend = arena_printf(q->arena, "%.*s", (int)length, text), *address, *low;

	if (!text[length]) {
		error_set(ERROR_USAGE, "'%s' is no device: it takes the form " BACKEND ":00_19.0", text);
		return NULL;
	}
	if (strcmp(backend, BACKEND)) {
		if (vm_by_name(q, backend))
			error_set(ERROR_FAILED, "%s has no PCI device: all are " BACKEND "'s", backend);
		return NULL;
	}
	address = arena_strdup(q->arena, text + length + 1);
	low = strchr(address, '_');
	if (low)
		*low = ':';
	return address;
}

static int check_option(const struct vm *vm, const char *option)
{
	bool loose = !strcasecmp(option, "no-strict-reset=true");

	if (!loose)
		return error_set(ERROR_FAILED, "release 3 has no option '%s' for a PCI device", option);
	if (prop_flag(vm, "pci_strictreset"))
		return error_set(ERROR_FAILED,
				 "in release 3 no-strict-reset is for all devices of a VM: "
				 "qvm-prefs -s %s pci_strictreset False",
				 vm->name);
	return 0;
}

static int attach(struct vm *vm, const struct pci_args *args, const char *word)
{
	const char *address = read_ident(vm->qubes, word);

	if (!address)
		return -1;
	if (args->read_only)
		return error_set(ERROR_FAILED, "a PCI device cannot be given read-only");
	for (size_t i = 0; i < args->options.count; i++)
		if (check_option(vm, args->options.items[i]) < 0)
			return -1;
	return devices_assign_pci(vm, address);
}

static int detach(struct vm *vm, const struct pci_args *args, const char *word)
{
	const char *address = word ? read_ident(vm->qubes, word) : NULL;

	(void)args;
	if (!word)
		return devices_release_all_pci(vm);
	return address ? devices_release_pci(vm, address) : -1;
}

/* ---- release 4's list ---- */

struct row {
	const char *address, *ident, *description, *users;
};

struct listing {
	struct row *rows;
	size_t count, room;
};

/* "dom0:00_19.0" */
static const char *ident_of(struct arena *arena, const char *address)
{
	char *ident = arena_printf(arena, BACKEND ":%s", address);
	char *colon = strchr(ident + strlen(BACKEND ":"), ':');

	if (colon)
		*colon = '_';
	return ident;
}

/* "work, sys-net (no-strict-reset=True)" */
static const char *users_of(struct qubes *q, const char *address)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	struct vm *vm;

	strbuf_add(&text, "");
	FOR_EACH_VM(q, vm)
		if (devices_vm_has_pci(vm, address))
			strbuf_printf(&text, "%s%s%s", text.length ? ", " : "", vm->name,
				      prop_flag(vm, "pci_strictreset") ? "" : " (no-strict-reset=True)");
	return arena_strdup(q->arena, text.text);
}

static void add_row(struct qubes *q, struct listing *listing, const char *address, const char *description)
{
	for (size_t i = 0; i < listing->count; i++)
		if (!strcmp(listing->rows[i].address, address))
			return;
	if (listing->count == listing->room) {
		listing->room = listing->room * 2 + 16;
		listing->rows = util_realloc(listing->rows, listing->room * sizeof(*listing->rows));
	}
	listing->rows[listing->count++] =
		(struct row){ address, ident_of(q->arena, address), description, users_of(q, address) };
}

/* What the host has, and what VMs are to have although it does not. */
static void collect(struct qubes *q, struct listing *listing)
{
	const struct devices_pci *device = devices_list_pci(q);
	const char *missing = device ? "(not on this host)" : "(unknown)";
	struct literal devices;
	struct vm *vm;

	if (!device)
		error_report();
	for (; device && device->address; device++)
		add_row(q, listing, device->address, device->description);
	FOR_EACH_VM(q, vm) {
		if (devices_pci_of(vm, &devices) < 0) {
			error_report();
			continue;
		}
		for (size_t i = 0; i < devices.count; i++)
			add_row(q, listing, devices.entries[i].key, missing);
	}
}

/* All devices are dom0's, so that they are listed where it is. */
static bool is_wanted(struct vm *const *vms, const char *address)
{
	bool wanted = !vms;

	for (; vms && *vms && !wanted; vms++)
		wanted = vm_is_dom0(*vms) || devices_vm_has_pci(*vms, address);
	return wanted;
}

static void print_row(const struct row *row, const int *widths)
{
	AUTO_FREE char *ident = util_printable(row->ident);
	AUTO_FREE char *description = util_printable(row->description);
	AUTO_FREE char *users = util_printable(row->users);

	printf("%-*s  %-*s%s%s\n", widths[0], ident, *users ? widths[1] : 0, description, *users ? "  " : "",
	       users);
}

static void widen(int *widths, const struct row *row)
{
	const char *const cells[] = { row->ident, row->description };

	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		if ((int)strlen(cells[i]) > widths[i])
			widths[i] = (int)strlen(cells[i]);
}

/* Titles are for people. */
static void print_rows(const struct listing *listing, struct vm *const *vms)
{
	static const struct row titles = { "", "BACKEND:DEVID", "DESCRIPTION", "USED BY" };
	int widths[2] = { 0 };

	if (isatty(STDOUT_FILENO))
		widen(widths, &titles);
	for (size_t i = 0; i < listing->count; i++)
		if (is_wanted(vms, listing->rows[i].address))
			widen(widths, &listing->rows[i]);
	if (isatty(STDOUT_FILENO))
		print_row(&titles, widths);
	for (size_t i = 0; i < listing->count; i++)
		if (is_wanted(vms, listing->rows[i].address))
			print_row(&listing->rows[i], widths);
}

static int list_devices(struct qubes *q, const struct pci_args *args, char **words)
{
	struct vm **vms = NULL;
	struct listing listing = { 0 };

	if (words[0] || args->which.all || args->which.exclude.count) {
		vms = selection_vms(q, &args->which, words, NULL);
		if (!vms)
			return -1;
	}
	collect(q, &listing);
	print_rows(&listing, vms);
	free(listing.rows);
	return 0;
}

/* ---- the commands of both grammars ---- */

static const struct command {
	enum mode mode;	   /* release 3's option; 0: release 4's */
	const char *names; /* release 4's words for it, blank separated */
	size_t fewest, most;
	enum store_access store;
	int (*act)(struct vm *vm, const struct pci_args *args, const char *word); /* NULL: list_devices */
} commands[] = {
	{ MODE_LIST, "", 1, 1, STORE_READ, print_list },
	{ MODE_ADD, "", 2, 2, STORE_WRITE, add },
	{ MODE_DELETE, "", 2, 2, STORE_WRITE, release },
	{ MODE_ADD_CLASS, "", 2, 2, STORE_WRITE, add_class },
	{ 0, "list ls l", 0, SIZE_MAX, STORE_READ, NULL },
	{ 0, "attach at a", 2, 2, STORE_WRITE, attach },
	{ 0, "detach d dt", 1, 2, STORE_WRITE, detach },
};

static bool is_among(const char *names, const char *word)
{
	size_t length = strlen(word);

	while (*names) {
		size_t name = strcspn(names, " ");

		if (name == length && !strncmp(names, word, length))
			return true;
		names += name + strspn(names + name, " ");
	}
	return false;
}

/* What is meant; WORDS is moved behind the word that says so. */
static const struct command *find_command(const struct pci_args *args, char ***words)
{
	int mode = args->mode ? args->mode : MODE_LIST;

	for (size_t i = 0; !args->mode && **words && i < ARRAY_SIZE(commands); i++)
		if (is_among(commands[i].names, **words)) {
			(*words)++;
			return &commands[i];
		}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (mode == (int)commands[i].mode)
			return &commands[i];
	return NULL;
}

static int check_words(const struct command *command, char **words)
{
	size_t count = 0;

	while (words[count])
		count++;
	if (count > command->most)
		return error_set(ERROR_USAGE, "'%s' is one word too many", words[command->most]);
	if (count >= command->fewest)
		return 0;
	if (count == 0)
		return error_set(ERROR_USAGE, "which VM?");
	return error_set(command->mode ? ERROR_FAILED : ERROR_USAGE, "which %s?",
			 command->mode == MODE_ADD_CLASS ? "class of devices" : "device");
}

int qvm_pci_access(const void *parsed, char **words)
{
	const struct pci_args *args = parsed;
	const struct command *command = find_command(args, &words);
	bool listing = args->which.all || args->which.exclude.count;
	bool attaching = args->options.count || args->persistent || args->read_only;

	if (!words[0] && args->mode)
		return error_set(ERROR_USAGE, "which VM?");
	if (!command)
		return error_set(ERROR_FAILED, "list, add, delete and add-class exclude each other");
	if ((listing && command->act) || (attaching && command->act != attach))
		return error_set(ERROR_USAGE, "%s goes with release 4's words only: qvm-pci %s ...",
				 listing ? "--all or --exclude" : "-o, -p or --ro",
				 listing ? "list" : "attach");
	return check_words(command, words) < 0 ? -1 : (int)command->store;
}

/* ---- the applet ---- */

static size_t count_devices(const struct vm *vm)
{
	struct literal devices;

	if (devices_pci_of(vm, &devices) == 0)
		return devices.count;
	error_clear();
	return 0;
}

/* Giving devices to a VM that runs is more than a change of the store. */
static void note_running(struct vm *vm)
{
	int running = vmm_offline(vm->qubes) ? 0 : vmm_is_running(vm);

	if (running > 0 && !vm_is_dom0(vm))
		error_note("%s is running: its devices stay as they are until it is started next", vm->name);
	if (running >= 0)
		return;
	error_note("whether %s is running is not known, its devices change at its next start: %s", vm->name,
		   error_message());
	error_clear();
}

int qvm_pci_main(struct qubes *q, const void *parsed, char **words)
{
	const struct pci_args *args = parsed;
	const struct command *command = find_command(args, &words);
	struct vm *vm;
	size_t before;

	if (!command->act)
		return list_devices(q, args, words);
	vm = vm_by_name(q, words[0]);
	if (!vm)
		return -1;
	before = count_devices(vm);
	if (command->act(vm, args, words[1]) < 0)
		return -1;
	if (count_devices(vm) != before)
		note_running(vm);
	return 0;
}
