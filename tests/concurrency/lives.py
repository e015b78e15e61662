# SPDX-License-Identifier: GPL-2.0-or-later
"""The same VM lives again and again - made, renamed, started, killed, removed - while others look at it all the time.

Each life has a UUID of its own. What a reader may say of it follows from which of the writer's commands were at work
between the reader's begin and its end.
"""
import json
import subprocess
import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter

import libvirtd
from world import World

BORN, LATER = 'fleeting', 'renamed'  # its names
STEADY = {'dom0': 'black', 'tpl': 'black', 'steady': 'green'}  # VMs that nobody touches, and their labels
ABSENT, HALTED, ACTIVE = 'absent', 'halted', 'active'
STATES = {'Halted': HALTED, 'Paused': ACTIVE, 'Transient': ACTIVE, 'Running': ACTIVE, 'Dying': ACTIVE}
# The commands of a life: what the VM is called after it, and how it is.
LIFE = ((('qvm-create', '-q', '-t', 'tpl', '-l', 'red', '--property', 'netvm=none', BORN), BORN, HALTED),
        (('qvm-prefs', '-s', BORN, 'name', LATER), LATER, HALTED),
        (('qvm-start', '-q', LATER), LATER, ACTIVE),
        (('qvm-kill', LATER), LATER, HALTED),
        (('qvm-remove', '-q', LATER), None, ABSENT))
LISTING = ('qvm-ls', '-q', '-o', 'json', '-O', 'name,uuid,state')
TABLE = ('qvm-ls', '-q', '-m', '-c')


class Timeline:
    """What was when: each of VALUES holds from somewhere between its BEGAN and its ENDED on. One writer."""

    def __init__(self, value):
        self.values, self.began, self.ended = [value], [0], [0]

    def add(self, value, began, ended):
        self.values.append(value)
        self.began.append(began)
        self.ended.append(ended)

    def possible(self, began, ended):
        """All that could be seen between BEGAN and ENDED: what was then, and what came meanwhile."""
        first = bisect_left(self.ended, began)
        return set(self.values[max(first - 1, 0):bisect_right(self.began, ended)])


class Lives:
    def __init__(self, world, server, rounds):
        self.world, self.server, self.rounds = world, server, rounds
        self.name = Timeline(None)
        self.lives = {}  # the UUID of each and how it was
        self.faults, self.readings, self.over = [], [], False

    # ---- the writer ----

    def live(self):
        """One life; its UUID is known once it has begun."""
        timeline = Timeline(ABSENT)
        for words, name, how in LIFE:
            done = self.world.run(*words)
            if done.status != 0:
                self.faults.append(done)
            if name == BORN:
                uuid = self.world.run('qvm-prefs', BORN, 'uuid').out.strip()
                if uuid in self.lives:
                    self.faults.append('%s for the second time' % uuid)
                self.lives[uuid] = timeline
            self.name.add(name, done.began, done.ended)
            timeline.add(how, done.began, done.ended)
        return timeline

    def write(self):
        try:
            for _ in range(self.rounds):
                self.live()
        finally:
            self.over = True

    # ---- the readers ----

    def read(self, words):
        while not self.over:
            self.readings.append(self.world.run(*words))

    def run(self, readers):
        threads = [threading.Thread(target=self.read, args=(words,)) for words in readers]
        for thread in threads:
            thread.start()
        self.write()
        for thread in threads:
            thread.join()

    # ---- what they said ----

    def of_words(self, *words):
        return [done for done in self.readings if done.words[:len(words)] == words]

    def names_faults(self, done, names):
        """NAMES, all of one listing: those of the steady VMs, and the name that the other one had."""
        faults = ['%s is there %d times' % (name, n) for name, n in Counter(names).items() if n > 1]
        faults += ['%s is not there' % name for name in STEADY if name not in names]
        seen = [name for name in names if name not in STEADY]
        possible = self.name.possible(done.began, done.ended)
        if len(seen) > 1 or (seen[0] if seen else None) not in possible:
            faults.append('%s instead of one of %s' % (seen, possible))
        return faults

    def listing_faults(self, done):
        try:
            rows = json.loads(done.out)
        except ValueError as error:
            return [str(error)]
        faults = self.names_faults(done, [row['name'] for row in rows])
        for row in rows:
            timeline = self.lives.get(row['uuid'])
            if row['name'] in STEADY:
                faults += [row] if (row['state'] == 'Halted') == (row['name'] == 'dom0') else []
            elif not timeline or STATES.get(row['state']) not in timeline.possible(done.began, done.ended):
                faults.append('%s is none of %s' % (row, timeline and timeline.possible(done.began, done.ended)))
        return faults

    def table_faults(self, done):
        lines = [[cell.strip() for cell in line.split('|')[:-1]] for line in done.out.splitlines() if '---' not in line]
        rows = [dict(zip(lines[0], line)) for line in lines[1:]] if lines else []
        for row in rows:
            row['name'] = row['name'].strip('{}[]=>')
        faults = self.names_faults(done, [row['name'] for row in rows])
        for row in rows:
            if row['name'] in STEADY and row['label'] != STEADY[row['name']]:
                faults.append(row)
            if row['state'] not in STATES or (row['state'] == 'Halted') != (row['on'] == ''):
                faults.append(row)
            # One that is off has used nothing; one that ends while it is looked at may have, too.
            if row['state'] == 'Halted' and (row['cpu'], row['mem']) != ('-', '-'):
                faults.append(row)
        return faults

    def prefs_faults(self, done):
        name = done.words[1]
        possible = self.name.possible(done.began, done.ended)
        if done.status != 0:
            there = "there is no VM '%s'" % name in done.err and possible != {name}
            return [] if done.status == 1 and there else [done.err]
        values = dict((x.strip() for x in line.split(':', 1)) for line in done.out.splitlines())
        there = name in possible and values.get('name') == name and values.get('label') == 'red'
        return [] if there else ['%s, but the name was one of %s' % (done.out, possible)]

    def said(self, look, *words):
        """Those of WORDS that LOOK finds something wrong with, and what."""
        return ['%s: %s' % (done, fault) for done in self.of_words(*words) for fault in look(done)]

    def failed(self, *words):
        return [done for done in self.of_words(*words) if done.status != 0 or done.err]


