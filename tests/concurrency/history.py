# SPDX-License-Identifier: GPL-2.0-or-later
"""What readers may see while others write: every change that was reported before they began, none that began
after they ended, and of those in between either side.

A key is (VM, WHAT), with one writer each; a reader's view is a dictionary of the keys that it could see.
"""
import json

FOREVER = float('inf')


class Change:
    """KEY becomes NEW by a command that is at work from BEGAN to ENDED."""

    def __init__(self, key, new):
        self.key, self.new, self.began, self.ended = key, new, FOREVER, FOREVER


class History:
    def __init__(self):
        self.changes, self.old = [], {}

    def expect(self, key, new):
        self.changes.append(Change(key, new))
        return self.changes[-1]

    def faults(self, view, began, ended):
        """Why no reader could have seen VIEW between BEGAN and ENDED."""
        faults = []
        for change in self.changes:
            if not view.covers(change.key):
                continue
            seen, old = view.get(change.key), self.old.get(change.key)
            if (seen == change.new and change.began <= ended) or (seen == old and change.ended >= began):
                continue
            faults.append('%s is %r: from %r to %r, which began %.4f s before, ended %.4f s after it' % (
                change.key, seen, old, change.new, began - change.began, change.ended - began))
        return faults


class View(dict):
    """What one reader saw; SCOPE says which keys it would have seen, had they been there."""

    def __init__(self, scope, *values):
        super().__init__(*values)
        self.covers = scope


LISTED = ('qid', 'label', 'vcpus', 'kernelopts', 'qrexec_timeout')
LISTING = ('qvm-ls', '-q', '-o', 'json', '-O', ','.join(('name',) + LISTED))


def listing_view(out):
    """Of what LISTING prints. Raises ValueError if it is not whole."""
    rows = json.loads(out)
    view = View(lambda key: key[1] in LISTED[1:] + ('exists',))
    for row in rows:
        if set(row) != set(('name',) + LISTED) or not isinstance(row['qid'], int):
            raise ValueError('an odd row: %s' % row)
        view[row['name'], 'exists'] = True
        view.update(((row['name'], column), str(row[column])) for column in LISTED[1:])
    if len({row['qid'] for row in rows}) != len(rows) or len({row['name'] for row in rows}) != len(rows):
        raise ValueError('names or qids twice')
    return view


def service_view(vm, out):
    """Of what `qvm-service VM` prints."""
    view = View(lambda key: key[0] == vm and key[1].startswith('service '))
    for line in out.splitlines():
        name, _, state = (x.strip() for x in line.partition(':'))
        if state not in ('Enabled', 'Disabled'):
            raise ValueError('an odd line: %r' % line)
        view[vm, 'service ' + name] = state
    return view


def rule_view(vm, out):
    """Of what `qvm-firewall --raw VM` prints."""
    view = View(lambda key: key[0] == vm and key[1].startswith('port '))
    for line in out.splitlines():
        words = dict(word.partition('=')[::2] for word in line.split())
        if 'action' not in words:
            raise ValueError('an odd line: %r' % line)
        if 'dstports' in words:
            view[vm, 'port ' + words['dstports']] = True
    return view
