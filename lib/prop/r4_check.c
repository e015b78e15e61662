/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qubesd refuses when a value is set, though it would load a store that has it; and what belongs to a
 * change besides the value.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "net.h"
#include "r4.h"
#include "util.h"

/* ---- checks ---- */

int prop4_check_kernel(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	(void)prop, (void)canonical;
	return *text ? prop_check_kernel(vm->qubes, text) : 0;
}

static int check_loop(const struct vm *vm, const struct vm *netvm)
{
	if (!netvm || !net_makes_loop(vm, netvm))
		return 0;
	return error_set(ERROR_FAILED, "%s cannot get its network from %s, which gets its own from %s",
			 vm->name, netvm->name, vm->name);
}

int prop4_check_netvm(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	(void)prop, (void)canonical;
	return check_loop(vm, *text ? vm_find(vm->qubes, text) : NULL);
}

int prop4_resets_netvm(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	struct vm *netvm = vm_is(vm, VM4_TEMPLATE) ? NULL : vm_global(vm->qubes, "default_netvm");

	(void)text, (void)canonical;
	if (netvm && prop4_loads_netvm(vm, prop, netvm->name, NULL) < 0)
		return -1;
	return check_loop(vm, netvm);
}

/* Those that follow the default get their network from it then: none of them may give it network. */
int prop4_check_default_netvm(const struct vm *vm, const struct prop *prop, const char *text,
			      const char **canonical)
{
	const struct vm *netvm = *text ? vm_find(vm->qubes, text) : NULL, *up = netvm;

	if (!netvm)
		return 0;
	if (prop4_loads_netvm(vm, prop, text, canonical) < 0)
		return -1;
	for (size_t steps = vms_count(vm->qubes); up && steps; steps--) {
		if (vm_netvm_follows(up))
			return error_set(
				ERROR_FAILED,
				"%s gets its network from the default: give it its own first, or none",
				up->name);
		up = vm_netvm(up);
	}
	return 0;
}

int prop4_check_default_dispvm(const struct vm *vm, const struct prop *prop, const char *text,
			       const char **canonical)
{
	const struct vm *template = *text ? vm_find(vm->qubes, text) : NULL;
	const struct prop *flag = prop_find(vm->qubes, "template_for_dispvms");

	(void)prop, (void)canonical;
	if (!template || (prop_applies(template, flag) && prop_flag(template, flag->name)))
		return 0;
	return error_set(ERROR_FAILED, "%s is no template for disposable VMs", text);
}

int prop4_check_template(const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical)
{
	(void)prop, (void)canonical;
	if (strcmp(vm->name, text) != 0)
		return 0;
	return error_set(ERROR_FAILED, "%s cannot be based on itself", text);
}

int prop4_check_virt_mode(const struct vm *vm, const struct prop *prop, const char *text,
			  const char **canonical)
{
	(void)prop, (void)canonical;
	if (strcmp(text, "pvh") != 0 || !prop4_has_pci(vm))
		return 0;
	return error_set(ERROR_FAILED, "%s has PCI devices, which pvh cannot have", vm->name);
}

/* Says in an error who uses VM so. */
static int refuse_user(struct vm *user, void *what)
{
	return error_set(ERROR_FAILED, "%s %s", user->name, (const char *)what);
}

static int names_as_netvm(const struct vm *vm, const struct vm *user)
{
	struct layout_reference reference = user->qubes->layout->get_reference(user->node, "netvm");

	return vm_netvm(user) == vm ||
	       (reference.kind == LAYOUT_BY_NAME && !strcmp(reference.text, vm->name));
}

int prop4_resets_provides(const struct vm *vm, const struct prop *prop, const char *text,
			  const char **canonical)
{
	struct vm *user;

	(void)prop, (void)text, (void)canonical;
	FOR_EACH_VM(vm->qubes, user)
		if (names_as_netvm(vm, user))
			return refuse_user(user, "gets its network from it");
	if (vm_global(vm->qubes, "default_netvm") == vm)
		return error_set(ERROR_FAILED, "%s is the default netvm", vm->name);
	return 0;
}

int prop4_check_provides(const struct vm *vm, const struct prop *prop, const char *text,
			 const char **canonical)
{
	return strcmp(text, "False") ? 0 : prop4_resets_provides(vm, prop, NULL, canonical);
}

int prop4_resets_for_dispvms(const struct vm *vm, const struct prop *prop, const char *text,
			     const char **canonical)
{
	struct vm *user;

	(void)prop, (void)text, (void)canonical;
	FOR_EACH_VM(vm->qubes, user)
		if (vm_is(user, VM4_DISPOSABLE) && vm_template(user) == vm)
			return refuse_user(user, "is based on it");
	return 0;
}

int prop4_check_for_dispvms(const struct vm *vm, const struct prop *prop, const char *text,
			    const char **canonical)
{
	return strcmp(text, "False") ? 0 : prop4_resets_for_dispvms(vm, prop, NULL, canonical);
}

/* What a user writes for no VM and for no kernel. */
static const char *none_as_nothing(const struct prop *prop, const char *text)
{
	bool can_be_none = prop->type == PROP_VM || prop->check == prop4_check_kernel;

	return can_be_none && !strcasecmp(text, "none") ? "" : text;
}

int prop4_check_value(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	const char *value = none_as_nothing(prop, text);

	if (!*value && prop->flags & PROP_FILLED)
		return error_set(ERROR_FAILED, "%s cannot be empty; -D sets it back", prop->name);
	if (prop_check_characters(prop, value) < 0 || prop_check_loads(vm, prop, value, &value) < 0 ||
	    (prop->check && prop->check(vm, prop, value, &value) < 0))
		return -1;
	*canonical = value;
	return 0;
}

bool prop4_is_stored(const struct vm *vm, const struct prop *prop, const char *canonical)
{
	struct layout_value now = vm_get(vm, prop_key(prop));
	const char *understood;
	bool same;

	if (now.presence != LAYOUT_SET)
		return false;
	same = prop_check_loads(vm, prop, now.text, &understood) == 0 && !strcmp(understood, canonical);
	error_clear();
	return same;
}
