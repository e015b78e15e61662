#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# clock.sh QUBES - qvm-sync-clock: from the ClockVM to dom0 and the other VMs, and what it does not believe; against
# a private libvirtd, with doubles (../doubles). No clock of this machine is set: dom0's date and hwclock are doubles
# too, below the root. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/../lib/qubes_host.sh
. "$here/../lib/qubes_host.sh"

make_vms()
{
	qvm-create -q -t tpl -l green --proxy fw --property netvm=net
	qvm-create -q -t tpl -l blue work --property netvm=fw
	qvm-create -q -t tpl -l yellow mail --property netvm=none
	qvm-create -q -H -l gray win --property netvm=none
	qubes-prefs -s clockvm fw
}

# A program of dom0 that writes down how it was called.
host_program()
{
	mkdir -p "$root$(dirname "$1")"
	{
		echo '#!/bin/sh'
		echo ". '$root/usr/lib/doubles/record.sh'"
		echo "root='$root'"
		# shellcheck disable=SC2016 # for that script
		echo 'record "$@"'
	} >"$root$1"
	chmod +x "$root$1"
}

# In the VMs of the double of qrexec-client, which are this machine.
vm_program()
{
	printf '#!/bin/sh\n%s\n' "$2" >"$scratch/bin/$1"
	chmod +x "$scratch/bin/$1"
}

host_make make_vms
host_program /usr/bin/date
host_program /usr/sbin/hwclock
# shellcheck disable=SC2016 # for that script
vm_program date 'cat "'"$scratch"'/time"'
vm_program nm-online 'exit 1'

set +e # the tests judge from here on

says()
{
	rm -f "$log"
	"$@"
	echo "status $?"
}

says_sorted()
{
	says "$@" 2>&1 | sort
}

# What was called since then; the time that VMs are told is that of this machine, to the minute.
calls()
{
	sed -e "s/ $minute:[0-5][0-9]+0000>/ NOW>/;s/<$minute:[0-5][0-9]+0000>/<NOW>/" "$log" 2>/dev/null
}

# VMs are told at once: their part is in order of the alphabet.
calls_sorted()
{
	calls | sed '/SetDateTime/,$d'
	calls | sed -n '/SetDateTime/,$p' | sort
}

# Those that change something.
changes()
{
	calls | grep -E '^(date|hwclock|qubes.SetDateTime) '
}

claim()
{
	printf '%s\n' "$1" >"$scratch/time"
}

claim '2026-01-02T03:04:05+00:00'

mv "$run" "$run.away"
equal 'a host whose Qubes services have not run' 'qvm-sync-clock: /var/run/qubes/qvm-sync-clock.lock cannot be made: the Qubes services of this host have not run since it was booted
status 1' says qvm-sync-clock
mv "$run.away" "$run"
equal 'a ClockVM that is off has no time' 'qvm-sync-clock: the ClockVM fw is not running
status 1' says qvm-sync-clock
check 'VMs are started' qvm-start -q work mail win
qvm-pause mail
minute=$(env -i PATH=/usr/bin:/bin date -u +%Y-%m-%dT%H:%M)
equal 'it is done without a word' 'status 0' says qvm-sync-clock
equal 'the network is waited for in the outermost netvm, the ClockVM asked, dom0 set, and told to the VMs that listen' "\
qrexec-client <-d> <net> <user:nm-online -x>
qrexec-client <-d> <fw> <root:QUBESRPC qubes.SyncNtpClock dom0>
qubes.SyncNtpClock reads <>
qrexec-client <-d> <fw> <user:date -u -Iseconds>
date <-u> <-Iseconds> <-s> <2026-01-02T03:04:05+00:00>
hwclock <--systohc>
qrexec-client <-d> <net> <root:QUBESRPC qubes.SetDateTime dom0>
qrexec-client <-d> <work> <root:QUBESRPC qubes.SetDateTime dom0>
qubes.SetDateTime reads <NOW>
qubes.SetDateTime reads <NOW>" calls_sorted
check 'the lock is gone' test ! -e "$run/qvm-sync-clock.lock"
equal '--verbose says what is done' 'qvm-sync-clock: the time comes from fw
qvm-sync-clock: the time is 2026-01-02T03:04:05+00:00
qvm-sync-clock: telling net
qvm-sync-clock: telling work
status 0' says qvm-sync-clock -v

