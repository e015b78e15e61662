#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# start.sh QUBES - what a start of a chain of VMs does, in which order, and what is left when a part of it
# fails: against a private libvirtd, with doubles (../doubles) of what only a Qubes host has. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

# A chain of network, and an HVM outside it.
make_vms()
{
	qvm-create -q -t tpl -l green --proxy fw --property netvm=net
	qvm-create -q -t tpl -l blue work --property netvm=fw
	qvm-create -q -t tpl -l yellow mail --property netvm=fw
	qvm-create -q -H -l gray win --property netvm=none
}

# The state of the domain when a daemon is started for it, whose words begin with "XID NAME".
watch_states()
{
	for name in qubesdb-daemon qrexec-daemon; do
		echo "echo \"\$2 is \$(virsh -c '$QUBES_LIBVIRT_URI' domstate \"\$2\"): $name\" >>'$scratch/states'" \
			>"$root/etc/doubles/$name"
	done
}

host_make make_vms

set +e # the tests judge from here on

# ---- looking ----

xid()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domid "$1"
}

state()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domstate "$1"
}

# What was written down, with VM:NAME instead of the numbers of domains. The balancer says that it got its
# memory back when it has seen that, which may be a bit later.
calls()
{
	names=
	for name in net fw work; do
		names="$names;s/\\(-daemon\\|<-[dq]>\\) <$(xid $name)>/\\1 <VM:$name>/"
	done
	sed -e "s|$root||g$names" -e '/^qmemman released/d' -e '/runuser </d' "$log"
}

released()
{
	[ "$(grep -c '^qmemman <' "$log")" = "$(grep -c '^qmemman released' "$log")" ]
}

# What the daemon of VM was told: "PATH VALUE", "- PATH" for a removal. The seed is another each time.
entries()
{
	python3 - "$run/qubesdb.$1.record" <<-'EOT'
		import json, sys
		for line in open(sys.argv[1]):
		    kind, *rest = json.loads(line)
		    if kind == "rm":
		        print("-", rest[0])
		    elif kind == "write":
		        print(rest[0], "SEED" if rest[0].endswith("-seed") else rest[1])
	EOT
}

entry()
{
	entries "$1" | grep "$2"
}

# The paths of the firewall alone.
firewall()
{
	entries "$1" | sed -n 's,^\(\(- \)\?/qubes-\(iptables\|netvm-domid\)[^ ]*\) .*,\1,p; s,^- .*,&,p'
}

# The rules of clients in the set that was written last.
last_rules()
{
	firewall "$1" | tac | sed '/^- /q' | tac | grep '/qubes-iptables-domainrules/[0-9]'
}

# Are all off, with nothing left that was started for them? VM...
nothing_left()
{
	for name; do
		[ "$(state "$name")" = 'shut off' ] || { state "$name"; return 1; }
		[ ! -e "$run/qubesdb.$name.pid" ] || { echo "qubesdb-daemon of $name"; return 1; }
	done
	libvirtd_wait released || { cat "$log"; return 1; }
}

fails()
{
	! "$@"
}

no_qubesdb()
{
	[ -z "$(find "$run" -name 'qubesdb.*.pid')" ]
}

# The host as it was. A daemon of QubesDB that ends later would take the next one's socket with it.
off()
{
	qvm-shutdown -q --wait --all
	for file in "$run"/qubesdb.*.pid; do
		[ ! -e "$file" ] || kill "$(cat "$file")"
	done
	libvirtd_wait no_qubesdb
	rm -f "$log" "$run"/qubesdb.*.record "$run"/qrexec.* "$run"/guid-running.* "$root/etc/doubles/"*
}

# ---- a chain ----

watch_states
equal 'qvm-start says which VMs it starts' 'qvm-start: starting net
qvm-start: starting fw
qvm-start: starting work' qvm-start work

equal 'each is paused until it knows who it is, and runs before its qrexec daemon' "\
net is paused: qubesdb-daemon
net is running: qrexec-daemon
fw is paused: qubesdb-daemon
fw is running: qrexec-daemon
work is paused: qubesdb-daemon
work is running: qrexec-daemon" cat "$scratch/states"

icons=/usr/share/icons/hicolor/128x128/devices

