/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a domain that runs a VM that can be worked with: the last part of a start.
 */
#ifndef QUBES_LIFECYCLE_USABLE_H
#define QUBES_LIFECYCLE_USABLE_H

#include "helpers.h"

/*
 * Takes long, and may be interrupted. 0, or -1 with an error: then the VM runs on, unless that says that it
 * was destroyed.
 */
int make_usable(const struct helpers *helpers, int xid);

#endif
