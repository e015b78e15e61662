#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# template-changes.sh [SECTORS] - qvm-template-commit, qvm-revert-template-changes and qvm-grow-root against the
# kernel's own device-mapper, in chunks of SECTORS (256, as on a Qubes host). Runs as root in the dom0 of the lab
# (xen-boot.sh PROGRAM tests/xen/template-changes.sh), where the program is $BIN.

set -u

export QUBES_OFFLINE=1
sectors=${1:-256}
template=/var/lib/qubes/vm-templates/tpl
ran=0
failed=0

# ok TEXT COMMAND...: the command succeeds.
ok()
{
	text=$1
	shift
	ran=$((ran + 1))
	if "$@" >/tmp/output 2>&1; then
		echo "ok $ran - $text"
	else
		echo "not ok $ran - $text: $*"
		sed 's/^/#   /' /tmp/output
		failed=$((failed + 1))
	fi
}

refuses()
{
	message=$1
	shift
	"$@" 2>&1 | tee /tmp/said
	grep -q -- "$message" /tmp/said
}

# No udev runs here, so the device nodes are made by dmsetup.
device()
{
	dmsetup "$1" --noudevsync --noudevrules "$2" ${3:+--table "$3"} && dmsetup mknodes
}

# What the hot-plug scripts do when a template starts: its writes go to the origin.
start()
{
	root=$(losetup -f --show root.img)
	cow=$(losetup -f --show root-cow.img)
	snapshot=snapshot-$(stat -c %D:%i root.img)-$(stat -c %D:%i root-cow.img)
	length=$(blockdev --getsz "$root")
	device create "$snapshot" "0 $length snapshot $root $cow P $sectors" &&
		device create origin "0 $length snapshot-origin $root"
}

stop_vms()
{
	device remove "$snapshot" && losetup -d "$root" "$cow"
}

# write COUNT SEEK: so many blocks of 4 KiB are changed by the template.
write()
{
	dd if=/dev/urandom of=/dev/mapper/origin bs=4k count="$1" seek="$2" oflag=direct conv=notrunc
}

is_as_before()
{
	[ "$(md5sum <"$1")" = "$before" ]
}

is_changed()
{
	! is_as_before "$1"
}

prepare()
{
	modprobe -a dm_snapshot loop
	"$BIN" qvm-init-storage
	mkdir -p $template/kernels && cd $template || return
	touch private.img kernels/vmlinuz kernels/initramfs
	truncate -s 40M root.img
	dd if=/dev/urandom of=root.img bs=1M count=16 conv=notrunc
	dd if=/dev/urandom of=root.img bs=1000 count=3 seek=30000 conv=notrunc
	"$BIN" qvm-add-template tpl && "$BIN" qvm-template-commit tpl
}

ok 'a template is there' prepare
cd $template || exit 1
before=$(md5sum <root.img)

ok 'it starts' start
ok 'it writes much in one place' write 700 100
for place in 1 77 2000 5000 9000 10239; do
	ok "it writes at $place" write 1 "$place"
done
ok 'its root image has changed' is_changed root.img
ok 'it stops' device remove origin
ok 'as long as they are not committed there is nothing to take back' refuses 'nothing to take back' \
	"$BIN" qvm-revert-template-changes --force tpl
ok 'the changes are committed' "$BIN" qvm-template-commit tpl
ok 'they are taken back' "$BIN" qvm-revert-template-changes --force tpl
ok 'the root image is as before' is_as_before root.img
ok 'a VM that began before sees the same as ever' is_as_before "/dev/mapper/$snapshot"
ok 'that VM stops' stop_vms
ok 'there is nothing more to take back' refuses 'nothing to take back' \
	"$BIN" qvm-revert-template-changes --force tpl

ok 'device-mapper goes on with that pair' start
ok 'the root image still is as before' is_as_before "/dev/mapper/$snapshot"
ok 'the template writes again' write 300 600
ok 'it stops again' device remove origin
ok 'no VM is left' stop_vms
ok 'again there is nothing to take back before' refuses 'nothing to take back' \
	"$BIN" qvm-revert-template-changes --force tpl
ok 'the changes are committed again' "$BIN" qvm-template-commit tpl
ok 'and taken back' "$BIN" qvm-revert-template-changes --force tpl
ok 'to what was there in the beginning' is_as_before root.img

ok 'a third run' start
ok 'changes a block' write 1 1
ok 'stops' device remove origin
ok 'is committed' "$BIN" qvm-template-commit tpl
ok 'while a VM uses what came of it' device create \
	"snapshot-$(stat -c %D:%i root.img)-$(stat -c %D:%i root-cow.img)" "0 $length zero"
ok 'so that it is not taken back' refuses 'a VM that runs uses' "$BIN" qvm-revert-template-changes --force tpl

ok 'an image that has a loop device grows' "$BIN" qvm-grow-root --file-only tpl 64M
ok 'and the device with it' [ "$(blockdev --getsize64 "$root")" = 67108864 ]

echo "1..$ran"
[ "$failed" = 0 ]
