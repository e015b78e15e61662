# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands whose system calls are made to fail one by one (run), and in which roots."""
import shlex


class Case:
    """ARGV in a root with tests/golden/stores/STORE and FILES (below /var/lib/qubes), where the commands PREPARED
    have run before. GIVEN: injected from the beginning, as on a file system that cannot do those calls. STATUS:
    what it ends with untouched. ONLINE: with a private libvirtd, whose domains are compared too. ERRORS: what each
    call fails with."""

    def __init__(self, name, argv, prepared=(), given=(), files=(), store='minimal_nopci.xml', stdin='',
                 status=0, online=False, errors=('EIO', 'ENOSPC', 'EACCES')):
        self.name, self.argv = name, shlex.split(argv)
        self.store, self.files, self.stdin, self.status = store, list(files), stdin, status
        self.prepared, self.given = [shlex.split(command) for command in prepared], list(given)
        self.online, self.errors = online, ['EIO'] if online or given else list(errors)


# As a kernel before 3.15, or a file system that knows none of these.
PLAIN = ['copy_file_range:error=EOPNOTSUPP', 'renameat2:error=EINVAL']
RULES = 'qvm-firewall -a work 10.0.0.1 tcp 80'
MINE = 'qvm-create -q -l red mine'
AUTOSTART = 'qvm-prefs -s work autostart true'
BATCH = '''qvm-create -q -l red new
qvm-clone -q work copy
qvm-prefs -s new memory 500
qvm-prefs -s work name office
qvm-firewall -P deny copy
qvm-prefs -s office autostart true
qvm-remove -q spare
'''

CASES = [
    Case('create', 'qvm-create -q -l red new'),
    Case('create-standalone', 'qvm-create -q -l red -s new'),
    Case('create-hvm', 'qvm-create -q -l red -H new'),
    Case('create-first', 'qvm-create -q -l red -n new', ['qvm-remove -q work', 'rmdir var/lib/qubes/appvms']),
    Case('create-plain', 'qvm-create -q -l red -s new', given=PLAIN),
    Case('clone', 'qvm-clone -q work copy', [RULES]),
    Case('clone-template', 'qvm-clone -q fedora-23 copy'),
    Case('clone-plain', 'qvm-clone -q work copy', [RULES], given=PLAIN),
    Case('remove', 'qvm-remove -q work', [RULES, AUTOSTART]),
    Case('remove-entry', 'qvm-remove -q --just-db work', [AUTOSTART]),
    Case('rename', 'qvm-prefs -s work name office', [RULES, AUTOSTART]),
    Case('rename-plain', 'qvm-prefs -s work name office', [RULES, AUTOSTART], given=PLAIN),
    Case('add-template', 'qvm-add-template --rpm debian-8', files=['vm-templates/debian-8/root.img',
                                                                   'vm-templates/debian-8/private.img']),
    Case('init-storage', 'qvm-init-storage', store=None),
    Case('init-storage-plain', 'qvm-init-storage', store=None, given=PLAIN),
    Case('prefs', 'qvm-prefs -s work memory 500'),
    Case('label', 'qvm-prefs -s work label green'),
    Case('autostart', 'qvm-prefs -s work autostart true'),
    Case('firewall-first', 'qvm-firewall -P deny work'),
    Case('firewall', 'qvm-firewall -P deny -Y allow work', [RULES]),
    Case('service', 'qvm-service -e work cups'),
    Case('batch', 'qubes-batch', [RULES, 'qvm-create -q -l red spare'], stdin=BATCH, errors=['ENOSPC']),
    Case('grow-private', 'qvm-grow-private work 3GB'),
    Case('grow-root', 'qvm-grow-root --file-only new 11GB', ['qvm-create -q -l red -s new']),
    Case('create-default-dvm', 'qvm-create-default-dvm fedora-23', status=1),
    Case('create-online', 'qvm-create -q -l red new', online=True),
    Case('clone-online', 'qvm-clone -q mine copy', [MINE], online=True),
    Case('remove-online', 'qvm-remove -q mine', [MINE], online=True),
    Case('rename-online', 'qvm-prefs -s mine name yours', [MINE], online=True),
]
