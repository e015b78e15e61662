#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vmm.sh PROGRAM - runs PROGRAM (made from vmm.c) against a private libvirtd; prints TAP.

set -eu

here=$(dirname "$0")
# shellcheck source=SCRIPTDIR/../lib/libvirtd.sh
. "$here/../lib/libvirtd.sh"

missing=$(libvirtd_missing)
[ -z "$missing" ] || {
	echo "1..0 # SKIP no private libvirtd: $missing"
	exit
}
scratch=$(mktemp -d)
trap 'libvirtd_stop; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
libvirtd_start "$scratch"
CMOCKA_MESSAGE_OUTPUT=TAP "$1" "$LIBVIRTD_SOCKET" "$LIBVIRTD_PID"
