# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the doubles have in common; sourced by them, installed beside them.

# shellcheck shell=sh
name=${0##*/}
root=${0%/usr/*}
# shellcheck disable=SC2034 # those who source this use it
run=$root/var/run/qubes

# write_down WORD...: one line of the log, in one go.
write_down()
{
	mkdir -p "$root/var/log"
	printf '%s\n' "$*" >>"$root/var/log/doubles"
}

# record WORD...: that this program was called, with these arguments and what it looks at in the environment.
record()
{
	line=${QREXEC_STARTUP_TIMEOUT+QREXEC_STARTUP_TIMEOUT=$QREXEC_STARTUP_TIMEOUT }
	line=$line${QREXEC_STARTUP_NOWAIT+QREXEC_STARTUP_NOWAIT=$QREXEC_STARTUP_NOWAIT }$name
	for word; do
		line="$line <$word>"
	done
	write_down "$line"
	# shellcheck source=/dev/null
	[ ! -e "$root/etc/doubles/$name" ] || . "$root/etc/doubles/$name"
}

# live_in_background FILE: a daemon that is there as long as FILE, which has its process number.
live_in_background()
{
	mkdir -p "${1%/*}"
	rm -f "$1"
	(
		trap 'rm -f "$1"; exit 0' TERM
		read -r number _ </proc/self/stat
		echo "$number" >"$1.new"
		mv "$1.new" "$1"
		left=1500
		while [ -e "$1" ] && [ $((left -= 1)) -gt 0 ]; do
			sleep 0.2
		done
	) </dev/null >/dev/null 2>&1 &
	until [ -e "$1" ]; do
		sleep 0.01
	done
}
