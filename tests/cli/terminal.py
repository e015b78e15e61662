#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command on a terminal of its own, types ANSWER and a line end, and prints what was to be read there.

usage: terminal.py ANSWER COMMAND...
"""
import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
os.write(terminal, sys.argv[1].encode() + b'\n')
shown = b''
try:
    while piece := os.read(terminal, 4096):
        shown += piece
except OSError:  # the other side is closed
    pass
sys.stdout.write(shown.decode().replace('\r\n', '\n'))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
