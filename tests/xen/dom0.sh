#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the dom0 of a real Xen host (tests/xen/run), with the program in PATH and libvirtd on xen:///.
#
# The store is made by the program itself, in the root directory and with nothing said about the hypervisor:
# as on a Qubes host. The VM is standalone, so that Xen needs no scripts of ours; its images become block
# devices, because that is what Xen's "phy" disks are.

set -u

data=/var/lib/qubes
guest=$data/appvms/guest
libxl_log=/var/log/libvirt/libxl/libxl-driver.log
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
		tail -n 20 /tmp/output /var/log/libvirt/libvirtd.log "$libxl_log" | sed 's/^/#   /'
		dmesg | grep segfault
		failed=$((failed + 1))
	fi
}

# says MESSAGE COMMAND...: it succeeds and prints a line with MESSAGE, a basic regular expression.
says()
{
	message=$1
	shift
	"$@" >/tmp/said 2>&1
	status=$?
	cat /tmp/said
	[ "$status" = 0 ] && grep -q -- "$message" /tmp/said
}

# refuses MESSAGE COMMAND...: it fails with status 1 and that message.
refuses()
{
	message=$1
	shift
	"$@" >/tmp/said 2>&1
	status=$?
	cat /tmp/said
	[ "$status" = 1 ] && grep -q -- "$message" /tmp/said
}

not()
{
	! "$@"
}

same()
{
	echo "'$1' and '$2'"
	[ -n "$1" ] && [ "$1" = "$2" ]
}

# PATH becomes a link to a loop device of its content.
make_block_device()
{
	mv "$1" "$1.file" && device=$(losetup --find --show "$1.file") && ln -s "$device" "$1"
}

# The guest's init writes this line to its console once its disks are there.
hear_guest()
{
	# shellcheck disable=SC2016 # expanded by that shell
	timeout 60 sh -c 'grep -m 1 "GUEST-UP" <"$(virsh ttyconsole guest | head -n 1)"'
}

# libxl gives the hot-plug scripts of all disks a time that is short under emulation: one that ran out is the
# lab's failure, and COMMAND is tried again. Any other failure is ours.
patiently()
{
	for try in 1 2 3; do
		before=$(hotplug_timeouts)
		"$@" && return
		[ "$(hotplug_timeouts)" -gt "$before" ] || return
		echo "# try $try: the lab's hot-plug scripts were too slow" >>/tmp/slow
	done
	return 1
}

start_guest()
{
	patiently qvm-start "$@" guest
}

# Xen's disks of the guest, by their numbers and the states of their frontends: 51840 is xvdi, 4 is connected.
disks()
{
	xl block-list guest | awk 'NR > 1 { print $1 "=" $4 }' | sort | tr '\n' ' '
}

# says_in_time MESSAGE COMMAND...: it does so within half a minute.
says_in_time()
{
	for try in 1 2 3 4 5 6 7 8 9 10; do
		says "$@" && return
		sleep 3
	done
	return 1
}

hotplug_timeouts()
{
	grep -c 'killing execution of .* because of timeout' "$libxl_log"
}

install_files()
{
	mkdir -p "$data/vm-kernels/lab" "$data/vm-templates/tpl"
	cp /boot/guest-vmlinuz "$data/vm-kernels/lab/vmlinuz"
	cp /boot/guest-initrd.img "$data/vm-kernels/lab/initramfs"
	truncate -s 16M "$data/vm-kernels/lab/modules.img" "$data/vm-templates/tpl/root.img" \
		"$data/vm-templates/tpl/private.img"
}

mkdir /tmp/bin
ok 'the links' qubes --install -s /tmp/bin
PATH=/tmp/bin:$PATH

echo '# store tools while libvirtd is stopped (SIGSTOP): whatever connected would hang'
libvirtd=$(pidof libvirtd)
kill -STOP "$libvirtd"
ok 'a new store' timeout 5 qvm-init-storage
install_files
ok 'the default kernel' timeout 5 qubes-prefs -s default-kernel lab
ok 'a template' timeout 5 qvm-add-template tpl
ok 'the default template' timeout 5 qubes-prefs -s default-template tpl
ok 'a standalone VM, offline' timeout 5 qvm-create --offline-mode -q -l green -s -m 256 guest
ok 'its maxmem, whose bound is the host'\''s' timeout 5 qvm-prefs --offline-mode -s guest maxmem 256
ok 'its CPUs, likewise' timeout 5 qvm-prefs --offline-mode -s guest vcpus 1
ok 'no network' timeout 5 qvm-prefs --offline-mode -s guest netvm none
ok 'a note of the store alone' timeout 5 qvm-prefs -s guest default_user root
ok 'memory is read' says '^256$' timeout 5 qvm-prefs -g guest memory
ok 'a listing of names needs no hypervisor' says '^guest$' timeout 5 qvm-ls --raw-list
ok 'an offline listing has no states' says ' guest .* NA ' timeout 5 qvm-ls --offline-mode
ok 'a listing without --offline-mode gives up the silent daemon, and still lists' \
	says ' guest .* NA ' timeout 30 qvm-ls
