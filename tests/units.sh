#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# units.sh BIN - the units of data/: what `make install` makes of them, what systemd says to them, their order, and
# what their commands do. Nothing of it is started by systemd. Prints TAP.

set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=SCRIPTDIR/lib/tap.sh
. "$here/lib/tap.sh"

[ $# = 1 ] || { echo 'usage: units.sh BIN' >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
system=$scratch/usr/lib/systemd/system
cd "$here/.."

set +e # the tests judge from here on

# ---- installing ----

# The recipe alone: what it would build first is the program that is tested.
install_units()
{
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -s install-units "$@"
}

prefixed()
{
	install_units DESTDIR="$scratch/prefixed" PREFIX=/opt/q && grep -rho '/[a-z/]*/bin/q[a-z-]*' "$scratch/prefixed/opt/q" |
		sort -u
}

check 'they are installed' install_units DESTDIR="$scratch"
equal 'where systemd looks for them' "\
qubes-core.service
qubes-netvm.service
qubes-reload-firewall@.service
qubes-reload-firewall@.timer
qubes-setupdvm.service
qubes-vm@.service" ls "$system"
mkdir -p "$scratch/prefixed/opt/q/lib/systemd/system"
echo ExecStart=/usr/bin/qubes-other >"$scratch/prefixed/opt/q/lib/systemd/system/qubes-other.service"
equal 'with the programs of another prefix' "\
/opt/q/bin/qubes-prefs
/opt/q/bin/qubes-startup
/opt/q/bin/qvm-firewall
/opt/q/bin/qvm-ls
/opt/q/bin/qvm-shutdown
/opt/q/bin/qvm-start
/usr/bin/qubes-other" prefixed # one of somebody else's stays as it is
check 'everybody may read them' sh -c "[ \$(stat -c %a '$system'/* | sort -u) = 644 ]"

# ---- what systemd says ----

# A root with the targets that any system has, and the programs that are named.
make_system()
{
	cp -r /usr/lib/systemd/system/*.target "$system"
	mkdir -p "$scratch/bin" "$scratch/usr/bin"
	touch "$scratch/bin/sh" "$scratch/usr/bin/killall"
	for name in $("$1" --list); do
		touch "$scratch/usr/bin/$name"
	done
	chmod +x "$scratch/bin/sh" "$scratch/usr/bin"/*
}

if systemd-analyze --version >/dev/null 2>&1 && ls /usr/lib/systemd/system/sysinit.target >/dev/null 2>&1; then
	make_system "$1"
	for unit in qubes-core.service qubes-netvm.service qubes-setupdvm.service qubes-vm@work.service \
		qubes-vm@sys-net.2.service qubes-reload-firewall@work.service qubes-reload-firewall@work.timer; do
		equal "systemd has nothing to say to $unit" '' systemd-analyze verify --man=no --root="$scratch" "$unit"
	done
else
	tap_count=$((tap_count + 1))
	echo "ok $tap_count # SKIP no systemd-analyze here"
fi

# ---- their order, as the original units have it ----

after()
{
	sed -n 's/^After=//p; s/^Before=/before: /p' "data/$1"
}

equal 'qubes-core comes first' 'qubes-db-dom0.service libvirtd.service xenconsoled.service' after qubes-core.service
equal 'then the netvm, before anybody logs in' 'qubes-core.service qubes-qmemman.service libvirtd.service
before: systemd-user-sessions.service' after qubes-netvm.service
equal 'then VMs' 'qubes-netvm.service
before: systemd-user-sessions.service' after qubes-vm@.service
equal 'what disposable VMs start from' 'qubes-core.service' after qubes-setupdvm.service
equal 'and rules that expire' 'qubes-netvm.service' after qubes-reload-firewall@.service

# ---- what their commands do ----

# PROGRAM TEXT: a program that writes down its call, and then does what TEXT says.
program()
{
	printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$scratch" "$2" >"$scratch/run/$1"
	chmod +x "$scratch/run/$1"
}

# run UNIT INSTANCE: its commands, in turn, until one fails that may not ("-"); what was called.
run()
{
	rm -f "$scratch/calls"
	sed -e ':a' -e '/\\$/{N;s/\\\n//;ba}' "data/$1" |
		sed -n 's/^ExecStart=+*-+*/may /p; t; s/^ExecStart=+*/must /p' |
		sed "s|\\\$\\\$|\$|g; s|%i|${2-}|g; s|/usr/bin/|$scratch/run/|g; s|systemctl|$scratch/run/&|" >"$scratch/commands"
	while read -r kind command; do
		sh -c "$command" </dev/null && continue
		echo "status $?"
		[ "$kind" = may ] || break
	done <"$scratch/commands"
	cat "$scratch/calls"
}

mkdir "$scratch/run"
program qvm-start ''
program systemctl ''
program qubes-prefs 'echo sys-firewall'
equal 'qubes-netvm starts the default netvm' 'qubes-prefs --get default-netvm
qvm-start -q --no-guid --skip-if-running sys-firewall' run qubes-netvm.service
program qubes-prefs ''
equal 'or nothing if there is none' 'qubes-prefs --get default-netvm' run qubes-netvm.service
program qubes-prefs 'echo dom0'
equal 'nor dom0' 'qubes-prefs --get default-netvm' run qubes-netvm.service
program qubes-startup ''
equal 'qubes-core does not wait for the store for ever' 'qubes-startup --wait 60' run qubes-core.service
program qubes-prefs 'exit 1'
equal 'and fails where that is not known' 'status 1
qubes-prefs --get default-netvm' run qubes-netvm.service
equal 'qubes-vm@ starts its VM' 'qvm-start --no-guid --skip-if-running work' run qubes-vm@.service work

# shellcheck disable=SC2016 # for that program
program qvm-firewall '[ "$2" = -r ] || echo "3 | 10.0.0.1 | any | | <-- expires at 2096-10-02 07:06:40"'
equal 'qubes-reload-firewall@ comes back as long as a rule expires' 'qvm-firewall --force-root -r work
qvm-firewall --force-root work' run qubes-reload-firewall@.service work
# shellcheck disable=SC2016 # for that program
program qvm-firewall '[ "$2" = -r ] || echo "3 | 10.0.0.1 | any | |"'
equal 'and then no more' 'qvm-firewall --force-root -r work
qvm-firewall --force-root work
systemctl --no-block stop qubes-reload-firewall@work.timer' run qubes-reload-firewall@.service work
program qvm-firewall 'exit 1'
program qvm-ls 'exit 1'
equal 'nor ends for a store that cannot be read' 'status 1
status 1
qvm-firewall --force-root -r work
qvm-firewall --force-root work
qvm-ls --force-root --raw-list' run qubes-reload-firewall@.service work
program qvm-ls 'printf "dom0\nwork\n"'
equal 'or for rules that cannot' 'status 1
status 1
qvm-firewall --force-root -r work
qvm-firewall --force-root work
qvm-ls --force-root --raw-list' run qubes-reload-firewall@.service work
program qvm-ls 'printf "dom0\nwork2\n"'
equal 'but for a VM that is gone' 'status 1
qvm-firewall --force-root -r work
qvm-firewall --force-root work
qvm-ls --force-root --raw-list
systemctl --no-block stop qubes-reload-firewall@work.timer' run qubes-reload-firewall@.service work

done_testing
