"""What one attacker does: bytes, in pieces, on one connection, and how it ends. A pure function of the seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

LONGEST_PIECE = 5000  # bytes of a torn piece


class Port(Enum):
    """Which daemon is meant."""

    CHAT = "chat"
    FILES = "files"


class Ending(Enum):
    """How an attacker leaves."""

    HALF = "says that it will say no more, and reads to the end"
    CLOSE = "closes"
    RESET = "resets the connection"


@dataclass(frozen=True)
class Step:
    """Bytes that are sent at once; ``answered``: something is waited for before the next step.

    ``<<file>>``, ``<<token>>``, ``<<mid>>``, ``<<up>>`` and ``<<down>>`` are replaced by what the daemons have given
    out, which no seed can know. Afterwards ``flips`` bytes are changed, as ``seed`` says.
    """

    data: bytes
    answered: bool = False
    flips: int = 0
    seed: int = 0

    def bytes_with(self, known: Mapping[str, str]) -> bytes:
        """What goes onto the wire."""
        data = self.data
        for name, value in known.items():
            data = data.replace(f"<<{name}>>".encode(), value.encode())
        return flipped(random.Random(self.seed), data, self.flips) if self.flips else data


@dataclass(frozen=True)
class Script:
    """One attacker. ``spoil``: how many bytes of its ciphertext are changed."""

    port: Port
    kind: str
    secure: bool
    steps: tuple[Step, ...]
    ending: Ending
    source: str
    file_size: int = 1000
    spoil: int = 0
    seed: int = 0

    def __str__(self) -> str:
        way = "TLS" if self.secure else "plain"
        return f"{self.port.value} {self.kind} ({way}, {len(self.steps)} steps, {self.ending.value})"


def flipped(rng: random.Random, data: bytes, count: int) -> bytes:
    """The same with some bits, bytes or stretches changed, doubled or left out."""
    changed = bytearray(data)
    for _ in range(count):
        if not changed:
            break
        at = rng.randrange(len(changed))
        match rng.randrange(4):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at] = rng.choice(b'\0\n\r {}":\\\x16\xff%0')
            case 2:
                del changed[at : at + rng.randint(1, 8)]
            case _:
                changed[at:at] = changed[at : at + rng.randint(1, 32)]
    return bytes(changed)


def torn(rng: random.Random, steps: list[Step]) -> tuple[Step, ...]:
    """The same bytes in other pieces: merged with their neighbours, or torn apart, or as they are."""
    match rng.randrange(4):
        case 0:
            return (Step(b"".join(step.data for step in steps)),)
        case 1:
            return tuple(piece for step in steps for piece in _pieces(rng, step))
        case _:
            return tuple(steps)


def _pieces(rng: random.Random, step: Step) -> list[Step]:
    """A placeholder that is torn stays what it is, which is as good as any other text."""
    data = step.data
    pieces: list[Step] = []
    while data and len(pieces) < 40:
        size = rng.choice((1, 2, 7, 100, LONGEST_PIECE))
        pieces.append(Step(data[:size]))
        data = data[size:]
    return [*pieces, Step(data, step.answered)]