# VM MEMORY COLOUR LABEL INDEX: all that is called for it, which has two CPUs.
calls_of()
{
	cat <<-EOT
		qmemman <$(($2 * 1048576 + 4 * 1048576 + 2 * 1572864))>
		qubesdb-daemon <VM:$1> <$1>
		QREXEC_STARTUP_TIMEOUT=60 qrexec-daemon <VM:$1> <$1> <user>
		qubes-guid <-d> <VM:$1> <-N> <$1> <-c> <$3> <-i> <$icons/appvm-$4.png> <-l> <$5>
		qubes-monitor-layout-notify <$1>
		qrexec-client <-d> <$1> <root:QUBESRPC qubes.WaitForSession none>
		qubes.WaitForSession reads <user>
	EOT
}

equal 'memory, QubesDB, qrexec, GUI, session: one VM after the other' \
	"$(calls_of net 300 0xcc0000 red 1
	calls_of fw 300 0x73d216 green 4
	calls_of work 400 0x3465a4 blue 6)" calls
check 'the daemons run as the first member of the group qubes' \
	grep -qxF 'runuser <-u> <user> <--> <qubesdb-daemon>' "$log"
check 'all memory is given back' libvirtd_wait released
equal 'the VMs are ready for use' 'net|Running
fw|Running
work|Running' qvm-ls net fw work --raw-data name-raw state

equal 'an AppVM is told all of its entries, in this order' "\
/name work
/qubes-vm-type AppVM
/qubes-vm-updateable False
/qubes-vm-persistence rw-only
/qubes-base-template tpl
/qubes-ip 10.137.2.6
/qubes-netmask 255.255.255.0
/qubes-gateway 10.137.2.1
/qubes-primary-dns 10.137.2.1
/qubes-secondary-dns 10.137.2.254
/qubes-service/meminfo-writer 1
/qubes-block-devices 
/qubes-usb-devices 
/qubes-debug-mode 0
/qubes-random-seed SEED" entries work

equal 'a ProxyVM is told of its clients at its start, and again when one of them starts' "\
/qubes-iptables-error
- /qubes-iptables-domainrules/
/qubes-iptables-header
/qubes-netvm-domid
/qubes-iptables
- /qubes-iptables-domainrules/
/qubes-iptables-header
/qubes-iptables-domainrules/$(xid work)
/qubes-netvm-domid
/qubes-iptables" firewall fw

check 'started again, with --skip-if-running, nothing happens' qvm-start --skip-if-running work
off

# ---- two programs at the same time ----

both_at_once()
{
	qvm-start -q work &
	qvm-start -q mail
	mail=$?
	wait $! && [ $mail = 0 ]
}

check 'two clients of the same netvms are started at the same time' both_at_once
equal 'each VM was started once' '1 fw
1 mail
1 net
1 work' sh -c "sed -n 's/^qubesdb-daemon .*<\(.*\)>/\1/p' '$log' | sort | uniq -c | sed 's/^ *//'"
equal 'their ProxyVM has the rules of both in the end' "\
/qubes-iptables-domainrules/$(xid work)
/qubes-iptables-domainrules/$(xid mail)" last_rules fw
off

# ---- one program that starts several ----

started_once()
{
	sed -n 's/^qubesdb-daemon .*<\(.*\)>/\1/p' "$log" | sort | uniq -c | sed 's/^ *//'
}

# The daemon of each client is held until that of the other has got as far.
cat >"$root/etc/doubles/qrexec-daemon" <<-EOT
	case "\$3" in
	work | mail)
	    : >"$scratch/\$3.came"
	    for try in \$(seq 100); do
	        [ -e "$scratch/work.came" ] && [ -e "$scratch/mail.came" ] && break
	        sleep 0.05
	    done
	    [ "\$try" -lt 100 ] || : >"$scratch/alone"
	    ;;
	esac
