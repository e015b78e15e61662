#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# devices.sh QUBES - disks and USB devices on their way between VMs that run, and PCI devices: against a private
# libvirtd whose containers take disks while they run, with doubles (../doubles) of QubesDB, qrexec and Xen's
# tools. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
unset TMPDIR # below /dev/shm every file would be one of /dev
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

# All run but off; usb is the one with devices.
make_vms()
{
	for name in usb work mail off; do
		qvm-create -q -t tpl -l blue "$name" --property netvm=none
	done
}

host_make make_vms
"$here/../doubles/install" "$root" xl unbind-pci-device.sh
export QUBES_LIBVIRT_URI="lxc+unix:///system?socket=$LIBVIRTD_SOCKET"

# The domain of a VM, as a container, for which no image and no kernel is needed.
container()
{
	cat >"$scratch/$1.xml" <<-EOT
		<domain type='lxc'><name>$1</name><uuid>$(qvm-prefs -g "$1" uuid)</uuid><memory unit='MiB'>64</memory>
		<os><type>exe</type><init>/bin/sleep</init><initarg>600</initarg></os>
		<devices><console type='pty'/></devices></domain>
	EOT
	virsh -q -c "$QUBES_LIBVIRT_URI" create "$scratch/$1.xml" >"$scratch/why" 2>&1
}

# disk_of SIZE: a new block device, in $loop.
disk_of()
{
	truncate -s "$1" "$scratch/disk.$1"
	loop=$(losetup --find --show "$scratch/disk.$1" 2>"$scratch/why") && loops="$loops $loop"
}

clean()
{
	for name in $running; do
		virsh -q -c "$QUBES_LIBVIRT_URI" destroy "$name" || :
	done
	for loop in $loops; do
		losetup -d "$loop" || :
	done
	libvirtd_stop
	kill "$balancer" || :
	rm -rf --one-file-system "$scratch"
}

running='' loops=''
trap clean EXIT
for name in usb work mail; do
	container "$name" || skip_all "no containers here: $(head -n 1 "$scratch/why")"
	running="$running $name"
done
disk_of 1M || skip_all "no loop devices here: $(head -n 1 "$scratch/why")"
stick=$loop
disk_of 2M
card=$loop

set +e # the tests judge from here on

say_status()
{
	"$@"
	echo "status $?"
}

# The disks that libvirt has for a VM, one a line: source, backend, target, whether it can only be read.
disks()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" dumpxml "$1" >"$scratch/dump"
	python3 - "$scratch/dump" <<-'EOT'
		import sys, xml.etree.ElementTree as tree
		for disk in tree.parse(sys.argv[1]).findall("devices/disk"):
		    parts = [disk.find(name) for name in ("source", "backenddomain", "target", "readonly")]
		    print(parts[0].get("dev"), "dom0" if parts[1] is None else parts[1].get("name"), parts[2].get("dev"),
		          "w" if parts[3] is None else "r")
	EOT
}

disks_of()
{
	for name; do
		disks "$name"
	done
}

offer()
{
	"$here/../doubles/offer" "$root" "$@"
}

# ---- disks ----

offer 2 work
offer 1 usb block sda size=1048576 desc='a stick' mode=w "device=$stick" \
	block sdb size=2097152 desc='a card' mode=r "device=$card"

equal 'what a running VM offers' "usb:sda	a stick 1024 KiB
usb:sdb	a card 2 MiB" qvm-block
equal 'a disk is attached to another VM' 'status 0' say_status qvm-block -a work usb:sda
equal 'libvirt has it, from its backend' "$stick usb xvdi w" disks work
equal 'the list says who has it' "usb:sda	a stick 1024 KiB (attached to 'work' as 'xvdi')
usb:sdb	a card 2 MiB" qvm-block -l
check 'those who watch the VM are told' grep -q '"write", "/qubes-block-devices", ""' "$run/qubesdb.work.record"
equal 'what it has already it is not given' \
	'qvm-block: usb:sda is not attached to work: it is attached to work already as xvdi