# ---- a time that is none ----

for time in '2026-01-02T03:04:05' '2026-01-02 03:04:05+0000' '2026-01-02T03:04:05+0100' '2026-13-02T03:04:05+0000' \
	'2026-01-02T03:64:05+0000' '2026-01-02T03:04:05+0000;reboot' '@0' '' ' 2026-1-02T03:04:05+0000'; do
	claim "$time"
	equal "'$time' is no time" "qvm-sync-clock: fw says '$time', which is no time
status 1" says qvm-sync-clock
	equal 'and changes nothing' '' changes
done
claim "$(printf '%0101d' 1)"
equal '101 bytes are not even looked at' 'qvm-sync-clock: fw says 102 bytes instead of the time
status 1' says qvm-sync-clock
claim '2026-01-02T03:04:05+0000'
equal 'the form of older agents is one' 'status 0' says qvm-sync-clock

# ---- what fails ----

mkdir -p "$root/etc/doubles/services"
echo 'exit 4' >"$root/etc/doubles/services/qubes.SyncNtpClock"
minute=$(env -i PATH=/usr/bin:/bin date -u +%Y-%m-%dT%H:%M)
equal 'a ClockVM that gets no time' 'qvm-sync-clock: fw could not get the time (status 4)
status 1' says qvm-sync-clock
equal 'changes nothing' '' changes
equal '--force goes on' 'qvm-sync-clock: fw could not get the time (status 4)
status 0' says qvm-sync-clock -f
equal 'with the time of dom0' 'qubes.SetDateTime reads <NOW>
qubes.SetDateTime reads <NOW>' changes
rm "$root/etc/doubles/services/qubes.SyncNtpClock"

echo 'exit 5' >"$root/etc/doubles/services/qubes.SetDateTime"
equal 'VMs that do not take it are reported' 'qvm-sync-clock: net does not take the time (status 5)
qvm-sync-clock: work does not take the time (status 5)
status 0' says_sorted qvm-sync-clock
rm "$root/etc/doubles/services/qubes.SetDateTime"

echo 'exec sleep 3' >"$root/etc/doubles/services/qubes.SetDateTime"
check 'both are told at the same time' timeout 5 qvm-sync-clock
rm "$root/etc/doubles/services/qubes.SetDateTime"

echo 'exit 1' >"$root/etc/doubles/hwclock"
equal 'a host without a hardware clock gets the time all the same' \
	'qvm-sync-clock: dom0 will not remember the time when it is off: hwclock failed (status 1)
status 0' says qvm-sync-clock
rm "$root/etc/doubles/hwclock"
echo 'exit 1' >"$root/etc/doubles/date"
equal 'dom0 whose clock is not set tells nobody' 'qvm-sync-clock: the clock of dom0 is not set: date failed (status 1)
status 1' says qvm-sync-clock
equal 'nothing' '' sh -c "grep ^qubes.SetDateTime '$log'"
rm "$root/etc/doubles/date" "$root/usr/bin/date"
equal 'nor does one without such a program' \
	'qvm-sync-clock: the clock of dom0 is not set: there is no date on this host
status 1' says qvm-sync-clock

# ---- one at a time ----

equal 'a second one is refused' "qvm-sync-clock: another qvm-sync-clock is at work (it holds /var/run/qubes/qvm-sync-clock.lock)
status 1" says flock "$run/qvm-sync-clock.lock" "$scratch/bin/qvm-sync-clock"
check 'and leaves the lock to the first' test -e "$run/qvm-sync-clock.lock"

# ---- who has no time ----

qubes-prefs -s clockvm none
equal 'no ClockVM' "qvm-sync-clock: there is no ClockVM; 'qubes-prefs -s clockvm VM' makes one
status 1" says qvm-sync-clock
qubes-prefs -s clockvm dom0
equal 'dom0 as ClockVM' "qvm-sync-clock: the network of the ClockVM dom0 would be dom0's, which has none
status 1" says qvm-sync-clock
check 'an early end leaves no lock behind either' test ! -e "$run/qvm-sync-clock.lock"

done_testing
