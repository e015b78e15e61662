/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of release 4: every property of a VM, sorted by name as a list shows them.
 */
#include "r4.h"

#define DOM0 VM_ADMIN
#define LOCAL VM4_LOCAL
#define REMOTE VM4_REMOTE
#define DISP VM4_DISPOSABLE
#define ALL (DOM0 | LOCAL | REMOTE)
#define ANY (ALL | VM_UNKNOWN) /* what an add-on's class has in common with them */
#define HOSTS_DISP (VM4_APP | VM4_STANDALONE)

#define BOOLEAN "True or False"
#define A_VM "the name of a VM, or none"
#define ANY_NUMBER (-PROP_INT_MAX)
#define SECONDS "a number of seconds, from 1"

/* Who has it, and that it is stored. */
#define OF(kinds) .classes = (kinds), .listed = (kinds), .get = prop4_get
#define SET(kinds) OF(kinds), .settable = (kinds)
/* What is computed and may never be stored. */
#define COMPUTED(kinds, by) \
	.classes = (kinds), .listed = (kinds), .get = prop4_get_computed, .otherwise = (by)

/* clang-format off */
const struct prop prop4_table[] = {
	{ .name = "appvm_default_bootmode", SET(VM4_TEMPLATE), .fallback = "default",
	  .flags = PROP_DEFAULTABLE | PROP_NOT_BEFORE_43, .forms = "the name of a boot mode" },
	{ .name = "audiovm", .type = PROP_VM, SET(LOCAL), .global = "default_audiovm",
	  .after = prop4_after_audiovm, .flags = PROP_DEFAULTABLE, .forms = A_VM },
	{ .name = "auto_cleanup", .type = PROP_BOOL, SET(DISP), .fallback = "False",
	  .flags = PROP_DEFAULTABLE, .forms = BOOLEAN },
	{ .name = "autostart", .type = PROP_BOOL, SET(LOCAL), .fallback = "False",
	  .after = prop_after_autostart, .flags = PROP_DEFAULTABLE | PROP_OUTSIDE, .forms = BOOLEAN },
	{ .name = "backup_timestamp", .aliases = "last_backup", .type = PROP_INT, SET(LOCAL),
	  .min = ANY_NUMBER, .flags = PROP_DEFAULTABLE, .forms = "seconds since the epoch" },
	{ .name = "bootmode", SET(LOCAL), .otherwise = prop4_default_bootmode, .fallback = "default",
	  .flags = PROP_DEFAULTABLE | PROP_NOT_BEFORE_43, .forms = "the name of a boot mode" },
	{ .name = "debug", .type = PROP_BOOL, SET(LOCAL), .fallback = "False",
	  .flags = PROP_DEFAULTABLE, .forms = BOOLEAN },
	{ .name = "default_dispvm", .type = PROP_VM, SET(LOCAL | DOM0), .otherwise = prop4_default_dispvm,
	  .global = "default_dispvm", .check = prop4_check_default_dispvm, .flags = PROP_DEFAULTABLE,
	  .forms = "the name of a template for disposable VMs, or none" },
	{ .name = "default_user", SET(LOCAL), .fallback = "user", .loads = prop4_loads_user,
	  .flags = PROP_DEFAULTABLE | PROP_INHERITED | PROP_FILLED, .forms = "a user's name" },
	{ .name = "devices_denied", SET(LOCAL | DOM0), .fallback = "", .loads = prop4_loads_interfaces,
	  .flags = PROP_DEFAULTABLE | PROP_NOT_BEFORE_43, .forms = "interfaces like b******, or nothing" },
	{ .name = "dispid", .type = PROP_INT, OF(DISP), .min = ANY_NUMBER },
	{ .name = "dns", COMPUTED(LOCAL, prop4_dns) },
	{ .name = "gateway", COMPUTED(LOCAL, prop4_gateway) },
	{ .name = "gateway6", COMPUTED(LOCAL, prop4_gateway6) },
	{ .name = "guivm", .type = PROP_VM, SET(LOCAL), .global = "default_guivm",
	  .after = prop4_after_guivm, .flags = PROP_DEFAULTABLE, .forms = A_VM },
	{ .name = "icon", .aliases = "icon_path", COMPUTED(LOCAL | DOM0, prop4_icon) },
	{ .name = "include_in_backups", .type = PROP_BOOL, SET(ALL), .otherwise = prop4_default_in_backups,
	  .fallback = "True", .flags = PROP_DEFAULTABLE, .forms = BOOLEAN },
	{ .name = "installed_by_rpm", .type = PROP_BOOL, SET(LOCAL), .fallback = "False",
	  .flags = PROP_DEFAULTABLE, .forms = BOOLEAN },
	{ .name = "ip", SET(LOCAL), .otherwise = prop4_default_ip, .loads = prop4_loads_ip,
	  .flags = PROP_DEFAULTABLE, .forms = "an IPv4 address" },
	{ .name = "ip6", SET(LOCAL), .otherwise = prop4_default_ip6, .loads = prop4_loads_ip6,
	  .flags = PROP_DEFAULTABLE, .forms = "an IPv6 address" },
	{ .name = "is_preload", .type = PROP_BOOL, COMPUTED(DISP, NULL), .fallback = "False",
	  .flags = PROP_NOT_BEFORE_43 },
	{ .name = "kernel", SET(LOCAL), .global = "default_kernel", .loads = prop4_loads_kernel,
	  .check = prop4_check_kernel, .flags = PROP_DEFAULTABLE | PROP_INHERITED, .default_word = "default",
	  .forms = "an installed version, none (the VM's own), or default" },
	{ .name = "kernelopts", SET(LOCAL), .otherwise = prop4_default_kernelopts,
	  .loads = prop4_loads_kernelopts, .flags = PROP_DEFAULTABLE,
	  .forms = "the options as one word (quote blanks), at most 512 characters" },
	{ .name = "keyboard_layout", SET(LOCAL | DOM0), .otherwise = prop4_default_keyboard, .fallback = "us++",
	  .loads = prop4_loads_keyboard, .flags = PROP_DEFAULTABLE, .forms = "LAYOUT+VARIANT+OPTIONS, as in us++" },
	{ .name = "klass", .aliases = "class type", COMPUTED(ANY, prop4_klass) },
	{ .name = "label", .type = PROP_LABEL, SET(ANY & ~VM_UNKNOWN), .loads = prop4_loads_label,
	  .forms = "the name of a label" },
	{ .name = "mac", SET(LOCAL), .fallback = "00:16:3e:5e:6c:00", .loads = prop4_loads_mac,
	  .flags = PROP_DEFAULTABLE, .forms = "six pairs of hex digits with colons" },
	{ .name = "management_dispvm", .type = PROP_VM, SET(LOCAL), .global = "management_dispvm",
	  .check = prop4_check_default_dispvm, .flags = PROP_DEFAULTABLE | PROP_INHERITED,
	  .forms = "the name of a template for disposable VMs, or none" },
	{ .name = "maxmem", .type = PROP_INT, SET(LOCAL), .otherwise = prop4_default_maxmem,
	  .max = PROP_INT_MAX, .flags = PROP_DEFAULTABLE, .forms = "MiB, or 0 to leave the memory as it is" },
	{ .name = "memory", .type = PROP_INT, SET(LOCAL), .fallback = "400", .min = 1, .max = PROP_INT_MAX,
	  .flags = PROP_DEFAULTABLE | PROP_INHERITED, .forms = "MiB, from 1" },
	{ .name = "name", .classes = ANY, .listed = ANY, .settable = LOCAL, .get = prop4_get_name,
	  .flags = PROP_BY_LIFECYCLE, .forms = "a new name" },
	{ .name = "netvm", .type = PROP_VM, SET(LOCAL), .otherwise = prop4_default_netvm,
	  .global = "default_netvm", .loads = prop4_loads_netvm, .check = prop4_check_netvm,
	  .resets = prop4_resets_netvm,
	  .flags = PROP_DEFAULTABLE, .default_word = "default",
	  .forms = "the name of a VM that provides network, none, or default" },
	{ .name = "provides_network", .type = PROP_BOOL, SET(LOCAL), .fallback = "False",
	  .check = prop4_check_provides, .resets = prop4_resets_provides, .after = prop4_after_provides,
	  .flags = PROP_DEFAULTABLE, .forms = BOOLEAN },
	{ .name = "qid", .type = PROP_INT, .classes = ANY, .listed = ANY, .get = prop4_get_qid,
	  .max = QID_LIMIT_4 - 1 },
	{ .name = "qrexec_timeout", .type = PROP_INT, SET(LOCAL), .global = "default_qrexec_timeout", .min = 1,
	  .flags = PROP_DEFAULTABLE | PROP_INHERITED, .forms = SECONDS },
	{ .name = "relayvm", .type = PROP_VM, SET(REMOTE), .flags = PROP_DEFAULTABLE, .forms = A_VM },
	{ .name = "remote_name", SET(REMOTE), .flags = PROP_DEFAULTABLE, .forms = "the name of it there" },
	{ .name = "shutdown_timeout", .type = PROP_INT, SET(LOCAL), .global = "default_shutdown_timeout", .min = 1,
	  .flags = PROP_DEFAULTABLE | PROP_INHERITED, .forms = SECONDS },
	{ .name = "start_time", .type = PROP_INT, COMPUTED(LOCAL, prop4_nothing) },
	{ .name = "stubdom_mem", .type = PROP_INT, SET(LOCAL), .min = 1, .max = PROP_INT_MAX,
	  .flags = PROP_DEFAULTABLE, .forms = "MiB, from 1" },
	{ .name = "stubdom_uuid", COMPUTED(LOCAL, NULL), .fallback = "",
	  .flags = PROP_NOT_BEFORE_43 },
	{ .name = "stubdom_xid", .type = PROP_INT, COMPUTED(LOCAL, prop4_no_xid) },
	{ .name = "template", .type = PROP_VM, SET(VM4_BASED), .loads = prop4_loads_template,
	  .check = prop4_check_template, .after = prop4_after_template, .flags = PROP_HALTED,
	  .forms = "the name of a template" },
	{ .name = "template_for_dispvms", .type = PROP_BOOL, SET(HOSTS_DISP), .fallback = "False",
	  .check = prop4_check_for_dispvms, .resets = prop4_resets_for_dispvms, .flags = PROP_DEFAULTABLE,
	  .forms = BOOLEAN },
	{ .name = "transport_rpc", SET(REMOTE), .flags = PROP_DEFAULTABLE, .forms = "the name of a service" },
	{ .name = "updateable", .type = PROP_BOOL, COMPUTED(LOCAL | DOM0, prop4_updateable) },
	{ .name = "uuid", .classes = ANY, .listed = ANY, .get = prop4_get, .otherwise = prop4_default_uuid,
	  .loads = prop4_loads_uuid },
	{ .name = "vcpus", .type = PROP_INT, SET(LOCAL), .fallback = "2", .min = 1, .max = PROP_INT_MAX,
	  .flags = PROP_DEFAULTABLE | PROP_INHERITED, .forms = "a number, from 1" },
	{ .name = "virt_mode", SET(LOCAL), .otherwise = prop4_default_virt_mode, .fallback = "pvh",
	  .loads = prop4_loads_virt_mode, .check = prop4_check_virt_mode,
	  .flags = PROP_DEFAULTABLE | PROP_INHERITED, .forms = "hvm, pv or pvh" },
	{ .name = "visible_gateway", COMPUTED(LOCAL, prop4_visible_gateway) },
	{ .name = "visible_gateway6", COMPUTED(LOCAL, prop4_visible_gateway6) },
	{ .name = "visible_ip", COMPUTED(LOCAL, prop4_visible_ip) },
	{ .name = "visible_ip6", COMPUTED(LOCAL, prop4_visible_ip6) },
	{ .name = "visible_netmask", .aliases = "netmask", COMPUTED(LOCAL, prop4_visible_netmask) },
	{ .name = "xid", .type = PROP_INT, .classes = LOCAL, .listed = LOCAL, .get = prop4_get_xid,
	  .flags = PROP_LIVE },
	{ .name = NULL },
};

