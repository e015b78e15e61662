# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# A root like that of a Qubes host: a private libvirtd, doubles (../doubles) of what only such a host has, and a
# store with the template tpl and the NetVM net. To be sourced, with the folder of the script as $here, by scripts
# whose first word is the program; brings libvirtd.sh and tap.sh with it. Everything goes at the end of the script.
#
#   host_make COMMAND          makes all this; COMMAND then makes the VMs of the test
#   balancer_start [OPTION...] starts the double of qmemman, in place of one that runs
#   host_end                   the end, for scripts that have to do more in their own trap
#
# Sets qubes (the program), scratch, root, run (/var/run/qubes), log (the calls of doubles), the environment, and PATH to the applets.

: "${here:?}"
# shellcheck source=SCRIPTDIR/libvirtd.sh
. "$here/../lib/libvirtd.sh"
# shellcheck source=SCRIPTDIR/tap.sh
. "$here/../lib/tap.sh"
qubes=$(realpath "${1:?which program is tested?}")
missing=$(libvirtd_missing)
[ -z "$missing" ] || skip_all "no private libvirtd: $missing"
scratch=$(mktemp -d)
root=$scratch/root
run=$root/var/run/qubes
# shellcheck disable=SC2034 # the scripts read it
log=$root/var/log/doubles
balancer=
trap host_end EXIT
trap 'exit 1' HUP INT TERM
unset QUBES_OFFLINE NO_COLOR
export QUBES_ROOT="$root" DISPLAY=:0 LC_ALL=C
PATH=$scratch/bin:$PATH

host_end()
{
	libvirtd_stop
	[ -z "$balancer" ] || kill "$balancer"
	rm -rf --one-file-system "$scratch"
}

host_make_store()
{
	mkdir -p "$root/var/lib/qubes/vm-kernels/6.1" "$root/var/lib/qubes/vm-templates/tpl"
	touch "$root/var/lib/qubes/vm-kernels/6.1/vmlinuz" "$root/var/lib/qubes/vm-kernels/6.1/initramfs"
	truncate -s 10M "$root/var/lib/qubes/vm-templates/tpl/root.img" \
		"$root/var/lib/qubes/vm-templates/tpl/private.img"
	qvm-init-storage
	qubes-prefs -s default-kernel 6.1
	qvm-add-template tpl
	qvm-create -q -t tpl -l red --net net
	"$1"
}

# shellcheck disable=SC2120 # its options come from the scripts
balancer_start()
{
	rm -f "$run/qmemman.sock"
	[ -z "$balancer" ] || kill "$balancer" 2>/dev/null || :
	"$here/../doubles/qmemman" "$root" "$@" &
	balancer=$!
	libvirtd_wait test -S "$run/qmemman.sock"
}

host_make()
{
	mkdir -p "$root" "$scratch/bin" "$scratch/libvirt"
	"$qubes" --install -s "$scratch/bin" >/dev/null
	libvirtd_start "$scratch/libvirt"
	host_make_store "$1" >"$scratch/made" 2>&1 || { cat "$scratch/made" >&2; exit 1; }
	"$here/../doubles/install" "$root"
	mkdir -p "$root/etc/doubles" "$run"
	echo 1 >"$root/var/run/shm.id"
	echo 'qubes:x:98:user,other' >"$root/etc/group"
	# shellcheck disable=SC2119 # none here
	balancer_start
	export QUBES_LIBVIRT_URI="test+unix:///default?socket=$LIBVIRTD_SOCKET"
}
