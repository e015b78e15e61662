# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands that are after the same thing at the same time: one of them has it, and the others are told."""
import os
from concurrent.futures import ThreadPoolExecutor

from history import LISTING, listing_view
from world import Gate, World

ROUNDS = 4


def at_once(world, commands):
    """All of them, kept waiting until all have been started."""
    with Gate(world):
        processes = [(words, world.start(words)) for words in commands]
    return collect(processes)


def collect(processes):
    ended = []
    for words, process in processes:
        out, err = process.communicate()
        ended.append((' '.join(words), process.returncode, out.decode(), err.decode()))
    return ended


def only_one(ended, message):
    """Faults unless one has succeeded, and all others have failed with MESSAGE."""
    good = [x for x in ended if x[1] == 0]
    return ([] if len(good) == 1 else ['%d have succeeded' % len(good)]) + \
        [x for x in ended if x[1] != 0 and (x[1] != 1 or message not in x[3])]


def agreement(world):
    return world.store_faults() + world.file_faults() + world.left_over()


def inits(check, binary):
    faults = []
    for _ in range(ROUNDS):
        with World(binary) as world:
            ended = collect([(('qvm-init-storage',), world.start(['qvm-init-storage'])) for _ in range(16)])
            faults += only_one(ended, 'exists already') + world.store_faults() + world.left_over()
    check('of several who make the store one has made it', faults)


def creations(check, world):
    faults = []
    for number in range(ROUNDS):
        vm = 'same%d' % number
        words = [('qvm-create', '-q', '-l', label, vm) for label in ('red', 'green', 'blue', 'black') * 3]
        faults += only_one(at_once(world, words), "there is a VM '%s' already" % vm)
    check('of several who make a VM of one name one has made it', faults + agreement(world))


def removals(check, world):
    faults = []
    for number in range(ROUNDS):
        vm = 'same%d' % number
        ended = at_once(world, [('qvm-remove', '-q', vm)] * 6 + [('qvm-prefs', '-s', vm, 'vcpus', '3')] * 3 +
                        [('qvm-service', '-e', vm, 'x')] * 3)
        faults += only_one([x for x in ended if x[0].startswith('qvm-remove')], vm)
        faults += [x for x in ended if x[1] not in (0, 1) or (x[1] == 1 and vm not in x[3])]
        if world.run('qvm-prefs', vm, 'vcpus').status == 0:
            faults.append('%s is there again' % vm)
    check('a VM that is removed and changed has gone, and who came too late is told', faults + agreement(world))


def templates(check, world):
    """Either the template goes, or there is a VM that is based on it."""
    faults = []
    for number in range(ROUNDS):
        template, vm = 'template%d' % number, 'based%d' % number
        faults += [x for x in [world.run('qvm-clone', '-q', 'fedora-23', template)] if x.status != 0]
        ended = at_once(world, [('qvm-remove', '-q', template), ('qvm-create', '-q', '-l', 'red', '-t', template, vm)])
        if sorted(x[1] for x in ended) != [0, 1]:
            faults.append(ended)
    check('a template that is removed and used is the one or the other', faults + agreement(world))


def renames(check, world):
    """A VM has its old name or its new one, and never both or none."""
    faults = []

    def rename_it(_):
        return [world.run('qvm-prefs', '-s', old, 'name', new)
                for _ in range(20) for old, new in (('vm007', 'other'), ('other', 'vm007'))]

    def list_them(_):
        return [world.run(*LISTING) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        renamed = pool.submit(rename_it, None)
        for done in sum(pool.map(list_them, range(6)), []):
            names = [vm for vm, what in listing_view(done.out) if what == 'exists' and vm in ('vm007', 'other')]
            faults += [] if done.status == 0 and len(names) == 1 else [names, done]
        faults += [x for x in renamed.result() if x.status != 0]
    check('who lists while a VM is renamed sees it once', faults + agreement(world))


def churn(check, world):
    """The files of a removed VM go when its entry has gone: one of its name may be made meanwhile."""
    faults = []

    def make_and_remove(_):
        return [world.run(*words) for _ in range(25)
                for words in (('qvm-create', '-q', '-l', 'red', 'fleeting'), ('qvm-remove', '-q', 'fleeting'))]

    with ThreadPoolExecutor(6) as pool:
        for done in sum(pool.map(make_and_remove, range(6)), []):
            if done.status not in (0, 1) or (done.status == 1 and 'fleeting' not in done.err):
                faults.append(done)
    check('a name that is made and removed again and again is whole or gone', faults + agreement(world))


def clones(check, world):
    faults = []
    for number in range(ROUNDS):
        source, copy = 'source%d' % number, 'copy%d' % number
        world.run('qvm-create', '-q', '-l', 'red', source)
        ended = at_once(world, [('qvm-clone', '-q', source, copy)] * 4 + [('qvm-remove', '-q', source)] * 2 +
                        [('qvm-prefs', '-s', source, 'name', 'renamed%d' % number)] * 2)
        faults += [x for x in ended if x[1] not in (0, 1) or (x[1] == 1 and not (source in x[3] or copy in x[3]))]
        if os.path.exists(world.root + '/var/lib/qubes/appvms/' + source):
            faults.append('%s has left its files' % source)
    check('a VM that is cloned, renamed and removed leaves nothing of its old name', faults + agreement(world))


def tests(check, binary, _):
    inits(check, binary)
    with World(binary, 20) as world:
        for test in (creations, removals, templates, renames, churn, clones):
            test(check, world)
