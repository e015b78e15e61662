#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tests/bench/batch.sh QUBES - many VMs made by one qubes-batch against as many runs of qvm-create: rows for the
# table of tests/bench/run.
#
# Both make the same files, so these are tiny; both sync what they write, so they stay in memory if there is room.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
[ $# = 1 ] || { echo "usage: tests/bench/batch.sh QUBES" >&2; exit 2; }
qubes=$(realpath "$1")
many=200 rounds=5

memory=
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || memory=/dev/shm
scratch=$(mktemp -d ${memory:+-p "$memory"})
trap 'rm -rf --one-file-system "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
unset QUBES_ROOT QUBES_OFFLINE QUBES_LIBVIRT_URI

fail()
{
	echo "bench: $*" >&2
	exit 1
}

# A root with a template and its network, and a private image to copy.
make_root()
{
	rm -rf "$scratch/root"
	base=$scratch/root/var/lib/qubes
	mkdir -p "$base/appvms" "$base/vm-templates/fedora-23"
	{ head -n 6 "$here/../golden/stores/big250.xml"; echo '</QubesVmCollection>'; } >"$base/qubes.xml"
	truncate -s 64K "$base/vm-templates/fedora-23/private.img"
}

# Runs COMMAND over a fresh root; its wall time in ms.
timed()
{
	make_root
	start=$(date +%s%N)
	"$@" >"$scratch/output" 2>&1 || { cat "$scratch/output" >&2; fail "failed: $*"; }
	echo $((($(date +%s%N) - start) / 1000000))
	made=$(grep -c '<QubesAppVm .*name="many' "$base/qubes.xml")
	[ "$made" = "$many" ] || fail "$made VMs instead of $many: $*"
}

as_one() { "$scratch/qubes-batch" --root "$scratch/root" "$scratch/commands"; }

one_by_one()
{
	for number in $(seq $many); do
		"$scratch/qvm-create" --root "$scratch/root" -q -l red "many$number" || return
	done
}

ln -s "$qubes" "$scratch/qubes-batch"
ln -s "$qubes" "$scratch/qvm-create"
seq $many | sed 's/.*/qvm-create -q -l red many&/' >"$scratch/commands"

# That round whose ratio is the median.
for _ in $(seq $rounds); do
	echo "$(timed as_one) $(timed one_by_one)"
done | awk '{ printf "%.2f %d %d\n", $1 / $2, $1, $2 }' | sort -n >"$scratch/ratios"
read -r value batch single <<-EOT
	$(sed -n $((rounds / 2 + 1))p "$scratch/ratios")
EOT

# row WHAT VALUE MOST
row()
{
	verdict=ok
	awk -v value="$2" -v most="$3" 'BEGIN { exit !(value <= most) }' || { verdict=MISSED; touch "$scratch/missed"; }
	printf '  %-68s %8s  %8s  %s\n' "$1" "$2" "<= $3" "$verdict"
}

# How often a command opens the store, and replaces it.
uses()
{
	make_root
	strace -f -o "$scratch/trace" -e trace=open,openat,rename,renameat,renameat2 "$@" >"$scratch/output" 2>&1 ||
		{ cat "$scratch/output" >&2; fail "failed: $*"; }
	grep -c '[a-z]*(.*"qubes\.xml"[^"]*$' "$scratch/trace"
}

printf '\n%-70s %8s  %8s\n' "making $many VMs" measured target
row "wall time of a batch ($batch ms) to $many runs ($single ms)" "$value" 0.5
if command -v strace >/dev/null; then
	single=$(uses "$scratch/qvm-create" --root "$scratch/root" -q -l red many1)
	row "opens and saves of the store by a batch (by $many runs: $((many * single)))" \
		"$(uses "$scratch/qubes-batch" --root "$scratch/root" "$scratch/commands")" 2
fi
[ ! -e "$scratch/missed" ]
