# SPDX-License-Identifier: GPL-2.0-or-later
"""Many changes as one: a batch opens, parses and saves the store once, and others see all of it or nothing."""
import re
import shutil
import threading

from history import LISTING, listing_view
from world import World, STORE

MANY = 200
PREFIXES = ('left', 'right', 'upper', 'lower')


def creations(prefix, count):
    return ''.join('qvm-create -q -l red %s%d\n' % (prefix, n) for n in range(count))


def write(world, name, text):
    path = world.directory + '/' + name
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    return path


def names(done, prefix):
    return [vm for vm, what in listing_view(done.out) if what == 'exists' and vm.startswith(prefix)]


def store_calls(trace):
    """How often the store was opened, and how often replaced."""
    base = STORE.rpartition('/')[2]
    with open(trace, encoding='utf-8') as f:
        lines = f.read().splitlines()
    return (len([x for x in lines if re.search(r'open(at|at2)?\(.*"(.*/)?%s"' % base, x)]),
            len([x for x in lines if re.search(r'rename(at|at2)?\(.*"(.*/)?%s"[^"]*$' % base, x)]))


def traced(world, *words):
    trace = world.directory + '/trace'
    done = world.run('strace', '-f', '-o', trace, '-e', 'trace=open,openat,openat2,rename,renameat,renameat2', *words)
    return [done] if done.status != 0 else [], store_calls(trace)


def cost(check, binary):
    with World(binary, 5) as world:
        faults, calls = traced(world, 'qvm-create', '-q', '-l', 'red', 'single')
        check('a VM that is made opens the store once and saves it once', faults + [calls] * (calls != (1, 1)))
        faults, calls = traced(world, 'qubes-batch', write(world, 'commands', creations('new', MANY)))
        check('%d of them in a batch do so too' % MANY, faults + [calls] * (calls != (1, 1)))
        made = names(world.run(*LISTING), 'new')
        check('and all are there, with their files',
              [len(made)] * (len(made) != MANY) + world.store_faults() + world.file_faults())
        # One name too many: the last command fails.
        before = world.bytes()
        commands = write(world, 'commands', creations('more', 20) + creations('new', 1))
        done = world.run('strace', '-f', '-o', world.directory + '/trace', 'qubes-batch', commands)
        calls = store_calls(world.directory + '/trace')
        check('one that fails saves nothing and takes back its files', [done] * (done.status != 1) +
              [calls] * (calls != (1, 0)) + world.file_faults() +
              ['the store has changed'] * (world.bytes() != before))


def together(check, binary):
    """Batches and single commands at once: readers see the VMs of a batch all or none."""
    with World(binary, 5) as world:
        batches = [['qubes-batch', write(world, prefix, creations(prefix, 25))] for prefix in PREFIXES]
        faults, finished = [], threading.Event()

        def look():
            while not finished.is_set():
                done = world.run(*LISTING)
                faults.extend((x, names(done, x)) for x in PREFIXES if len(names(done, x)) not in (0, 25))

        reader = threading.Thread(target=look)
        reader.start()
        single = [['qvm-create', '-q', '-l', 'red', 'single%d' % n] for n in range(20)]
        processes = [(words, world.start(words)) for words in single[:10] + batches + single[10:]]
        for words, process in processes:
            out = b''.join(process.communicate())
            faults += [(words, out)] if process.returncode != 0 else []
        finished.set()
        reader.join()
        done = world.run(*LISTING)
        faults += [(x, names(done, x)) for x in PREFIXES if len(names(done, x)) != 25]
        faults += [names(done, 'single')] if len(names(done, 'single')) != 20 else []
        check('of a batch others see all or nothing', faults + world.store_faults() + world.file_faults())


def tests(check, binary, _):
    if shutil.which('strace'):
        cost(check, binary)
    else:
        print('# no strace (deps/install test): the cost of a batch is not looked at')
    together(check, binary)
