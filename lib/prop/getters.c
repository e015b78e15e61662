/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values that are computed: from relations, from a template, from paths and addresses, from the class.
 */
#include <string.h>
#include <strings.h>

#include "error.h"
#include "images.h"
#include "internal.h"
#include "net.h"
#include "util.h"
#include "vmm.h"

#define MAXMEM_PER_MEMORY 10
#define KERNELOPTS "nopat"
#define KERNELOPTS_PCI "nopat iommu=soft swiotlb=8192"

static int give_text(struct prop_value *value, const char *text)
{
	value->text = text;
	value->none = !text;
	return 0;
}

static int give_number(struct prop_value *value, long long number)
{
	value->number = number;
	return 0;
}

static int give_vm(struct prop_value *value, struct vm *vm, bool follows)
{
	value->vm = vm;
	value->none = !vm;
	value->follows = follows;
	return 0;
}

/* The stored text, NULL where there is none or where it stands for "none". */
static const char *own_text(const struct vm *vm, const struct prop *prop)
{
	struct layout_value stored = vm_get(vm, prop_key(prop));

	return stored.presence == LAYOUT_SET && stored.text && strcasecmp(stored.text, "none") ? stored.text :
												 NULL;
}

/* Reads the stored text into VALUE; false if there is none. */
static bool read_own(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *text = own_text(vm, prop);

	if (text)
		prop_read(vm, prop, text, value);
	return text != NULL;
}

/* ---- identity and relations ---- */

int prop_get_name(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, vm->name);
}

int prop_get_type(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, vm->type);
}

int prop_get_qid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_number(value, vm->qid);
}

int prop_get_uuid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, vm_uuid(vm));
}

/* A label that is none of the eight is kept in the store and shown as the class's. */
int prop_get_label(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *own = vm_is_dom0(vm) ? NULL : own_text(vm, prop);

	value->follows = !own || !vm_label_by_name(own);
	return give_text(value, value->follows ? vm->class->default_label : own);
}

int prop_get_template(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_vm(value, vm_template(vm), false);
}

int prop_get_netvm(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_vm(value, vm_netvm(vm), vm_netvm_follows(vm));
}

int prop_get_dispvm_netvm(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_vm(value, vm_dispvm_netvm(vm), vm_dispvm_netvm_follows(vm));
}

int prop_get_uses_default(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *key = prop_key(prop);

	if (!strcmp(key, "netvm"))
		return give_number(value, vm_netvm_follows(vm));
	if (!strcmp(key, "dispvm_netvm"))
		return give_number(value, vm_dispvm_netvm_follows(vm));
	return give_number(value, vm_get(vm, key).presence == LAYOUT_FOLLOWS);
}

int prop_get_updateable(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_number(value, vm_is_updateable(vm));
}

int prop_get_in_backups(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	if (vm_is(vm, VM_DISPOSABLE))
		return give_number(value, false);
	if (read_own(vm, prop, value))
		return 0;
	value->follows = true;
	return give_number(value, !prop_flag(vm, "installed_by_rpm"));
}

/* ---- paths ---- */

int prop_get_dir(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, vm_directory(vm));
}

/* A stored path is relative to the VM's directory, unless it is absolute. */
static int give_path(const struct vm *vm, const struct prop *prop, const char *fallback,
		     struct prop_value *value)
{
	const char *own = own_text(vm, prop);

	value->follows = !own;
	return give_text(value, own && own[0] == '/' ? own : vm_path(vm, own && *own ? own : fallback));
}

int prop_get_config(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	return give_path(vm, prop, arena_printf(vm->qubes->arena, "%s.conf", vm->name), value);
}

int prop_get_firewall_conf(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	return give_path(vm, prop, "firewall.xml", value);
}

int prop_get_root_img(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *path = images_root(vm);

	(void)prop;
	return give_text(value, path ? path : vm_path(vm, "root.img"));
}

int prop_get_root_cow_img(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, images_root_cow(vm));
}

/* A VM without such an image is asked for its place all the same. */
int prop_get_volatile_img(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *path = images_volatile(vm);

	(void)prop;
	return give_text(value, path ? path : vm_path(vm, "volatile.img"));
}

int prop_get_private_img(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *path = images_private(vm);

	(void)prop;
	return give_text(value, path ? path : vm_path(vm, "private.img"));
}

int prop_get_icon(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, images_icon(vm));
}

int prop_get_kernels_dir(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, images_kernels_dir(vm));
}

/* ---- memory and CPUs ---- */

int prop_get_vcpus(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	if (vm_is_dom0(vm))
		return give_number(value, 0);
	if (!read_own(vm, prop, value)) {
		value->follows = true;
		prop_read(vm, prop, prop->fallback, value);
	}
	return 0;
}

int prop_get_memory(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	if (read_own(vm, prop, value))
		return 0;
	value->follows = true;
	return give_number(value, vm->class->default_memory);
}

/* Half of the host's memory; no value as long as the host cannot be asked. */
static int give_half_of_host(const struct vm *vm, struct prop_value *value)
{
	struct vmm_host host;

	value->follows = true;
	value->none = vmm_offline(vm->qubes) || vm->qubes->host_unknown;
	if (value->none)
		return 0;
	if (vmm_host(vm->qubes, &host) < 0) {
		error_note("maxmem of %s is not known: %s", vm->name, error_message());
		error_clear();
		vm->qubes->host_unknown = value->none = true;
		return 0;
	}
	return give_number(value, (long long)(host.memory_mib / 2));
}

