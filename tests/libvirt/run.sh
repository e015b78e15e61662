#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh QUBES - qvm-run --auto from a VM that is off to the exit status of a command in it, and what holds
# while that runs: against a private libvirtd, with doubles (../doubles) of what only a Qubes host has. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

make_vms()
{
	qvm-create -q -t tpl -l blue work --property netvm=net
}

host_make make_vms

set +e # the tests judge from here on

# ---- looking ----

# The calls that a command makes, without those of a start.
clients()
{
	grep '^qrexec-client' "$log" | grep -v WaitForSession
}

run_and_say_status()
{
	qvm-run "$@"
	echo "status $?"
}

# ---- from off to the status of a command ----

equal 'off: refused without --auto' 'qvm-run: work: it is not running (--auto starts it)
status 1' run_and_say_status work true
equal '--auto starts it, with its netvm, and the status is that of the command' 'hello
status 5' run_and_say_status -a -p work 'echo hello; exit 5'
equal 'both run' 'net|Running
work|Running' qvm-ls net work --raw-data name-raw state
equal 'it was called once' 'qrexec-client <-d> <work> <user:echo hello; exit 5>' clients
equal '--auto of one that runs starts nothing' 'status 0' run_and_say_status -a -p work true
equal 'each has got one GUI daemon' 2 grep -c '^qubes-guid' "$log"

# ---- while a command runs ----

# The store can be written, the VM paused, and nobody stays connected: a command may take for ever.
qvm-run -p work "touch '$scratch/runs'; until [ -e '$scratch/end' ]; do sleep 0.05; done; exit 6" &
command=$!
libvirtd_wait test -e "$scratch/runs"
check 'while a command runs the store can be written' qvm-prefs --wait 0 -s work label green
check 'nor is it connected to libvirtd' sh -c "! ls -l /proc/$command/fd | grep -q socket:"
check 'the VM can be paused' qvm-run --pause work
equal 'paused: refused' 'qvm-run: work: it is paused
status 1' run_and_say_status -a work true
check 'and go on' qvm-run --unpause work
touch "$scratch/end"
wait "$command"
equal 'its status is that of the command' 6 echo $?

# ---- GUI daemons that are missing, all ----

rm -f "$log" "$run"/guid-running.*
check 'qvm-run --all true' qvm-run -q --all true
equal 'gives every VM its GUI daemon again' '<net> <work>' \
	sh -c "sed -n 's/^qubes-guid .*<-N> \\(<[^>]*>\\).*/\\1/p' '$log' | sort | paste -sd' '"
equal 'and runs the command in all' 'qrexec-client <-d> <net> <user:true> <-e>
qrexec-client <-d> <work> <user:true> <-e>' sh -c "grep '^qrexec-client' '$log' | sort"

# ---- what fails ----

qvm-shutdown -q --wait --all
rm -f "$run"/qrexec.* "$run"/guid-running.*
echo 'exit 3' >"$root/etc/doubles/qubesdb-daemon"
rm -f "$log"
equal 'a start that fails' 'qvm-run: work: net: QubesDB: /usr/sbin/qubesdb-daemon failed (status 3)
status 1' run_and_say_status -q -a work true
equal 'has nothing run in it' '' clients

done_testing