status 1' say_status qvm-block -a work usb:sda
equal 'nor another VM, if that is not to lose it' \
	'qvm-block: usb:sda is not attached to mail: it is attached to work already as xvdi
status 1' say_status qvm-block --no-auto-detach -a mail usb:sda
equal 'else it changes hands' 'status 0' say_status qvm-block -a mail usb:sda -f xvdk
equal 'and the first has it no more' '' disks work
equal 'but the second, under the name that was asked for' "$stick usb xvdk w" disks mail
equal 'a name that is taken' \
	'qvm-block: usb:sdb is not attached to mail: mail has a disk xvdk already (qvm-block -d -f xvdk mail takes it)
status 1' say_status qvm-block -a -f xvdk mail usb:sdb
equal 'a disk that can only be read' 'status 0' say_status qvm-block -a mail usb:sdb
equal 'can only be read there too' "$card usb xvdi r
$stick usb xvdk w" disks mail
check 'it is taken by its name' qvm-block -d usb:sdb
equal 'and no option makes it writable' 'qvm-block: usb:sdb is not attached to work: it can only be read
status 1' say_status qvm-block attach work usb:sdb -o read-only=no
equal 'taking what nobody has is no failure' 'qvm-block: usb:sdb is attached to no VM
status 0' say_status qvm-block -d usb:sdb
check '--ro' qvm-block --ro -a work usb:sda
equal 'is seen by libvirt' "$stick usb xvdi r" disks work
check 'a disk is taken by what its VM calls it' qvm-block -d work -f xvdi
equal 'which has to have it' 'qvm-block: work has no disk xvdi
status 1' say_status qvm-block -d -f xvdi work

# Its own images stay: those below /var/lib/qubes, wherever that leads to.
mkdir -p "$root/var/lib/qubes/appvms/work" "$root/srv"
for file in var/lib/qubes/appvms/work/own.img srv/file; do
	mknod "$root/$file" b 7 "${card#/dev/loop}"
done
check 'a file of the host, as a disk' qvm-block -A work dom0:/srv/file
check 'an image of the VM itself' qvm-block -A work dom0:/var/lib/qubes/appvms/work/own.img
equal 'a file that is not there' 'qvm-block: dom0 has no file /srv/other
status 1' say_status qvm-block -A work dom0:/srv/other
equal 'a file is nobody'"'"'s twice' \
	'qvm-block: dom0:/srv/file is not attached to mail: it is attached to work already as xvdi
status 1' say_status qvm-block --no-auto-detach -A mail dom0:/srv/file
check 'and one more' qvm-block -a work usb:sda
equal 'work has three' "$root/srv/file dom0 xvdi w
$root/var/lib/qubes/appvms/work/own.img dom0 xvdj w
$stick usb xvdk w" disks work
offer 0 dom0 block sda size=1 desc=mine mode=w "device=$stick" block loop9 size=1 "desc=$root/srv/file" mode=w
equal 'a disk is its backend'"'"'s, and one of a file is known by the file' \
	"dom0:loop9	$root/srv/file 1 B (attached to 'work' as 'xvdi')
dom0:sda	mine 1 B
usb:sda	a stick 1024 KiB (attached to 'work' as 'xvdk')
usb:sdb	a card 2 MiB" qvm-block
offer 0 dom0
check 'all are taken' qvm-block -d work
equal 'but its own' "$root/var/lib/qubes/appvms/work/own.img dom0 xvdj w" disks work
check 'that one by name' qvm-block -d -f xvdj work

