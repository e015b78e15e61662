# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What run has in a rescue shell: the disk of a broken system, busybox, and our one file. Prints TAP.
set -u

count=0 failed=0

# check WHAT STATUS COMMAND...: it ends so. What it printed is in $said.
check()
{
	what=$1 wanted=$2
	shift 2
	said=$("$@" 2>&1)
	got=$?
	result "$what" [ "$got" = "$wanted" ]
}

result()
{
	what=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $what"
	else
		failed=$((failed + 1))
		echo "not ok $count - $what"
		echo "$said" | sed 's/^/#     /'
	fi
}

says() { echo "$said" | grep -q "$1"; }

store=/mnt/var/lib/qubes/qubes.xml
mkdir -p /mnt
gunzip -c /lab/extra/disk.gz >/dev/vda
mount -t ext4 /dev/vda /mnt || exit 1
cp $store /tmp/before.xml

check 'the system does not start, and that is said' 4 "$BIN" qubes-fsck --root /mnt -n
result 'for its release' says 'qubesd of R4.2 does not start'
result 'with the line and the VM' says 'line 684: error: work: .lots. is no value for memory'
result 'nothing is changed by that' cmp -s $store /tmp/before.xml
check 'it is repaired' 1 "$BIN" qubes-fsck --root /mnt -y
check 'and clean' 0 "$BIN" qubes-fsck --root /mnt -n
check 'a copy of the file as it was is kept' 0 cmp /tmp/before.xml /mnt/var/lib/qubes/backup/*before-fsck.xml
said=$(stat -c '%a %u:%g' $store)
result 'owner and mode stay' [ "$said" = '660 0:98' ]

cd / && umount /mnt && mount -t ext4 /dev/vda /mnt
check 'on the disk too' 0 "$BIN" qubes-fsck --root /mnt -n
check 'its VMs are listed' 0 "$BIN" qvm-ls --root /mnt
result 'all of them' says work
check 'only what was wrong is changed' 1 "$BIN" qubes-diff --root /mnt /var/lib/qubes/backup/qubes-2026-01-02-03:04:05.xml
result 'the netvm that was gone' says '^default_netvm: sys-firewall -> default'
result 'the memory' says '^work: memory: 800 -> default'
result 'the keyboard, mended' says '^work: keyboard_layout: de+nodeadkeys+caps:escape -> de++'
result 'the tag' says '^work: tag team_A-1: set -> (none)'
result 'and nothing else' [ "$(echo "$said" | wc -l)" = 4 ]

# ---- the file is cut short; the newest copy is too ----
mv /mnt/var/lib/qubes/cut.xml $store
check 'a file that is cut short is compared with the newest copy that is whole' 4 "$BIN" qubes-fsck --root /mnt -n
result 'which is not the newest' says 'intact is /var/lib/qubes/backup/qubes-2026-01-02-03:04:05.xml'
result 'VM by VM' says 'win10: removed'
check 'both are put together' 1 "$BIN" qubes-fsck --root /mnt -y
check 'that is clean' 0 "$BIN" qubes-fsck --root /mnt -n
check 'and nothing is missing' 0 "$BIN" qubes-diff --root /mnt /var/lib/qubes/backup/qubes-2026-01-02-03:04:05.xml

# ---- nothing can be written ----
mv $store /tmp/whole.xml && : >$store && mount -o remount,ro /mnt
check 'a disk that is mounted read-only can be looked at' 4 "$BIN" qubes-fsck --root /mnt -n
check 'but not repaired' 8 "$BIN" qubes-fsck --root /mnt -y
umount /mnt

echo "1..$count"
[ "$failed" = 0 ]
