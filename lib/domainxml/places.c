/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named places of templates, one row each.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "images.h"
#include "internal.h"
#include "literal.h"
#include "net.h"
#include "prop.h"

typedef int place_writer(struct strbuf *out, const struct domain *domain);

static int add_type(struct strbuf *out, const struct domain *domain)
{
	domainxml_escape(out, domain->type);
	return 0;
}

static int add_name(struct strbuf *out, const struct domain *domain)
{
	domainxml_escape(out, domain->vm->name);
	return 0;
}

static int add_uuid(struct strbuf *out, const struct domain *domain)
{
	const char *uuid = vm_uuid(domain->vm);

	if (uuid)
		strbuf_printf(out, "<uuid>%s</uuid>", uuid);
	return 0;
}

static int add_directory(struct strbuf *out, const struct domain *domain)
{
	domainxml_escape_path(out, domain, vm_directory(domain->vm));
	return 0;
}

/* ---- memory and CPUs ---- */

/* What the VM starts with, and what it may grow to. */
static int memory_of(struct vm *vm, long long *memory, long long *maximum)
{
	struct literal services;
	const struct literal_entry *meminfo;

	if (prop_number(vm, "memory", memory) < 0)
		return -1;
	*maximum = *memory;
	if (!vm_is(vm, VM_HVMS) && prop_number(vm, "maxmem", maximum) < 0)
		return -1;
	if (*maximum < *memory)
		*memory = *maximum;
	if (prop_services(vm, &services) < 0)
		return -1;
	/* One that does not say how much it uses cannot be balanced. */
	meminfo = literal_find(&services, "meminfo-writer");
	if (meminfo && !meminfo->value)
		*maximum = *memory;
	return 0;
}

static int add_memory(struct strbuf *out, const struct domain *domain)
{
	long long memory, maximum;

	if (memory_of(domain->vm, &memory, &maximum) < 0)
		return -1;
	strbuf_printf(out, "%lld", memory);
	return 0;
}

static int add_maximum(struct strbuf *out, const struct domain *domain)
{
	long long memory, maximum;

	if (memory_of(domain->vm, &memory, &maximum) < 0)
		return -1;
	strbuf_printf(out, "%lld", maximum);
	return 0;
}

static int add_vcpus(struct strbuf *out, const struct domain *domain)
{
	long long vcpus;

	if (prop_number(domain->vm, "vcpus", &vcpus) < 0)
		return -1;
	strbuf_printf(out, "%lld", vcpus);
	return 0;
}

/* ---- kernel ---- */

static int add_kernel_directory(struct strbuf *out, const struct domain *domain)
{
	const char *directory = images_kernels_dir(domain->vm);

	if (!directory)
		return error_set(ERROR_FAILED, "the kernel of %s is not the name of a directory",
				 domain->vm->name);
	domainxml_escape_path(out, domain, directory);
	return 0;
}

static int add_kernel_options(struct strbuf *out, const struct domain *domain)
{
	const char *options = prop_string(domain->vm, "kernelopts");

	domainxml_escape(out, options ? options : "");
	if (domain->xen && prop_flag(domain->vm, "debug"))
		strbuf_add(out, " earlyprintk=xen");
	return 0;
}

/* ---- network; empty for a VM without one ---- */

static int add_if_networked(struct strbuf *out, const struct domain *domain, const char *text)
{
	if (vm_netvm(domain->vm) && text)
		domainxml_escape(out, text);
	return 0;
}

static int add_ip(struct strbuf *out, const struct domain *domain)
{
	char text[NET_ADDRESS_MAX];

	return add_if_networked(out, domain, net_vm_address(domain->vm, text));
}

static int add_mac(struct strbuf *out, const struct domain *domain)
{
	return add_if_networked(out, domain, prop_string(domain->vm, "mac"));
}

static int add_gateway(struct strbuf *out, const struct domain *domain)
{
	const struct vm *netvm = vm_netvm(domain->vm);
	char text[NET_ADDRESS_MAX];

	return add_if_networked(out, domain, netvm ? net_vm_gateway(netvm, text) : NULL);
}

static int add_secondary_dns(struct strbuf *out, const struct domain *domain)
{
	char text[NET_ADDRESS_MAX];

	return add_if_networked(out, domain, net_vm_secondary_dns(domain->vm, text));
}

static int add_netmask(struct strbuf *out, const struct domain *domain)
{
	return add_if_networked(out, domain, net_vm_netmask(domain->vm));
}

/* What stands between begin and end is a comment for the VMs that it is not for. */
static int comment(struct strbuf *out, const char *mark, bool hide)
{
	strbuf_add(out, hide ? mark : "");
	return 0;
}

