#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# chroot.sh BIN - the binary alone: a directory with nothing but it and a store; no /proc, /dev, /etc, no
# library, no shell.
set -u
bin=$1
here=$(dirname "$0")
# shellcheck source=SCRIPTDIR/lib/tap.sh
. "$here/lib/tap.sh"

for need in chroot unshare; do
	command -v $need >/dev/null || skip_all "no $need (deps/install test)"
done
# Root in a name space of its own does as well.
chroot=$(command -v chroot)
[ "$(id -u)" = 0 ] || chroot="unshare -r $chroot"
$chroot / true 2>/dev/null || skip_all 'not root, and not allowed to be it in a name space'

alone=$(mktemp -d) || exit
trap 'rm -rf "$alone"' EXIT
trap 'exit 1' HUP INT TERM
store=$alone/var/lib/qubes/qubes.xml
mkdir -p "$(dirname "$store")"
cp "$bin" "$alone/qubes"
cp "$here/golden/stores/installer.xml" "$store"

# Nothing of the outside's environment either.
in_there()
{
	# shellcheck disable=SC2086 # it may be two words
	env -i $chroot "$alone" "$@"
}

files() { (cd "$alone" && find . -type f | cut -c2- | sort); }
rows() { in_there /qubes qvm-ls -q --raw-data name-raw netvm 'last backup' | head -n "$1"; }
reasons() { in_there /qubes qvm-ls -q "$@" work 2>&1 >/dev/null | wc -l; }
links() { find "$1" ! -type d | wc -l; }
uuid_length() { in_there /qubes qvm-prefs new uuid | tr -d '\n' | wc -c; }
applets() { in_there /qubes --list | wc -l; }
changed()
{
	sed '/name="work"/s/memory="400"/memory="500"/' "$here/golden/stores/installer.xml" | cmp - "$store"
}


equal 'there is nothing but the binary and the store' '/qubes
/var/lib/qubes/qubes.xml' files
equal 'qvm-ls lists the store' 'dom0|n/a|-
sys-net|n/a|-
sys-firewall|sys-net|-' rows 3
equal 'dates are in UTC where there is no time zone' 'personal|2015-04-25' \
	in_there /qubes qvm-ls -q personal --raw-data name-raw 'last backup'
equal 'offline, it says once that states are not known' 1 reasons --offline-mode
equal 'so it does when no daemon is there' 1 reasons
equal 'qvm-prefs reads' 400 in_there /qubes qvm-prefs work memory
equal 'qvm-prefs -s writes' '' in_there /qubes qvm-prefs --offline-mode -s work memory 500
equal 'one attribute, and nothing else' '' changed
check 'without --offline-mode too' in_there /qubes qvm-prefs -s work memory 600
equal 'qubes-prefs writes' '' in_there /qubes prefs -s clockvm none
equal 'nothing is left beside the store' qubes.xml ls "$alone/var/lib/qubes"

mkdir "$alone/bin" "$alone/sbin"
equal '--install makes hard links' '' in_there /qubes --install /bin
equal 'one for each applet' "$(applets)" links "$alone/bin"
equal 'that work' 600 in_there /bin/qvm-prefs work memory
equal '--install -s makes symbolic ones' '' in_there /qubes --install -s /sbin
equal 'to where it is' /qubes readlink "$alone/sbin/qvm-ls"
equal 'that work' 600 in_there /sbin/qvm-prefs work memory

# A VM, from a template's files; its UUID comes without /dev/urandom.
mkdir -p "$alone/var/lib/qubes/vm-templates/fedora-23" "$alone/var/lib/qubes/appvms"
mkdir -p "$alone/var/lib/qubes/vm-kernels/3.18.17-8"
(cd "$alone/var/lib/qubes" && touch vm-kernels/3.18.17-8/vmlinuz vm-kernels/3.18.17-8/initramfs &&
	truncate -s 1M vm-templates/fedora-23/root.img vm-templates/fedora-23/private.img)
check 'qvm-create makes a VM' in_there /qubes qvm-create --offline-mode -l red new
equal 'that has a UUID' 36 uuid_length

rm "$store"
check 'qvm-init-storage makes a store' in_there /qubes qvm-init-storage
equal 'that is empty' dom0 in_there /qubes qvm-ls --raw-list
done_testing