#define GLOBAL .classes = VM4_STORE, .listed = VM4_STORE, .settable = VM4_STORE, .get = prop4_get
#define POOL GLOBAL, .loads = prop4_loads_pool, .forms = "the name of a pool"

/* What release 4 calls the globals: properties of the store itself. */
const struct prop prop4_globals[] = {
	{ .name = "check_updates_vm", .type = PROP_BOOL, GLOBAL, .fallback = "True", .flags = PROP_DEFAULTABLE,
	  .forms = BOOLEAN },
	{ .name = "clockvm", .type = PROP_VM, GLOBAL, .set = prop4_set_clockvm, .flags = PROP_DEFAULTABLE,
	  .forms = A_VM },
	{ .name = "default_audiovm", .type = PROP_VM, GLOBAL, .otherwise = prop4_dom0, .flags = PROP_DEFAULTABLE,
	  .forms = A_VM },
	{ .name = "default_dispvm", .type = PROP_VM, GLOBAL, .check = prop4_check_default_dispvm,
	  .flags = PROP_DEFAULTABLE, .forms = "the name of a template for disposable VMs, or none" },
	{ .name = "default_guivm", .type = PROP_VM, GLOBAL, .otherwise = prop4_dom0, .flags = PROP_DEFAULTABLE,
	  .forms = A_VM },
	{ .name = "default_kernel", GLOBAL, .check = prop4_check_kernel, .forms = "an installed version, or none" },
	{ .name = "default_netvm", .type = PROP_VM, GLOBAL, .check = prop4_check_default_netvm,
	  .flags = PROP_DEFAULTABLE, .forms = "the name of a VM that provides network, or none" },
	{ .name = "default_pool", POOL, .otherwise = prop4_default_pool, .flags = PROP_DEFAULTABLE },
	{ .name = "default_pool_kernel", POOL, .global = "default_pool" },
	{ .name = "default_pool_private", POOL, .global = "default_pool", .flags = PROP_DEFAULTABLE },
	{ .name = "default_pool_root", POOL, .global = "default_pool", .flags = PROP_DEFAULTABLE },
	{ .name = "default_pool_volatile", POOL, .global = "default_pool", .flags = PROP_DEFAULTABLE },
	{ .name = "default_qrexec_timeout", .type = PROP_INT, GLOBAL, .fallback = "60", .flags = PROP_DEFAULTABLE,
	  .forms = "a number of seconds" },
	{ .name = "default_shutdown_timeout", .type = PROP_INT, GLOBAL, .fallback = "60", .flags = PROP_DEFAULTABLE,
	  .forms = "a number of seconds" },
	{ .name = "default_template", .type = PROP_VM, GLOBAL, .loads = prop4_loads_default_template,
	  .forms = "the name of a TemplateVM, or none" },
	{ .name = "management_dispvm", .type = PROP_VM, GLOBAL, .check = prop4_check_default_dispvm,
	  .flags = PROP_DEFAULTABLE, .forms = "the name of a template for disposable VMs, or none" },
	{ .name = "stats_interval", .type = PROP_INT, GLOBAL, .fallback = "3", .flags = PROP_DEFAULTABLE,
	  .forms = "a number of seconds" },
	{ .name = "updatevm", .type = PROP_VM, GLOBAL, .flags = PROP_DEFAULTABLE, .forms = A_VM },
	{ .name = NULL },
};
/* clang-format on */
