# SPDX-License-Identifier: GPL-2.0-or-later
"""A socket before that of a libvirtd: it counts the calls of a client, and does something at one of them.

Cutter(PATH, DAEMON) listens at PATH and hands on to the socket DAEMON. at(NUMBER, AFTER, ACT) calls ACT at the
NUMBERth call from now on: before the daemon gets it, or AFTER it has answered and before that arrives. Where ACT
returns SILENT or GONE the answer never does; GONE ends the connection. Whether it came to that is `done`; `calls` is
how many there were.
"""
import socket
import struct
import threading

HEADER = struct.Struct('>IIIiIII')  # length, program, version, procedure, type, serial, status
KEEPALIVE = 0x6b656570
CALL, REPLY = 0, 1
SILENT, GONE = 'silent', 'gone'


def packet(connection):
    """One whole message, b'' if there is none."""
    data = b''
    while len(data) < 4 or len(data) < struct.unpack('>I', data[:4])[0]:
        wanted = struct.unpack('>I', data[:4])[0] if len(data) >= 4 else 4
        try:
            got = connection.recv(wanted - len(data))
        except OSError:
            got = b''
        if not got:
            return b''
        data += got
    return data


class Cutter:
    def __init__(self, path, daemon):
        self.daemon, self.lock = daemon, threading.Lock()
        self.at(0, False, None)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(path)
        self.listening.listen(5)
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def at(self, number, after, act):
        self.calls, self.done, self.number, self.after, self.act = 0, False, number, after, act

    def accept(self):
        while True:
            try:
                client = self.listening.accept()[0]
            except OSError:
                return
            daemon = socket.socket(socket.AF_UNIX)
            try:
                daemon.connect(self.daemon)
            except OSError:
                client.close()
                continue
            for words in ((client, daemon), (daemon, client)):
                threading.Thread(target=self.hand_on, args=words, daemon=True).start()

    def looks_at(self, message):
        """Is this the message to do something at, before it goes on?"""
        _, program, _, _, kind, serial, _ = HEADER.unpack(message[:HEADER.size])
        if program == KEEPALIVE:
            return False
        with self.lock:
            if kind == CALL:
                self.calls += 1
                if self.calls == self.number:
                    self.serial = serial
                    return not self.after
            return kind == REPLY and self.after and self.calls >= self.number > 0 and serial == self.serial

    def hand_on(self, source, target):
        while True:
            message = packet(source)
            if not message:
                break
            if not self.done and self.looks_at(message):
                self.done = True
                then = self.act()
                if self.after and then == SILENT:
                    return
                if self.after and then == GONE:
                    break
            try:
                target.sendall(message)
            except OSError:
                break
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
