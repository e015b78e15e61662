# SPDX-License-Identifier: GPL-2.0-or-later
#
# A private, real libvirtd for tests; to be sourced by sh scripts run as root.
#
#   libvirtd_start DIR   starts one that keeps everything below DIR (a directory of the caller's) and sets
#                        LIBVIRTD_PID and LIBVIRTD_SOCKET; its URI is then
#                        test+unix:///default?socket=$LIBVIRTD_SOCKET, and where these drivers are
#                        installed lxc+unix:///system?... and qemu+unix:///system?... with the same
#                        With LIBVIRTD_PRELOAD, a shared object, what that has replaces what libvirtd does
#                        (../doubles/libvirt_driver.c); it finds DIR in $LIBVIRT_DOUBLE
#   libvirtd_stop        stops it, also one that was stopped by SIGSTOP or is gone already
#   libvirtd_missing     prints what keeps it from running here; nothing if all is there
#
# It runs in a mount namespace of its own and never sees the machine's /run, /var/lib or /etc/libvirt. The
# test driver forgets its domains when nobody is connected, so one client stays connected until the stop.

export LIBVIRTD_PRELOAD="${LIBVIRTD_PRELOAD:-}"

libvirtd_missing()
{
	for libvirtd_need in libvirtd virsh unshare setsid; do
		command -v "$libvirtd_need" >/dev/null || echo "no $libvirtd_need (deps/install test)"
	done
	[ "$(id -u)" = 0 ] || echo 'not root'
}

libvirtd_configure()
{
	mkdir -p "$1/run/libvirt" "$1/lib" "$1/cache" "$1/log" "$1/etc" "$1/home"
	cp -r /etc/libvirt/. "$1/etc" 2>/dev/null || :
	cat >"$1/etc/libvirtd.conf" <<-EOT
		unix_sock_dir = "$1/run/libvirt"
		unix_sock_rw_perms = "0700"
		auth_unix_rw = "none"
		auth_unix_ro = "none"
		log_outputs = "2:file:$1/log/libvirtd.log"
	EOT
	cat >"$1/etc/qemu.conf" <<-EOT
		stdio_handler = "file"
		security_driver = "none"
		user = "root"
		group = "root"
		dynamic_ownership = 0
		remember_owner = 0
		namespaces = []
	EOT
}

# Becomes the daemon, in a mount namespace that nobody else sees.
# shellcheck disable=SC2016 # expanded by that shell
libvirtd_inside='
	mount --bind "$1/run" /run &&
	mount --bind "$1/lib" /var/lib &&
	mount --bind "$1/cache" /var/cache &&
	mount --bind "$1/log" /var/log &&
	mkdir -p /etc/libvirt &&
	mount --bind "$1/etc" /etc/libvirt || exit
	umount /sys/fs/cgroup/unified 2>/dev/null # the lxc driver stumbles over a hybrid layout
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME="$1/home" \
		LD_PRELOAD="$LIBVIRTD_PRELOAD" LIBVIRT_DOUBLE="$1" \
		libvirtd -f "$1/etc/libvirtd.conf" -p "$1/run/libvirtd.pid"
'

# A client that stays connected as long as LIBVIRTD_DIR/hold is open for writing. It has answered once it is.
libvirtd_hold()
{
	rm -f "$LIBVIRTD_DIR/hold" "$LIBVIRTD_DIR/held"
	mkfifo "$LIBVIRTD_DIR/hold"
	virsh -q -c "test+unix:///default?socket=$LIBVIRTD_SOCKET" <"$LIBVIRTD_DIR/hold" \
		>"$LIBVIRTD_DIR/held" 2>&1 &
	LIBVIRTD_HOLDER=$!
	exec 8>"$LIBVIRTD_DIR/hold"
	echo 'uri' >&8
}

# libvirtd_wait COMMAND...: until it succeeds, ten seconds at most.
libvirtd_wait()
{
	libvirtd_tries=0
	until "$@" >/dev/null 2>&1; do
		libvirtd_tries=$((libvirtd_tries + 1))
		[ "$libvirtd_tries" -lt 200 ] || return 1
		sleep 0.05
	done
}

libvirtd_start()
{
	LIBVIRTD_DIR=$1
	LIBVIRTD_SOCKET=$1/run/libvirt/libvirt-sock
	libvirtd_configure "$1"
	setsid unshare -m sh -c "$libvirtd_inside" sh "$1" >"$1/log/stderr" 2>&1 </dev/null &
	LIBVIRTD_PID=$!
	LIBVIRTD_HOLDER=
	libvirtd_wait test -S "$LIBVIRTD_SOCKET" && libvirtd_hold &&
		libvirtd_wait grep -q 'test' "$LIBVIRTD_DIR/held" && return
	echo 'libvirtd does not start:' >&2
	tail -n 20 "$1/log/stderr" "$1/log/libvirtd.log" >&2
	libvirtd_stop
	return 1
}

libvirtd_stop()
{
	[ -n "${LIBVIRTD_PID:-}" ] || return 0
	kill -TERM "$LIBVIRTD_PID" 2>/dev/null && kill -CONT "$LIBVIRTD_PID" 2>/dev/null &&
		{ libvirtd_wait libvirtd_is_gone || kill -KILL "$LIBVIRTD_PID" 2>/dev/null; }
	exec 8>&-
	kill -TERM ${LIBVIRTD_HOLDER:+"$LIBVIRTD_HOLDER"} 2>/dev/null || :
	wait "$LIBVIRTD_PID" ${LIBVIRTD_HOLDER:+"$LIBVIRTD_HOLDER"} 2>/dev/null || :
	LIBVIRTD_PID=
}

# Ended; nobody has waited for it yet.
libvirtd_is_gone()
{
	case $(cat "/proc/$LIBVIRTD_PID/stat" 2>/dev/null) in
	'' | *') Z '*) return 0 ;;
	esac
	return 1
}
