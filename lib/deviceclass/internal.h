/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the deviceclass room share.
 */
#ifndef QUBES_DEVICECLASS_INTERNAL_H
#define QUBES_DEVICECLASS_INTERNAL_H

#include "deviceclass.h"

struct hotplug_kind;
struct hotplug_device;

/* The VMs' offers of KIND as rows, which ADD makes of each. 0, or -1 with an error. */
int deviceclass_list_offers(struct qubes *q, const struct hotplug_kind *kind,
			    void (*add)(struct qubes *q, struct deviceclass_list *list,
					const struct hotplug_device *device),
			    struct deviceclass_list *list);

/* "list" with release 4's columns. 0, or -1 with an error. */
int deviceclass_print(struct qubes *q, const struct deviceclass *class, const struct deviceclass_args *args,
		      char **words);

#endif
