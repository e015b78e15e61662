#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# strace.sh BIN - what the applets open and whom they connect to, as the kernel sees it.
#
# They run in a chroot, so that their root is "/" as on a real system, and nothing of this machine gets
# between.
set -u
bin=$1
here=$(dirname "$0")
# shellcheck source=SCRIPTDIR/lib/tap.sh
. "$here/lib/tap.sh"
# shellcheck source=SCRIPTDIR/lib/libvirtd.sh
. "$here/lib/libvirtd.sh"

[ "$(id -u)" = 0 ] || skip_all 'not root'
command -v strace >/dev/null || skip_all 'no strace (deps/install test)'

scratch=$(mktemp -d) || exit
trap 'libvirtd_stop; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
system=$scratch/system trace=$scratch/trace
mkdir -p "$system/var/lib/qubes" "$system/etc" "$system/socket"
cp "$bin" "$system/qubes"
cp "$here/golden/stores/installer.xml" "$system/var/lib/qubes/qubes.xml"
strace -o "$trace" true 2>/dev/null || skip_all 'tracing is not allowed here'

# The system calls of COMMAND in the chroot, from its own start on, in $trace.
traced()
{
	env -i strace -f -o "$trace.all" -e trace=%file,%network "$(command -v chroot)" "$system" "$@" \
		>/dev/null 2>"$scratch/errors" </dev/null
	sed '1,/ execve("\/qubes"/d' "$trace.all" >"$trace"
}

# Files that were opened, connections that were tried: the first quoted word of each call.
opened()
{
	traced "$@"
	sed -nE 's/^[0-9]+ +(open|openat|openat2|creat)\([^"]*"([^"]*)".*/\2/p' "$trace"
}

# All that could reach somebody else.
reached()
{
	traced "$@"
	grep -E '^[0-9]+ +(socket|connect)\(' "$trace"
}

the_store=/var/lib/qubes/qubes.xml

for command in '--version' '--list' '--help' 'qvm-ls --help' 'qvm-ls --version' 'qvm-ls --list-fields' \
	'qvm-ls --help-columns' 'nosuch'; do
	# shellcheck disable=SC2086 # words on purpose
	equal "qubes $command opens nothing" '' opened /qubes $command
done

for command in 'qvm-prefs work label' 'qvm-prefs work' 'qvm-prefs -l sys-net' 'qvm-prefs fedora-23 netvm' \
	'qubes-prefs' 'qubes-prefs default-netvm' 'qvm-ls --offline-mode' 'qvm-ls --offline-mode -nki' \
	'qvm-ls --offline-mode -O name,state,netvm' 'qvm-ls --offline-mode -o json' 'qvm-ls --raw-list'; do
	# shellcheck disable=SC2086
	equal "$command opens the store, and nothing else" "$the_store" opened /qubes $command
	# shellcheck disable=SC2086
	equal "$command connects to nobody" '' reached /qubes $command
done

# Dates need the time zone.
for command in 'qvm-prefs personal last_backup' 'qvm-ls --offline-mode -b personal'; do
	# shellcheck disable=SC2086
	equal "$command opens the time zone, too" "$the_store
/etc/localtime" opened /qubes $command
done

for command in 'qvm-prefs -s work label red' 'qvm-prefs --offline-mode -s work memory 500' \
	'qvm-prefs --offline-mode -s work netvm none' 'qubes-prefs -s clockvm none' \
	'qvm-prefs -s work kernelopts x' 'qvm-create --offline-mode -q -l red new'; do
	# shellcheck disable=SC2086
	equal "$command connects to nobody" '' reached /qubes $command
done

# ---- with a daemon ----

connections() { reached "$@" | grep -c '^[0-9]* *connect('; }
missing=$(libvirtd_missing)
if [ -n "$missing" ]; then
	echo "# no private libvirtd: $missing"
elif mkdir "$scratch/libvirtd" && libvirtd_start "$scratch/libvirtd"; then
	# The socket is out of the chroot's reach but for this.
	ln "$LIBVIRTD_SOCKET" "$system/socket/libvirt"
	uri='test+unix:///default?socket=/socket/libvirt'
	equal 'qvm-ls makes one connection' 1 connections /qubes qvm-ls --connect "$uri" -q
	equal 'which succeeds' '' cat "$scratch/errors"
	equal 'so it does for all it can show' 1 connections /qubes qvm-ls --connect "$uri" -q -nmdkib
	equal 'and for a filter' 1 connections /qubes qvm-ls --connect "$uri" -q --running
	equal 'a name list needs none' 0 connections /qubes qvm-ls --connect "$uri" --raw-list
	equal 'nor do properties that are in the store' 0 connections /qubes qvm-prefs --connect "$uri" work
	equal 'one that is not needs one' 1 connections /qubes qvm-prefs --connect "$uri" work xid
else
	check 'a private libvirtd starts' false
fi

# The file that a root image is moved from goes when its copy would outlive a crash: file, then directory.
mkdir "$system/other"
moved()
{
	env -i strace -y -o "$trace" -e trace=fsync,unlinkat "$(command -v chroot)" "$system" /qubes qvm-create -q \
		--hvm -l red --offline-mode --root-move-from /other/given.img new </dev/null
	tail -n 4 "$trace" | sed -nE 's/^(fsync|unlinkat)\(.*\/([^/>"]*)(>|", 0)\).*/\1 \2/p'
}
if mount -t tmpfs none "$system/other" 2>/dev/null; then
	trap 'umount "$system/other"; libvirtd_stop; rm -rf "$scratch"' EXIT
	echo given >"$system/other/given.img"
	equal 'a copied root image is on the disk before the original goes' "fsync root.img
fsync new
unlinkat given.img" moved
	equal 'which is gone then' '' ls "$system/other"
fi
done_testing
