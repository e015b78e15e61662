#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build.sh BIN - what make built, and what else it can build.
set -u
bin=$1
here=$(dirname "$0")
# shellcheck source=SCRIPTDIR/lib/tap.sh
. "$here/lib/tap.sh"

SIZE_MAX=6291456 # 6 MiB

scratch=$(mktemp -d) || exit
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

get()
{
	mkdir -p "$scratch/var/lib/qubes"
	cp "$here/golden/stores/installer.xml" "$scratch/var/lib/qubes/qubes.xml"
	"$1" qvm-prefs --root "$scratch" work label
}

# Lines of readelf that name what a loader or a library would be needed for.
needs() { LC_ALL=C readelf -ldW "$bin" | grep -E 'INTERP|NEEDED|Requesting'; }
size() { strip -o "$scratch/stripped" "$bin" && [ "$(stat -c %s "$scratch/stripped")" -le $SIZE_MAX ]; }
# Not a jobs server's client of the make that runs us.
quietly_built() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 -s "$@"; }

symbols() { LC_ALL=C readelf -SW "$bin" | grep -F .symtab; }

equal 'qubes needs no loader and no library' '' needs
check 'stripped it has at most 6 MiB' size
equal 'what make leaves is stripped' '' symbols
equal 'clang builds it with shared libraries, without a word' '' \
	quietly_built STATIC=0 CC=clang OUT=build/clang-0 build/clang-0/qubes
equal 'that is the same program' "$("$bin" --list)" build/clang-0/qubes --list
equal 'and works' blue get build/clang-0/qubes
done_testing
