#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# xenstore.sh QUBES - starts on a host with xenstore: who may publish its memory from when on, and the screen of an
# HVM, which is that of another domain; against a private libvirtd, with doubles (../doubles). Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

make_vms()
{
	qvm-create -q -t tpl -l blue work --property netvm=none
	qvm-create -q -H -l gray win --property netvm=none
}

host_make make_vms

# It ends with its socket, and so with the scratch root.
store_start()
{
	rm -f "$root/run/xenstored/socket"
	"$here/../doubles/xenstored" "$root" "$@" >"$scratch/xenstored" 2>&1 &
	libvirtd_wait test -S "$root/run/xenstored/socket"
}

# What Xen's tools say of domains before they run. Nobody knows which numbers they get: that is said of all. The
# domain that emulates N is 100+N.
domains=$root/etc/doubles/xenstore/local/domain
for number in 1 2 3 4 5 6 7 8 9; do
	mkdir -p "$domains/$number/memory" "$domains/$number/image"
	printf '10%s' "$number" >"$domains/$number/image/device-model-domid"
done

set +e # the tests judge from here on

xid()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domid "$1"
}

# Which programs were called for VM, and what xenstore was asked, in order; numbers of domains as N.
story()
{
	sed -n "s/$(xid "$1")\\b/N/g; s|$root||g; s/^\\(.* \\)\\?\\(q[a-z]*-daemon\\) .*/\\2/p; /^xenstore /p;
		s/^qubes-guid <-d> <\\([0-9N]*\\)> \\(<-t> <N>\\)\\?.*/qubes-guid <\\1> \\2/p" "$log"
}

store_start
check 'a VM is started' qvm-start -q work
equal 'it may publish its memory once it knows who it is, and before it runs' "\
qubesdb-daemon
xenstore permissions /local/domain/N/memory nN
qrexec-daemon
qubes-guid <N> " story work

rm -f "$log"
check 'an HVM is started' qvm-start -q win
equal 'its screen is that of the domain that it is emulated in' "\
qubesdb-daemon
xenstore permissions /local/domain/N/memory nN
xenstore read /local/domain/N/image/device-model-domid
qubes-guid <10N> <-t> <N>
qubes-guid <N> 
qrexec-daemon" story win

rm -f "$log" "$run/guid-running.10$(xid win)"
equal 'it is not ready for use without it' Transient qvm-ls win --raw-data state
qvm-prefs -s win qrexec_installed true
check 'a command in it gives it its screen back' qvm-run -q --auto win true
check 'by the number that xenstore has' grep -q "^qubes-guid <-d> <10$(xid win)> <-t> <$(xid win)>" "$log"
equal 'and it is ready' Running qvm-ls win --raw-data state

# ---- a xenstore that does not do as it should ----

qvm-kill work
store_start refuse
equal 'a VM that may not publish its memory runs all the same' \
	'qvm-start: work: its memory will not be balanced: /local/domain/N/memory: xenstored refuses it: EACCES' \
	sh -c 'qvm-start -q work 2>&1 | sed "s,/domain/[0-9]*/,/domain/N/,"'
check 'it runs' qvm-check -q --running work

done_testing
