# SPDX-License-Identifier: GPL-2.0-or-later
"""A private, real libvirtd (libvirtd.sh) for tests in Python.

missing() says what keeps it from running here, '' if all is there. Libvirtd(DIRECTORY, DRIVER)
starts one and remembers what is its own from the beginning; stop(), or the end of a with statement, ends it.
"""
import os
import shlex
import signal
import subprocess

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'libvirtd.sh')
INSIDE = '''
. "$1"
trap libvirtd_stop EXIT
libvirtd_start "$2" || exit
echo "$LIBVIRTD_SOCKET $LIBVIRTD_PID"
read -r end
'''


def missing():
    command = ['sh', '-c', '. "$1"; libvirtd_missing', 'sh', SCRIPT]
    return ', '.join(subprocess.check_output(command).decode().splitlines())


class Libvirtd:
    def __init__(self, directory, driver='test'):
        self.directory, self.own = directory, set()
        self.start()
        self.uri = self.uri_at(self.socket, driver)
        self.own = set(self.all_domains())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @staticmethod
    def uri_at(socket, driver='test'):
        return '%s+unix:///%s?socket=%s' % (driver, 'default' if driver == 'test' else 'system', socket)

    def start(self):
        """Also again, after kill(): what the driver keeps in files is there still."""
        self.keeper = subprocess.Popen(['sh', '-c', INSIDE, 'sh', SCRIPT, self.directory], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE)
        line = self.keeper.stdout.readline().decode().split()
        if not line:
            self.stop()
            raise OSError('a private libvirtd does not start')
        self.socket, self.pid = line[0], int(line[1])

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """At once; nobody who is connected learns why."""
        self.signal(signal.SIGKILL)
        self.stop()
        os.unlink(self.socket)

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
