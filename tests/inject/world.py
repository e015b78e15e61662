# SPDX-License-Identifier: GPL-2.0-or-later
"""A scratch root for a command that may fail: made, looked at, compared, and made again."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, '..', 'golden')
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
from libvirtd import Libvirtd  # noqa: E402

loader = SourceFileLoader('replay', os.path.join(GOLDEN, 'replay'))
replay = module_from_spec(spec_from_loader('replay', loader))
loader.exec_module(replay)

STORE = '/var/lib/qubes/qubes.xml'
UUID = re.compile(rb'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
TEXT_MAX = 1 << 16  # more is an image
# What is made when the store has been written, and again by other commands: domains come at the next start.
NOTES = re.compile(r'/\.renaming-|/\.unfinished$')
FOLLOWS = re.compile(r'/icon\.png$|^/etc/systemd/|\.conf$|^domain ')


class Gone(Exception):
    """What a case is about is not there."""


def content(path, size, known):
    """A short name for what is in a file, and for where it has holes; UUIDs that are not KNOWN are all alike."""
    digest = hashlib.sha256()
    with open(path, 'rb') as f:
        if size <= TEXT_MAX:
            text = f.read()
            digest.update(UUID.sub(lambda m: m.group() if m.group() in known else b'@UUID@', text))
            return digest.hexdigest()[:16]
        at = 0
        while at < size:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:  # only a hole is left
                break
            end = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            digest.update(b'%d:' % at + os.pread(f.fileno(), end - at, at).rstrip(b'\0'))
            at = end
    return digest.hexdigest()[:16]


class World:
    def __init__(self, binary, case, directory):
        self.case, self.directory = case, directory
        self.root, self.pristine = directory + '/root', directory + '/pristine'
        self.env = {'PATH': directory + '/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': directory, 'TZ': 'UTC',
                    'LC_ALL': 'C.UTF-8', 'QUBES_ROOT': self.root}
        self.env.update({k: v for k, v in os.environ.items() if k.endswith('SAN_OPTIONS')})
        self.known, self.daemon, self.domains = set(), None, {}
        if case.online:
            os.mkdir(directory + '/libvirtd')
            self.daemon = Libvirtd(directory + '/libvirtd')
            self.env['QUBES_LIBVIRT_URI'] = self.daemon.uri
        os.mkdir(directory + '/bin')
        for name in subprocess.check_output([binary, '--list']).decode().split():
            os.symlink(binary, directory + '/bin/' + name)
        self.input = directory + '/input'
        with open(self.input, 'w') as f:
            f.write(case.stdin)
        self.build()
        self.before = self.state()
        subprocess.check_call(['cp', '-a', self.root, self.pristine])
        self.keep_domains()

    def end(self):
        if self.daemon:
            self.daemon.stop()

    def build(self):
        data = b''
        if self.case.store:
            with open(os.path.join(GOLDEN, 'stores', self.case.store), 'rb') as f:
                data = f.read()
        self.known = set(UUID.findall(data))
        replay.layout(self.root, data, 'full')
        for directory, _, files in os.walk(self.root + '/var/lib/qubes'):
            for name in files:
                if name.endswith('.img'):
                    replay.touch(os.path.join(directory, name), 1 << 20, 4096)
        with open(self.root + '/etc/group', 'w') as f:
            f.write('qubes:x:98:\n')
        if data:
            with open(self.root + STORE, 'wb') as f:
                f.write(data)
            os.chown(self.root + STORE, -1, 98)
        for path in self.case.files:
            replay.touch(self.root + '/var/lib/qubes/' + path, 1 << 20, 4096)
        for command in self.case.prepared:
            done = subprocess.run(command, env=self.env, cwd=self.root, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                raise Gone('%s: %s' % (' '.join(command), done.stdout.decode()))
        with open(self.root + STORE if self.case.store else os.devnull, 'rb') as f:
            self.known |= set(UUID.findall(f.read()))

    def state(self):
        """{path: (type, mode, uid, gid, size, content)}, and for domains {'domain NAME': (state, UUID)}"""
        out = {}
        for directory, names, files in os.walk(self.root):
            for name in names + files:
                path = os.path.join(directory, name)
                st = os.lstat(path)
                if os.path.islink(path):
                    what = ('link', 0, os.readlink(path))
                elif os.path.isdir(path):
                    what = ('directory', 0, '')
                else:
                    what = ('file', st.st_size, content(path, st.st_size, self.known))
                whose = (oct(st.st_mode & 0o7777), st.st_uid, st.st_gid)
                out[path[len(self.root):]] = what[:1] + whose + what[1:]
        for name, (uuid, state) in (self.daemon.domains() if self.daemon else {}).items():
            out['domain ' + name] = (state, uuid if uuid.encode() in self.known else self.uuid_of(name, uuid))
        return out

    def uuid_of(self, name, uuid):
        """A new UUID is either that of the VM, or wrong."""
        try:
            with open(self.root + STORE, 'rb') as f:
                vms = {a.get('name'): a.get('uuid') for _, a in replay.elements(f.read())[1:]}
        except FileNotFoundError:
            vms = {}
        return '@UUID@' if vms.get(name) == uuid else 'not its UUID: ' + uuid

    def keep_domains(self):
        for name in self.daemon.domains() if self.daemon else ():
            self.domains[name] = os.path.join(self.directory, name + '.domain')
            with open(self.domains[name], 'w') as f:
                f.write(self.daemon.virsh(['dumpxml', '--inactive', name]))

    def restore_domains(self, state):
        if not self.daemon or {k: v for k, v in state.items() if k[0] == 'd'} == {
                k: v for k, v in self.before.items() if k[0] == 'd'}:
            return
        self.daemon.clear()
        for path in self.domains.values():
            self.daemon.virsh(['define', path])

    def restore(self, state):
        """As it was. STATE: what it is like."""
        if state == self.before:
            return
        self.restore_domains(state)
        shutil.rmtree(self.root)
        subprocess.check_call(['cp', '-a', self.pristine, self.root])

    # ---- two states ----

    @staticmethod
    def difference(wanted, got):
        """Paths that are missing, that were added, that are different."""
        return (sorted(set(wanted) - set(got)), sorted(set(got) - set(wanted)),
                sorted(path for path in wanted if path in got and wanted[path] != got[path]))

    def is_only_named_twice(self, done, got):
        """As done, but for a second name of the new store, which is what makes it on some file systems."""
        missing, added, other = self.difference(done, got)
        return not missing and not other and all(got[path] == got.get(STORE) for path in added)

    def only_owners_differ(self, done, got):
        missing, added, other = self.difference(done, got)
        same = all(done[path][:2] + done[path][4:] == got[path][:2] + got[path][4:] for path in other)
        return not missing and not added and same

    def is_nearly_done(self, before, done, got):
        """Is the store as after, and all that is not is what follows its writing: files that nothing refers to
        any more not gone yet (a note of a rename that is over, a mark of what is finished), icons and autostart links not made,
        firewall rules not changed?"""
        missing, added, other = self.difference(done, got)
        return (got.get(STORE) == done.get(STORE) != before.get(STORE) and
                all(FOLLOWS.search(path) for path in missing) and
                all(before.get(path) == got[path] or NOTES.search(path) for path in added) and
                all(FOLLOWS.search(path) or path.endswith('/firewall.xml') for path in other))

    def show_difference(self, before, done, got):
        """From whichever of the two it is nearer to."""
        def size(pair):
            return sum(len(part) for part in self.difference(pair[1], got))
        name, nearest = min((('before', before), ('done', done)), key=size)
        missing, added, other = self.difference(nearest, got)
        lines = ['  against %s:' % name]
        lines += ['  - %s %s' % (path, nearest[path]) for path in missing]
        lines += ['  + %s %s' % (path, got[path]) for path in added]
        lines += ['  ~ %s %s -> %s' % (path, nearest[path], got[path]) for path in other]
        return '\n'.join(lines)

    # ---- after a crash ----

    def write_again(self):
        """A writer that has nothing to write."""
        subprocess.run(['qvm-prefs', '-s', 'sys-firewall', 'netvm', 'sys-net'], env=self.env, cwd=self.root,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def lost(self, before, done, got):
        """What an entry of the store has lost, whatever else may lie around; '' if nothing."""
        store = got.get(STORE)
        if store not in (before.get(STORE), done.get(STORE)):
            return 'the store is neither that of before nor that of after'
        wanted, other_one = (before, done) if store == before.get(STORE) else (done, before)
        missing, added, other = self.difference(wanted, got)
        lost = [path for path in missing if not FOLLOWS.search(path)]
        lost += [path for path in other if not FOLLOWS.search(path) and not path.endswith('/firewall.xml') and
                 got[path] != other_one.get(path)]
        lost += [path for path in added if path.startswith('domain ')]  # which is nobody's
        return ', '.join(lost)
