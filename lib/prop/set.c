/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Setting: class, type, the row's own check, the VM's state, the store, and what a change means besides.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "images.h"
#include "internal.h"
#include "net.h"
#include "util.h"
#include "vmm.h"

/* ---- checks that all share ---- */

static int check_settable(const struct vm *vm, const struct prop *prop)
{
	if (!prop->settable)
		return error_set(ERROR_FAILED, "%s cannot be set", prop->name);
	if (vm_is(vm, prop->settable) && !prop_settable(vm, prop))
		return error_set(ERROR_FAILED,
				 "%s is known from release 4.3 on, and this store is of an earlier one",
				 prop->name);
	if (!prop_settable(vm, prop))
		return error_set(ERROR_FAILED, "%s cannot be set for %s, which is of class %s", prop->name,
				 vm->name, vm->type);
	if (prop->flags & PROP_BY_LIFECYCLE)
		return error_set(ERROR_FAILED, "%s is not changed like other properties", prop->name);
	return 0;
}

/* Whether it is off can only be known where there is a hypervisor; the store can be mended without. */
static int check_halted(struct vm *vm, const struct prop *prop)
{
	int running;

	if (!(prop->flags & PROP_HALTED) || vmm_offline(vm->qubes))
		return 0;
	running = vmm_is_running(vm);
	if (running > 0)
		return error_set(ERROR_FAILED,
				 "%s of %s can only be changed while it is off; qvm-shutdown --wait %s",
				 prop->name, vm->name, vm->name);
	if (running < 0) {
		error_note("whether %s is off is not known: %s", vm->name, error_message());
		error_clear();
	}
	return 0;
}

int prop_check_characters(const struct prop *prop, const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return error_set(ERROR_FAILED, "%s takes no control characters", prop->name);
	return 0;
}

static int check_type(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	unsigned long long number;
	int word;

	switch (prop->type) {
	case PROP_BOOL:
		word = prop_boolean_word(text);
		if (word < 0)
			break;
		*canonical = word ? "True" : "False";
		return 0;
	case PROP_INT:
		if (!util_parse_decimal(text, (unsigned long long)prop->max, &number) ||
		    number < (unsigned long long)prop->min)
			break;
		*canonical = arena_printf(vm->qubes->arena, "%llu", number);
		return 0;
	default:
		return prop_check_characters(prop, text);
	}
	return error_set(ERROR_FAILED, "'%s' is no value for %s, which takes %s", text, prop->name,
			 prop->forms);
}

static int check_value(const struct vm *vm, const struct prop *prop, const char *text, const char **canonical)
{
	if (prop_is_release4(vm->qubes))
		return prop4_check_value(vm, prop, text, canonical);
	if (check_type(vm, prop, text, canonical) < 0)
		return -1;
	return prop->check ? prop->check(vm, prop, *canonical, canonical) : 0;
}

static int after(struct vm *vm, const struct prop *prop, int result)
{
	return result == 0 && prop->after ? prop->after(vm) : result;
}

/*
 * Nothing is to be done where qubesd would read what is stored as CANONICAL already. Not so for a setter, which
 * looks for itself, and for what is outside the store.
 */
static bool is_settled(const struct vm *vm, const struct prop *prop, const char *canonical)
{
	return prop_is_release4(vm->qubes) && !prop->set && !(prop->flags & PROP_OUTSIDE) &&
	       prop4_is_stored(vm, prop, canonical);
}

int prop_set(struct vm *vm, const struct prop *prop, const char *text)
{
	const char *canonical = text;

	if (check_settable(vm, prop) < 0)
		return -1;
	if (prop->default_word && !strcmp(text, prop->default_word))
		return prop_reset(vm, prop);
	if (check_value(vm, prop, text, &canonical) < 0)
		return -1;
	if (is_settled(vm, prop, canonical))
		return 0;
	if (check_halted(vm, prop) < 0)
		return -1;
	if (prop->set)
		return after(vm, prop, prop->set(vm, prop, canonical));
	return after(vm, prop, vm_set(vm, prop_key(prop), canonical));
}

static bool is_unset(const struct vm *vm, const struct prop *prop)
{
	return prop_is_release4(vm->qubes) && !(prop->flags & PROP_OUTSIDE) &&
	       vm_get(vm, prop_key(prop)).presence == LAYOUT_ABSENT;
}

int prop_reset(struct vm *vm, const struct prop *prop)
{
	if (!(prop->flags & PROP_DEFAULTABLE))
		return error_set(ERROR_FAILED, "%s has no default to go back to", prop->name);
	if (check_settable(vm, prop) < 0)
		return -1;
	if (is_unset(vm, prop))
		return 0;
	if (check_halted(vm, prop) < 0)
		return -1;
	if (prop->resets && prop->resets(vm, prop, NULL, NULL) < 0)
		return -1;
	if (prop->set == prop_set_netvm)
		return prop_reset_netvm(vm);
	return after(vm, prop, vm_set_default(vm, prop_key(prop)));
}

int prop_set_or_reset(struct vm *vm, const struct prop *prop, const char *text)
{
	return text ? prop_set(vm, prop, text) : prop_reset(vm, prop);
}

