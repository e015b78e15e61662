#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# dispvm_races.sh QUBES LIBVIRT_DOUBLE - disposable VMs, what they start from, and the trimming of templates, when
# others are at work or were killed at it. On a host like that of dispvm.sh. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034 # libvirtd.sh reads it
LIBVIRTD_PRELOAD=$(realpath "$2")
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

one=fedora-23-minimal-customer-one
two=fedora-23-minimal-customer-two

make_vms()
{
	qvm-create -q -t tpl -l green --proxy fw --property netvm=net
	mkdir -p "$root/dev/shm" "$root/usr/lib/qubes"
	echo 'touch /ready' >"$root/usr/lib/qubes/dispvm-prerun.sh"
	qvm-clone -q tpl $one
	qvm-clone -q tpl $two
}

host_make make_vms

set +e # the tests judge from here on

var=/var/lib/qubes
store=$root$var/qubes.xml
templates=$root$var/vm-templates
appvms=$root$var/appvms
dvm=$appvms/tpl-dvm
doubles=$root/etc/doubles

fails()
{
	! "$@"
}

run_and_say_status()
{
	"$@"
	echo "status $?"
}

files()
{
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' | LC_ALL=C sort | paste -sd' '
}

domains()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" list --all --name | grep -v '^test$' | sort | paste -sd' ' | sed 's/^ *//'
}

# ---- trimming ----

# What the command of qvm-trim-template calls, on this machine. fstrim goes on when there is a file "go".
mkdir -p "$scratch/runs"
for name in mount umount seq; do
	echo 'exit 0' >"$scratch/bin/$name"
done
cat >"$scratch/bin/fstrim" <<-EOT
	#!/bin/sh
	touch '$scratch/runs/'\$\$
	until [ -e '$scratch/go' ]; do /usr/bin/sleep 0.05; done
	echo trimmed
EOT
chmod +x "$scratch/bin/"*

# start_trim TEMPLATE NUMBER: in the background, up to fstrim, as the NUMBERth that is at it.
start_trim()
{
	qvm-trim-template -q "$1" >"$scratch/trim.$1" 2>&1 &
	program=$!
	libvirtd_wait sh -c "[ \$(ls '$scratch/runs' | wc -l) = $2 ]"
}

# Sets ended to their statuses; not within "equal", whose shell has other children.
end_trims()
{
	touch "$scratch/go"
	ended=
	for program; do
		wait "$program"
		ended="$ended $?"
	done
	rm -f "$scratch/go" "$scratch/runs/"*
}

before=$(sha256sum <"$store")
start_trim $one 1
first=$program
start_trim $two 2
second=$program
equal 'two templates whose long names begin alike are trimmed at the same time, in VMs of their own' 2 \
	sh -c "ls '$appvms' | grep -c '^trim-fedora-23-minimal'"
end_trims "$first" "$second"
equal 'both come to their end' ' 0 0' echo "$ended"
equal 'and have done it' 'trimmed trimmed' sh -c "grep -hx trimmed '$scratch/trim.$one' '$scratch/trim.$two' | paste -sd' '"
equal 'nothing of their VMs is left' '' files "$appvms"

start_trim tpl 1
trim=$program
equal 'the VM that trims has its name to itself' "qvm-create: trim-tpl is not made: cannot make the files of trim-tpl: \
cannot make the directory $var/appvms/trim-tpl: File exists
status 1" run_and_say_status qvm-create -q -l red -t tpl trim-tpl
end_trims "$trim"
equal 'it goes on undisturbed' ' 0' echo "$ended"
equal 'nothing of it is left' "$before" sh -c "sha256sum <'$store'"

ln -s $one "$root$var/.trimming-trim-tpl"
equal "what a note says is another template's is left alone" \
	"qvm-trim-template: tpl is not trimmed: trim-tpl belongs to the trimming of $one: wait for its end, or run \
qvm-trim-template $one, which takes away what is left of it" \
	sh -c 'qvm-trim-template -q tpl 2>&1 >/dev/null'
rm "$root$var/.trimming-trim-tpl"

qvm-template-commit -q tpl 2>/dev/null || qvm-template-commit tpl >/dev/null 2>&1
touch "$templates/tpl/root-cow.img.old"
printf '#!/bin/sh\nexit 4\n' >"$scratch/bin/fstrim"
touch "$LIBVIRTD_DIR/attach"
qvm-trim-template -q tpl >/dev/null 2>&1
check 'what fails before fstrim keeps the changes of the last run' test -e "$templates/tpl/root-cow.img.old"
rm "$LIBVIRTD_DIR/attach"
equal 'a failing fstrim does not, and says so' 'qvm-trim-template: tpl is not trimmed: '\
'what its last run changed cannot be taken back any more: trim-tpl: fstrim failed (status 4)' \
	sh -c 'qvm-trim-template -q tpl 2>&1 >/dev/null'
check 'a failing fstrim: they are gone' test ! -e "$templates/tpl/root-cow.img.old"

cat >"$scratch/bin/fstrim" <<-EOT
	#!/bin/sh
	virsh -q -c '$QUBES_LIBVIRT_URI' destroy trim-tpl
	echo trimmed
EOT
equal 'a VM that cannot be shut down after that: it is trimmed' 'status 0' \
	sh -c 'qvm-trim-template -q tpl >"'"$scratch"'/said" 2>&1; echo "status $?"'
check 'a VM that cannot be shut down after that: that is said' grep -q '^qvm-trim-template: tpl is trimmed, but ' "$scratch/said"
equal 'a VM that cannot be shut down after that: nothing of it is left' '' files "$appvms"

