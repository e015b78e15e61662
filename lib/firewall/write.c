/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing firewall.xml, in the form of the original tools: together with the store, so that its lock keeps
 * two writers apart and a run that fails changes nothing.
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "internal.h"
#include "pending.h"

#define FILE_MODE 0660

/* One set of rules that waits in the queue, and those that wait before it. */
struct saved {
	const struct vm *vm;
	struct firewall firewall;
	const struct saved *before;
};

/* ---- the text ---- */

static const char *switch_word(bool allowed)
{
	return allowed ? "allow" : "deny";
}

static void add_rule(struct strbuf *out, const struct firewall_rule *rule)
{
	/* What an address may consist of needs no escaping. */
	strbuf_printf(out, "  <rule address=\"%s\" proto=\"%s\"", rule->address,
		      firewall_protocol_name(rule->protocol));
	if (rule->bits != FIREWALL_BITS)
		strbuf_printf(out, " netmask=\"%d\"", rule->bits);
	if (rule->port)
		strbuf_printf(out, " port=\"%d\"", rule->port);
	if (rule->last)
		strbuf_printf(out, " toport=\"%d\"", rule->last);
	if (rule->expires)
		strbuf_printf(out, " expire=\"%lld\"", rule->expires);
	strbuf_add(out, "/>\n");
}

static void add_file(struct strbuf *out, const struct firewall *firewall)
{
	strbuf_printf(out, "<QubesFirewallRules dns=\"%s\" icmp=\"%s\" policy=\"%s\" yumProxy=\"%s\"%s\n",
		      switch_word(firewall->dns), switch_word(firewall->icmp), switch_word(firewall->allow),
		      switch_word(firewall->yum_proxy), firewall->count ? ">" : "/>");
	for (size_t i = 0; i < firewall->count; i++)
		add_rule(out, &firewall->rules[i]);
	if (firewall->count)
		strbuf_add(out, "</QubesFirewallRules>\n");
}

/* ---- the file ---- */

/* A VM that was removed since takes its rules with it. */
static bool is_there(const struct vm *vm)
{
	struct vm *other;

	FOR_EACH_VM(vm->qubes, other)
		if (other == vm)
			return true;
	return false;
}

int firewall_write_file(const struct vm *vm, const char *text, size_t length)
{
	const struct root *root = vm->qubes->root;
	/* Asked now: the VM may have been renamed. */
	const char *path = firewall_path(vm);
	struct stat st;
	mode_t mode = root_stat(root, path, &st) == 0 ? st.st_mode & 0777 : FILE_MODE;

	if (root_write(root, path, text, length, mode) < 0)
		return error_within("the firewall of %s is as it was", vm->name);
	root_chgrp_qubes(root, path);
	return 0;
}

static int write_file(const struct vm *vm, const struct firewall *firewall)
{
	AUTO_STRBUF struct strbuf text = { 0 };

	add_file(&text, firewall);
	return firewall_write_file(vm, text.text, text.length);
}

int firewall_check_place(const struct vm *vm)
{
	const char *path = firewall_path(vm), *base;
	AUTO_CLOSE int parent = -1;

	if (!path)
		return error_set(ERROR_FAILED, "%s, of class %s, has no place for rules", vm->name, vm->type);
	/* What a new VM's directory will be, a dry run has not made. */
	if (vm->qubes->dry_run)
		return 0;
	parent = root_parent(vm->qubes->root, path, &base);
	return parent < 0 ? error_errno("the rules of %s cannot be written to %s", vm->name, path) : 0;
}

/* ---- what waits ---- */

static int write_saved(struct qubes *q, void *argument);

static const struct saved *last_saved(const struct qubes *q)
{
	return pending_argument(q, write_saved);
}

/* The rules of VM that wait, of those behind UNTIL (NULL: of all). */
static const struct saved *find_saved(const struct vm *vm, const struct saved *until)
{
	const struct saved *saved = last_saved(vm->qubes);

	while (saved && saved != until && saved->vm != vm)
		saved = saved->before;
	return saved == until ? NULL : saved;
}

static int write_saved(struct qubes *q, void *argument)
{
	const struct saved *saved = argument;

	(void)q;
	if (find_saved(saved->vm, saved) || !is_there(saved->vm))
		return 0;
	return write_file(saved->vm, &saved->firewall);
}

static struct firewall copy(struct qubes *q, const struct firewall *firewall)
{
	struct firewall new = *firewall;

	new.stored = true;
	new.rules = NULL;
	new.count = new.room = 0;
	for (size_t i = 0; i < firewall->count; i++)
		firewall_add(q, &new, &firewall->rules[i]);
	return new;
}

bool firewall_get_saved(const struct vm *vm, struct firewall *firewall)
{
	const struct saved *saved = find_saved(vm, NULL);

	if (saved)
		*firewall = copy(vm->qubes, &saved->firewall);
	return saved != NULL;
}

int firewall_save(const struct vm *vm, const struct firewall *firewall)
{
	struct qubes *q = vm->qubes;
	struct saved *saved;

	if (firewall_check_place(vm) < 0)
		return -1;
	saved = arena_alloc(q->arena, sizeof(*saved));
	*saved = (struct saved){ vm, copy(q, firewall), last_saved(q) };
	qubes_with_save(q, write_saved, saved);
	return 0;
}

int firewall_copy(const struct vm *from, const struct vm *to)
{
	struct firewall firewall;

	if (firewall_load(from, &firewall) < 0)
		return -1;
	return firewall.stored ? firewall_save(to, &firewall) : 0;
}
