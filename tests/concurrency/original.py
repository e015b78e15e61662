# SPDX-License-Identifier: GPL-2.0-or-later
"""The original tools' way with the store: a POSIX record lock of the whole file, a look whether it still is the
file at that path, and a new file, locked, renamed over it.

usage: original.py hold STORE shared|exclusive   "locked" when it has it; ends with standard input
       original.py try STORE shared|exclusive    does not wait: exit status 1 if it cannot have it
       original.py set STORE VM ATTRIBUTE VALUE  changes an attribute that the VM has
"""
import fcntl
import os
import re
import sys
import tempfile

KINDS = {'shared': fcntl.LOCK_SH, 'exclusive': fcntl.LOCK_EX}


def lock(path, kind, flags=0):
    while True:
        file = open(path, 'r+', encoding='utf-8')
        fcntl.lockf(file, KINDS[kind] | flags)
        ours, there = os.fstat(file.fileno()), os.stat(path)
        if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino):
            return file
        file.close()


def save(path, text):
    new = tempfile.NamedTemporaryFile('w', encoding='utf-8', prefix=path, delete=False)
    fcntl.lockf(new, fcntl.LOCK_EX)
    new.write(text)
    new.flush()
    os.rename(new.name, path)
    return new


def changed(text, vm, attribute, value):
    def change(match):
        return re.sub(r' %s="[^"]*"' % attribute, lambda m: ' %s="%s"' % (attribute, value), match.group())

    return re.sub(r'<\w+ [^<>]*\bname="%s"[^<>]*>' % re.escape(vm), change, text)


def main():
    what, path, *words = sys.argv[1:]
    if what == 'hold':
        held = lock(path, words[0])
        print('locked', flush=True)
        sys.stdin.read()
        held.close()
    elif what == 'try':
        try:
            lock(path, words[0], fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(1)
    else:
        held = lock(path, 'exclusive')
        new = save(path, changed(held.read(), *words))
        held.close()
        new.close()


main()
