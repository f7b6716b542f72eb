"""Attackers that know nothing: random bytes, spoilt copies of what others have said, and records of TLS."""

from __future__ import annotations

import random
from dataclasses import replace

from chatwire.tls import TlsChannel, client_context
from tests.fuzz.script import Step

_TYPES = (20, 21, 22, 23, 24, 0, 255)  # of records: change of cipher, alert, handshake, data, heartbeat, none
_CONTEXT = client_context(verify=False)


def noise(rng: random.Random) -> tuple[Step, ...]:
    """Bytes; the first one decides for what they are taken."""
    first = rng.choice((b"\x16", b"\x16\x03\x01", b"{", b"{\n", b"GET ", b"\n", b" " * 1000, b"\0", b""))
    letters = rng.choice((None, b'{}[]":,\n 0ae\\u', b"GETHP/1. \r\n:%?&", b"\n", b"{\n}"))
    size = rng.choice((0, 1, 5, 300, 5000, 70_000))
    body = rng.randbytes(size) if letters is None else bytes(rng.choices(letters, k=size))
    return tuple(Step(piece) for piece in (first, body[: size // 2], body[size // 2 :]))


def spoilt(rng: random.Random, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same conversation with bits, bytes and stretches changed, and perhaps steps left out or in another order."""
    chosen = list(steps)
    if rng.random() < 0.3:
        rng.shuffle(chosen)
    return tuple(replace(step, flips=rng.choice((0, 1, 1, 3, 20)), seed=rng.getrandbits(32)) for step in chosen)


def records(rng: random.Random) -> tuple[Step, ...]:
    """A greeting of TLS that is broken, or is followed by what cannot be."""
    channel = TlsChannel(_CONTEXT, server_side=False)
    channel.handshake()
    hello = Step(channel.outgoing(), rng.random() < 0.5, rng.choice((0, 0, 1, 4)), rng.getrandbits(32))
    return (hello, *(Step(_record(rng)) for _ in range(rng.choice((0, 1, 3, 20)))))


def _record(rng: random.Random) -> bytes:
    body = rng.randbytes(rng.choice((0, 1, 2, 40, 2000, 17_000)))
    length = len(body) if rng.random() < 0.8 else rng.choice((0, 65535, 16641))
    return bytes([rng.choice(_TYPES), 3, rng.randrange(5)]) + (length & 0xFFFF).to_bytes(2, "big") + body
