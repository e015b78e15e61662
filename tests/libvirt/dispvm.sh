#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dispvm.sh QUBES LIBVIRT_DOUBLE - disposable VMs: what they start from, one from its start to its end, and what is
# left when a part of it fails; and the trimming of templates, which takes a VM like them. Against a private
# libvirtd, with doubles (../doubles) of what only a Qubes host has; of its libvirt, too. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034 # libvirtd.sh reads it
LIBVIRTD_PRELOAD=$(realpath "$2")
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

make_vms()
{
	qvm-create -q -t tpl -l green --proxy fw --property netvm=net
	mkdir -p "$root/dev/shm" "$root/usr/lib/qubes"
	echo 'touch /ready' >"$root/usr/lib/qubes/dispvm-prerun.sh"
}

host_make make_vms

set +e # the tests judge from here on

var=/var/lib/qubes
dvm=$root$var/appvms/tpl-dvm
store=$root$var/qubes.xml
doubles=$root/etc/doubles
libvirt_double=$LIBVIRTD_DIR

# What the VM says when it is to get ready: that it uses so many KiB.
vm_uses()
{
	echo "/qubes-save-request /qubes-used-mem $1" >"$doubles/qubesdb-daemon.vm"
}

# ---- looking ----

state()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domstate "$1"
}

fails()
{
	! "$@"
}

# What the daemon of VM was told, or what the VM has answered: "PATH VALUE". The seed is another each time.
entries()
{
	python3 - "$run/qubesdb.$1.record" <<-'EOT'
		import json, sys
		for line in open(sys.argv[1]):
		    kind, *rest = json.loads(line)
		    if kind in ("write", "vm"):
		        print(rest[0], "SEED" if rest[0].endswith("-seed") else rest[1])
	EOT
}

entry()
{
	entries "$1" | grep "^$2 "
}

# The calls of the libvirt double, without what is in a device but its file and where it went.
libvirt_calls()
{
	sed -e "s|$root||g" -e "s|<disk .*source file='\([^']*\)'.*dev='\([^']*\)'.*|\1 \2|" -e 's/ \+/ /g' \
		"$libvirt_double/calls"
}

files()
{
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' '
}

released()
{
	[ "$(grep -c '^qmemman <' "$log")" = "$(grep -c '^qmemman released' "$log")" ]
}

# Domains that run, but the one that the test driver always has.
running()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" list --name | grep -v '^test$' | sort | paste -sd' ' | sed 's/ *$//'
}

domains()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" list --all --name | grep -v '^test$' | sort | paste -sd' ' | sed 's/^ *//'
}

run_and_say_status()
{
	qvm-run "$@"
	echo "status $?"
}

# ---- what they start from ----

vm_uses 500000
equal 'qvm-create-default-dvm makes the VM, starts its netvms and it, and saves it' "\
qvm-create-default-dvm: starting net
qvm-create-default-dvm: starting fw
qvm-create-default-dvm: starting tpl-dvm
qvm-create-default-dvm: saving tpl-dvm with 488 MiB of memory" \
	sh -c 'qvm-create-default-dvm --default-template --default-script 2>&1 | grep -v "^-->"'
equal 'it is off then' 'shut off' state tpl-dvm
equal 'its netvms run on' 'fw net' running
equal 'no daemon of it is left, and memory is balanced again' 'qubesdb.fw.pid qubesdb.net.pid' \
	sh -c "find '$run' -name 'qubesdb.*.pid' -o -name do-not-membalance | sed 's|.*/||' | sort | paste -sd' '"
check 'its GUI daemon was invisible' grep -q 'qubes-guid .*<tpl-dvm> .*<-I>' "$log"
check 'and is ended' libvirtd_wait sh -c "[ \$(ls '$run' | grep -c guid-running) = 2 ]"
equal 'nobody could run anything in it' 0 grep -c 'qrexec-daemon.*<tpl-dvm>' "$log"

script=$(base64 -w 0 "$root/usr/lib/qubes/dispvm-prerun.sh")
equal 'it was given the script, asked to get ready, and has said what it needs' "\
/qubes-service/qubes-dvm 1
/qubes-save-script $script
/qubes-save-request 1
/qubes-used-mem 500000" sh -c "$(cat <<-EOT
	python3 - <<'PY'
	import json
	for line in open("$run/qubesdb.tpl-dvm.record"):
	    kind, *rest = json.loads(line)
	    if kind in ("write", "vm") and ("save" in rest[0] or "dvm" in rest[0] or "used" in rest[0]):
	        print(*rest)
	PY
	EOT
	)"
