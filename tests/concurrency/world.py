# SPDX-License-Identifier: GPL-2.0-or-later
"""A scratch root that many commands work on at once, and what must hold of it at any time."""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, '..', 'golden')
loader = SourceFileLoader('replay', os.path.join(GOLDEN, 'replay'))
replay = module_from_spec(spec_from_loader('replay', loader))
loader.exec_module(replay)

STORE = '/var/lib/qubes/qubes.xml'
DIRECTORIES = ('appvms', 'servicevms', 'vm-templates')
IMAGE = 1 << 16  # bytes of each: nobody starts these VMs
LIMIT = 100  # seconds of a command that hangs
MEMORY = '/dev/shm'


def first_vms(count):
    """A store with the first of big250.xml's VMs, one a line; all that they refer to are among the first five."""
    with open(GOLDEN + '/stores/big250.xml', encoding='utf-8') as f:
        return ''.join(f.readlines()[:count + 1]) + '</QubesVmCollection>\n'


class Done:
    """A command that has ended, and when it was at work."""

    def __init__(self, words, began, process):
        self.words, self.began, self.status = words, began, process.returncode
        self.out, self.err = process.stdout.decode(), process.stderr.decode()
        self.ended = time.monotonic()

    def __str__(self):
        return '%s: exit status %s: %s' % (' '.join(self.words), self.status, (self.out + self.err).strip())


class World:
    def __init__(self, binary, vms=None):
        """With a store of so many VMs; None: with nothing."""
        memory = MEMORY if os.access(MEMORY, os.W_OK) and 'TMPDIR' not in os.environ else None
        self.directory = tempfile.mkdtemp(prefix='qubes-concurrency-', dir=memory)
        self.root, self.bin = self.directory + '/root', self.directory + '/bin'
        self.store = self.root + STORE
        self.env = {'PATH': self.bin + ':/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': self.directory, 'TZ': 'UTC',
                    'LC_ALL': 'C.UTF-8', 'QUBES_ROOT': self.root}
        self.env.update({k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS')})
        if 'ASAN_OPTIONS' in self.env:  # leaks cannot be looked for in a traced process
            self.env['ASAN_OPTIONS'] += ':detect_leaks=0'
        os.mkdir(self.bin)
        os.mkdir(self.root)
        for name in subprocess.check_output([binary, '--list']).decode().split():
            os.symlink(binary, self.bin + '/' + name)
        if vms:
            self.fill(first_vms(vms))

    def fill(self, text):
        replay.layout(self.root, text.encode(), 'full')
        for directory, _, names in os.walk(self.root):
            for name in names:
                if name.endswith('.img'):
                    os.truncate(directory + '/' + name, IMAGE)
        with open(self.store, 'w', encoding='utf-8') as f:
            f.write(text)

    def found(self):
        """A store made by the program itself: dom0 and the template tpl, with a kernel."""
        for path in ('vm-kernels/6.1/vmlinuz', 'vm-kernels/6.1/initramfs', 'vm-templates/tpl/root.img',
                     'vm-templates/tpl/private.img'):
            path = self.root + '/var/lib/qubes/' + path
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'wb') as f:
                f.truncate(IMAGE)
        for directory in DIRECTORIES:
            os.makedirs(self.root + '/var/lib/qubes/' + directory, exist_ok=True)
        self.must(('qvm-init-storage',), ('qubes-prefs', '-s', 'default-kernel', '6.1'), ('qvm-add-template', 'tpl'))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- commands ----

    def start(self, words, **more):
        pipes = {'stdin': subprocess.DEVNULL, 'stdout': subprocess.PIPE, 'stderr': subprocess.PIPE}
        pipes.update(more)
        return subprocess.Popen(words, env=self.env, cwd=self.directory, **pipes)

    def run(self, *words):
        began = time.monotonic()
        return Done(words, began, subprocess.run(words, env=self.env, cwd=self.directory, timeout=LIMIT,
                                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                                 stderr=subprocess.PIPE))

    def must(self, *commands):
        for words in commands:
            done = self.run(*words)
            if done.status != 0:
                raise OSError(str(done))

    def original(self, what, *words):
        return ('python3', HERE + '/original.py', what, self.store) + words

    # ---- the store ----

    def bytes(self):
        with open(self.store, 'rb') as f:
            return f.read()

    def elements(self):
        """What is in the file now, the root first. Raises what ElementTree does for one that is not whole."""
        root = ElementTree.fromstring(self.bytes())
        return [root] + list(root)

    def store_faults(self, counts=None):
        """What is wrong with the file, as a list of texts. The number of its VMs is added to COUNTS."""
        try:
            root, *vms = self.elements()
        except (OSError, ElementTree.ParseError) as error:
            return ['the store: %s' % error]
        if counts is not None:
            counts.append(len(vms))
        faults = [] if root.tag == 'QubesVmCollection' else ['the root is <%s>' % root.tag]
        for key in ('qid', 'name'):
            values = [vm.get(key) for vm in vms]
            faults += ['%s %s is there more than once' % (key, x) for x in set(values) if values.count(x) > 1]
        return faults

    def file_faults(self, may_be_left=False):
        """Where VMs and files do not agree. MAY_BE_LEFT: files that no VM has are no fault (a killed command's)."""
        faults, known = [], set()
        for vm in self.elements()[1:]:
            path = vm.get('dir_path')
            if vm.tag in ('QubesAdminVm', 'QubesDisposableVm'):
                continue
            known.add(path)
            if not os.path.exists(self.root + path + '/private.img'):
                faults.append('%s has no %s/private.img' % (vm.get('name'), path))
        for directory in DIRECTORIES:
            path = '/var/lib/qubes/' + directory
            faults += ['nobody has %s/%s' % (path, name) for name in os.listdir(self.root + path)
                       if path + '/' + name not in known and not may_be_left]
        return faults

    def left_over(self):
        """Files beside the store that are not the store."""
        directory, name = os.path.split(self.store)
        return [x for x in os.listdir(directory) if x != name and 'qubes.xml' in x]


class Gate:
    """Keeps all commands waiting, as one of the original tools, while it is open for more to be started."""

    def __init__(self, world, kind='exclusive'):
        self.world, self.kind = world, kind

    def __enter__(self):
        self.holder = self.world.start(self.world.original('hold', self.kind), stdin=subprocess.PIPE)
        if self.holder.stdout.readline() != b'locked\n':
            sys.exit('the original lock cannot be had: %s' % self.holder.stderr.read().decode())
        return self.holder

    def __exit__(self, *_):
        self.holder.communicate()