# ---- libvirt ----

class Watch:
    """Writes down what becomes of domains, from the outside."""

    def __init__(self, world, server):
        self.said = world.directory + '/events'
        with open(self.said, 'wb') as f:
            self.virsh = subprocess.Popen(['virsh', '-q', '-c', server.uri, 'event', '--event', 'lifecycle', '--loop'],
                                          stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT)
        time.sleep(0.5)  # until it listens

    def stop(self):
        self.virsh.terminate()
        self.virsh.wait()
        with open(self.said, encoding='utf-8') as f:
            return Counter(line.strip().split(': ')[1] for line in f if ': ' in line)


def event_faults(events, rounds):
    """A life defines a domain when it begins, when it is renamed and when it starts, and nobody else does ever."""
    expected = {'Defined Added': 2 * rounds, 'Undefined Removed': 2 * rounds, 'Defined Updated': rounds,
                'Started Booted': rounds, 'Stopped Destroyed': rounds}
    return ['%s: %d, not %d' % (what, events[what], expected.get(what, 0)) for what in {*events, *expected}
            if not what.startswith(('Suspended', 'Resumed')) and events[what] != expected.get(what, 0)]


def domain_faults(world, server):
    """Domains that no VM in the store has, and those that have another UUID than theirs."""
    stored = {row['name']: row['uuid'] for row in json.loads(world.run(*LISTING).out)}
    return ['the domain %s (%s)' % (name, uuid) for name, (uuid, _) in server.domains().items()
            if stored.get(name) != uuid]


# ---- all of it ----

def prepare(world, server):
    world.found()
    world.must(('qvm-create', '-q', '-t', 'tpl', '-l', 'green', '--property', 'netvm=none', 'steady'))
    world.env['QUBES_LIBVIRT_URI'] = server.uri


def compare(check, world, server, rounds):
    watch = Watch(world, server)
    lives = Lives(world, server, rounds)
    lives.run([TABLE, LISTING, ('qvm-prefs', BORN), ('qvm-prefs', LATER)])
    time.sleep(0.2)  # until the last events have come
    events = watch.stop()
    print('# %d lives; read: %s' % (rounds, ', '.join('%d x %s' % (n, words) for words, n in Counter(
        ' '.join(done.words) for done in lives.readings).items())))
    check('%d times a VM is made, renamed, started, killed and removed while others look' % rounds, lives.faults)
    check('qvm-ls never fails', lives.failed('qvm-ls'))
    check('qvm-ls -m -c shows what was', lives.said(lives.table_faults, *TABLE))
    check('qvm-ls shows names, UUIDs and states that were', lives.said(lives.listing_faults, *LISTING))
    check('qvm-prefs knows the VM while it has that name, and not before and after',
          lives.said(lives.prefs_faults, 'qvm-prefs'))
    check('domains are defined by who makes, renames and starts, and by nobody else', event_faults(events, rounds))
    check('no domain is left without its VM', domain_faults(world, server))
    check('nor is a file', world.store_faults() + world.file_faults() + world.left_over())


def tests(check, binary, rounds):
    missing = libvirtd.missing()
    if missing:
        print('# no private libvirtd: %s' % missing)
        return
    with World(binary) as world, libvirtd.Libvirtd(world.directory) as server:
        prepare(world, server)
        compare(check, world, server, rounds)