equal 'its private image is taken away, and it is made small before it is saved' "\
detach tpl-dvm $var/appvms/tpl-dvm/private.img vdb
memory tpl-dvm 500000
maximum tpl-dvm 501024" libvirt_calls
equal 'its files' 'dvm-kernel.txt dvm-savefile icon.png netvm-id.txt private.img saved-cows.tar tpl-dvm.conf volatile.img' \
	files "$dvm"
equal 'can be used by the group qubes' '660 98
660 98
660 98' stat -c '%a %g' "$dvm/dvm-savefile" "$dvm/saved-cows.tar" "$dvm/netvm-id.txt"
equal 'the archive has the volatile image, and not its holes' 'volatile.img 1' \
	sh -c "echo \$(tar -tf '$dvm/saved-cows.tar') \$((\$(stat -c %s '$dvm/saved-cows.tar') < 1000000))"
equal 'the network that it had' 2 cat "$dvm/netvm-id.txt"
equal 'a disposable VM gets the memory that it needs' 488 qvm-prefs -g tpl-dvm memory
equal 'it is the default' "\
$var/appvms/tpl-dvm/dvm-savefile
$var/vm-templates/tpl/root.img
$var/appvms/tpl-dvm
/dev/shm/qubes/current-savefile" sh -c "cd '$root$var/dvmdata' && readlink default-savefile savefile-root vmdir \
	'$run/current-savefile'"
equal 'in memory is a copy of the savefile, for the group alone' '770 98 660 98' \
	sh -c "cmp '$dvm/dvm-savefile' '$root/dev/shm/qubes/current-savefile' && \
		echo \$(stat -c '%a %g' '$root/dev/shm/qubes' '$root/dev/shm/qubes/current-savefile')"

# ---- a disposable VM from its start to its end ----

rm -f "$log"
files=$(files "$dvm")
before=$(sha256sum <"$store")
equal 'qvm-run --dispvm runs a command in one, whose status it has' "\
dom0|Running
net|Running
fw|Running
tpl|Halted
tpl-dvm|Halted
disp1|Running
status 7" run_and_say_status --dispvm -p "qvm-ls --raw-data name-raw state; cp '$store' '$scratch/during'; exit 7"
equal 'afterwards the store is as it was' "$before" sh -c "sha256sum <'$store'"
equal 'there is no domain of it' 'fw net tpl-dvm' domains
equal 'nor a file' "$files" files "$dvm"
check 'nor a daemon' libvirtd_wait sh -c "[ ! -e '$run/qubesdb.disp1.pid' ]"
check 'memory is given back' libvirtd_wait released

attributes()
{
	python3 - "$scratch/during" <<-'EOT'
		import sys, xml.etree.ElementTree as tree
		its = tree.parse(sys.argv[1]).getroot().find("QubesDisposableVm").attrib
		del its["uuid"]
		print("\n".join("%s=%s" % item for item in sorted(its.items())))
	EOT
}
equal 'its entry, while it ran' "\
autostart=False
backup_content=False
backup_path=
backup_size=0
conf_file=disp1.conf
debug=False
default_user=user
dir_path=$var/appvms/tpl-dvm
disp_savefile=/var/run/qubes/current-savefile
dispid=1
dispvm_netvm=3
firewall_conf=/var/run/qubes/disp1-firewall.xml
include_in_backups=False
installed_by_rpm=False
internal=False
kernel=6.1
kernelopts=nopat
label=red
maxmem=$(qvm-prefs -g tpl-dvm maxmem)
memory=488
name=disp1
netvm_qid=3
pci_e820_host=True
pci_strictreset=True
pcidevs=[]
pool_name=default
qid=5
qrexec_timeout=60
services={'meminfo-writer': True}
template_qid=1
uses_default_dispvm_netvm=True
uses_default_kernel=True
uses_default_kernelopts=True
uses_default_netvm=True
vcpus=1" attributes

