#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# network.sh QUBES - the network of VMs that run: another netvm, none, a netvm that was away, and the rules of
# their ProxyVMs. Against a private libvirtd with containers, whose interfaces can be taken and given while they
# run, and with doubles (../doubles) of what only a Qubes host has. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

make_vms()
{
	qvm-create -q -t tpl -l green --proxy fw --property netvm=net
	qvm-create -q -t tpl -l green --proxy other --property netvm=net
	qvm-create -q -t tpl -l blue work --property netvm=fw
	for vm in net fw other work; do
		make_container "$vm"
	done
}

# A configuration of its own makes VM a container that does nothing.
make_container()
{
	mkdir -p "$root/etc"
	cat >"$root/etc/$1.xml" <<-EOT
		<domain type='lxc'>
		  <name>$1</name>
		  <uuid>$(qvm-prefs -g "$1" uuid)</uuid>
		  <memory unit='MiB'>64</memory>
		  <vcpu>1</vcpu>
		  <os><type>exe</type><init>/bin/sleep</init><initarg>300</initarg></os>
		  <devices>
		    <interface type='ethernet'><mac address='$(qvm-prefs -g "$1" mac)'/></interface>
		    <console type='pty'/>
		  </devices>
		</domain>
	EOT
	sed -i "s,conf_file=\"[^\"]*$1\.conf\",conf_file=\"/etc/$1.xml\"," "$root/var/lib/qubes/qubes.xml"
}

host_make make_vms
export QUBES_LIBVIRT_URI="lxc+unix:///system?socket=$LIBVIRTD_SOCKET"
virsh -q -c "$QUBES_LIBVIRT_URI" uri >/dev/null 2>&1 || skip_all 'no lxc driver'

set +e # the tests judge from here on

# ---- looking ----

xid()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domid "$1"
}

# The host's side of VM's interface: another name for each that it is given.
interface()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" dumpxml "$1" | sed -n "s/.*<target dev='\\(.*\\)'.*/\\1/p"
}

# What the daemon of VM was told since `forget`, "- PATH" for a removal.
told()
{
	sed -n 's/^\["rm", "\(.*\)"\]$/- \1/p; s/^\["write", "\([^"]*\)", "\(.*\)"\]$/\1 \2/p' \
		"$run/qubesdb.$1.record"
}

forget()
{
	for vm in net fw other work; do
		: >"$run/qubesdb.$vm.record"
	done
	: >"$log"
}

# The clients that ProxyVM has rules for, as of the last time that it was told.
clients()
{
	told "$1" | tac | sed '/^- /q' | sed -n 's,^/qubes-iptables-domainrules/\([0-9]*\) .*,\1,p'
}

new_interface()
{
	now=$(interface work)
	[ -n "$now" ] && [ "$now" != "$before" ]
}

netvm()
{
	qvm-prefs -g work netvm
}

# ---- another netvm ----

check 'a chain of containers starts' qvm-start -q --no-guid work other
forget
before=$(interface work)
check 'a VM that runs gets another netvm' qvm-prefs -s work netvm other
equal 'which is stored' other netvm
check 'it has got another interface' new_interface
equal 'it is told its new addresses' '/qubes-ip 10.137.3.7
/qubes-netmask 255.255.255.0
/qubes-gateway 10.137.3.1
/qubes-primary-dns 10.137.3.1
/qubes-secondary-dns 10.137.3.254' told work
equal 'its former ProxyVM has no rules of it any more' '' clients fw
equal 'the new one has' "$(xid work)" clients other

forget
before=$(interface work)
check 'the netvm that it has already' qvm-prefs -s work netvm other
equal 'is no reason to do anything' "$before" interface work
equal 'nor to tell anything' '' told work

# ---- its rules ----

forget
check 'its rules are changed' qvm-firewall -P deny work
check 'its ProxyVM is told' sh -c "grep -q 'domainrules/.*REJECT' '$run/qubesdb.other.record'"
equal 'and no other' '' told fw
forget
check 'qvm-firewall -r tells it once more' qvm-firewall -r work
equal 'all of it' "$(xid work)" clients other

# ---- none, and one again ----

forget
check 'a VM that runs loses its network' qvm-prefs -s work netvm none
equal 'it has no interface' '' interface work
equal 'its addresses are taken back' '- /qubes-ip
- /qubes-netmask
- /qubes-gateway
- /qubes-primary-dns
- /qubes-secondary-dns' told work
equal 'nobody has rules of it' '' clients other
check 'it gets a netvm again' qvm-prefs -s work netvm fw
check 'and an interface' test -n "$(interface work)"

forget
before=$(interface work)
check 'a batch' sh -c 'printf "qvm-prefs -s work netvm none\nqvm-prefs -s work netvm other\n" | qubes-batch'
check 'ends with another interface' new_interface
equal 'in the network of the last one' "$(xid work)" clients other
check 'and back' qvm-prefs -s work netvm fw

