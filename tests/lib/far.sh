# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A machine far away: the name space of the private libvirtd. To be sourced after libvirtd.sh.
#
#   far_install DIR    makes DIR/ssh, which runs there what it is given, and DIR/bridge, which speaks libvirt's
#                      protocol for the test driver there, both by libvirt's own virt-ssh-helper
#
# Each call of ssh leaves its arguments as a line in DIR/called, and its process group in DIR/group. If there is
# DIR/instead, that is sourced first, and may do something else.

far_install()
{
	mkdir -p "$1"
	cat >"$1/ssh" <<-EOT
		#!/bin/sh
		echo "\$*" >>"$1/called"
		[ ! -e "$1/instead" ] || . "$1/instead"
		while [ "\$1" != -- ]; do
			shift
		done
		shift 2 # and the name of the machine
		echo \$\$ >"$1/group"
		exec setsid nsenter -t $LIBVIRTD_PID -m sh -c "\$*"
	EOT
	cat >"$1/bridge" <<-EOT
		#!/bin/sh
		exec nsenter -t $LIBVIRTD_PID -m virt-ssh-helper test:///default
	EOT
	chmod 755 "$1/ssh" "$1/bridge"
}