EOT
check 'qvm-start A B starts both' qvm-start -q work mail
equal 'their netvms were started once' '1 fw
1 mail
1 net
1 work' started_once
check 'both were started at the same time' sh -c "[ -e '$scratch/mail.came' ] && [ ! -e '$scratch/alone' ]"
check 'all run' qvm-check -q --running net fw work mail
off
rm -f "$scratch"/*.came

# shellcheck disable=SC2016 # expanded by the double
echo '[ "$2" != fw ] || exit 3' >"$root/etc/doubles/qubesdb-daemon"
equal 'a netvm that fails is tried once, and what depends on it is not started' \
	'qvm-start: fw: QubesDB: /usr/sbin/qubesdb-daemon failed (status 3)
qvm-start: work: it is not started: its netvm fw was not
qvm-start: mail: it is not started: its netvm fw was not' fails qvm-start -q work mail win --no-guid
check 'nothing is left of these' nothing_left fw work mail
equal 'the others run' 'running
running' sh -c "$(command -v virsh) -q -c '$QUBES_LIBVIRT_URI' domstate net;
	$(command -v virsh) -q -c '$QUBES_LIBVIRT_URI' domstate win"
rm "$root/etc/doubles/qubesdb-daemon"
equal 'one that runs already is an error, and no reason not to start the rest' \
	'qvm-start: net: it is running already (Transient)' fails qvm-start -q --no-guid net mail
off

qvm-prefs -s mail autostart true
qvm-prefs -s net autostart true
check '--all-autostart' qvm-start -q --all-autostart
equal '--all-autostart: those that are to be, and their netvms' '1 fw
1 mail
1 net' started_once
check '--all-autostart: nothing is left to be done' qvm-start -q --all-autostart
qvm-prefs -D mail autostart
qvm-prefs -D net autostart
off

# shellcheck disable=SC2016 # expanded by the double: its parent is the child of qvm-start that starts its VM
echo '[ "$2" != fw ] || { kill -TERM "$QVM_START"; sleep 1; }' >"$root/etc/doubles/qubesdb-daemon"
interrupted_from_outside()
{
	# shellcheck disable=SC2016 # expanded by that shell, which becomes qvm-start
	sh -c 'QVM_START=$$ exec qvm-start -q work mail'
	[ $? = 143 ]
}
check 'interrupted: the processes that start VMs end, and then it does' interrupted_from_outside
check 'interrupted: nothing is left of what was under way, nor started after it' nothing_left fw work mail
off

# ---- what others do to the store while one takes long ----

# The daemon of vpn, the netvm of slow, is held until the test lets it go on.
qvm-create -q -t tpl -l green --proxy vpn --property netvm=fw
qvm-create -q -t tpl -l blue slow --property netvm=vpn
qvm-firewall -P deny work
cat >"$root/etc/doubles/qrexec-daemon" <<-EOT
	case "\$*" in
	*vpn*) : >"$scratch/held"; until [ -e "$scratch/go" ]; do sleep 0.05; done ;;
	esac
EOT
qvm-start -q --no-guid fw
qvm-start -q --no-guid slow &
slow=$!
libvirtd_wait test -e "$scratch/held"
qvm-prefs -s work name secret
qvm-create -q -t tpl -l blue fresh --property netvm=fw
check 'others are renamed, made and started meanwhile' qvm-start -q --no-guid secret fresh
equal 'but the netvm of the one that is being started does not change' \
	'qvm-prefs: slow: it is being started: try again' fails qvm-prefs -s slow netvm none
touch "$scratch/go"
wait $slow
equal 'then it starts' 0 echo $?

# The end of what PROXY has been told last about VM: what becomes of all that no rule is about.
rest_of()
{
	tac "$run/qubesdb.$1.record" | sed '/"rm"/q' |
		sed -n "s,.*domainrules/$(xid "$2")\".* -j \([A-Z]*\)[a-z -]*.nCOMMIT.*,\1,p"
}
equal 'the rules of one that was renamed are still its own' REJECT rest_of fw secret
equal 'one that was made meanwhile has rules' ACCEPT rest_of fw fresh
equal 'so has the one that took long' ACCEPT rest_of vpn slow
qvm-prefs -s secret name work >"$scratch/said" 2>&1
off
qvm-prefs -s secret name work
qvm-remove -q fresh slow vpn
qvm-firewall work reset
rm -f "$scratch/held" "$scratch/go"

# A netvm that another program has started first is there all the same.
cat >"$root/etc/doubles/qrexec-daemon" <<-EOT
	case "\$*" in
	*fw*) : >"$scratch/held"; until [ -e "$scratch/go" ]; do sleep 0.05; done ;;
	esac
EOT
qvm-start -q --no-guid fw &
first=$!
libvirtd_wait test -e "$scratch/held"
{ sleep 1; touch "$scratch/go"; } &
equal 'a netvm that another program has started is said' 'qvm-start: fw: it is running already (Transient)' \
	sh -c '! qvm-start -q --no-guid fw work 2>&1 | grep -v waiting'
wait $first
check 'and its client is started' qvm-check -q --running work
off
rm -f "$scratch/held" "$scratch/go"

# ---- how ----

qvm-start -q --no-guid work
equal '--no-guid: no GUI daemon, for no VM of the chain' 0 grep -c '^qubes-guid' "$log"
check 'a quiet start makes quiet daemons' grep -q 'qrexec-daemon <-q> ' "$log"
off

mkdir -p "$root/var/log/qubes"
touch "$root/var/log/qubes/qrexec.net.log"
equal '--debug names the logs that there are' 'qvm-start: logs: /var/log/xen/console/guest-net.log
qvm-start: logs: /var/log/qubes/qrexec.net.log' qvm-start -q --debug net
check '--debug: the GUI daemon is verbose' grep -q 'qubes-guid .*<-v> <-v>$' "$log"
equal '--debug: so is the VM' '/qubes-debug-mode 1' entry net debug
off

qvm-start -q --dvm net
equal '--dvm: the VM has the service that says so' '/qubes-service/qubes-dvm 1' entry net dvm
equal '--dvm: its GUI is not seen' 1 grep -c '^qubes-guid .* <-I>' "$log"
equal '--dvm: nobody can run anything in it' 0 grep -c qrexec "$log"
off

# ---- what fails before the domain is there ----

balancer_start --free 100
equal 'no memory: that is said' 'qvm-start: work: fw: net: not enough memory: 307 MiB are needed' \
	fails qvm-start -q work
check 'no memory: nothing is left' nothing_left net fw work
check 'no memory: no daemon was started' fails grep -q daemon "$log"
balancer_start
off

rm "$root/usr/sbin/runuser"
equal 'what cannot work is said before anything is started' \
	'qvm-start: work: the daemons cannot be run as user: /usr/sbin/runuser is missing' fails qvm-start -q work
check 'not even a netvm was' nothing_left net fw work
"$here/../doubles/install" "$root" runuser
off

# ---- what fails while it is paused ----

# fails_while_paused NAME MESSAGE: the start of work, whose netvms run.
fails_while_paused()
{
	equal "$1: why" "qvm-start: work: $2" fails qvm-start -q work
	check "$1: the domain is destroyed, its daemon stopped, its memory given back" nothing_left work
	equal "$1: its netvm runs on" running state fw
	equal "$1: nobody runs anything in it" 0 grep -c 'qrexec-daemon.* <work>' "$log"
}

qvm-start -q fw
echo 'exit 3' >"$root/etc/doubles/qubesdb-daemon"
fails_while_paused 'no QubesDB daemon' 'QubesDB: /usr/sbin/qubesdb-daemon failed (status 3)'
rm "$root/etc/doubles/qubesdb-daemon"

echo refuse:/qubes-random-seed >"$root/etc/doubles/qubesdb-daemon.fault"
fails_while_paused 'an entry is refused' \
	'cannot write /qubes-random-seed: the QubesDB daemon of work refuses it'
rm "$root/etc/doubles/qubesdb-daemon.fault"

rm "$run/qubesdb.fw.pid"
libvirtd_wait test ! -e "$run/qubesdb.fw.sock"
fails_while_paused 'the ProxyVM cannot be told' \
	'the firewall of fw: no QubesDB daemon serves fw: /var/run/qubes/qubesdb.fw.sock: No such file or directory'
off

qvm-start -q fw
# shellcheck disable=SC2016 # expanded by the double, whose parent's parent is qvm-start
echo 'kill -TERM "$(cut -d " " -f 4 /proc/$PPID/stat)"' >"$root/etc/doubles/qubesdb-daemon"
ends_by_signal()
{
	qvm-start -q work
	[ $? = 143 ]
}
check 'interrupted: it ends by the signal' ends_by_signal
check 'interrupted: the domain is destroyed, its daemon stopped, its memory given back' nothing_left work

# shellcheck disable=SC2016 # expanded by the double
echo "virsh -q -c '$QUBES_LIBVIRT_URI'"' destroy "$2"' >"$root/etc/doubles/qubesdb-daemon"
check 'destroyed by somebody else meanwhile: it fails' fails qvm-start -q work
check 'destroyed by somebody else meanwhile: its daemon is stopped, its memory given back' nothing_left work
off

# ---- what fails when it runs ----

echo 'exit 3' >"$root/etc/doubles/qrexec-daemon"
equal 'no qrexec daemon: that is said' \
	'qvm-start: net: it is running, but not ready for use: /usr/lib/qubes/qrexec-daemon failed (status 3)' \
	fails qvm-start -q net
equal 'no qrexec daemon: the VM runs' running state net
check 'no qrexec daemon: it has its QubesDB' \
	libvirtd_wait sh -c "[ -e '$run/qubesdb.net.pid' ]"
equal 'an HVM without agent is of no use then' \
	'qvm-start: win: /usr/lib/qubes/qrexec-daemon failed (status 3); it was destroyed' \
	fails qvm-start -q --no-guid win
check 'nothing of it is left' nothing_left win
off

echo 'exit 3' >"$root/etc/doubles/qubes-guid"
equal 'no GUI daemon: that is said, and the VM runs' \
	'qvm-start: net: it is running, but not ready for use: /usr/bin/qubes-guid failed (status 3)' \
	fails qvm-start -q net
equal 'no GUI daemon: the VM runs' running state net
equal 'an HVM without GUI is reachable, and that is said' 'qvm-start: win: its screen is not shown: '\
'the domain that it is emulated in is not known
qvm-start: win: its GUI: /usr/bin/qubes-guid failed (status 3)
qvm-start: win: it is running, but not ready for use' fails qvm-start -q win
equal 'a netvm that is not ready does not keep the next start from its client' '' qvm-start -q --no-guid fw
off

# ---- what changes while they run ----

qvm-prefs -s win qrexec_installed true
qvm-prefs -s win guiagent_installed true
qvm-start -q --no-guid net win
rm -f "$log"
check 'updates are switched off' qubes-set-updates disable
equal 'VMs that run are told' 'qrexec-client <-d> <net> <root:systemctl stop qubes-update-check.timer>
qrexec-client <-d> <win> <root:nogui:systemctl stop qubes-update-check.timer>' cat "$log"
rm -f "$log"
check 'a GUI mode is set' qvm-prefs -s win seamless_gui_mode true
equal 'the VM is told' 'qrexec-client <-d> <win> <user:QUBESRPC qubes.SetGuiMode dom0>
qubes.SetGuiMode reads <SEAMLESS>' cat "$log"
rm -f "$log"
qvm-prefs -s win seamless_gui_mode true
check 'not if it is what it was' test ! -e "$log"
off

# ---- waiting for the end ----

qvm-start -q --no-guid net
equal 'waiting in vain says for whom' 'qvm-shutdown: still running: net' \
	fails qvm-shutdown -q --dry-run --wait --timeout 0 net
check 'a terminal shows whom it waits for' sh -c "python3 '$here/../cli/terminal.py' '' \
	qvm-shutdown --dry-run --wait --timeout 1 net | grep -q 'waiting 1 s for net'"
check 'not if it is to be quiet' sh -c "! python3 '$here/../cli/terminal.py' '' \
	qvm-shutdown -q --dry-run --wait --timeout 1 net | grep -q waiting"

# The end is seen when libvirt tells it, not a round of a second later; some try is not disturbed by a busy machine.
ends_at_once()
{
	for _ in 1 2 3 4 5; do
		qvm-start -q --no-guid --skip-if-running net
		began=$(date +%s%N)
		qvm-shutdown -q --dry-run --wait --timeout 30 net &
		sleep 0.2
		virsh -q -c "$QUBES_LIBVIRT_URI" destroy net
		wait $! || return
		took=$((($(date +%s%N) - began) / 1000000))
		echo "$took ms"
		[ "$took" -ge 950 ] || return 0
	done
	return 1
}
check 'the wait is over as soon as the domain is' ends_at_once
off

done_testing