equal 'it is told what it is, and that it was restored' "\
/name disp1
/qubes-vm-type DisposableVM
/qubes-vm-updateable False
/qubes-vm-persistence rw-only
/qubes-base-template tpl
/qubes-ip 10.138.2.2
/qubes-netmask 255.255.255.0
/qubes-gateway 10.137.2.1
/qubes-primary-dns 10.137.2.1
/qubes-secondary-dns 10.137.2.254
/qubes-service/meminfo-writer 1
/qubes-service/qubes-dvm 1
/qubes-block-devices 
/qubes-usb-devices 
/qubes-debug-mode 0
/qubes-random-seed SEED
/qubes-vm-persistence none
/qubes-restore-complete 1" entries disp1
equal 'images, memory, QubesDB, qrexec, GUI, session, command: in this order' "\
tar
qmemman
qubesdb-daemon
qrexec-daemon
qubes-guid
qubes-monitor-layout-notify
qrexec-client
qrexec-client" sh -c "sed -e '/^runuser\|released\|reads\|runuser </d' -e 's/^QREXEC[^ ]* //' -e 's/ .*//' '$log'"
check 'its icon is that of disposable VMs' grep -q 'qubes-guid .*dispvm-red.png' "$log"

equal 'the next one has the next number; without --pass-io it is waited for, too' "\
qvm-run: starting disp2
qvm-run: running 'exit 3' in disp2
status 3" run_and_say_status --dispvm tpl-dvm 'exit 3'
equal 'what is no number counts as none; names that are taken are passed over' 'qvm-run: starting disp2' \
	sh -c "echo ../../x >'$run/dispid'; qvm-create -q -l red -t tpl disp1x; \
		qvm-prefs -s disp1x name disp1 2>/dev/null; qvm-run --dispvm true 2>&1 | grep starting"
qvm-remove -q -f disp1
check 'the number after it is written down' grep -qx 3 "$run/dispid"

qvm-firewall -P deny tpl-dvm
qvm-firewall -a tpl-dvm 192.0.2.1 tcp 80
equal 'it has the rules of what it starts from' "$(qvm-firewall -l tpl-dvm)" \
	qvm-run --dispvm -p 'qvm-firewall -l disp3'
check 'and these go with it' test ! -e "$run/disp3-firewall.xml"
qvm-firewall -r tpl-dvm
rm -f "$dvm/firewall.xml"

# ---- several at once ----

three_at_once()
{
	for status in 1 2 3; do
		{
			qvm-run -q --dispvm "exit $status" 2>/dev/null
			echo "status $?" >>"$scratch/statuses"
		} &
	done
	wait
	sort "$scratch/statuses"
}
rm -f "$log"
before=$(sha256sum <"$store")
equal 'three at once: each runs its command' 'status 1
status 2
status 3' three_at_once
equal 'three at once: in VMs of their own' 3 sh -c "grep '^qubesdb-daemon' '$log' | sort -u | wc -l"
equal 'three at once: none of them stays' "$before" sh -c "sha256sum <'$store'"

# ---- its end comes otherwise ----

# In the background: sets program to its number, when the command runs.
start_sleeper()
{
	rm -f "$scratch/runs"
	qvm-run -q --dispvm "echo \$\$ >'$scratch/runs.new'; mv '$scratch/runs.new' '$scratch/runs'; exec sleep 60" \
		2>"$scratch/errors" &
	program=$!
	libvirtd_wait test -e "$scratch/runs"
}

nothing_left()
{
	equal "$1: the store is as it was" "$before" sh -c "sha256sum <'$store'"
	equal "$1: no domain is left" 'fw net tpl-dvm' domains
	equal "$1: no file is left" \
		'dvm-kernel.txt dvm-savefile icon.png netvm-id.txt private.img saved-cows.tar tpl-dvm.conf volatile.img' files "$dvm"
	equal "$1: no daemon is left" 'qubesdb.fw.pid
qubesdb.net.pid' sh -c "find '$run' -name 'qubesdb.*.pid' -o -name do-not-membalance -o -name '*firewall.xml' | \
		sed 's|.*/||' | sort"
	check "$1: memory is given back" libvirtd_wait released
}

before=$(sha256sum <"$store")
start_sleeper
kill -TERM "$program"
wait "$program"
equal 'interrupted: it ends by the signal' 143 echo $?
nothing_left 'interrupted'