static int begin_networked(struct strbuf *out, const struct domain *domain)
{
	return comment(out, "<!--", !vm_netvm(domain->vm));
}

static int end_networked(struct strbuf *out, const struct domain *domain)
{
	return comment(out, "-->", !vm_netvm(domain->vm));
}

static int begin_unnetworked(struct strbuf *out, const struct domain *domain)
{
	return comment(out, "<!--", vm_netvm(domain->vm));
}

static int end_unnetworked(struct strbuf *out, const struct domain *domain)
{
	return comment(out, "-->", vm_netvm(domain->vm));
}

/* ---- clock ---- */

static bool is_integer(const char *text)
{
	unsigned long long value;

	return util_parse_decimal(text + (text[0] == '-'), 1ULL << 31, &value);
}

/* libvirt knows no "UTC", which the original wrote. */
static int add_time_basis(struct strbuf *out, const struct domain *domain)
{
	const char *zone = prop_string(domain->vm, "timezone");

	strbuf_add(out, !zone || !strcasecmp(zone, "localtime") ? "localtime" : "utc");
	return 0;
}

static int add_time_offset(struct strbuf *out, const struct domain *domain)
{
	const char *zone = prop_string(domain->vm, "timezone");
	bool local = !zone || !strcasecmp(zone, "localtime");

	if (!local && !is_integer(zone))
		error_note("warning: the timezone of %s is neither localtime nor a number of seconds, UTC is "
			   "taken: %s",
			   domain->vm->name, zone);
	strbuf_add(out, !local && is_integer(zone) ? zone : "0");
	return 0;
}

/* ---- the table ---- */

#define VM_STARTABLE (VM_PVS | VM_HVMS)

static const struct place {
	const char *name;
	unsigned classes;
	place_writer *write;
} places[] = {
	{ "type", VM_STARTABLE, add_type },
	{ "name", VM_STARTABLE, add_name },
	{ "uuidnode", VM_STARTABLE, add_uuid },
	{ "vmdir", VM_STARTABLE, add_directory },
	{ "mem", VM_STARTABLE, add_memory },
	{ "maxmem", VM_STARTABLE, add_maximum },
	{ "vcpus", VM_STARTABLE, add_vcpus },
	{ "kerneldir", VM_PVS, add_kernel_directory },
	{ "kernelopts", VM_PVS, add_kernel_options },
	{ "ip", VM_STARTABLE, add_ip },
	{ "mac", VM_STARTABLE, add_mac },
	{ "gateway", VM_STARTABLE, add_gateway },
	{ "dns1", VM_STARTABLE, add_gateway },
	{ "dns2", VM_STARTABLE, add_secondary_dns },
	{ "netmask", VM_STARTABLE, add_netmask },
	{ "netdev", VM_STARTABLE, domainxml_add_interface },
	{ "disable_network1", VM_STARTABLE, begin_networked }, /* R3.0's names */
	{ "disable_network2", VM_STARTABLE, end_networked },
	{ "network_begin", VM_STARTABLE, begin_networked },
	{ "network_end", VM_STARTABLE, end_networked },
	{ "no_network_begin", VM_STARTABLE, begin_unnetworked },
	{ "no_network_end", VM_STARTABLE, end_unnetworked },
	{ "features", VM_STARTABLE, domainxml_add_features },
	{ "pcidevs", VM_STARTABLE, domainxml_add_pci },
	{ "rootdev", VM_STARTABLE, domainxml_add_root },
	{ "privatedev", VM_STARTABLE, domainxml_add_private },
	{ "volatiledev", VM_STARTABLE, domainxml_add_volatile },
	{ "otherdevs", VM_STARTABLE, domainxml_add_others },
	{ "time_basis", VM_HVMS, add_time_basis },
	{ "timeoffset", VM_HVMS, add_time_offset },
};

int domainxml_add_place(struct strbuf *out, const struct domain *domain, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (!strcmp(places[i].name, name) && vm_is(domain->vm, places[i].classes))
			return places[i].write(out, domain);
	return 1;
}

char *domainxml_place(struct vm *vm, const char *name)
{
	const struct domain domain = domainxml_domain(vm, "xen");
	struct strbuf out = { 0 };
	int result;

	strbuf_add(&out, "");
	result = domainxml_add_place(&out, &domain, name);
	if (result == 0)
		return out.text;
	strbuf_free(&out);
	if (result > 0)
		error_set(ERROR_NOT_FOUND, "the class %s has no {%s} in its template", vm->type, name);
	return NULL;
}
