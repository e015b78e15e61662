#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# unbind-pci-device.sh DEVICE - a double: see README.

# shellcheck source=record.sh
. "${0%/usr/*}/usr/lib/doubles/record.sh"
record "$@"