kill -CONT "$libvirtd"

for image in "$guest/root.img" "$guest/private.img" "$guest/volatile.img" "$data/vm-kernels/lab/modules.img"; do
	make_block_device "$image"
done
uuid=$(qvm-prefs -g guest uuid)

echo '# offline mode refuses'
offline='VMM operations disabled in offline mode'
ok 'to start' refuses "$offline" qvm-start --offline-mode guest
ok 'to kill' refuses "$offline" qvm-kill --offline-mode guest
ok 'to start, by the environment' refuses "$offline" env QUBES_OFFLINE=1 qvm-start guest
ok 'and Xen has no such domain' refuses 'failed to get domain' virsh -q domstate guest

echo '# online'
ok 'dom0 runs' says '{dom0} .* Running ' qvm-ls
ok 'the VM does not' says ' guest .* Halted ' qvm-ls
ok 'a query defines no domain' not virsh -q domuuid guest
ok 'start' start_guest
ok 'it is active' says ' guest |  \* | Transient ' qvm-ls
ok 'virsh sees it run' says '^running$' virsh -q domstate guest
ok 'with the UUID of the store' same "$uuid" "$(virsh -q domuuid guest | head -n 1)"
ok 'as a PV guest of Xen' says "machine='xenpv'" virsh -q dumpxml guest
ok 'its own init is up, with that UUID and four disks' says "GUEST-UP $uuid disks: xvda xvdb xvdc xvdd" hear_guest
ok 'the domain id is Xen'\''s' same "$(virsh -q domid guest | head -n 1)" "$(qvm-ls guest --raw-data xid)"
xid=$(virsh -q domid guest | head -n 1)
ok 'xenstore lets it publish its memory' says "^memory = .*(n$xid" xenstore-ls -p "/local/domain/$xid"
ok 'and has the time of its start' says "^guest  $(date +%Y)-" qvm-ls -O name,start_time guest
ok 'it is seen at work' says '^ *guest | ' qvm-top
ok 'a second start is refused' refuses 'already' qvm-start guest
ok 'pause' qvm-pause guest
ok 'virsh sees it paused' says '^paused$' virsh -q domstate guest
ok 'and so do we' says '^Paused$' qvm-ls guest --raw-data state
ok 'unpause' qvm-unpause guest
ok 'it runs again' says '^running$' virsh -q domstate guest
ok 'kill' qvm-kill guest
ok 'virsh sees it off' says '^shut off$' virsh -q domstate guest
ok 'and so do we' says '^Halted$' qvm-ls guest --raw-data state
ok 'start again' start_guest -q
ok 'the same UUID' same "$uuid" "$(virsh -q domuuid guest | head -n 1)"
ok 'its init is up again' says 'GUEST-UP' hear_guest
truncate -s 1M /tmp/stick
stick=$(losetup --find --show /tmp/stick)
ok 'a disk is attached while it runs' patiently qvm-block --ro -A guest "dom0:$stick"
ok 'the guest has taken it' says_in_time '51840=4' disks
ok 'libvirt has it, read-only' says '^ *<readonly/>' virsh -q dumpxml guest
ok 'one that it has is refused' refuses 'attached to guest already as xvdi' qvm-block -A guest "dom0:$stick"
ok 'its disks are taken' patiently qvm-block -d guest
ok 'that one' not says '51840=' disks
ok 'but none that it runs from' says '51712=4 51728=4 51744=4 51760=4' disks
ok 'a shutdown that it obeys' qvm-shutdown --wait --timeout 60 guest
ok 'it is off' says '^shut off$' virsh -q domstate guest

echo '# the job after a boot; there is no group qubes here'
ok 'qubes-startup' says "left out: there is no group qubes" qubes-startup
ok 'xenstore knows dom0 by its name' says '^dom0$' xenstore-read /local/domain/0/name
ok 'there is a copy of the store' cmp "$data"/backup/qubes-*.xml "$data/qubes.xml"

cat /tmp/slow 2>/dev/null
echo "# $ran checks, $failed failed"
[ "$failed" = 0 ]
