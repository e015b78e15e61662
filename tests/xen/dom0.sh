#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in the dom0 of a real Xen host (tests/xen/run), with the program in PATH and libvirtd on xen:///.
#
# The store is made by the program itself, in the root directory and with nothing said about the hypervisor:
# as on a Qubes host. A NetVM, a ProxyVM and an AppVM, one the network of the next; they are standalone, so that
# Xen needs no scripts of ours; their images become block devices, because that is what Xen's "phy" disks are.

set -u

data=/var/lib/qubes
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
		return
	fi
	echo "not ok $ran - $text: $*"
	tail -n 20 /tmp/output /var/log/libvirt/libvirtd.log "$libxl_log" | sed 's/^/#   /'
	dmesg | grep segfault
	failed=$((failed + 1))
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

# hear VM: its init writes this line to its console, with what it sees of its disks by then.
hear()
{
	# shellcheck disable=SC2016 # expanded by that shell
	timeout 150 sh -c 'grep -m 1 "GUEST-UP" <"$(virsh ttyconsole "$1" | head -n 1)"' sh "$1"
}

# patiently COMMAND...: what fails for a reason of the lab is tried again; any other failure is ours.
patiently()
{
	for try in 1 2 3; do
		before=$(hotplug_timeouts)
		"$@" >/tmp/tried 2>&1 && return
		cat /tmp/tried
		lab_failed "$before" || return
		echo "# try $try: the lab's scripts were too slow" >>/tmp/slow
	done
	return 1
}

start()
{
	patiently qvm-start --skip-if-running "$@"
}

# libxl gives the hot-plug scripts of all disks a time that is short under emulation; after one that ran out, a script
# does no more than it must.
lab_failed()
{
	[ "$(hotplug_timeouts)" -gt "$1" ] && be_quick
}

# For disks that are block devices, what Xen's own script comes to after looking who else uses them.
be_quick()
{
	cat >/etc/xen/scripts/block <<-'EOT'
		#!/bin/sh
		if [ "$1" = add ]; then
			device=$(xenstore-read "$XENBUS_PATH/params")
			xenstore-write "$XENBUS_PATH/physical-device" "$(stat -L -c %t:%T "$device")" \
				"$XENBUS_PATH/hotplug-status" connected
		fi
	EOT
}

hotplug_timeouts()
{
	grep -c 'killing execution of .* because of timeout' "$libxl_log"
}

# ---- both sides of it ----

# "NAME XID" of all domains that Xen has but its own, by name.
xen_has()
{
	xl list | awk 'NR > 1 && $2 > 0 { print $1, $2 }' | sort
}

# The same as we see it.
we_have()
{
	qvm-ls --raw-data name-raw xid | awk -F'|' '$2 > 0 { print $1, $2 }' | sort
}

same_domains()
{
	same "$(xen_has)" "$(we_have)"
}

# The UUIDs of all VMs but dom0 and the template: of the store, of libvirt.
stored_uuids()
{
	for vm; do
		echo "$vm $(qvm-prefs -g "$vm" uuid)"
	done
}

defined_uuids()
{
	for vm; do
		echo "$vm $(virsh -q domuuid "$vm" | head -n 1)"
	done
}

same_uuids()
{
	same "$(stored_uuids "$@")" "$(defined_uuids "$@")"
}

# Are the UUIDs in the store what they were at the beginning, whatever the VMs are called now?
kept_uuids()
{
	same "$uuids" "$(stored_uuids "$@" | cut -d ' ' -f 2)"
}

xid()
{
	virsh -q domid "$1" | head -n 1
}

no_domains()
{
	[ -z "$(xen_has)" ] && xl list
}

# VM NETVM: the interface of VM has its other end there.
has_backend()
{
	xl network-list "$1"
	same "$(xid "$2")" "$(xl network-list "$1" | awk 'NR == 2 { print $2 }')"
}