start_sleeper
disposable=$(running | tr ' ' '\n' | grep disp)
kill -KILL "$program" "$(cat "$scratch/runs")"
wait "$program" 2>/dev/null
check 'killed: the VM runs on, for others to see' sh -c "qvm-check -q --running $disposable"
check 'it can be killed' qvm-kill "$disposable"
check 'it cannot be started again' fails qvm-start -q "$disposable" 2>/dev/null
check 'qvm-remove takes away what is left of it' qvm-remove -q -f "$disposable"
kill "$(cat "$run/qubesdb.$disposable.pid")"
libvirtd_wait test ! -e "$run/qubesdb.$disposable.pid"
nothing_left 'killed and removed'

start_sleeper
disposable=$(running | tr ' ' '\n' | grep disp)
virsh -q -c "$QUBES_LIBVIRT_URI" destroy "$disposable" >/dev/null
kill "$(cat "$scratch/runs")" # the client sees the end of its VM
wait "$program"
nothing_left 'it has ended by itself'

# ---- a start that fails ----

# fails_to_start NAME MESSAGE
fails_to_start()
{
	equal "$1: why" "qvm-run: $2
status 1" run_and_say_status -q --dispvm true
	nothing_left "$1"
}

number()
{
	cat "$run/dispid"
}

balancer_start --free 100
fails_to_start 'no memory' "disp$(number): not enough memory: 494 MiB are needed"
balancer_start

touch "$libvirt_double/restore"
equal 'a libvirt that cannot do it says so' "qvm-run: disp$(number): cannot restore disp$(number): \
this function is not supported by the connection driver: xml modification unsupported" \
	sh -c 'qvm-run -q --dispvm true 2>&1 | sed "s/argument unsupported/this function is not supported by the \
connection driver/; s/ (disposable VMs take.*//"'
nothing_left 'a libvirt that cannot do it'
rm "$libvirt_double/restore"

echo 'exit 3' >"$doubles/tar"
fails_to_start 'no volatile image' "disp$(number): $var/appvms/tpl-dvm/saved-cows.tar: /usr/bin/tar failed (status 3)"
rm "$doubles/tar"

echo 'exit 3' >"$doubles/qubesdb-daemon"
fails_to_start 'no QubesDB daemon' "disp$(number): QubesDB: /usr/sbin/qubesdb-daemon failed (status 3)"
rm "$doubles/qubesdb-daemon"

echo refuse:/qubes-restore-complete >"$doubles/qubesdb-daemon.fault"
fails_to_start 'an entry is refused' \
	"disp$(number): cannot write /qubes-restore-complete: the QubesDB daemon of disp$(number) refuses it"
rm "$doubles/qubesdb-daemon.fault"

echo 'exit 3' >"$doubles/qrexec-daemon"
fails_to_start 'no qrexec daemon' "disp$(number): it is running, but not ready for use: \
/usr/lib/qubes/qrexec-daemon failed (status 3)"
rm "$doubles/qrexec-daemon"

# ---- is the savefile still good? ----

rm -r "$root/dev/shm/qubes" "$run/current-savefile"
check 'after a boot the copy in memory is made again' qvm-run -q --dispvm true
check 'it is there then' test -s "$root/dev/shm/qubes/current-savefile"

rm -r "$root/dev/shm/qubes"
mkdir -m 777 "$root/dev/shm/qubes"
echo bad >"$root/dev/shm/qubes/current-savefile"
touch -d '+1 hour' "$root/dev/shm/qubes/current-savefile"
equal 'what somebody else may have put there is not used' \
	'qvm-run: the savefile is not kept in memory: /dev/shm/qubes is not ours alone, and is left alone
status 0' run_and_say_status -q --dispvm true
rm -r "$root/dev/shm/qubes"

touch "$root$var/dvmdata/dont-use-shm"
check 'dont-use-shm: it starts from the disk' qvm-run -q --dispvm true
check 'dont-use-shm: nothing is put into memory' test ! -e "$root/dev/shm/qubes"
rm "$root$var/dvmdata/dont-use-shm"

qvm-prefs -s tpl-dvm netvm none
equal 'it cannot lose its network' \
	'qvm-run: tpl-dvm: it was saved with a network (qvm-create-default-dvm tpl saves it again)
status 1' run_and_say_status --dispvm true
qvm-prefs -s tpl-dvm netvm default

mkdir "$root$var/vm-kernels/6.2"
touch "$root$var/vm-kernels/6.2/vmlinuz" "$root$var/vm-kernels/6.2/initramfs"
qvm-prefs -s tpl-dvm kernel 6.2
equal 'it goes on with the kernel that it was saved with' \
	'qvm-run: tpl-dvm: it was saved with another kernel (qvm-create-default-dvm tpl saves it again)
