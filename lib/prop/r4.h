/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rows of release 4 name: how a value is read, its defaults, what qubesd would not load or take.
 */
#ifndef QUBES_PROP_R4_H
#define QUBES_PROP_R4_H

#include "internal.h"

/* The stored value, else the default by the row. */
prop_getter prop4_get;
/* What follows from other values; the store may not have it. */
prop_getter prop4_get_computed;
prop_getter prop4_get_name, prop4_get_qid, prop4_get_xid;

prop_default prop4_default_bootmode, prop4_default_dispvm, prop4_default_in_backups, prop4_default_ip,
	prop4_default_ip6, prop4_default_kernelopts, prop4_default_keyboard, prop4_default_maxmem,
	prop4_default_netvm, prop4_default_pool, prop4_default_uuid, prop4_default_virt_mode, prop4_dom0;
prop_default prop4_dns, prop4_gateway, prop4_gateway6, prop4_icon, prop4_klass, prop4_nothing, prop4_no_xid,
	prop4_updateable, prop4_visible_gateway, prop4_visible_gateway6, prop4_visible_ip, prop4_visible_ip6,
	prop4_visible_netmask;

prop_checker prop4_loads_default_template, prop4_loads_interfaces, prop4_loads_ip, prop4_loads_ip6,
	prop4_loads_kernel, prop4_loads_kernelopts, prop4_loads_keyboard, prop4_loads_label, prop4_loads_mac,
	prop4_loads_netvm, prop4_loads_pool, prop4_loads_template, prop4_loads_user, prop4_loads_uuid,
	prop4_loads_virt_mode;
prop_checker prop4_check_default_dispvm, prop4_check_default_netvm, prop4_check_for_dispvms,
	prop4_check_kernel, prop4_check_netvm, prop4_check_provides, prop4_check_template,
	prop4_check_virt_mode;

prop_checker prop4_resets_for_dispvms, prop4_resets_netvm, prop4_resets_provides;
prop_setter prop4_set_clockvm;
prop_effect prop4_after_audiovm, prop4_after_guivm, prop4_after_provides, prop4_after_template;

/* Has VM a PCI device by the store? */
bool prop4_has_pci(const struct vm *vm);

/* What VM is based on and inherits from; NULL: nothing. */
const struct vm *prop4_base(const struct vm *vm);

/* Gives VALUE the other property of VM, as a default; false if that has none. */
bool prop4_as_other(const struct vm *vm, const char *name, struct prop_value *value);

#endif
