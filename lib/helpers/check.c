/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a start of a VM has to work with on this host, before anything is started.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "internal.h"
#include "prop.h"
#include "qubes.h"
#include "vmm.h"

struct part {
	const char *name; /* as a user is told it */
	const char *path;
	bool optional;	/* a VM is of use without */
	bool is_daemon; /* shows that this is a Qubes host */
	bool (*wanted)(const struct vm *vm, const struct helpers_how *how);
	size_t offset; /* of its flag in struct helpers */
};

static bool always(const struct vm *vm, const struct helpers_how *how)
{
	(void)vm;
	(void)how;
	return true;
}

static bool qrexec_is_wanted(const struct vm *vm, const struct helpers_how *how)
{
	(void)vm;
	return !how->dvm;
}

#define FLAG(name) offsetof(struct helpers, name)
static const struct part parts[] = {
	{ "memory balancing", QMEMMAN_SOCKET, false, false, always, FLAG(memory) },
	{ "QubesDB", QUBESDB_DAEMON, false, true, always, FLAG(qubesdb) },
	{ "qrexec", QREXEC_DAEMON, false, true, qrexec_is_wanted, FLAG(qrexec) },
	{ "GUI", GUI_DAEMON, true, false, gui_is_wanted, FLAG(gui) },
};

/* ---- what there is ---- */

static void add_missing(struct helpers *helpers, struct strlist *missing, const struct part *part)
{
	bool *flag = (bool *)((char *)helpers + part->offset);

	if (!part->wanted(helpers->vm, &helpers->how))
		return;
	*flag = program_exists(helpers->vm, part->path);
	if (!*flag)
		strlist_add(missing, part->name);
}

/* "a", "a and b", "a, b and c" */
static const char *in_words(struct qubes *q, const struct strlist *list)
{
	AUTO_STRBUF struct strbuf text = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			strbuf_add(&text, i + 1 < list->count ? ", " : " and ");
		strbuf_add(&text, list->items[i]);
	}
	return text.text ? arena_strdup(q->arena, text.text) : NULL;
}

static void look_around(struct helpers *helpers)
{
	AUTO_STRLIST struct strlist missing = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		add_missing(helpers, &missing, &parts[i]);
	helpers->without = in_words(helpers->vm->qubes, &missing);
}

/* ---- what must be there ---- */

static bool is_qubes_host(const struct vm *vm)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].is_daemon && program_exists(vm, parts[i].path))
			return true;
	return false;
}

static bool is_lacking(const struct helpers *helpers, const struct part *part)
{
	return !part->optional && part->wanted(helpers->vm, &helpers->how) &&
	       !*((const bool *)((const char *)helpers + part->offset));
}

/* Elsewhere no guest has the agents that these daemons talk to, and on a plain Xen host neither. */
static int refuse_lack(const struct helpers *helpers)
{
	const char *type = helpers->without ? vmm_domain_type(helpers->vm->qubes) : "";

	if (!type)
		return -1;
	if (strcmp(type, "xen") != 0 || !is_qubes_host(helpers->vm))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (is_lacking(helpers, &parts[i]))
			return error_set(ERROR_FAILED, "no %s: %s is missing", parts[i].name, parts[i].path);
	return 0;
}

/* ---- who they run as ---- */

/*
 * As root the daemons would make files that the user's own programs cannot change, and run what VMs ask for
 * with all rights.
 */
static int choose_user(struct helpers *helpers)
{
	helpers->user = geteuid() == 0 ? first_qubes_member(helpers->vm) : NULL;
	if (!helpers->user || !(helpers->qubesdb || helpers->qrexec || helpers->gui))
		return 0;
	if (check_word("user", helpers->user) != 0)
		return error_within("/etc/group");
	if (!program_exists(helpers->vm, RUNUSER))
		return error_set(ERROR_FAILED, "the daemons cannot be run as %s: %s is missing",
				 helpers->user, RUNUSER);
	return 0;
}

/* ---- values that are handed on ---- */

static int check_number(const struct vm *vm, const char *name, long long most)
{
	long long number;

	if (prop_number(vm, name, &number) != 0)
		return -1;
	if (number < 0 || number > most)
		return error_set(ERROR_FAILED, "%s is %lld", name, number);
	return 0;
}

static int check_values(const struct helpers *helpers)
{
	const struct vm *vm = helpers->vm;

	if (helpers->memory &&
	    (check_number(vm, "memory", INT_MAX) != 0 || check_number(vm, "vcpus", 65536) != 0))
		return -1;
	if ((helpers->qubesdb || helpers->qrexec || helpers->gui) && check_word("name", vm->name) != 0)
		return -1;
	if (!helpers->qrexec)
		return 0;
	if (check_number(vm, "qrexec_timeout", INT_MAX / 2) != 0)
		return -1;
	return check_word("user", prop_string(vm, "default_user"));
}

int helpers_check(struct vm *vm, const struct helpers_how *how, struct helpers *helpers)
{
	*helpers = (struct helpers){ .vm = vm, .how = *how, .memory_held = -1 };
	look_around(helpers);
	if (refuse_lack(helpers) != 0 || choose_user(helpers) != 0)
		return -1;
	return check_values(helpers);
}