/* ---- references ---- */

static int check_netvm(const struct vm *vm, const struct vm *to)
{
	if (!vm_is(to, VM_NETVMS))
		return error_set(ERROR_FAILED, "%s provides no network: it is of class %s", to->name,
				 to->type);
	if (vm_is_dom0(to))
		error_note("warning: dom0 as netvm gives %s no working network", vm->name);
	return 0;
}

/* The VM that TEXT names as a netvm in TO, NULL for "none". 0, or -1 with an error. */
static int find_netvm(const struct vm *vm, const char *text, struct vm **to)
{
	*to = NULL;
	if (!strcmp(text, "none"))
		return 0;
	*to = vm_by_name(vm->qubes, text);
	if (!*to)
		return -1;
	return check_netvm(vm, *to);
}

static int set_own_netvm(struct vm *vm, struct vm *to)
{
	if (to && net_makes_loop(vm, to))
		return error_set(ERROR_FAILED,
				 "%s cannot get its network from %s, which gets its own from %s", vm->name,
				 to->name, vm->name);
	return vm_set_reference(vm, "netvm", to);
}

int prop_set_netvm(struct vm *vm, const struct prop *prop, const char *text)
{
	struct vm *to;

	(void)prop;
	if (find_netvm(vm, text, &to) < 0)
		return -1;
	if (!vm_is(vm, VM_NET))
		return set_own_netvm(vm, to);
	return to ? error_set(ERROR_FAILED, "%s is of class NetVM, which gets its network from no other VM",
			      vm->name) :
		    0;
}

/* A NetVM has none; a ProxyVM never follows: it gets what is the default for its kind now. */
int prop_reset_netvm(struct vm *vm)
{
	struct vm *to;

	if (vm_is(vm, VM_NET))
		return 0;
	if (!vm_is(vm, VM_PROXY))
		return vm_set_default(vm, "netvm");
	to = vm_global(vm->qubes, "default_fw_netvm");
	return to && check_netvm(vm, to) < 0 ? -1 : set_own_netvm(vm, to);
}

int prop_set_dispvm_netvm(struct vm *vm, const struct prop *prop, const char *text)
{
	struct vm *to;

	if (find_netvm(vm, text, &to) < 0)
		return -1;
	return vm_set_reference(vm, prop_key(prop), to);
}

int prop_set_template(struct vm *vm, const struct prop *prop, const char *text)
{
	struct vm *to = vm_by_name(vm->qubes, text);

	if (!to)
		return -1;
	if (vm_is_standalone(vm))
		return error_set(ERROR_FAILED, "%s is based on no template, and cannot be made to", vm->name);
	if (!vm_is(to, VM_TEMPLATES))
		return error_set(ERROR_FAILED, "%s is no template: it is of class %s", to->name, to->type);
	if (!vm_is(to, vm->class->template_kind))
		return error_set(ERROR_FAILED, "class %s cannot be based on %s, which is of class %s",
				 vm->type, to->name, to->type);
	return vm_set_reference(vm, prop_key(prop), to);
}

int prop_set_maxmem(struct vm *vm, const struct prop *prop, const char *text)
{
	long long memory, number = atoll(text);

	if (number == 0)
		return error_set(ERROR_FAILED, "'%s' is no value for %s, which takes %s", text, prop->name,
				 prop->forms);
	if (vm_is(vm, VM_HVMS)) {
		error_note("warning: the maxmem of class %s is always its memory; nothing was changed",
			   vm->type);
		return 0;
	}
	if (prop_number(vm, "memory", &memory) < 0)
		error_clear();
	else if (number < memory)
		error_note("warning: maxmem %lld is less than the memory of %s, %lld", number, vm->name,
			   memory);
	return vm_set(vm, prop_key(prop), text);
}

/* ---- effects ---- */

static int update_icon(struct qubes *q, void *vm)
{
	(void)q;
	if (((struct vm *)vm)->node) /* not removed by a later command of a batch */
		images_set_icon(vm);
	return 0;
}

int prop_after_label(struct vm *vm)
{
	qubes_with_save(vm->qubes, update_icon, vm);
	return 0;
}

/* systemd starts at boot what is linked here. */
static int update_autostart(struct qubes *q, void *argument)
{
	const struct vm *vm = argument;
	AUTO_FREE char *link = vm_autostart_link(vm->name);

	if (!prop_flag(vm, "autostart")) {
		if (root_unlink(q->root, link) == 0 || errno == ENOENT)
			return 0;
		return error_errno("%s is not started at boot any more by its store entry, but %s stays",
				   vm->name, link);
	}
	if (root_mkdirs(q->root, VM_AUTOSTART_LINKS, 0755) < 0)
		return -1;
	if (root_symlink(q->root, VM_AUTOSTART_UNIT, link) == 0 || errno == EEXIST)
		return 0;
	return error_errno("%s will not be started at boot: cannot make %s", vm->name, link);
}

int prop_after_autostart(struct vm *vm)
{
	if (strchr(vm->name, '/'))
		return error_set(ERROR_FAILED, "a VM with a slash in its name cannot be started at boot");
	qubes_with_save(vm->qubes, update_autostart, vm);
	return 0;
}
