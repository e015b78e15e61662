# SPDX-License-Identifier: GPL-2.0-or-later
"""What a command does behind its lock: another one may have been faster, and must not be undone.

The first command is stopped (by strace) where it has just given up its lock, the second runs to its end, and only
then the first goes on.
"""
import os
import re
import shutil
import signal
import sys
import time
from contextlib import contextmanager

import libvirtd
from world import World

LIMIT = 60  # seconds until it must have stopped
UNIT = '/etc/systemd/system/multi-user.target.wants/qubes-vm@%s.service'


def trace(world, more, words):
    return ['strace', '-o', world.directory + '/trace', '-e', 'trace=openat,close', *more, *words]


def unlocking_close(world):
    """Which of the traced command's calls of close gave up the lock: that of the new store's descriptor."""
    with open(world.directory + '/trace', encoding='utf-8') as f:
        lines = f.read().splitlines()
    opened = [re.search(r'qubes\.xml\.new-\w+".*= (\d+)$', line) for line in lines]
    at, fd = [(n, x.group(1)) for n, x in enumerate(opened) if x][-1]
    closes = [(n, line) for n, line in enumerate(lines) if line.startswith('close(')]
    return next(count for count, (n, line) in enumerate(closes, 1) if n > at and line.startswith('close(%s)' % fd))


def stopped_child(world, tracer):
    """The process that the tracer runs, once it has stopped; None if it does not."""
    deadline = time.monotonic() + LIMIT
    while tracer.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
        with open(world.directory + '/trace', encoding='utf-8') as f:
            if 'stopped by SIGSTOP' in f.read():
                with open('/proc/%d/task/%d/children' % (tracer.pid, tracer.pid), encoding='ascii') as children:
                    return int(children.read())
    return None


@contextmanager
def both(binary, server, prepared, first, second):
    """The world after FIRST, stopped behind its lock, and SECOND; and what went wrong with them."""
    with prepare(binary, server, prepared) as world:
        faults = [x for x in [world.run(*trace(world, [], first))] if x.status != 0]
        count = unlocking_close(world)
    with prepare(binary, server, prepared) as world:
        with open(world.directory + '/trace', 'w', encoding='utf-8'):
            pass
        tracer = world.start(trace(world, ['-e', 'inject=close:signal=STOP:when=%d' % count], first))
        child = stopped_child(world, tracer)
        try:
            faults += [x for x in [world.run(*second)] if x.status != 0]
        finally:
            if child:
                os.kill(child, signal.SIGCONT)
            err = tracer.communicate()[1].decode()
        faults += [] if child else ['%s was not stopped' % ' '.join(first)]
        yield world, faults + ([err] if tracer.returncode != 0 else [])


def prepare(binary, server, prepared):
    world = World(binary, 20)
    if server:
        server.clear()
        world.env['QUBES_LIBVIRT_URI'] = server.uri
    for words in prepared:
        done = world.run(*words)
        if done.status != 0:
            sys.exit(str(done))
    return world


def label(vm, color):
    return ('qvm-prefs', '-s', vm, 'label', color)


def autostart(vm, value):
    return ('qvm-prefs', '-s', vm, 'autostart', value)


REMOVE = ('qvm-remove', '-q')
CREATE = ('qvm-create', '-q', '-l', 'red', 'new')


def icon_faults(world):
    link = os.readlink(world.root + '/var/lib/qubes/appvms/vm005/icon.png')
    return [] if 'purple' in link else ['the icon is %s' % link]


def link_faults(vm):
    return lambda world: ['%s is started at boot' % vm] if os.path.lexists(world.root + UNIT % vm) else []


def files(check, binary):
    for name, prepared, first, second, look in (
            ('an icon is that of the last label', [], label('vm005', 'orange'), label('vm005', 'purple'), icon_faults),
            ('a VM is started at boot as was said last', [], autostart('vm005', 'true'), autostart('vm005', 'false'),
             link_faults('vm005')),
            ('a VM that has gone is not started at boot', [], autostart('vm007', 'true'), REMOVE + ('vm007',),
             link_faults('vm007'))):
        with both(binary, None, prepared, first, second) as (world, faults):
            check(name, faults + look(world) + world.store_faults() + world.file_faults())


def domains(check, binary, server):
    for name, prepared, first, gone in (
            ('a VM that is removed as soon as it is made has no domain', [], CREATE, 'new'),
            ('one that is removed as soon as it is renamed', [CREATE], ('qvm-prefs', '-s', 'new', 'name', 'newer'),
             'newer'),
            ('one that is removed as soon as it is cloned', [CREATE], ('qvm-clone', '-q', 'new', 'copy'), 'copy')):
        with both(binary, server, prepared, first, REMOVE + (gone,)) as (world, faults):
            check(name, faults + ['the domain %s' % x for x in server.domains() if x == gone] + world.file_faults())


def tests(check, binary, _):
    if not shutil.which('strace'):
        print('# no strace (deps/install test): what is done behind the lock is not looked at')
        return
    files(check, binary)
    missing = libvirtd.missing()
    if missing:
        print('# no private libvirtd: %s' % missing)
        return
    with World(binary) as world, libvirtd.Libvirtd(world.directory) as server:
        domains(check, binary, server)
