/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network interface and the PCI devices of a domain. The latter are Xen's alone.
 */
#include <string.h>

#include "devices.h"
#include "error.h"
#include "internal.h"
#include "literal.h"
#include "net.h"
#include "prop.h"

int domainxml_add_interface(struct strbuf *out, const struct domain *domain)
{
	const struct vm *netvm = vm_netvm(domain->vm);
	char address[NET_ADDRESS_MAX];
	const char *mac = prop_string(domain->vm, "mac");

	if (!netvm)
		return 0;
	if (!mac || !net_is_mac(mac))
		return error_set(ERROR_FAILED, "the MAC of %s is not one: %s", domain->vm->name,
				 mac ? mac : "none");
	strbuf_printf(out, "    <interface type='ethernet'>\n      <mac address='%s'/>\n", mac);
	if (domain->xen) {
		const char *ip = net_vm_address(domain->vm, address);

		strbuf_printf(out,
			      "      <ip address='%s'/>\n      <script path='vif-route-qubes'/>\n"
			      "      <backenddomain name='",
			      ip ? ip : "");
		domainxml_escape(out, netvm->name);
		strbuf_add(out, "'/>\n");
	}
	strbuf_add(out, "    </interface>\n");
	return 0;
}

int domainxml_add_hostdev(struct strbuf *out, const struct vm *vm, const char *device)
{
	const char *reset = prop_flag(vm, "pci_strictreset") ? "" : " nostrictreset='yes'";

	if (!devices_is_pci_address(device))
		return error_set(ERROR_FAILED, "'%s' of %s is not a PCI device (BB:DD.F)", device, vm->name);
	strbuf_printf(out,
		      "    <hostdev type='pci' managed='yes'%s>\n      <source>\n"
		      "        <address bus='0x%.2s' slot='0x%.2s' function='0x%.1s'/>\n"
		      "      </source>\n    </hostdev>\n",
		      reset, device, device + strlen("BB:"), device + strlen("BB:DD."));
	return 0;
}

int domainxml_add_pci(struct strbuf *out, const struct domain *domain)
{
	struct literal devices;

	if (prop_pcidevs(domain->vm, &devices) < 0)
		return -1;
	for (size_t i = 0; domain->xen && i < devices.count; i++)
		if (domainxml_add_hostdev(out, domain->vm, devices.entries[i].key) < 0)
			return -1;
	return 0;
}

int domainxml_add_features(struct strbuf *out, const struct domain *domain)
{
	struct literal devices;

	if (prop_pcidevs(domain->vm, &devices) < 0)
		return -1;
	if (domain->xen && devices.count && prop_flag(domain->vm, "pci_e820_host"))
		strbuf_add(out, "<xen><e820_host state='on'/></xen>");
	return 0;
}
