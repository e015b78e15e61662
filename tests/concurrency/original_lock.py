# SPDX-License-Identifier: GPL-2.0-or-later
"""Our lock and that of the original tools keep each other out, in both directions."""
import os
import time

from world import Gate, World


MORE = 400  # listings: more than a pipe takes


class OurLock:
    """A batch of COMMANDS that then has more to say than is read: until the end it holds our lock."""

    def __init__(self, world, commands=''):
        self.world, self.commands = world, commands + 'qvm-prefs vm005\n' * MORE

    def __enter__(self):
        path = self.world.directory + '/commands'
        with open(path, 'w', encoding='utf-8') as f:
            f.write(self.commands)
        self.batch = self.world.start(['qubes-batch', path])
        while self.world.run('qvm-prefs', '--wait', '0', 'vm005', 'label').status == 0:
            time.sleep(0.01)
        return self.batch

    def __exit__(self, *_):
        self.batch.communicate()


def refused(world, holder, *words):
    """Why WORDS, without waiting, did not end with a message that names HOLDER's process."""
    done = world.run(words[0], '--wait', '0', *words[1:])
    message = 'process %d (' % holder.pid
    return [] if done.status == 1 and message in done.err and done.out == '' else [done]


def passed(done):
    return [] if done.status == 0 else [done]


def held_by_original(check, world):
    writer, reader = ('qvm-prefs', '-s', 'vm005', 'vcpus', '3'), ('qvm-prefs', 'vm005', 'label')
    with Gate(world) as holder:
        check('an original writer keeps our writers out', refused(world, holder, *writer))
        check('and our readers', refused(world, holder, *reader))
    check('until it has ended', passed(world.run('qvm-prefs', '--wait', '0', *writer[1:])))
    with Gate(world, 'shared') as holder:
        check('an original reader keeps our writers out', refused(world, holder, *writer))
        check('but not our readers', passed(world.run('qvm-prefs', '--wait', '0', *reader[1:])))


def held_by_us(check, world):
    exclusive, shared = (world.original('try', kind) for kind in ('exclusive', 'shared'))
    with OurLock(world) as batch:
        check('our writer keeps original writers out', [x for x in [world.run(*exclusive)] if x.status != 1])
        check('and original readers', [x for x in [world.run(*shared)] if x.status != 1])
        check('and our own', refused(world, batch, 'qvm-ls'))
    check('until it has ended', passed(world.run(*exclusive)))


def both_change(check, world):
    """Who waits for a file that is replaced meanwhile must take the new one."""
    with OurLock(world, 'qvm-prefs -s vm006 vcpus 5\n'):
        waiting = world.start(world.original('set', 'vm006', 'label', 'purple'))
        ours = world.start(['qvm-prefs', '-s', 'vm006', 'kernelopts', 'x'])
        time.sleep(0.3)
    for process in (waiting, ours):
        process.communicate()
    vm = [x.attrib for x in world.elements() if x.get('name') == 'vm006'][0]
    wanted = {'vcpus': '5', 'label': 'purple', 'kernelopts': 'x'}
    check('those that wait, ours and others, add their changes to what was saved meanwhile',
          ['%s is %s' % (key, vm[key]) for key in wanted if vm[key] != wanted[key]])


def descriptors(check, world):
    """A process that a batch starts has no part in its lock: neither as a descriptor nor as a lock."""
    with OurLock(world) as batch:
        links = ['%s/%s' % (batch.pid, fd) for fd in os.listdir('/proc/%d/fd' % batch.pid)
                 if os.readlink('/proc/%d/fd/%s' % (batch.pid, fd)) == world.store]
        infos = []
        for link in links:
            with open('/proc/' + link.replace('/', '/fdinfo/'), encoding='ascii') as f:
                infos.append(dict(line.split(':', 1) for line in f.read().splitlines()))
    check('the lock has one descriptor', [links] if len(links) != 1 else [])
    check('which ends with exec', [x for x in infos if not int(x['flags'], 8) & os.O_CLOEXEC])


def tests(check, binary, _):
    with World(binary, 20) as world:
        held_by_original(check, world)
        held_by_us(check, world)
        both_change(check, world)
        descriptors(check, world)