# What fails halfway: the name is one that libvirt does not know, which it says when the first VM has let go.
offer 1 usb block sda size=1 desc=stick mode=w "device=$stick" block sdc size=1 desc=none mode=w device=/dev/null
check 'work has it' qvm-block -a work usb:sda
check 'mail does not get it' sh -c "! qvm-block -a mail -f abc usb:sda 2>'$scratch/said'"
check 'which is said, and who has it' grep -q '^qvm-block: usb:sda is not attached to mail: .*(work has it again)$' "$scratch/said"
equal 'so it is' "$stick usb xvdi w" disks work
check 'until it is taken' qvm-block -d usb:sda
equal 'a disk that libvirt refuses' 'status 1' sh -c 'qvm-block -a work usb:sdc 2>/dev/null; echo status $?'
equal 'is not there' '' disks work

# Another program may give the disk to somebody while we wait for our turn: what we saw before does not count.
# give VM DISK [ELEMENTS]: past the tools, as who is not asked to wait would.
give()
{
	cat >"$scratch/given.xml" <<-EOT
		<disk type='block' device='disk'><driver name='phy'/><source dev='$2'/><target dev='xvdz'/>
		<backenddomain name='usb'/>${3-}</disk>
	EOT
	virsh -q -c "$QUBES_LIBVIRT_URI" attach-device "$1" "$scratch/given.xml" --live
}

overtaken()
{
	(
		flock 9
		qvm-block --no-auto-detach -a mail usb:sda 9>&- &
		sleep 1
		give work "$stick" 9>&-
		flock -u 9
		wait $!
		echo "status $?"
	) 9<"$root/var/lib/qubes"
}

equal 'who has a disk is looked for in our turn' \
	'qvm-block: usb:sda is not attached to mail: it is attached to work already as xvdz
status 1' overtaken
give mail "$stick"
equal 'a disk that two have' 'status 0' say_status qvm-block -d usb:sda
equal 'is taken from both' '' disks_of work mail
at_once()
{
	for _ in 1 2 3 4; do
		qvm-block --no-auto-detach -a work usb:sda 2>/dev/null &
		qvm-block --no-auto-detach -a mail usb:sda 2>/dev/null
		wait $!
		disks work >"$scratch/both"
		disks mail >>"$scratch/both"
		wc -l <"$scratch/both"
		qvm-block -d usb:sda
	done
}
equal 'two that want it at once do not both get it' '1
1
1
1' at_once

# What is given back is what was taken, with all that we do not know of.
give work "$stick" '<serial>4711</serial>'
equal 'a failure' 'status 1' sh -c "qvm-block -a mail -f abc usb:sda 2>/dev/null; echo status \$?"
check 'gives back the very same' sh -c "virsh -c '$QUBES_LIBVIRT_URI' dumpxml work | grep -q '<serial>4711</serial>'"

