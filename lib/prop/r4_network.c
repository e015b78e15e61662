/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of release 4: formulas of qid or dispid, and what a VM may be told instead of them.
 */
#include <string.h>

#include "error.h"
#include "net.h"
#include "r4.h"
#include "util.h"

#define DNS "10.139.1.1 10.139.1.2"
#define NETMASK "255.255.255.255"

static bool give(struct prop_value *value, const char *text)
{
	value->text = text;
	value->none = !text;
	return true;
}

static bool is_networked(const struct vm *vm)
{
	return vm_provides_network(vm) || vm_netvm(vm);
}

/* What its address is a formula of, and which one; -1: not known. */
static long long number_of(const struct vm *vm)
{
	long long number;

	if (!vm_is(vm, VM4_DISPOSABLE))
		return vm->qid;
	if (prop_number(vm, "dispid", &number) == 0)
		return number;
	error_clear();
	return -1;
}

bool prop4_default_ip(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	char text[NET_ADDRESS_MAX];

	(void)prop;
	if (!is_networked(vm) || !net4_address(vm_is(vm, VM4_DISPOSABLE), number_of(vm), text))
		return give(value, NULL);
	return give(value, arena_strdup(vm->qubes->arena, text));
}

/* The feature of the nearest VM on the way to the network; a circle ends where all have been asked. */
static const char *feature_towards_network(const struct vm *vm, const char *name)
{
	const char *text = NULL;

	for (size_t steps = vms_count(vm->qubes); vm && !text && steps; steps--, vm = vm_netvm(vm))
		text = vm_feature(vm, name);
	return text;
}

bool prop4_default_ip6(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *ipv6 = is_networked(vm) ? feature_towards_network(vm, "ipv6") : NULL;
	long long number = ipv6 && *ipv6 ? number_of(vm) : -1;

	(void)prop;
	if (number < 0)
		return give(value, NULL);
	return give(value, arena_printf(vm->qubes->arena, "fd09:24ef:4179::%s:%llx",
					vm_is(vm, VM4_DISPOSABLE) ? "a8a" : "a89", number));
}

bool prop4_dns(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give(value, is_networked(vm) ? DNS : NULL);
}

/* ---- as the VM sees itself ---- */

/* The feature, else the other property of OF. */
static bool give_faked(const struct vm *vm, const char *feature, const struct vm *of, const char *name,
		       struct prop_value *value)
{
	const char *fake = feature ? vm_feature_inherited(vm, feature) : NULL;

	if (fake && *fake)
		return give(value, fake);
	return give(value, of ? prop_string(of, name) : NULL);
}

bool prop4_visible_ip(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_faked(vm, "net.fake-ip", vm, "ip", value);
}

bool prop4_visible_ip6(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_faked(vm, NULL, vm, "ip6", value);
}

bool prop4_visible_gateway(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_faked(vm, "net.fake-gateway", vm_netvm(vm), "gateway", value);
}

bool prop4_visible_gateway6(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_faked(vm, NULL, vm_netvm(vm), "gateway6", value);
}

bool prop4_visible_netmask(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *fake = vm_feature_inherited(vm, "net.fake-netmask");

	(void)prop;
	return give(value, fake && *fake ? fake : vm_netvm(vm) ? NETMASK : NULL);
}

/* ---- as others see it ---- */

bool prop4_gateway(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give(value, vm_provides_network(vm) ? prop_string(vm, "visible_ip") : NULL);
}

bool prop4_gateway6(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give(value, vm_provides_network(vm) ? prop_string(vm, "visible_ip6") : NULL);
}