int prop_get_maxmem(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct prop_value memory;

	if (vm_is_dom0(vm))
		return give_number(value, 0);
	if (prop_get(vm, prop_find(vm->qubes, "memory"), &memory) < 0)
		return -1;
	if (vm_is(vm, VM_HVMS)) {
		*value = memory;
		return 0;
	}
	if (!read_own(vm, prop, value) && give_half_of_host(vm, value) < 0)
		return -1;
	if (!value->none && !value->broken && !memory.broken &&
	    value->number > memory.number * MAXMEM_PER_MEMORY)
		value->number = memory.number * MAXMEM_PER_MEMORY;
	return 0;
}

/* ---- what a kernel or a template decides ---- */

static const char *default_kernel(const struct qubes *q)
{
	const char *text = q->layout->get(q->layout->globals(store_root(q->store)), "default_kernel").text;

	return text && strcasecmp(text, "none") ? text : NULL;
}

int prop_get_kernel(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	value->follows = vm_get(vm, prop_key(prop)).presence != LAYOUT_SET;
	return give_text(value, value->follows ? default_kernel(vm->qubes) : own_text(vm, prop));
}

bool prop_has_pci_devices(const struct vm *vm)
{
	struct literal devices;

	if (prop_pcidevs(vm, &devices) < 0) {
		error_clear();
		return false;
	}
	return devices.count > 0;
}

/* What VM inherits from; NULL if the store names something else than a template, which ends every chain. */
static const struct vm *inherits_from(const struct vm *vm)
{
	const struct vm *template = vm_template(vm);

	return template && vm_is(template, VM_TEMPLATES) ? template : NULL;
}

int prop_get_kernelopts(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct layout_value stored = vm_get(vm, prop_key(prop));
	const struct vm *template = inherits_from(vm);

	if (stored.presence == LAYOUT_SET)
		return give_text(value, stored.text ? stored.text : "");
	value->follows = true;
	if (prop_has_pci_devices(vm))
		return give_text(value, KERNELOPTS_PCI);
	if (!template || !prop_applies(template, prop))
		return give_text(value, KERNELOPTS);
	return give_text(value, prop_string(template, prop->name));
}

int prop_get_default_user(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const struct vm *template = inherits_from(vm), *owner = template ? template : vm;
	struct layout_value stored = vm_get(owner, prop_key(prop));

	value->follows = owner != vm;
	return give_text(value, stored.text ? stored.text : prop->fallback);
}

/* What a template has installed, the VMs based on it have too. */
int prop_get_agent(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const struct vm *template = inherits_from(vm);

	if (!read_own(vm, prop, value))
		value->follows = true;
	if (template && prop_applies(template, prop) && prop_flag(template, prop->name)) {
		*value = (struct prop_value){ .type = prop->type, .number = true };
	}
	return 0;
}

int prop_get_seamless(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	if (!read_own(vm, prop, value))
		value->follows = true;
	if (!value->broken && !prop_flag(vm, "guiagent_installed"))
		value->number = false;
	return 0;
}

/* ---- network ---- */

int prop_get_mac(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	const char *own = own_text(vm, prop);
	const struct vm *template = inherits_from(vm);
	char text[NET_MAC_MAX];

	if (own)
		return give_text(value, own);
	value->follows = true;
	if (vm_is(vm, VM_HVM) && template)
		return give_text(value, prop_string(template, prop->name));
	return give_text(value, arena_strdup(vm->qubes->arena, net_auto_mac(vm->qid, text)));
}

/* Keeps a text that was written into a buffer of the caller's. */
static int give_copy(const struct vm *vm, struct prop_value *value, const char *text)
{
	return give_text(value, text ? arena_strdup(vm->qubes->arena, text) : NULL);
}

int prop_get_address(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	char text[NET_ADDRESS_MAX];

	(void)prop;
	return give_copy(vm, value, net_vm_address(vm, text));
}

int prop_get_netmask(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	(void)prop;
	return give_text(value, net_vm_netmask(vm));
}

int prop_get_gateway(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	char text[NET_ADDRESS_MAX];

	(void)prop;
	return give_copy(vm, value, net_vm_gateway(vm, text));
}

int prop_get_dns(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	char text[NET_ADDRESS_MAX];

	(void)prop;
	return give_copy(vm, value, net_vm_secondary_dns(vm, text));
}

int prop_get_network(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	char text[NET_ADDRESS_MAX];

	(void)prop;
	return give_copy(vm, value, net_vm_network(vm, text));
}

/* The network without its last zero: what every address in it starts with. */
int prop_get_netprefix(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	char text[NET_ADDRESS_MAX];

	(void)prop;
	if (net_vm_network(vm, text))
		text[strlen(text) - 1] = '\0';
	return give_copy(vm, value, text);
}

int prop_get_netid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	int netid = vm_netid(vm);

	(void)prop;
	value->none = netid < 0;
	return give_number(value, netid);
}

/* ---- live ---- */

int prop_get_xid(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct vmm_info info;

	(void)prop;
	if (vmm_info((struct vm *)vm, &info) < 0)
		return -1;
	return give_number(value, info.xid);
}

int prop_get_vif(const struct vm *vm, const struct prop *prop, struct prop_value *value)
{
	struct vmm_info info;

	(void)prop;
	value->none = !vm_netvm(vm);
	if (value->none)
		return 0;
	if (vmm_info((struct vm *)vm, &info) < 0)
		return -1;
	return give_text(value, info.xid < 0 ? NULL : arena_printf(vm->qubes->arena, "vif%d.+", info.xid));
}
