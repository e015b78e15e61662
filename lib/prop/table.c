/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows: every property of a VM of release 3, in the order in which a list shows them.
 */
#include <string.h>

#include "r4.h"
#include "util.h"

#define ALL VM_ALL
#define NOT_DOM0 (VM_ALL & ~VM_ADMIN)
#define KNOWN \
	(NOT_DOM0 & ~VM_UNKNOWN) /* what a class of another release makes of a value is not ours to say */

#define BOOLEAN "true or false"
#define NETVM_FORMS "the name of a VM that provides network, none, or default"

/* clang-format off */
const struct prop prop_table[] = {
	{ .name = "name", .classes = ALL, .listed = ALL, .settable = KNOWN, .get = prop_get_name,
	  .flags = PROP_BY_LIFECYCLE, .forms = "a new name" },
	{ .name = "label", .type = PROP_LABEL, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .get = prop_get_label, .check = prop_check_label, .after = prop_after_label,
	  .flags = PROP_DEFAULTABLE, .written = ALL,
	  .forms = "red, orange, yellow, green, gray, blue, purple or black" },
	{ .name = "type", .classes = ALL, .listed = ALL, .get = prop_get_type },
	{ .name = "template", .type = PROP_VM, .classes = ALL, .listed = ALL, .settable = KNOWN & ~VM_TEMPLATES,
	  .get = prop_get_template, .set = prop_set_template, .flags = PROP_HALTED,
	  .forms = "the name of a template" },
	{ .name = "netvm", .type = PROP_VM, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .get = prop_get_netvm, .set = prop_set_netvm,
	  .flags = PROP_DEFAULTABLE, .default_word = "default", .forms = NETVM_FORMS },
	{ .name = "dispvm_netvm", .type = PROP_VM, .classes = ALL, .listed = NOT_DOM0, .settable = KNOWN,
	  .get = prop_get_dispvm_netvm, .set = prop_set_dispvm_netvm,
	  .flags = PROP_DEFAULTABLE | PROP_MARKED, .none_text = "none", .default_word = "default",
	  .forms = NETVM_FORMS },
	{ .name = "updateable", .aliases = "is_updateable", .type = PROP_BOOL, .classes = ALL, .listed = ALL,
	  .get = prop_get_updateable },
	{ .name = "autostart", .type = PROP_BOOL, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .fallback = "False", .after = prop_after_autostart, .flags = PROP_DEFAULTABLE, .written = ALL,
	  .forms = BOOLEAN },
	{ .name = "installed_by_rpm", .type = PROP_BOOL, .classes = ALL, .listed = ALL, .fallback = "False",
	  .written = ALL },
	{ .name = "include_in_backups", .type = PROP_BOOL, .classes = ALL, .listed = ALL,
	  .settable = KNOWN | VM_ADMIN, .get = prop_get_in_backups, .flags = PROP_DEFAULTABLE, .written = ALL,
	  .forms = BOOLEAN },
	{ .name = "last_backup", .aliases = "backup_timestamp", .key = "backup_timestamp", .type = PROP_TIME,
	  .classes = ALL, .listed = ALL, .none_text = "None" },
	{ .name = "dir", .aliases = "dir_path", .key = "dir_path", .classes = ALL, .listed = ALL,
	  .get = prop_get_dir, .none_text = "None", .written = ALL },
	{ .name = "config", .aliases = "conf_file", .key = "conf_file", .classes = ALL, .listed = ALL,
	  .get = prop_get_config, .none_text = "None" },
	{ .name = "pcidevs", .type = PROP_LIST, .classes = ALL, .listed = ALL, .settable = KNOWN, .fallback = "[]",
	  .check = prop_check_pcidevs, .flags = PROP_HALTED | PROP_DEFAULTABLE, .written = ALL,
	  .forms = "a list like ['00:19.0', '00:1a.0'], or []" },
	{ .name = "pci_strictreset", .type = PROP_BOOL, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .fallback = "True", .flags = PROP_DEFAULTABLE, .written = ALL, .forms = BOOLEAN },
	{ .name = "pci_e820_host", .type = PROP_BOOL, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .fallback = "True", .flags = PROP_DEFAULTABLE, .written = ALL, .forms = BOOLEAN },
	{ .name = "root_img", .classes = ALL, .listed = ALL, .get = prop_get_root_img },
	{ .name = "root_cow_img", .aliases = "rootcow_img", .classes = ALL, .listed = ALL,
	  .get = prop_get_root_cow_img },
	{ .name = "root_volatile_img", .aliases = "volatile_img", .classes = ALL, .listed = ALL,
	  .get = prop_get_volatile_img },
	{ .name = "private_img", .classes = ALL, .listed = ALL, .get = prop_get_private_img },
	{ .name = "vcpus", .type = PROP_INT, .classes = ALL, .listed = ALL, .settable = KNOWN, .fallback = "2",
	  .min = 1, .max = PROP_INT_MAX, .get = prop_get_vcpus, .check = prop_check_host_cpus,
	  .flags = PROP_DEFAULTABLE | PROP_NULLABLE, .written = ALL, .none_text = "None",
	  .forms = "a number, at most that of the host's CPUs" },
	{ .name = "memory", .type = PROP_INT, .classes = ALL, .listed = ALL, .settable = KNOWN | VM_ADMIN, .min = 1,
	  .max = PROP_INT_MAX, .get = prop_get_memory, .check = prop_check_host_memory,
	  .flags = PROP_DEFAULTABLE | PROP_NULLABLE, .written = ALL, .forms = "MiB, at most the host's" },
	{ .name = "maxmem", .type = PROP_INT, .classes = ALL, .listed = ALL, .settable = KNOWN, /* 0: as stored */
	  .max = PROP_INT_MAX, .get = prop_get_maxmem, .check = prop_check_host_memory, .set = prop_set_maxmem,
	  .flags = PROP_DEFAULTABLE | PROP_NULLABLE, .written = VM_PVS, .none_text = "None",
	  .forms = "MiB, at most the host's" },
	{ .name = "MAC", .aliases = "mac", .key = "mac", .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .get = prop_get_mac, .check = prop_check_mac, .flags = PROP_DEFAULTABLE | PROP_MARKED,
	  .default_word = "auto", .forms = "six pairs of hex digits with colons, or auto" },
	{ .name = "kernel", .classes = VM_PVS, .listed = VM_PVS, .settable = VM_PVS, .get = prop_get_kernel,
	  .check = prop_check_vm_kernel,
	  .flags = PROP_DEFAULTABLE | PROP_MARKED | PROP_NULLABLE, .written = VM_PVS, .none_text = "None",
	  .default_word = "default", .forms = "an installed version, none (the VM's own), or default" },
	{ .name = "kernelopts", .classes = VM_PVS, .listed = VM_PVS, .settable = VM_PVS,
	  .get = prop_get_kernelopts, .flags = PROP_DEFAULTABLE | PROP_MARKED, .written = VM_PVS,
	  .default_word = "default", .forms = "the options as one word (quote blanks), or default" },
	{ .name = "debug", .type = PROP_BOOL, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .fallback = "False", .flags = PROP_DEFAULTABLE | PROP_ON_OFF, .written = ALL, .forms = "on or off" },
	{ .name = "default_user", .classes = ALL, .listed = ALL, .settable = KNOWN, .fallback = "user",
	  .get = prop_get_default_user, .flags = PROP_DEFAULTABLE, .written = ALL, .forms = "a user's name" },
	{ .name = "qrexec_installed", .type = PROP_BOOL, .classes = VM_HVMS, .listed = VM_HVMS,
	  .settable = VM_HVMS, .fallback = "False", .get = prop_get_agent, .check = prop_check_agent,
	  .flags = PROP_DEFAULTABLE, .written = VM_HVMS, .forms = BOOLEAN },
	{ .name = "qrexec_timeout", .type = PROP_INT, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .fallback = "60", .max = PROP_INT_MAX, .flags = PROP_DEFAULTABLE, .written = ALL, .forms = "seconds" },
	{ .name = "guiagent_installed", .type = PROP_BOOL, .classes = VM_HVMS, .listed = VM_HVMS,
	  .settable = VM_HVMS, .fallback = "False", .get = prop_get_agent, .check = prop_check_agent,
	  .flags = PROP_DEFAULTABLE, .written = VM_HVMS, .forms = BOOLEAN },
	{ .name = "seamless_gui_mode", .type = PROP_BOOL, .classes = VM_HVMS, .listed = VM_HVMS,
	  .settable = VM_HVMS, .fallback = "False", .get = prop_get_seamless, .check = prop_check_seamless,
	  .flags = PROP_DEFAULTABLE, .written = VM_HVMS, .forms = BOOLEAN },
	{ .name = "drive", .classes = VM_HVMS, .listed = VM_HVMS, .settable = VM_HVMS, .check = prop_check_drive,
	  .flags = PROP_DEFAULTABLE | PROP_NULLABLE, .written = VM_HVMS, .none_text = "None",
	  .forms = "[hd:|cdrom:][VM:]/path, or none" },
	{ .name = "timezone", .classes = VM_HVMS, .listed = VM_HVMS, .settable = VM_HVMS, .fallback = "localtime",
	  .check = prop_check_timezone, .flags = PROP_DEFAULTABLE, .written = VM_HVMS,
	  .forms = "localtime, or seconds east of UTC" },
	{ .name = "internal", .type = PROP_BOOL, .classes = ALL, .listed = ALL, .settable = KNOWN,
	  .fallback = "False", .flags = PROP_DEFAULTABLE, .written = ALL, .forms = BOOLEAN },

	/* From here on only by name. */
	{ .name = "qid", .type = PROP_INT, .classes = ALL, .get = prop_get_qid },
	{ .name = "xid", .type = PROP_INT, .classes = ALL, .get = prop_get_xid, .flags = PROP_LIVE },
	{ .name = "uuid", .classes = ALL, .get = prop_get_uuid },
	{ .name = "ip", .classes = ALL, .get = prop_get_address },
	{ .name = "netmask", .classes = ALL, .get = prop_get_netmask },
	{ .name = "gateway", .classes = ALL, .get = prop_get_gateway },
	{ .name = "secondary_dns", .classes = ALL, .get = prop_get_dns },
	{ .name = "netid", .type = PROP_INT, .classes = VM_NETVMS, .get = prop_get_netid },
	{ .name = "netprefix", .classes = VM_NETVMS, .get = prop_get_netprefix },
	{ .name = "network", .classes = VM_NETVMS, .get = prop_get_network },
	{ .name = "vif", .classes = ALL, .get = prop_get_vif, .flags = PROP_LIVE },
	{ .name = "services", .type = PROP_SERVICES, .classes = ALL, .get = prop_get_services,
	  .written = ALL },
	{ .name = "uses_default_netvm", .key = "netvm", .type = PROP_BOOL, .classes = ALL,
	  .get = prop_get_uses_default },
	{ .name = "uses_default_kernel", .key = "kernel", .type = PROP_BOOL, .classes = VM_PVS,
	  .get = prop_get_uses_default },
	{ .name = "uses_default_kernelopts", .key = "kernelopts", .type = PROP_BOOL, .classes = VM_PVS,
	  .get = prop_get_uses_default },
	{ .name = "uses_default_dispvm_netvm", .key = "dispvm_netvm", .type = PROP_BOOL, .classes = ALL,
	  .get = prop_get_uses_default },
	{ .name = "firewall_conf", .classes = ALL, .get = prop_get_firewall_conf },
	{ .name = "icon_path", .classes = ALL, .get = prop_get_icon },
	{ .name = "kernels_dir", .classes = VM_PVS, .get = prop_get_kernels_dir },
	{ .name = "pool_name", .classes = ALL, .fallback = "default", .written = ALL },
	{ .name = "backup_content", .type = PROP_BOOL, .classes = ALL, .fallback = "False",
	  .written = ALL },
	{ .name = "backup_path", .classes = ALL, .fallback = "", .written = ALL },
	{ .name = "backup_size", .type = PROP_INT, .classes = ALL, .fallback = "0", .written = ALL },
	{ .name = NULL },
};
/* clang-format on */

