#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# qemu.sh QUBES - the whole life of a VM that really boots: libvirt's QEMU driver, which needs no KVM, a kernel of
# Debian and an init of ours (guest), with doubles (../doubles) of what only a Qubes host has. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/far.sh
. "$here/../lib/far.sh"
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"
command -v qemu-system-x86_64 >/dev/null || skip_all 'no qemu-system-x86_64 (deps/install slow)'

make_vms()
{
	"$here/guest" "$root/var/lib/qubes/vm-kernels/6.1"
	qvm-create -q -t tpl -l blue --property netvm=none work
	qvm-prefs -s work memory 128
	qvm-prefs -s work maxmem 128
	qvm-prefs -s work vcpus 1
}

# Whatever the tests have left running is a process of QEMU, which outlives its libvirtd.
end_guest()
{
	virsh -q -c "qemu+unix:///system?socket=$LIBVIRTD_SOCKET" destroy work >"$scratch/ended" 2>&1
}

host_make make_vms
trap 'end_guest; host_end' EXIT
export QUBES_LIBVIRT_URI="qemu+unix:///system?socket=$LIBVIRTD_SOCKET"
uuid=$(qvm-prefs work uuid)

set +e # the tests judge from here on

# ---- looking ----

# In words of virsh: "shut off", "running", "paused".
domain()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domstate work
}

domain_uuid()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domuuid work
}

state()
{
	qvm-ls work --raw-data state
}

# Why it is off: "shut off (shutdown)", "shut off (destroyed)".
end_of_it()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" domstate --reason work
	state
}

states()
{
	domain
	state
}

# From now on until it ends, what the guest says is added to a file. Nobody else reads its console.
hear_guest()
{
	console=$(virsh -q -c "$QUBES_LIBVIRT_URI" ttyconsole work)
	: >"$scratch/console"
	cat "$console" >>"$scratch/console" 2>/dev/null &
}

# The guest has said it again since the last time that it was asked for, within half a minute.
guest_says()
{
	: >"$scratch/console"
	tries=0
	until grep -q "$1" "$scratch/console"; do
		[ $((tries += 1)) -lt 300 ] || { domain; cat "$scratch/console"; return 1; }
		sleep 0.1
	done
}

# What was on its way has arrived by then; the guest speaks every half second.
guest_is_silent()
{
	sleep 1
	: >"$scratch/console"
	sleep 2
	[ ! -s "$scratch/console" ] || { cat "$scratch/console"; return 1; }
}

qemus()
{
	pgrep -c -f "qemu-system-x86_64 .*-uuid $uuid"
}

# fails COMMAND...: with status 1.
fails()
{
	"$@"
	[ $? = 1 ]
}

# ---- from off to running ----

equal 'nothing runs before the start' Halted state
check 'start' qvm-start -q work
hear_guest
equal 'libvirt and qvm-ls say that it runs' 'running
Running' states
equal 'with the UUID of the store' "$uuid" domain_uuid
equal 'in one process of QEMU' 1 qemus
check 'its kernel is up, knows its UUID and has its four disks' guest_says "GUEST-UP $uuid disks: vda vdb vdc"
equal 'a second start is refused' 'qvm-start: work: it is running already (Running)' fails qvm-start -q work

# ---- paused, and on ----

check 'pause' qvm-pause work
equal 'libvirt and qvm-ls say that it is paused' 'paused
Paused' states
check 'it does nothing' guest_is_silent
check 'unpause' qvm-unpause work
equal 'libvirt and qvm-ls say that it runs again' 'running
Running' states
check 'it goes on' guest_says "GUEST-UP $uuid"

# ---- its end ----

check 'qvm-shutdown --wait' qvm-shutdown -q --wait --timeout 60 work
equal 'presses its power button, which it obeys' 'shut off (shutdown)
Halted' end_of_it
equal 'and its process has gone' 0 qemus

qvm-prefs -s work kernelopts deaf
check 'start of one that does not hear the button' qvm-start -q work
hear_guest
equal 'its UUID is the same' "$uuid" domain_uuid
check 'it is up' guest_says "GUEST-UP $uuid"
check 'kill' qvm-kill work
equal 'ends it' 'shut off (destroyed)
Halted' end_of_it
equal 'and its process has gone, too' 0 qemus

# ---- from another machine ----

# The last of these ends it, as nobody hears the button.
far_install "$scratch/far"
check 'start again, over ssh' env PATH="$scratch/far:$PATH" qvm-start --connect qemu+ssh://far/system -q work
equal 'it runs, by the same UUID' "$uuid" domain_uuid
hear_guest
check 'it is up again' guest_says "GUEST-UP $uuid"
check 'a shutdown over ssh that is not obeyed' env PATH="$scratch/far:$PATH" \
	qvm-shutdown --connect qemu+ssh://far/system -q --wait --timeout 5 work
equal 'becomes a kill' 'shut off (destroyed)
Halted' end_of_it

done_testing
