#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# chroot.sh BIN - the binary alone: a directory with nothing but it and a store, no /proc, /dev, /etc, no library, no shell.
set -u
bin=$1
here=$(dirname "$0")
# shellcheck source=SCRIPTDIR/lib/tap.sh
. "$here/lib/tap.sh"

command -v chroot >/dev/null && command -v unshare >/dev/null || skip_all 'no chroot and unshare (deps/install test)'
as_root=
[ "$(id -u)" = 0 ] || as_root='unshare -r'
$as_root chroot / true || skip_all 'neither root nor allowed to be it in a name space'

alone=$(mktemp -d) || exit
trap 'rm -rf "$alone"' EXIT
trap 'exit 1' HUP INT TERM
store=$alone/var/lib/qubes/qubes.xml
mkdir -p "$(dirname "$store")"
cp "$bin" "$alone/qubes"
cp "$here/golden/stores/installer.xml" "$store"

# Nothing of the outside's environment either.
in_there() { env -i $as_root "$(command -v chroot)" "$alone" "$@"; }
rows() { in_there /qubes qvm-ls --raw-data name-raw netvm 'last backup' 2>&1 | head -n "$1"; }
reason() { in_there /qubes qvm-ls "$@" work 2>&1 >/dev/null | wc -l; }
links() { find "$1" ! -type d | wc -l; }
applets() { in_there /qubes --list | wc -l; }

equal 'there is nothing but the binary and the store' '/qubes
/var/lib/qubes/qubes.xml' sh -c 'cd "$1" && find . -type f | cut -c2- | sort' sh "$alone"
equal 'qvm-ls lists the store' 'dom0|n/a|-
sys-net|n/a|-
sys-firewall|sys-net|-' rows 3
equal 'dates are in UTC where there is no time zone' 'personal|2015-04-25' \
	in_there /qubes qvm-ls personal --raw-data name-raw 'last backup'
equal 'offline, it says once that states are not known' 1 reason --offline-mode
equal 'so it does when no daemon is there' 1 reason
equal 'qvm-prefs reads' blue in_there /qubes qvm-prefs work label
equal 'qvm-prefs -s writes' '' in_there /qubes qvm-prefs --offline-mode -s work label red
equal 'one attribute, and nothing else' '' \
	sh -c 'sed "/name=\"work\"/s/label=\"blue\"/label=\"red\"/" "$1" | cmp - "$2"' \
	sh "$here/golden/stores/installer.xml" "$store"
equal 'without --offline-mode too' '' in_there /qubes qvm-prefs -s work label green
equal 'qubes-prefs writes' '' in_there /qubes prefs -s clockvm none
equal 'nothing is left beside the store' qubes.xml ls "$alone/var/lib/qubes"

mkdir "$alone/bin" "$alone/sbin"
check '--install makes hard links' in_there /qubes --install /bin
equal 'one for each applet' "$(applets)" links "$alone/bin"
equal 'that work' red sh -c '"$@" qvm-prefs -s work label red && "$@" qvm-prefs work label' sh \
	$as_root chroot "$alone" /qubes
equal 'by their names' red in_there /bin/qvm-prefs work label
check '--install -s makes symbolic ones' in_there /qubes --install -s /sbin
equal 'to where it is' /qubes readlink "$alone/sbin/qvm-ls"
equal 'that work by their names' red in_there /sbin/qvm-prefs work label

# A VM, from a template's files; its UUID comes without /dev/urandom.
mkdir -p "$alone/var/lib/qubes/vm-templates/fedora-23" "$alone/var/lib/qubes/appvms"
mkdir -p "$alone/var/lib/qubes/vm-kernels/3.18.17-8"
(cd "$alone/var/lib/qubes" && touch vm-kernels/3.18.17-8/vmlinuz vm-kernels/3.18.17-8/initramfs &&
	truncate -s 1M vm-templates/fedora-23/root.img vm-templates/fedora-23/private.img)
check 'qvm-create makes a VM' in_there /qubes qvm-create --offline-mode -l red new
equal 'that has a UUID' 36 sh -c '"$@" | tr -d "\n" | wc -c' sh \
	$as_root chroot "$alone" /qubes qvm-prefs new uuid

rm "$store"
check 'qvm-init-storage makes a store' in_there /qubes qvm-init-storage
equal 'that is empty' dom0 in_there /qubes qvm-ls --raw-list
done_testing
