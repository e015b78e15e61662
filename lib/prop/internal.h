/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the prop room share: the functions that rows name, and the reading of stored texts.
 */
#ifndef QUBES_PROP_INTERNAL_H
#define QUBES_PROP_INTERNAL_H

#include "prop.h"

#define PROP_KERNELS_DIR "/var/lib/qubes/vm-kernels"
#define PROP_INT_MAX 2147483647LL

/* Fills VALUE from TEXT as the type says; a text that is not of it makes VALUE broken. */
void prop_read(const struct vm *vm, const struct prop *prop, const char *text, struct prop_value *value);

/* Is a kernel of that name installed, with what a VM boots from? 0, or -1 with an error. */
int prop_check_kernel(struct qubes *q, const char *name);

/* Is the loaded store one of release 4? False without one. */
bool prop_is_release4(const struct qubes *q);

/* A line end in a value makes two lines of one wherever it is listed. 0, or -1 with an error. */
int prop_check_characters(const struct prop *prop, const char *text);

/* The forms that a user may write, the type, what qubesd would load, and what it would take. As a checker. */
prop_checker prop4_check_value;

/* Does the store of release 4 say CANONICAL of VM already, in any form that qubesd reads as it? */
bool prop4_is_stored(const struct vm *vm, const struct prop *prop, const char *canonical);

/* prop_broken for release 4: what is stored, and may not be. */
const char *prop4_broken(const struct vm *vm);

/* Services of release 4 */
void prop4_services(const struct vm *vm, struct literal *services);
int prop4_set_service(struct vm *vm, const char *name, enum prop_switch to);
int prop4_reset_services(struct vm *vm);

/* As far as the store says: a list that cannot be read counts as none. */
bool prop_has_pci_devices(const struct vm *vm);

/* getters */
prop_getter prop_get_type, prop_get_template, prop_get_netvm, prop_get_dispvm_netvm, prop_get_updateable,
	prop_get_in_backups, prop_get_dir, prop_get_config, prop_get_firewall_conf, prop_get_root_img,
	prop_get_root_cow_img, prop_get_volatile_img, prop_get_private_img, prop_get_icon,
	prop_get_kernels_dir, prop_get_vcpus, prop_get_memory, prop_get_maxmem, prop_get_mac, prop_get_kernel,
	prop_get_kernelopts, prop_get_default_user, prop_get_agent, prop_get_seamless, prop_get_services,
	prop_get_qid, prop_get_xid, prop_get_uuid, prop_get_address, prop_get_netmask, prop_get_gateway,
	prop_get_dns, prop_get_network, prop_get_netprefix, prop_get_netid, prop_get_vif,
	prop_get_uses_default, prop_get_label, prop_get_name;

/* checkers */
prop_checker prop_check_label, prop_check_host_memory, prop_check_host_cpus, prop_check_pcidevs,
	prop_check_mac, prop_check_vm_kernel, prop_check_seamless, prop_check_drive, prop_check_timezone,
	prop_check_agent;

/* setters */
prop_setter prop_set_netvm, prop_set_dispvm_netvm, prop_set_template, prop_set_maxmem;

/* The default of netvm is not the same for all classes. 0, or -1 with an error. */
int prop_reset_netvm(struct vm *vm);

/* effects */
prop_effect prop_after_label, prop_after_autostart;

#endif