# Xen's disks of VM, by their numbers and the states of their frontends: 51840 is xvdi, 4 is connected.
disks()
{
	xl block-list "$1" | awk 'NR > 1 { print $1 "=" $4 }' | sort | tr '\n' ' '
}
four_disks='51712=4 51728=4 51744=4 51760=4'

# says_in_time MESSAGE COMMAND...: it does so within a minute.
says_in_time()
{
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		says "$@" && return
		sleep 3
	done
	return 1
}

xen_state()
{
	xl list "$1" | awk 'NR == 2 { print $5 }'
}

only_dom0()
{
	same 'Domain-0' "$(virsh -q list --all --name | sed '/^$/d')"
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
make()
{
	timeout 5 qvm-create --offline-mode -q -s -m 192 "$@"
}
ok 'a NetVM, offline' make -l red --net net
ok 'a ProxyVM behind it' make -l green --proxy --property netvm=net fw
ok 'an AppVM behind that' make -l blue --property netvm=fw app
for vm in net fw app; do
	ok "$vm: its maxmem, whose bound is the host's" timeout 5 qvm-prefs --offline-mode -s "$vm" maxmem 192
	ok "$vm: its CPUs, likewise" timeout 5 qvm-prefs --offline-mode -s "$vm" vcpus 1
done
ok 'a note of the store alone' timeout 5 qvm-prefs -s app default_user root
ok 'memory is read' says '^192$' timeout 5 qvm-prefs -g app memory
ok 'a listing of names needs no hypervisor' says '^app$' timeout 5 qvm-ls --raw-list
ok 'an offline listing has no states' says ' app .* NA ' timeout 5 qvm-ls --offline-mode
ok 'a listing without --offline-mode gives up the silent daemon, and still lists' \
	says ' app .* NA ' timeout 30 qvm-ls
kill -CONT "$libvirtd"

for directory in $data/servicevms/net $data/servicevms/fw $data/appvms/app; do
	for image in root.img private.img volatile.img; do
		make_block_device "$directory/$image"
	done
done
make_block_device "$data/vm-kernels/lab/modules.img"
uuids=$(stored_uuids net fw app | cut -d ' ' -f 2)

echo '# offline mode refuses'
offline='VMM operations disabled in offline mode'
ok 'to start' refuses "$offline" qvm-start --offline-mode app
ok 'to kill' refuses "$offline" qvm-kill --offline-mode app
ok 'to start, by the environment' refuses "$offline" env QUBES_OFFLINE=1 qvm-start app
ok 'and Xen has no such domain' refuses 'failed to get domain' virsh -q domstate app

echo '# started: the VMs that give it network first'
ok 'dom0 runs' says '{dom0} .* Running ' qvm-ls
ok 'the VM does not' says ' app .* Halted ' qvm-ls
ok 'a query defines no domain' only_dom0
ok 'qvm-start app' start app
for vm in net fw app; do
	ok "$vm is active" says " {*$vm}* |  \* | Transient " qvm-ls
	ok "virsh sees $vm run" says '^running$' virsh -q domstate "$vm"
	ok "as a PV guest of Xen" says "machine='xenpv'" virsh -q dumpxml "$vm"
done
ok 'qvm-ls and xl list see the same domains' same_domains
ok 'with the UUIDs of the store' same_uuids net fw app
ok 'the interface of app ends in fw' has_backend app fw
ok 'that of fw in net' has_backend fw net
app=$(qvm-prefs -g app uuid)
for vm in net fw app; do
	ok "the init of $vm is up, with its UUID" says "GUEST-UP $(qvm-prefs -g $vm uuid)" hear $vm
	ok "$vm has its four disks" says_in_time "$four_disks" disks $vm
done
number=$(xid app)
ok 'xenstore lets it publish its memory' says "^memory = .*(n$number" xenstore-ls -p "/local/domain/$number"
ok 'and has the time of its start' says "^app  *$(date +%Y)-" qvm-ls -O name,start_time app
ok 'it is seen at work' says '^ *app | ' qvm-top
ok 'so is dom0, which Xen knows' says '^ *dom0 | *[0-9]*[1-9][0-9.]* |' qvm-top
ok 'a second start is refused' refuses 'already' qvm-start app

echo '# another network while it runs: nobody in fw answers when the interface is to go (tests/libvirt/network.sh has the rest)'
ok 'it does not get into a network before it has left the other' refuses 'it stays in the network of fw' \
	qvm-prefs -s app netvm net
ok 'and nothing was stored' same fw "$(qvm-prefs -g app netvm)"
ok 'its netvm cannot be shut down under it' refuses 'running VMs get their network from it: fw' qvm-shutdown net

echo '# paused, resumed, killed, shut down'
ok 'pause' qvm-pause app
ok 'virsh sees it paused' says '^paused$' virsh -q domstate app
ok 'so does xl list' says '^..p...$' xen_state app
ok 'and so do we' says '^Paused$' qvm-ls app --raw-data state
ok 'unpause' qvm-unpause app
ok 'it runs again' says '^running$' virsh -q domstate app
ok 'so xl list says' says '^[rb-][b-]-...$' xen_state app
ok 'kill' qvm-kill app
ok 'virsh sees it off' says '^shut off$' virsh -q domstate app
ok 'and so do we' says '^Halted$' qvm-ls app --raw-data state
ok 'xl list has the others alone, as we see it' same_domains
ok 'start again' start -q app
ok 'its UUID is the same' same_uuids net fw app
ok 'its init is up again' says "GUEST-UP $app" hear app
truncate -s 1M /tmp/stick
stick=$(losetup --find --show /tmp/stick)
ok 'a disk is attached while it runs' patiently qvm-block --ro -A app "dom0:$stick"
ok 'the guest has taken it' says_in_time '51840=4' disks app
ok 'libvirt has it, read-only' says '^ *<readonly/>' virsh -q dumpxml app
ok 'one that it has is refused' refuses 'attached to app already as xvdi' qvm-block -A app "dom0:$stick"
ok 'its disks are taken' patiently qvm-block -d app
ok 'that one' not says '51840=' disks app
ok 'but none that it runs from' says "$four_disks" disks app
ok 'a shutdown that all obey, clients first' qvm-shutdown -q --wait --timeout 60 net fw app
for vm in net fw app; do
	ok "$vm is off, and was not killed" says '^shut off (shutdown)$' virsh -q domstate --reason "$vm"
done
ok 'xl list has none any more' no_domains
ok 'the UUIDs are what they were' kept_uuids net fw app

echo '# renamed, removed'
ok 'a new name' qvm-prefs -s app name mail
ok 'libvirt knows it by that, with the same UUID' same_uuids net fw mail
ok 'and not by the old one' refuses 'failed to get domain' virsh -q domstate app
ok 'which is that of the beginning' kept_uuids net fw mail
ok 'it starts under its new name, with its netvms' start -q mail
ok 'as the VM that it was' says "GUEST-UP $app" hear mail
ok 'with its disks' says_in_time "$four_disks" disks mail
ok 'qvm-ls and xl list see the same' same_domains
ok 'one that runs is not removed' refuses 'mail' qvm-remove -q mail
ok 'kill all' qvm-kill mail fw net
ok 'who would have had network from them has none' qubes-prefs -s default-netvm none
ok 'removal' qvm-remove -q mail fw net
ok 'libvirt has only dom0' only_dom0
ok 'and so has the store, beside the template' same "$(qvm-ls --raw-list | sort | paste -sd' ')" 'dom0 tpl'

echo '# the job after a boot; there is no group qubes here'
ok 'qubes-startup' says "left out: there is no group qubes" qubes-startup
ok 'xenstore knows dom0 by its name' says '^dom0$' xenstore-read /local/domain/0/name
ok 'there is a copy of the store' cmp "$data"/backup/qubes-*.xml "$data/qubes.xml"

cat /tmp/slow 2>/dev/null
echo "# $ran checks, $failed failed"
[ "$failed" = 0 ]