status 1' run_and_say_status --dispvm true
qvm-start -q --no-guid tpl-dvm
qvm-kill tpl-dvm
kill "$(cat "$run/qubesdb.tpl-dvm.pid")"
equal 'also if it has run with another one since' \
	'qvm-run: tpl-dvm: it was saved with another kernel (qvm-create-default-dvm tpl saves it again)
status 1' run_and_say_status --dispvm true
mv "$dvm/dvm-kernel.txt" "$scratch/noted"
check 'without a note of it the last start counts' qvm-run -q --dispvm true
mv "$scratch/noted" "$dvm/dvm-kernel.txt"
qvm-prefs -s tpl-dvm kernel default

touch -d '+1 hour' "$root$var/vm-templates/tpl/root.img"
equal 'it is no good when the template has changed' 'qvm-run: no disposable VM can be started from tpl-dvm: '\
'its savefile is older than its template'"'"'s root image (qvm-create-default-dvm tpl makes it)
status 1' run_and_say_status --dispvm true
touch "$root$var/vm-templates/tpl/root.img"

# ---- making it fails ----

check 'made once more, from the template that was used' qvm-create-default-dvm --used-template 2>/dev/null
before=$(sha256sum <"$store")
old=$(stat -c '%i %Y' "$dvm/dvm-savefile" "$dvm/saved-cows.tar")

# is_not_made NAME MESSAGE [COMMAND...]: the savefile.
is_not_made()
{
	equal "$1: why" "qvm-create-default-dvm: tpl-dvm: $2" \
		sh -c "qvm-create-default-dvm tpl 2>&1 | grep -v '^[^ ]* \(starting\|saving\) '"
	nothing_left "$1"
	equal "$1: the one from before is there" "$old" stat -c '%i %Y' "$dvm/dvm-savefile" "$dvm/saved-cows.tar"
}

vm_uses lots
is_not_made 'no number' "it says that it uses 'lots' KiB of memory"
vm_uses 0
is_not_made 'nothing' "it says that it uses '0' KiB of memory"
vm_uses 99999999
is_not_made 'too much' 'it says that it uses 99999999 KiB of memory, and may have '"$(qvm-prefs -g tpl-dvm maxmem) MiB"
rm "$doubles/qubesdb-daemon.vm"
end_soon()
{
	libvirtd_wait sh -c "grep -q save-request '$run/qubesdb.tpl-dvm.record'"
	virsh -q -c "$QUBES_LIBVIRT_URI" destroy tpl-dvm >/dev/null
}
rm -f "$run/qubesdb.tpl-dvm.record"
end_soon &
is_not_made 'it ends' 'it has ended before it was ready'
vm_uses 400000

echo refuse:/qubes-save-request >"$doubles/qubesdb-daemon.fault"
is_not_made 'the request is refused' 'cannot write /qubes-save-request: the QubesDB daemon of tpl-dvm refuses it'
rm "$doubles/qubesdb-daemon.fault"
echo 'exit 3' >"$doubles/qubes-guid"
is_not_made 'its start fails at the end' \
	'it is running, but not ready for use: /usr/bin/qubes-guid failed (status 3)'
rm "$doubles/qubes-guid"
touch "$libvirt_double/detach"
is_not_made 'its private image stays' 'cannot detach a device from tpl-dvm: this function is not supported by the '\
'connection driver: virDomainDetachDevice'
rm "$libvirt_double/detach"
touch "$libvirt_double/memory"
is_not_made 'it cannot be made small' 'cannot set the memory of tpl-dvm: memory in virDomainSetMemory must not be zero'
rm "$libvirt_double/memory"
touch "$libvirt_double/save"
is_not_made 'it cannot be saved' \
	"cannot save tpl-dvm: saving domain 'tpl-dvm' to '/nonexistent/save': open failed: No such file or directory"
rm "$libvirt_double/save"
echo 'exit 3' >"$doubles/tar"
is_not_made 'its volatile image cannot be kept' "$var/appvms/tpl-dvm/saved-cows.tar.new: /usr/bin/tar failed (status 3)"
rm "$doubles/tar"
check 'it starts disposable VMs all the same' qvm-run -q --dispvm true

head -c 2302 /dev/zero >"$root/long"
equal 'a script that is too long is refused before anything is started' \
	'qvm-create-default-dvm: /long is too long: 2301 bytes are the most' fails qvm-create-default-dvm tpl /long
