# SPDX-License-Identifier: GPL-2.0-or-later
"""Writers that are killed at any time, while others go on: the store is whole, and so is what it says."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from history import LISTING, listing_view
from world import World

WORKERS = 6
COMMANDS = 60  # of each


class Killing:
    def __init__(self, world, seeds):
        self.world, self.seeds = world, seeds
        done = world.run('qvm-create', '-q', '-l', 'red', 'measured')
        self.longest = 2 * (done.ended - done.began)
        self.killed, self.faults, self.finished = 0, [], False

    def command(self, worker, number):
        """What WORKER does next, on VMs of its own; the store is everybody's."""
        vm = 'w%dn%d' % (worker, number // 6)
        return (('qvm-create', '-q', '-l', 'red', vm), ('qvm-prefs', '-s', 'vm005', 'vcpus', str(worker + 1)),
                ('qvm-service', '-e', vm, 's%d' % number), ('qvm-firewall', '-a', vm, '10.0.0.1', 'tcp', '80'),
                ('qvm-clone', '-q', 'vm006', vm + 'c'), ('qvm-remove', '-q', vm), ('qvm-prefs', '-s', vm, 'name', vm + 'r'))[number % 7]

    def work(self, worker):
        random = self.seeds[worker]
        for number in range(COMMANDS):
            process = self.world.start(self.command(worker, number))
            time.sleep(random.uniform(0, self.longest))
            process.kill()
            process.communicate()
            self.killed += process.returncode == -9
            self.faults += self.world.store_faults()

    def read(self):
        while not self.finished:
            done = self.world.run(*LISTING)
            try:
                listing_view(done.out)
            except ValueError as error:
                self.faults += [error, done]

    def run(self):
        reader = threading.Thread(target=self.read)
        reader.start()
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(self.work, range(WORKERS)))
        self.finished = True
        reader.join()


def tests(check, binary, random):
    # Seeds are drawn here: threads have no order.
    seeds = [type(random)(random.random()) for _ in range(WORKERS)]
    with World(binary, 60) as world:
        killing = Killing(world, seeds)
        killing.run()
        print('# %d of %d were killed before their end, %d new files were left beside the store' % (
            killing.killed, WORKERS * COMMANDS, len(world.left_over())))
        check('the store is whole whenever a writer is killed', killing.faults)
        check('nobody has it locked', [x for x in [world.run('qvm-prefs', '--wait', '0', '-s', 'vm005', 'vcpus', '3')]
                                       if x.status != 0])
        check('the next writer removes what was left beside it', world.left_over())
        check('each VM has its files', world.file_faults(may_be_left=True))
