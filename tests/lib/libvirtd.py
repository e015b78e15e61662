# SPDX-License-Identifier: GPL-2.0-or-later
"""A private, real libvirtd (libvirtd.sh) for tests in Python.

missing() says what keeps it from running here, '' if all is there. Libvirtd(DIRECTORY) starts one and
remembers what is its own from the beginning; stop() ends it.
"""
import os
import shlex
import subprocess

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'libvirtd.sh')
INSIDE = '''
. "$1"
trap libvirtd_stop EXIT
libvirtd_start "$2" || exit
echo "$LIBVIRTD_SOCKET"
read -r end
'''


def missing():
    command = ['sh', '-c', '. "$1"; libvirtd_missing', 'sh', SCRIPT]
    return ', '.join(subprocess.check_output(command).decode().splitlines())


class Libvirtd:
    def __init__(self, directory):
        self.keeper = subprocess.Popen(['sh', '-c', INSIDE, 'sh', SCRIPT, directory], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        self.socket = self.keeper.stdout.readline().decode().strip()
        if not self.socket:
            self.stop()
            raise OSError('a private libvirtd does not start')
        self.uri = 'test+unix:///default?socket=' + self.socket
        self.own = set(self.all_domains())

    def stop(self):
        self.keeper.stdin.close()
        self.keeper.wait()
        self.keeper.stdout.close()

    def virsh(self, *commands):
        """Several commands, one connection. What they print."""
        line = '; '.join(' '.join(shlex.quote(word) for word in command) for command in commands)
        done = subprocess.run(['virsh', '-q', '-c', self.uri, line], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.decode('utf-8', 'backslashreplace')

    def all_domains(self):
        """The same with those it comes with."""
        both = self.virsh(['list', '--all', '--uuid', '--name'], ['list', '--name'])
        rows = [row.split() for row in both.splitlines()]
        active = [row[0] for row in rows if len(row) == 1]
        return {row[1]: (row[0], 'running' if row[1] in active else 'shutoff')
                for row in rows if len(row) == 2}

    def domains(self):
        """{name: (uuid, 'running' | 'shutoff')} of those made since its start."""
        return {name: what for name, what in self.all_domains().items() if name not in self.own}

    def clear(self):
        for name, (_, state) in self.domains().items():
            self.virsh(*([['destroy', name]] if state == 'running' else []), ['undefine', name])