static bool is_among(const char *words, const char *name)
{
	while (words && *words) {
		size_t length = strcspn(words, " ");

		if (util_same_word(words, length, name))
			return true;
		words += length + strspn(words + length, " ");
	}
	return false;
}

const struct prop *prop_rows(const struct qubes *q)
{
	return prop_is_release4(q) ? prop4_table : prop_table;
}

const struct prop *prop_find(const struct qubes *q, const char *name)
{
	FOR_EACH_PROP(q, prop)
		if (is_among(prop->name, name) || is_among(prop->aliases, name))
			return prop;
	return NULL;
}

const struct prop_global *prop_find_global(struct qubes *q, const char *name)
{
	FOR_EACH_GLOBAL(q, global)
		if (is_among(global->name, name))
			return global;
	return NULL;
}

const char *prop_forms(struct qubes *q, const struct prop *prop)
{
	if (prop->check != prop_check_vm_kernel && prop->check != prop4_check_kernel)
		return prop->forms ? prop->forms : "no value: it cannot be set";
	return arena_printf(q->arena, "%s; installed:%s", prop->forms, prop_kernel_names(q));
}

const char *prop_key(const struct prop *prop)
{
	return prop->key ? prop->key : prop->name;
}

/* One of a later release may not be put into the store of an earlier one. */
static bool is_known(const struct vm *vm, const struct prop *prop)
{
	return !(prop->flags & PROP_NOT_BEFORE_43) || vms_are_of_43(vm->qubes);
}

bool prop_applies(const struct vm *vm, const struct prop *prop)
{
	return vm_is(vm, prop->classes) && is_known(vm, prop);
}

bool prop_settable(const struct vm *vm, const struct prop *prop)
{
	return vm_is(vm, prop->settable) && is_known(vm, prop);
}