forget
equal 'a batch that fails later' 'qubes-batch: nothing was changed: standard input, line 2: there is no applet' \
	sh -c '! printf "qvm-prefs -s work netvm other\nnosuch\n" | qubes-batch 2>&1 | sed "s/no applet.*/there is no applet/"'
equal 'stores nothing' fw netvm
equal 'takes it out of the new network again' '' clients other
equal 'and back into the old one' "$(xid work)" clients fw
equal 'where it has its address' '/qubes-ip 10.137.2.7' sh -c "$(command -v tac) '$run/qubesdb.work.record' |
	sed -n 's/^\[\"write\", \"\(.qubes-ip\)\", \"\(.*\)\"\]\$/\1 \2/p' | head -n 1"

# ---- what fails ----

check 'its own interface is gone already' virsh -q -c "$QUBES_LIBVIRT_URI" detach-interface work ethernet
check 'that is no reason not to move it' qvm-prefs -s work netvm other
check 'and it has one again' test -n "$(interface work)"

qvm-kill fw
before=$(interface work)
refused()
{
	! "$@"
}
equal 'a netvm that is off' 'qvm-prefs: work is running, and can only get its network from a VM that runs: '\
'qvm-start fw first' refused qvm-prefs -s work netvm fw
equal 'is not stored' other netvm
equal 'nor is anything done' "$before" interface work

check 'it is started' qvm-start -q --no-guid fw
rm "$run/qubesdb.fw.pid"
libvirtd_wait test ! -e "$run/qubesdb.fw.sock"
equal 'a ProxyVM that cannot be told its rules' 'qvm-prefs: work cannot get its network from another VM: the '\
'firewall of fw: no QubesDB daemon serves fw: /var/run/qubes/qubesdb.fw.sock: No such file or directory' \
	refused qvm-prefs -s work netvm fw
equal 'gets no new client' other netvm
equal 'which stays where it was' "$(xid work)" clients other
check 'with an interface' test -n "$(interface work)"
qvm-kill fw
check 'once it can be told' qvm-start -q --no-guid fw
check 'it gets it' qvm-prefs -s work netvm fw

# ---- a netvm is moved, and with it where its clients' questions for names go ----

dns()
{
	told fw | grep -o -- '-d 10[^ ]* --dport 53' | tail -n 1
}

equal 'they go to the netvm of its ProxyVM' '-d 10.137.1.254 --dport 53' dns
check 'that gets another one' qvm-prefs -s fw netvm other
equal 'and they go there' '-d 10.137.3.254 --dport 53' dns
check 'and back' qvm-prefs -s fw netvm net

# ---- a netvm that was away ----

qvm-kill fw
forget
check 'a netvm starts again' qvm-start -q --no-guid fw
check 'its client has an interface again' test -n "$(interface work)"
equal 'whose driver was made to forget the old one' \
	'qrexec-client <-d> <work> <root:modprobe -r xen-netfront xennet>' sh -c "grep modprobe '$log'"
equal 'and it knows the rules of its client' "$(xid work)" clients fw

# The daemon of fw is held until the test lets it go on.
cat >"$root/etc/doubles/qrexec-daemon" <<-EOT
	case "\$*" in
	*fw*) : >"$scratch/held"; until [ -e "$scratch/go" ]; do sleep 0.05; done ;;
	esac
EOT
qvm-kill fw
qvm-start -q --no-guid fw &
start=$!
libvirtd_wait test -e "$scratch/held"
check 'while its netvm starts, a VM loses its network' qvm-prefs -s work netvm none
touch "$scratch/go"
wait $start
equal 'and is given none when the netvm is there' '' interface work
equal 'nor does that have rules of it' '' clients fw
rm "$root/etc/doubles/qrexec-daemon"
check 'the netvm that it had' qvm-prefs -s work netvm fw

before=$(interface fw)
qvm-kill net
forget
check 'the netvm of ProxyVMs starts again' qvm-start -q --no-guid net
check 'they have new interfaces' test "$(interface fw)" != "$before"
equal 'and know the number of its domain' "/qubes-netvm-domid $(xid net)" sh -c \
	"$(command -v sed) -n 's/^\\[\"write\", \"\\(.qubes-netvm-domid\\)\", \"\\(.*\\)\"\\]$/\\1 \\2/p' '$run/qubesdb.fw.record'"

# ---- a netvm that goes ----

equal 'a netvm is not shut down under its clients' \
	'qvm-shutdown: net: running VMs get their network from it: fw, other' refused qvm-shutdown -q net
before=$(interface fw)
qvm-pause net
qvm-shutdown -q --force net >"$scratch/said" 2>&1
equal 'one that is paused does not go, and they keep theirs' "$before" interface fw
qvm-unpause net
qvm-shutdown -q --force net >"$scratch/said" 2>&1
equal '--force takes their interfaces away first' '' interface fw

for vm in work fw other net; do
	qvm-kill "$vm"
done

done_testing