# Its backend has lost it, and even ends: who has it can still be rid of it.
offer 1 usb
equal 'a disk that is offered no more is taken by its name' 'status 0' say_status qvm-block -d "usb:${stick#/dev/}"
equal 'and gone' '' disks work
equal 'a disk that nobody has is none then' "qvm-block: usb offers no disk '${stick#/dev/}'
status 1" say_status qvm-block -d "usb:${stick#/dev/}"
offer 1 usb block sda size=1 desc=stick mode=w "device=$stick" block sdc size=1 desc=none mode=w device=/dev/null

sed -i "s/name='usb'/name='off'/" "$scratch/given.xml"
virsh -q -c "$QUBES_LIBVIRT_URI" attach-device work "$scratch/given.xml" --live
equal 'one of a VM that is off too' 'status 0' say_status qvm-block detach work "off:${stick#/dev/}"
equal 'is gone then' '' disks work

# One device of the host has many paths.
mknod "$root/srv/node" b 7 "${stick#/dev/loop}"
ln -s node "$root/srv/by-id"
check 'a file of the host by a link' qvm-block -A work dom0:/srv/by-id
equal 'is the same as without' 'qvm-block: dom0:/srv/node is not attached to mail: it is attached to work already as xvdi
status 1' say_status qvm-block --no-auto-detach -A mail dom0:/srv/node
check 'it is taken' qvm-block -d work
offer 0 dom0 block sda size=1 desc=mine mode=w "device=/dev//${stick#/dev/}" block sdb size=1 desc=mine mode=w "device=$stick"
check 'a disk of the host' qvm-block -a work dom0:sda
equal 'by another path' 'qvm-block: dom0:sdb is not attached to mail: it is attached to work already as xvdi
status 1' say_status qvm-block --no-auto-detach -a mail dom0:sdb
check 'can be taken by either' qvm-block -d dom0:sdb
equal 'and is gone' '' disks work
offer 0 dom0

# The root image of work is its template's, which may be anywhere.
mkdir "$root/srv/tpl"
mknod "$root/srv/tpl/root.img" b 7 "${card#/dev/loop}"
cp "$root/var/lib/qubes/qubes.xml" "$scratch/store"
sed -i '/QubesTemplateVm/s|dir_path="[^"]*"|dir_path="/srv/tpl"|' "$root/var/lib/qubes/qubes.xml"
check 'an image of the template' qvm-block -A work dom0:/srv/tpl/root.img
check 'when all are taken' qvm-block -d work
equal 'stays' "$root/srv/tpl/root.img dom0 xvdi w" disks work
cp "$scratch/store" "$root/var/lib/qubes/qubes.xml"
check 'it would go otherwise' qvm-block -d work

# A QubesDB that cannot be asked is not one that has nothing.
mv "$run/qubesdb.usb.sock" "$scratch/socket"
ln -s qubesdb.usb.sock "$run/qubesdb.usb.sock"
why="cannot connect to the QubesDB daemon of usb: /var/run/qubes/qubesdb.usb.sock: Too many levels of symbolic links"
equal 'a list goes without, and says so' "qvm-block: the disks that usb offers: $why
status 0" say_status qvm-block
equal 'nothing is attached' "qvm-block: the disks that usb offers: $why
status 1" say_status qvm-block -a work usb:sda
equal 'nor is it said to be done' "qvm-usb: the USB devices that usb offers: $why
status 1" say_status qvm-usb -d work
rm "$run/qubesdb.usb.sock"
mv "$scratch/socket" "$run/qubesdb.usb.sock"

# ---- release 4's words ----

check 'attach' qvm-block attach work usb:sda -o frontend-dev=xvdq -o read-only=yes
equal 'list' 'usb:sda  stick (1 B)  work (frontend-dev=xvdq)
usb:sdc  none (1 B)' qvm-block list
equal 'of one VM' 'usb:sda  stick (1 B)  work (frontend-dev=xvdq)' qvm-device block list work
equal 'with these words nothing is taken from another VM' \
	'qvm-block: usb:sda is not attached to mail: it is attached to work already as xvdq
status 1' say_status qvm-block attach mail usb:sda
equal 'nor by the wrong name' 'qvm-block: usb:sda is not attached to mail
status 1' say_status qvm-block detach mail usb:sda
check 'detach' qvm-device block detach work usb:sda
equal 'is done' '' disks work
check 'a CD can only be read' qvm-block attach work usb:sda -o devtype=cdrom -o frontend-dev=xvdc
equal 'as libvirt says' "$stick usb xvdc r" disks work
check 'detach of all' qvm-block detach work
equal 'is done too' '' disks work

# ---- who does not run ----

equal 'a VM that is off is given nothing' 'qvm-block: usb:sda is not attached to off: off is not running
status 1' say_status qvm-block -a off usb:sda
equal 'and has none to be taken' 'qvm-block: off is not running
status 1' say_status qvm-block -d off
equal 'a VM that is off offers nothing' 'qvm-block: off is not running
status 1' say_status qvm-block -a work off:sda
equal 'none is its own backend' 'qvm-block: usb:sda is not attached to usb: it is usb itself that offers it
status 1' say_status qvm-block -a usb usb:sda

# ---- USB devices ----

policy=$root/etc/qubes-rpc/policy
mkdir -p "$policy" "$root/etc/doubles/services"
touch "$run/qrexec.usb" "$run/qrexec.work" "$run/qrexec.mail"
# What the proxy in the VMs does: the policy of the moment is kept, and the backend says who has the device.
cat >"$root/etc/doubles/services/qubes.USBAttach" <<-EOT
	read -r backend device
	cp "$policy/qubes.USB+\$device" "$scratch/policy"
	stat -c %a "$policy/qubes.USB+\$device" >"$scratch/mode"
	'$here/../doubles/offer' '$root' 1 usb usb 2-1_4 desc='a mouse' connected-to="\$(cut -d ' ' -f 1 "$scratch/policy" | head -n 1)"
EOT
cat >"$root/etc/doubles/services/qubes.USBDetach" <<-EOT
	'$here/../doubles/offer' '$root' 1 usb usb 2-1_4 desc='a mouse' connected-to=
EOT
offer 1 usb usb 2-1_4 desc='a mouse' usb 2-1 desc=hub connected-to=nobody usb 3-x desc=none
equal 'USB devices' "qvm-usb: USB device 2-1 is said to be attached to 'nobody', which is no VM
usb:2-1	hub
usb:2-1.4	a mouse" qvm-usb
offer 1 usb usb 2-1_4 desc='a mouse'
equal 'one is attached' 'status 0' say_status qvm-usb -a work usb:2-1.4
equal 'its backend says so' "usb:2-1.4	a mouse (attached to work)" qvm-usb -l
equal 'meanwhile it was allowed' 'work usb allow
# for the time of an attachment' cat "$scratch/policy"
equal 'in a file that the group may write, as its others' 664 cat "$scratch/mode"
equal 'now it is not' '' ls "$policy"
check 'both VMs were asked' grep -qx 'qubes.USBAttach reads <usb 2-1.4>' "$log"
equal 'another VM does not get it, if that is not to lose it' \
	'qvm-usb: usb:2-1.4 is not attached to mail: it is attached to work already
status 1' say_status qvm-usb --no-auto-detach -a mail usb:2-1.4
echo 'work usb deny' >"$policy/qubes.USB+2-1.4"
chmod 600 "$policy/qubes.USB+2-1.4"
equal 'else it changes hands' 'status 0' say_status qvm-usb -a mail usb:2-1.4
equal 'the backend was told to let go' 'qubes.USBDetach reads <2-1.4>' grep USBDetach.reads "$log"
equal 'the line is on top of others' 'mail usb allow
work usb deny' cat "$scratch/policy"
equal 'which are left alone, as is the mode' "600
work usb deny" sh -c "cat '$scratch/mode' '$policy/qubes.USB+2-1.4'"
: >"$policy/qubes.USB+2-1.4"
check 'a policy that allows nothing' qvm-usb -a work usb:2-1.4
equal 'stays, and does' '0' stat -c %s "$policy/qubes.USB+2-1.4"
rm "$policy/qubes.USB+2-1.4"
equal 'list' 'usb:2-1.4  a mouse  work' qvm-usb list
check 'detach of all' qvm-usb -d work
equal 'is done' "usb:2-1.4	a mouse" qvm-usb
equal 'taking what nobody has is no failure' 'qvm-usb: usb:2-1.4 is attached to no VM
status 0' say_status qvm-usb -d usb:2-1.4

# The other VM does not take it: who had it has it again.
check 'work has it' qvm-usb -a work usb:2-1.4
cp "$root/etc/doubles/services/qubes.USBAttach" "$scratch/attach"
cat >"$root/etc/doubles/services/qubes.USBAttach" <<-EOT
	! grep -q '^mail ' "$policy/qubes.USB+2-1.4" || exit 3
	$(cat "$scratch/attach")
EOT
equal 'a failed take-over' \
	'qvm-usb: usb:2-1.4 is not attached to mail: service qubes.USBAttach of mail failed (status 3) (work has it again)
status 1' say_status qvm-usb -a mail usb:2-1.4
equal 'is undone' "usb:2-1.4	a mouse (attached to work)" qvm-usb
equal 'and leaves nothing allowed' '' ls "$policy"
echo 'exit 3' >"$root/etc/doubles/services/qubes.USBAttach"
equal 'or said to be lost' \
	'qvm-usb: service qubes.USBAttach of work failed (status 3)
qvm-usb: usb:2-1.4 is not attached to mail: service qubes.USBAttach of mail failed (status 3) (work has lost it)
status 1' say_status qvm-usb -a mail usb:2-1.4
offer 1 usb usb 2-1_4 desc='a mouse' connected-to=dom0 usb 2-1_10 desc=pen usb 2-1_2 desc=keys connected-to=usb
equal 'nobody has what the host or the backend itself is said to have' \
	"qvm-usb: USB device 2-1_2 is said to be attached to 'usb', which offers it itself
qvm-usb: USB device 2-1_4 is said to be attached to 'dom0', which is the host itself
usb:2-1.10	pen
usb:2-1.2	keys
usb:2-1.4	a mouse" qvm-usb
offer 1 usb usb 2-1_4 desc='a mouse'
echo 'exit 127' >"$root/etc/doubles/services/qubes.USBAttach"
equal 'a VM without the proxy' \
	'qvm-usb: usb:2-1.4 is not attached to work: qubes-usb-proxy is not installed in work
status 1' say_status qvm-usb -a work usb:2-1.4
equal 'leaves nothing allowed' '' ls "$policy"

# ---- PCI devices ----

mkdir -p "$root/sys/bus/pci/devices/0000:02:00.0"
rm -f "$log"
equal 'PCI: libvirt refuses it to a container: it takes effect later' 'status 0' \
	sh -c 'qvm-pci -a work 02:00.0 2>/dev/null; echo status $?'
equal 'its driver was taken from it' 'unbind-pci-device.sh <02:00.0>' cat "$log"
equal 'and the store has it' "['02:00.0']" qvm-pci work
check 'said' sh -c "qvm-pci -d work 02:00.0; qvm-pci -a work 02:00.0 2>&1 | grep -q 'work gets 02:00.0 when it is started next: '"
cat >"$root/etc/doubles/xl" <<-'EOT'
	[ "$1" != pci-list ] || printf 'Vdev Device\n04.0 0000:02:00.0\n05.1 0000:03:00.0\n'
EOT
rm -f "$log"
mv "$root/usr/sbin/xl" "$root/usr/bin/xl" # wherever the host has it
equal 'taken from a VM that runs' 'status 0' say_status qvm-pci -d work 02:00.0
number=$(virsh -q -c "$QUBES_LIBVIRT_URI" domid work)
equal 'which is asked first, where it sees it' "xl <pci-list> <$number>
qrexec-client <-d> <work> <root:QUBESRPC qubes.DetachPciDevice dom0>
qubes.DetachPciDevice reads <00:04.0>
xl <pci-detach> <$number> <02:00.0>" cat "$log"
check 'once more' qvm-pci -a work 02:00.0
echo 'exit 1' >"$root/etc/doubles/services/qubes.DetachPciDevice"
equal 'a VM that does not let go keeps it' \
	'qvm-pci: work keeps 02:00.0 until it is started next: service qubes.DetachPciDevice failed (status 1)
status 0' say_status qvm-pci -d work 02:00.0
equal 'but the store has it no more' '[]' qvm-pci work
rm "$root/etc/doubles/xl"
check 'again' qvm-pci -a work 02:00.0
equal 'what it does not have need not be taken' 'qvm-pci: work does not have 02:00.0 at the moment
status 0' say_status qvm-pci -d work 02:00.0

done_testing
