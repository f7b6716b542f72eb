"""Plays a script on a connection, reading all the while, and keeps what it was answered."""

from __future__ import annotations

import json
import random
import re
import select
import socket
import struct
import time

from chatwire.tls import TlsChannel, TlsError, client_context
from tests.fuzz.script import Ending, Port, Script, flipped
from tests.support.waiting import DEADLINE

_CONTEXT = client_context(verify=False)
_REFUSES = 1.0  # seconds without a byte taken: the daemon does not read now, which is its right
_ANSWER = 0.3  # for an answer to a step; to some there is none
_QUIET = {Port.CHAT: 0.05, Port.FILES: 0.3}  # without a byte at the end
_GIVEN = re.compile(rb'"(file|token|mid)":\s*("?)([\w.-]{1,400})\2')


class Attacker:
    """One script and what came of it. ``in_order``: the daemon itself has closed, or was let finish."""

    def __init__(self, script: Script, address: tuple[str, int], known: dict[str, str]) -> None:
        self.script = script
        self.sent: list[bytes] = []
        self.received = b""
        self.in_order = False
        self.hangs = False
        self._address = address
        self._known = {"file": "none", "token": "none", "mid": "0", **known}
        self._ended = False
        self._channel = TlsChannel(_CONTEXT, server_side=False) if script.secure else None
        self._rng = random.Random(script.seed)
        self._spoil = script.spoil

    def run(self) -> None:
        """Play it to its end."""
        with socket.socket() as self._socket:
            try:
                self._open()
                for step in self.script.steps:
                    self._say(step.bytes_with(self._known))
                    if step.answered:
                        self._listen(_ANSWER, least=1)
                self._leave()
            except (OSError, TlsError):
                self._ended = True  # cut off, as anybody may be who behaves so

    def _open(self) -> None:
        self._socket.bind((self.script.source, 0))
        self._socket.settimeout(DEADLINE)
        self._socket.connect(self._address)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        if self._channel is not None:
            self._channel.handshake()
            self._push(self._channel.outgoing())
            deadline = time.monotonic() + DEADLINE
            while not self._channel.established and not self._ended and time.monotonic() < deadline:
                self._take(DEADLINE)

    def _say(self, data: bytes) -> None:
        self.sent.append(data)
        if self._channel is None:
            self._push(data)
            return
        self._channel.send(data)
        ciphertext = self._channel.outgoing()
        if self._spoil and self._rng.random() < 0.3:
            ciphertext = flipped(self._rng, ciphertext, self._spoil)
        self._push(ciphertext)

    def _push(self, data: bytes) -> None:
        """Send, and read meanwhile: who does not read is a case of its own, with tests of its own."""
        view = memoryview(data)
        while view and not self._ended:
            readable, writable, _ = select.select([self._socket], [self._socket], [], _REFUSES)
            if readable:
                self._take(0)
            if writable:
                view = view[self._socket.send(view) :]
            elif not readable:
                return

    def _listen(self, quiet: float, least: int = 2**60) -> None:
        """Until so many bytes have come, or none for a while."""
        before = len(self.received)
        while not self._ended and len(self.received) < before + least:
            if not self._take(quiet):
                return

    def _take(self, timeout: float) -> bool:
        if not select.select([self._socket], [], [], timeout)[0]:
            return False
        data = self._socket.recv(65536)
        if not data:
            self._ended = self.in_order = True
        elif self._channel is not None:
            data = self._channel.receive(data)
            self._push(self._channel.outgoing())
        self.received += data
        for name, _, value in _GIVEN.findall(data):
            self._known[name.decode()] = value.decode()
        return True

    def _leave(self) -> None:
        ending = self.script.ending
        if ending is Ending.HALF and not self._ended:
            self._socket.shutdown(socket.SHUT_WR)
            if self.script.port is Port.CHAT:
                self._listen(DEADLINE)
                self.hangs = not self._ended
                return
        self._listen(_QUIET[self.script.port])
        if ending is Ending.RESET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def report(self, most: int) -> str:
        """What was said and answered, of each piece at most so much; the seed says the rest."""
        pieces = [(">", data) for data in self.sent] + [("<", self.received)]
        lines = [str(self.script), *(f"  {way} {len(data)} bytes: {data[:most]!r}" for way, data in pieces)]
        return "\n".join(lines) + ("" if self.in_order else "\n  (cut off, or left first)")


def objects(received: bytes) -> tuple[list[object], str]:
    """What JSON is in an answer, and what is left behind the last whole value. Raises ValueError."""
    text, found = received.decode(), []
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        try:
            value, end = decoder.raw_decode(text)
        except ValueError:
            break
        found.append(value)
        text = text[end:]
    return found, text
