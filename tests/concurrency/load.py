# SPDX-License-Identifier: GPL-2.0-or-later
"""Hundreds of readers and writers, ours and an original one, on one store."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from history import LISTED, LISTING, History, listing_view, rule_view, service_view
from world import Gate, World

AT_ONCE = 32
VMS = 120  # in the store at the start; vm005 is the first of those that nothing refers to
NEW = 30
GATE = 0.05  # seconds that everybody is kept waiting now and then
LABELS = ('red', 'orange', 'yellow', 'green', 'gray', 'blue', 'purple', 'black')


def name(number):
    return 'vm%03d' % number


class Load:
    def __init__(self, world, random):
        self.world, self.random, self.history = world, random, History()
        self.jobs, self.readings, self.failures = [], [], []
        self.lock, self.running, self.most = threading.Lock(), 0, 0
        self.finished = False
        self.history.old = listing_view(world.run(*LISTING).out)
        self.names = sorted(vm for vm, what in self.history.old if what == 'exists' and vm.startswith('vm'))

    # ---- the commands ----

    def write(self, key, new, *words):
        self.jobs.append((words, self.history.expect(key, new), None))

    def read(self, view, *words):
        self.jobs.append((words, None, view))

    def plan(self):
        names = iter(self.names)
        for number in range(20):
            vm = next(names)
            for what in self.random.sample(LISTED[1:], 3):
                new = {'label': self.random.choice([x for x in LABELS if x != self.history.old[vm, 'label']]),
                       'vcpus': '7', 'kernelopts': 'x%d' % number, 'qrexec_timeout': str(100 + number)}[what]
                self.write((vm, what), new, 'qvm-prefs', '-s', vm, what, new)
        for number in range(NEW):
            vm = 'new%d' % number
            self.write((vm, 'exists'), True, 'qvm-create', '-q', '-l', 'red', vm)
        for vm in [next(names) for _ in range(20)]:
            self.write((vm, 'exists'), None, 'qvm-remove', '-q', vm)
        for vm in [next(names) for _ in range(12)]:
            new = self.random.choice([x for x in LABELS if x != self.history.old[vm, 'label']])
            self.write((vm, 'label'), new, *self.world.original('set', vm, 'label', new))
        # Many that change one value of one VM.
        for vm in [next(names) for _ in range(3)]:
            for number in range(8):
                self.write((vm, 'service s%d' % number), 'Enabled', 'qvm-service', '-e', vm, 's%d' % number)
                self.read(lambda out, vm=vm: service_view(vm, out), 'qvm-service', vm)
        for vm in [next(names) for _ in range(2)]:
            for number in range(1, 9):
                self.write((vm, 'port %d' % number), True, 'qvm-firewall', '-a', vm, '10.0.0.1', 'tcp', str(number))
                self.read(lambda out, vm=vm: rule_view(vm, out), 'qvm-firewall', '--raw', vm)
        for _ in range(80):
            self.read(listing_view, *LISTING)
        self.random.shuffle(self.jobs)

    def do(self, job):
        words, change, view = job
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        if change:
            change.began = time.monotonic()
        done = self.world.run(*words)
        with self.lock:
            self.running -= 1
        if change:
            change.ended = done.ended
        if done.status != 0:
            self.failures.append(done)
        elif view:
            self.readings.append((done, view))

    # ---- the others ----

    def keep_waiting(self):
        while not self.finished:
            with Gate(self.world):
                time.sleep(GATE)

    def look_at_file(self, faults, counts):
        while not self.finished:
            faults += self.world.store_faults(counts)
            time.sleep(0.001)

    def run(self):
        faults, counts = [], []
        others = [threading.Thread(target=self.keep_waiting),
                  threading.Thread(target=self.look_at_file, args=(faults, counts))]
        for thread in others:
            thread.start()
        # The pool is what bounds them.
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self.do, self.jobs))
        self.finished = True
        for thread in others:
            thread.join()
        return faults, counts

    # ---- what they saw ----

    def reading_faults(self):
        faults = []
        for done, view in self.readings:
            try:
                seen = view(done.out)
            except ValueError as error:
                faults.append('%s: %s' % (' '.join(done.words), error))
                continue
            faults += ['%s: %s' % (' '.join(done.words), x)
                       for x in self.history.faults(seen, done.began, done.ended)]
        return faults

    def lost(self):
        """Changes that are not there at the end."""
        done = self.world.run(*LISTING)
        faults = self.history.faults(listing_view(done.out), done.began, done.ended)
        for vm, what in {(vm, what.split()[0]) for vm, what in (c.key for c in self.history.changes)}:
            if what in ('service', 'port'):
                words, view = {'service': (('qvm-service', vm), service_view),
                               'port': (('qvm-firewall', '--raw', vm), rule_view)}[what]
                done = self.world.run(*words)
                faults += self.history.faults(view(vm, done.out), done.began, done.ended)
        return faults


def tests(check, binary, random):
    with World(binary, VMS) as world:
        load = Load(world, random)
        load.plan()
        faults, counts = load.run()
        print('# %d commands, at most %d at once; the file was read %d times and had %d to %d VMs' % (
            len(load.jobs), load.most, len(counts), min(counts), max(counts)))
        check('hundreds of commands at once succeed', load.failures)
        check('the file is whole whenever one looks, without a qid or a name twice', faults)
        check('each reader sees all that was done before, and nothing of what came after', load.reading_faults())
        check('no change is lost, whoever made it', load.lost())
        check('VMs and files agree', world.file_faults())
        check('nothing is left beside the store', world.left_over())
