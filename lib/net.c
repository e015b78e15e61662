/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net - the formulas that give every VM its addresses, and the one check on the netvm chain.
 *
 * Agents inside the VMs compute with the same formulas, so none of them may change.
 */
#include "net.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* ---- formulas ---- */

/* Anything but a byte would be another network, or none: no address then. */
static const char *address(int second, int third, int fourth, char text[NET_ADDRESS_MAX])
{
	if (third < 0 || third > 255 || fourth < 0 || fourth > 255)
		return NULL;
	snprintf(text, NET_ADDRESS_MAX, "10.%d.%d.%d", second, third, fourth);
	return text;
}

const char *net_client_address(int netid, int qid, char text[NET_ADDRESS_MAX])
{
	return address(137, netid, qid < 0 ? -1 : qid % 253 + 2, text);
}

const char *net_dispvm_address(int netid, int dispid, char text[NET_ADDRESS_MAX])
{
	return address(138, netid, dispid < 0 ? -1 : dispid % NET_DISPIDS + 1, text);
}

const char *net_network(int netid, char text[NET_ADDRESS_MAX])
{
	return address(137, netid, 0, text);
}

const char *net_gateway(int netid, char text[NET_ADDRESS_MAX])
{
	return address(137, netid, 1, text);
}

const char *net_secondary_dns(int netid, char text[NET_ADDRESS_MAX])
{
	return address(137, netid, 254, text);
}

/* The first 254 are as they always were; the others fill networks of 254 each. */
const char *net4_address(bool disposable, long long number, char text[NET_ADDRESS_MAX])
{
	int second = disposable ? 138 : 137;

	if (number < 0 || number > 255 * 254)
		return NULL;
	if (number < 255)
		return address(second, 0, (int)number, text);
	return address(second, (int)((number - 1) / 254), (int)((number - 1) % 254) + 1, text);
}

const char *net_auto_mac(int qid, char text[NET_MAC_MAX])
{
	if (qid < 0 || qid > 255)
		return NULL;
	snprintf(text, NET_MAC_MAX, "00:16:3E:5E:6C:%02X", (unsigned)qid);
	return text;
}

bool net_is_mac(const char *text)
{
	for (int i = 0; i < NET_MAC_MAX - 1; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return text[NET_MAC_MAX - 1] == '\0';
}

/* ---- of a VM ---- */

static bool parse_dispid(const char *text, int *dispid)
{
	unsigned long long number;

	if (!text || !util_parse_decimal(text, INT_MAX, &number))
		return false;
	*dispid = (int)number;
	return true;
}

int net_dispid(const struct vm *vm)
{
	int dispid = -1;

	if (!parse_dispid(vm_get(vm, "dispid").text, &dispid) && util_starts_with(vm->name, "disp"))
		parse_dispid(vm->name + strlen("disp"), &dispid);
	return dispid;
}

const char *net_vm_address(const struct vm *vm, char text[NET_ADDRESS_MAX])
{
	const struct vm *netvm;

	if (vm_is_dom0(vm))
		return net_client_address(0, 0, text);
	netvm = vm_netvm(vm);
	if (!netvm)
		return NULL;
	if (vm_is(vm, VM_DISPOSABLE))
		return net_dispvm_address(vm_netid(netvm), net_dispid(vm), text);
	return net_client_address(vm_netid(netvm), vm->qid, text);
}

const char *net_vm_gateway(const struct vm *vm, char text[NET_ADDRESS_MAX])
{
	return vm_is(vm, VM_NETVMS) ? net_gateway(vm_netid(vm), text) : NULL;
}

/* The VM whose network the other values are of: a netvm's own, else that it is connected to. NULL: none. */
static const struct vm *provider(const struct vm *vm)
{
	return vm_is(vm, VM_NETVMS) ? vm : vm_netvm(vm);
}

const char *net_vm_netmask(const struct vm *vm)
{
	return provider(vm) ? NET_NETMASK : NULL;
}

const char *net_vm_network(const struct vm *vm, char text[NET_ADDRESS_MAX])
{
	const struct vm *of = provider(vm);

	return of ? net_network(vm_netid(of), text) : NULL;
}

const char *net_vm_secondary_dns(const struct vm *vm, char text[NET_ADDRESS_MAX])
{
	const struct vm *of = provider(vm);

	return of ? net_secondary_dns(vm_netid(of), text) : NULL;
}

/* A store may hold a circle already: no walk is longer than there are VMs. */
bool net_makes_loop(const struct vm *vm, const struct vm *to)
{
	for (size_t steps = vms_count(vm->qubes); to && steps > 0; steps--, to = vm_netvm(to))
		if (to == vm)
			return true;
	return false;
}