head -c 2301 /dev/zero >"$root/long"
check 'one of that length fits' sh -c 'qvm-create-default-dvm tpl /long 2>/dev/null'
qvm-start -q tpl-dvm
equal 'nor is a VM taken that runs' 'qvm-create-default-dvm: tpl-dvm: it is running already' \
	fails qvm-create-default-dvm tpl
equal 'which runs on' running state tpl-dvm
qvm-kill tpl-dvm
kill "$(cat "$run/qubesdb.tpl-dvm.pid")"
libvirtd_wait test ! -e "$run/qubesdb.tpl-dvm.pid"

# ---- trimming ----

# What the command of qvm-trim-template calls: it is run on this machine.
for name in mount umount sleep seq; do
	echo 'exit 0' >"$scratch/bin/$name"
done
cat >"$scratch/bin/fstrim" <<-EOT
	#!/bin/sh
	qvm-ls --raw-list >'$scratch/seen'
	virsh -q -c '$QUBES_LIBVIRT_URI' list --name >>'$scratch/seen'
	touch '$root$var/vm-templates/tpl/root.img' # its holes are new
	echo "\$2: 12 MiB trimmed"
EOT
chmod +x "$scratch/bin/"*
before=$(sha256sum <"$store")
rm -f "$libvirt_double/calls"
touch "$root$var/vm-templates/tpl/root-cow.img.old"

equal 'qvm-trim-template says how much it gives back' "\
$var/vm-templates/tpl/root.img: 0 MiB before
/mnt: 12 MiB trimmed
$var/vm-templates/tpl/root.img: 0 MiB after" qvm-trim-template -q tpl
equal 'by way of a VM that has the image' "attach trim-tpl $var/vm-templates/tpl/root.img vdi" libvirt_calls
equal 'and is in no store' 0 sh -c "sed '/^test$/,\$d' '$scratch/seen' | grep -c '^trim-tpl'"
check 'but runs' grep -qx trim-tpl "$scratch/seen"
check 'the changes of its last run cannot be taken back' test ! -e "$root$var/vm-templates/tpl/root-cow.img.old"
nothing_left trimmed
equal 'nothing of the VM is left' 'tpl-dvm' files "$root$var/appvms"
check 'the savefile is as good as before' qvm-run -q --dispvm true

# is_not_trimmed NAME MESSAGE
is_not_trimmed()
{
	equal "$1: why" "qvm-trim-template: tpl is not trimmed: $2" sh -c 'qvm-trim-template -q tpl 2>&1 >/dev/null'
	nothing_left "$1"
	equal "$1: nothing of the VM is left" 'tpl-dvm' files "$root$var/appvms"
}

touch "$libvirt_double/attach"
is_not_trimmed 'it does not get the image' 'cannot attach a device to trim-tpl: this function is not supported by the '\
'connection driver: virDomainAttachDevice'
rm "$libvirt_double/attach"
echo 'exit 3' >"$doubles/qubesdb-daemon"
is_not_trimmed 'its start fails' 'trim-tpl: QubesDB: /usr/sbin/qubesdb-daemon failed (status 3)'
rm "$doubles/qubesdb-daemon"
printf '#!/bin/sh\nexit 4\n' >"$scratch/bin/fstrim"
is_not_trimmed 'fstrim fails' 'trim-tpl: fstrim failed (status 4)'

printf '#!/bin/sh\necho $$ >%s/runs\nexec /usr/bin/sleep 60\n' "$scratch" >"$scratch/bin/fstrim"
rm -f "$scratch/runs"
qvm-trim-template -q tpl >/dev/null 2>&1 &
program=$!
libvirtd_wait test -s "$scratch/runs"
kill -KILL "$program" "$(cat "$scratch/runs")"
wait "$program" 2>/dev/null
equal 'killed: the VM is left' 'tpl-dvm trim-tpl' files "$root$var/appvms"
printf '#!/bin/sh\necho trimmed\n' >"$scratch/bin/fstrim"
equal 'the next run takes it away first' \
	'qvm-trim-template: taking away what an interrupted run has left of trim-tpl' \
	sh -c 'qvm-trim-template -q tpl 2>&1 >/dev/null'
nothing_left 'killed, and run again'
equal 'killed, and run again: nothing of the VM is left' 'tpl-dvm' files "$root$var/appvms"

done_testing
