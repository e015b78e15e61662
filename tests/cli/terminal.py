#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a command on a terminal, on which ANSWER and a line end are typed, and prints what is to be read there.

usage: terminal.py ANSWER COMMAND...
"""
import os
import subprocess
import sys
import termios

screen, terminal = os.openpty()
settings = termios.tcgetattr(terminal)
settings[3] &= ~termios.ECHO
termios.tcsetattr(terminal, termios.TCSANOW, settings)
os.write(screen, sys.argv[1].encode() + b'\n')
with subprocess.Popen(sys.argv[2:], stdin=terminal, stdout=terminal, stderr=terminal) as command:
    os.close(terminal)
    shown = b''
    try:
        while piece := os.read(screen, 4096):
            shown += piece
    except OSError:  # all have closed the terminal
        pass
sys.stdout.write(shown.decode().replace('\r\n', '\n'))
sys.exit(command.returncode)
