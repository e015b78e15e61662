# SPDX-License-Identifier: GPL-2.0-or-later
"""A directory of logs that becomes a link at any time: what is shared with the group is never what it leads to."""
import ctypes
import os
import shutil
import subprocess
import tempfile

FILES = 300
ROUNDS = 20
AT_FDCWD, RENAME_EXCHANGE = -100, 2


def make(root):
    for directory in ('etc', 'var/log/xen/a', 'elsewhere'):
        os.makedirs(os.path.join(root, directory))
    with open(root + '/etc/group', 'w', encoding='ascii') as file:
        file.write('qubes:x:%d:user\n' % os.getgid())
    for number in range(FILES):
        for directory in ('var/log/xen/a', 'elsewhere'):
            path = '%s/%s/%d' % (root, directory, number)
            with open(path, 'w', encoding='ascii'):
                os.chmod(path, 0o600)
    os.symlink('/elsewhere', root + '/var/log/xen/b')


def exchange_while(child, one, other):
    libc = ctypes.CDLL(None)
    while child.poll() is None:
        libc.renameat2(AT_FDCWD, one.encode(), AT_FDCWD, other.encode(), RENAME_EXCHANGE)


def tests(check, binary, _random):
    root = tempfile.mkdtemp()
    try:
        make(root)
        for _ in range(ROUNDS):
            with subprocess.Popen([binary, 'qubes-startup', '--root', root], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as child:
                exchange_while(child, root + '/var/log/xen/a', root + '/var/log/xen/b')
        names = os.listdir(root + '/elsewhere')
        check('links that come and go lead qubes-startup nowhere',
              [name for name in names if os.stat(root + '/elsewhere/' + name).st_mode & 0o777 != 0o600])
    finally:
        shutil.rmtree(root)
