#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# remote.sh QUBES - a hypervisor on another machine (../lib/far.sh) by libvirt's own URIs: with a stand-in for ssh,
# with another program, and all that can be wrong with them. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/far.sh
. "$here/../lib/far.sh"
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"
command -v virt-ssh-helper >/dev/null || skip_all 'no virt-ssh-helper (deps/install test)'

make_vms()
{
	qvm-create -q -t tpl -l blue --property netvm=none work
}

host_make make_vms
local=$QUBES_LIBVIRT_URI
uuid=$(qvm-prefs work uuid)
far=$scratch/far
far_install "$far"

set +e # the tests judge from here on

with_ssh()
{
	PATH=$far:$PATH "$@"
}

domain()
{
	virsh -q -c "$local" domstate work
	virsh -q -c "$local" domuuid work
}

# fails COMMAND...: with status 1.
fails()
{
	"$@"
	[ $? = 1 ]
}

# says MESSAGE COMMAND...: it fails with that, a basic regular expression, in one of its lines.
says()
{
	message=$1
	shift
	fails "$@" >"$scratch/said" 2>&1 && grep -q "$message" "$scratch/said" && return
	cat "$scratch/said"
	return 1
}

# ---- a whole life over ssh ----

export QUBES_LIBVIRT_URI=test+ssh://bob@far:2222/default
check 'start over ssh' with_ssh qvm-start -q work
check 'ssh is called for that user, port and machine' \
	grep -q -- '-p 2222 -l bob .*-- far ' "$far/called"
equal 'once for a command' 1 grep -c . "$far/called"
equal 'it runs there, with the UUID of the store' "running
$uuid" domain
equal 'and is seen to run' Running with_ssh qvm-ls work --raw-data state
check 'pause' with_ssh qvm-pause work
equal 'it is paused there' "paused
$uuid" domain
check 'unpause' with_ssh qvm-unpause work
check 'shutdown, waited for' with_ssh qvm-shutdown -q --wait work
equal 'it is off there' "shut off
$uuid" domain

# ---- other ways ----

equal 'the program to call instead of ssh is part of the URI' Halted \
	qvm-ls --connect "test+ssh://far/default?command=$far/ssh" work --raw-data state
equal 'any program that speaks the protocol will do' Halted \
	qvm-ls --connect "test+ext:///default?command=$far/bridge" work --raw-data state
check 'start by it' qvm-start --connect "test+ext:///default?command=$far/bridge" -q work
check 'kill by it' qvm-kill --connect "test+ext:///default?command=$far/bridge" work

# ---- what fails before there is a connection ----

no_connection='cannot connect to the hypervisor at'

# refused URI WHY: a tool that acts says why and fails, one that lists says so once and lists.
refused()
{
	equal "$1: qvm-start says why" "qvm-start: work: $no_connection $1: $2" fails qvm-start -q --connect "$1" work
	equal "$1: qvm-ls says it, and lists" "qvm-ls: states are not known: $no_connection $1: $2
work|NA" qvm-ls --connect "$1" work --raw-data name-raw state
}

refused nonsense "no connection driver available for URI 'nonsense' does not include a driver name"
refused test+bogus:///default 'invalid argument: remote_open: transport in URL not recognised '\
'(should be tls|unix|ssh|ext|tcp|libssh2|libssh)'
refused test+ext:///default "invalid argument: remote_open: for 'ext' transport, command is required"
refused 'test://[::1/default' 'internal error: Unable to parse URI test://[::1/default'
refused "test+unix:///default?socket=$scratch/nobody" "Failed to connect socket to '$scratch/nobody': "\
'No such file or directory; is libvirtd running? (--offline-mode does without it)'

# Why a program that was called has ended is known only if it ends late enough.
check 'the program to call does not exist' says "$no_connection test+ssh://far/default?command=/nowhere/ssh: [^ ]" \
	qvm-start -q --connect 'test+ssh://far/default?command=/nowhere/ssh' work

# Nothing but the program is there.
without_ssh()
{
	mkdir "$scratch/empty"
	ln -s "$qubes" "$scratch/empty/qvm-start"
	PATH=$scratch/empty qvm-start -q work
}
refusal="qvm-start: work: $no_connection $QUBES_LIBVIRT_URI:"
equal 'there is no ssh' "$refusal Cannot find 'ssh' in path: No such file or directory" fails without_ssh
echo 'sleep 0.5; echo "Permission denied (publickey)." >&2; exit 255' >"$far/instead"
equal 'ssh is refused' "$refusal Cannot recv data: Permission denied (publickey).: Connection reset by peer" \
	fails with_ssh qvm-start -q work
echo 'echo Welcome to far; exec sleep 3' >"$far/instead"
check 'something else answers' says "$no_connection $QUBES_LIBVIRT_URI: [^ ]" with_ssh qvm-start -q work
echo 'exec cat >/dev/null' >"$far/instead"
equal 'nobody answers' "$refusal no answer in 10 seconds; does libvirtd hang? (--offline-mode does without it)" \
	fails with_ssh qvm-start -q work
rm "$far/instead"

# ---- what fails later ----

echo "kill -- -\$(cat '$far/group')" >"$root/etc/doubles/qubesdb-daemon"
check 'the connection ends in the middle of a start' \
	says 'the connection to the hypervisor at .* was lost' with_ssh qvm-start -q work
check 'it says that the domain may be left, and how it goes' grep -qxF 'qvm-start: the domain of work may be there '\
'all the same; once the hypervisor answers: qvm-kill work' "$scratch/said"
rm "$root/etc/doubles/qubesdb-daemon"
equal 'what it has left is what it said' "paused
$uuid" domain
check 'and goes as it said' with_ssh qvm-kill work
check 'a second start works' with_ssh qvm-start -q work
equal 'it runs' "running
$uuid" domain

done_testing
