#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# behind.sh QUBES - domains that virsh undefined, destroyed or made behind our back: what is said of the VM, and that
# it starts all the same, as the domain that it was. Prints TAP. (cuts does that at each call of a command.)

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

make_vms()
{
	qvm-create -q -t tpl -l blue --property netvm=none work
}

host_make make_vms
uuid=$(qvm-prefs work uuid)
other=11111111-2222-4333-8444-555555555555

set +e # the tests judge from here on

virsh_()
{
	virsh -q -c "$QUBES_LIBVIRT_URI" "$@"
}

# NAME UUID: a domain that nobody in the store is.
define_other()
{
	cat >"$scratch/other.xml" <<-EOT
		<domain type='test'><name>$1</name><uuid>$2</uuid><memory unit='MiB'>64</memory>
		<os><type>hvm</type></os></domain>
	EOT
	virsh_ define "$scratch/other.xml" >"$scratch/defined"
}

state()
{
	qvm-ls work --raw-data state
}

# What libvirt has by the name: "UUID STATE".
domain()
{
	echo "$(virsh_ domuuid work) $(virsh_ domstate work)"
}

fails()
{
	"$@"
	[ $? = 1 ]
}

# ---- gone ----

check 'there is no domain before the first start' fails virsh_ domuuid work
equal 'the VM is off' Halted state
check 'it starts' qvm-start -q work
equal 'with its UUID' "$uuid running" domain

check 'destroyed behind our back' virsh_ destroy work
equal 'it is off' Halted state
equal 'and is not killed' 'qvm-kill: work: it is not running' fails qvm-kill work
check 'it starts again' qvm-start -q work
equal 'with its UUID, again' "$uuid running" domain

check 'destroyed and undefined' virsh_ 'destroy work; undefine work'
equal 'it is off, too' Halted state
check 'a question has not defined it' fails virsh_ domuuid work
check 'it starts once more' qvm-start -q work
equal 'with its UUID, once more' "$uuid running" domain

check 'undefined while it runs' virsh_ undefine work
equal 'it runs' Running state
check 'and is killed' qvm-kill work
check 'which takes its domain away' fails virsh_ domuuid work
check 'it starts in spite of that' qvm-start -q work
equal 'with its UUID, in spite of that' "$uuid running" domain
check 'and ends' qvm-kill work
check 'undefined when it is off' virsh_ undefine work
check 'it is removed all the same, and made again' \
	sh -c 'qvm-remove -q work && qvm-create -q -t tpl -l blue --property netvm=none work'
uuid=$(qvm-prefs work uuid)

# ---- in the way ----

# What a user would do: the command in the last message, by the shell.
do_as_it_says()
{
	sh -c "$(sed -n 's/.*if nobody needs it: //p' "$scratch/said")"
}

refused()
{
	fails "$@" >"$scratch/said" 2>&1 && cat "$scratch/said"
}

taken="cannot define work: the hypervisor has another domain of this name, with UUID $other; if nobody needs it: "
check 'its domain goes' virsh_ undefine work
check 'its name is given to another domain' define_other work "$other"
equal 'the VM is off, whatever that one is' Halted state
equal 'a start says which, and what to do' \
	"qvm-start: work: ${taken}virsh -c '$QUBES_LIBVIRT_URI' undefine $other" refused qvm-start -q work
check 'it is done as it says' do_as_it_says
check 'then it starts' qvm-start -q work
equal 'with its own UUID' "$uuid running" domain
check 'kill' qvm-kill work

check 'its name is given away again' sh -c "virsh -q -c '$QUBES_LIBVIRT_URI' undefine work"
define_other work "$other"
check 'to a domain that runs' virsh_ start work
equal 'the VM is off, though that one runs' Halted state
equal 'a start says that it has to be destroyed, too' "qvm-start: work: ${taken}virsh -c '$QUBES_LIBVIRT_URI' \
'destroy $other; undefine $other'" refused qvm-start -q work
equal 'that one runs on' "$other running" domain
check 'done as it says, again' do_as_it_says
check 'it starts then' qvm-start -q work
equal 'with its own UUID, too' "$uuid running" domain
check 'kill, too' qvm-kill work

define_other taken "$other"
equal 'a VM is made by a name that is taken' "qvm-create: taken: its domain is not defined (the next start tries again): cannot \
define taken: the hypervisor has another domain of this name, with UUID $other; if nobody needs it: virsh -c \
'$QUBES_LIBVIRT_URI' undefine $other" refused qvm-create -q -t tpl -l red --property netvm=none taken
check 'which it says how to free' do_as_it_says
check 'and then it can start' qvm-start -q taken

done_testing