# ---- what they start from ----

echo '/qubes-save-request /qubes-used-mem 500000' >"$doubles/qubesdb-daemon.vm"
qvm-create-default-dvm --default-template >/dev/null 2>&1
printf '#!/bin/sh\necho trimmed\n' >"$scratch/bin/fstrim"

# hold DIRECTORY: its lock, until there is a file "go".
hold()
{
	rm -f "$scratch/go" "$scratch/held"
	flock "$1" sh -c "touch '$scratch/held'; until [ -e '$scratch/go' ]; do sleep 0.05; done" &
	holder=$!
	libvirtd_wait test -e "$scratch/held"
}

let_go()
{
	touch "$scratch/go"
	wait "$holder"
	rm -f "$scratch/go"
}

hold "$templates/tpl"
qvm-trim-template tpl >"$scratch/said" 2>&1 &
program=$!
libvirtd_wait grep -q 'waiting until tpl is free' "$scratch/said"
touch "$templates/tpl/root.img"
let_go
wait "$program"
equal 'a trimming does not make a savefile good that the template has outrun before its turn' \
	'qvm-run: no disposable VM can be started from tpl-dvm: its savefile is older than its template'"'"'s root image '\
'(qvm-create-default-dvm tpl makes it)
status 1' run_and_say_status qvm-run -q --dispvm true
check 'it is made anew' sh -c 'qvm-create-default-dvm --default-template >/dev/null 2>&1'

# ---- disposable VMs ----

next_number()
{
	cat "$run/dispid" 2>/dev/null || echo 1
}

before=$(sha256sum <"$store")
qvm-run -q --dispvm "touch '$scratch/runs/one'; until [ -e '$scratch/go' ]; do /usr/bin/sleep 0.05; done" &
program=$!
libvirtd_wait test -e "$scratch/runs/one"
running=$(qvm-ls --raw-list | grep '^disp')
number=$((${running#disp} + 254))
echo $number >"$run/dispid"
equal 'a number whose address another disposable VM has is passed over' "disp$((number + 1))" \
	sh -c "qvm-run --dispvm -p 'qvm-ls --raw-list' | grep '^disp' | grep -vx $running"
touch "$scratch/go"
wait "$program"
rm -f "$scratch/go"

cat >"$run/disp$(next_number)-firewall.xml" <<-EOT
	<QubesFirewallRules dns="deny" icmp="deny" policy="deny" yumProxy="deny"/>
EOT
equal 'rules that an earlier one has left do not hold for the next of its name' "$(qvm-firewall -l tpl-dvm | grep -v ^INFO)" \
	sh -c "qvm-run --dispvm -p 'qvm-firewall -l disp$(next_number)'"

# ---- they wait for what they start from ----

# start_waiting: qvm-run, up to its waiting for the directory, which is held; the VM is in the store then.
start_waiting()
{
	number=$(next_number)
	hold "$dvm"
	qvm-run --dispvm "touch '$scratch/runs/waited'" >"$scratch/said" 2>&1 &
	program=$!
	libvirtd_wait grep -q 'waiting' "$scratch/said"
}

start_waiting
equal 'that is what is said' \
	'qvm-run: waiting until tpl-dvm is free: it is being started, or its files are in use' cat "$scratch/said"
kill -TERM "$program"
check 'interrupted: it ends at once' libvirtd_wait sh -c "! qvm-ls --raw-list | grep -q '^disp'"
let_go
wait "$program"
equal 'interrupted: by the signal' 143 echo $?
equal 'interrupted: the store is as it was' "$before" sh -c "sha256sum <'$store'"
check 'interrupted: it was not started' test ! -e "$scratch/runs/waited"

# As qubes-startup would, if it came before the VM's turn.
take_entry_away()
{
	python3 - "$store" "$1" <<-'EOT'
		import sys, xml.etree.ElementTree as tree
		store = tree.parse(sys.argv[1])
		for vm in store.getroot().findall("QubesDisposableVm"):
		    if vm.get("name") == sys.argv[2]:
		        store.getroot().remove(vm)
		store.write(sys.argv[1])
	EOT
	rm -f "$run/$1-firewall.xml"
}

start_waiting
take_entry_away "disp$number"
let_go
wait "$program"
equal 'removed before its turn: it fails' 1 echo $?
equal 'removed before its turn: why' "qvm-run: disp$number: it was removed before it could be started" \
	sh -c "grep -v 'waiting until\|: starting' '$scratch/said'"
check 'removed before its turn: it was not started' test ! -e "$scratch/runs/waited"
equal 'removed before its turn: there is no domain of it' 0 sh -c "virsh -q -c '$QUBES_LIBVIRT_URI' list --all --name | grep -c '^disp'"

# ---- memory is balanced again, when nobody needs it to be still any more ----

mark=$run/do-not-membalance
save_again()
{
	qvm-create-default-dvm --default-template 2>&1 | grep -v ': starting\|: saving'
}

equal 'a save says nothing of balancing' '' save_again
check 'and leaves no mark' test ! -e "$mark"
touch "$mark"
equal 'a mark that is left over is said' 'qvm-create-default-dvm: /var/run/qubes/do-not-membalance was there already, '\
'and stays: until it is gone (qubes-startup removes it) no memory is balanced' save_again
check 'and stays' test -e "$mark"
equal 'that of another save is shared' '' flock -s "$mark" sh -c \
	'qvm-create-default-dvm --default-template 2>&1 | grep -v ": starting\|: saving"; test -e "'"$mark"'" || echo gone'
rm -f "$mark"

done_testing
