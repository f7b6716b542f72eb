"""What is said: every text is a function of the run, the conversation, the sender, the message's number and a size.

So whoever reads a text can tell whether it is the one that was sent, and what became of one that is missing.
"""

from __future__ import annotations

import random
import string
from typing import NamedTuple

_LETTERS = string.ascii_letters + string.digits
_TAILS = 64  # endings of a sender's texts, which take turns
_DIGITS = 9  # of a message's number, so that all texts have one length


class Spoken(NamedTuple):
    """What a text says about itself."""

    run: str
    conversation: str
    sender: str
    number: int


class Phrases:
    """The texts of one sender in one conversation. One that says all that must be said may be longer than ``size``."""

    __slots__ = ("_opening", "_tails", "conversation", "run", "sender")

    def __init__(self, run: str, conversation: str, sender: str, size: int) -> None:
        self.run, self.conversation, self.sender = run, conversation, sender
        self._opening = f"{run}.{conversation}.{sender}."
        self._tails = _tails(f"{conversation}.{sender}", max(0, size - len(self._opening) - _DIGITS - 1))

    def text(self, number: int) -> str:
        """What message ``number`` says; ASCII letters, digits and "." alone."""
        return f"{self._opening}{number:09d}.{self._tails[number % _TAILS]}"

    def texts(self, first: int, count: int) -> list[str]:
        """The texts of so many messages from number ``first`` on."""
        opening, tails = self._opening, self._tails
        return [f"{opening}{number:09d}.{tails[number % _TAILS]}" for number in range(first, first + count)]


def spoken(text: object) -> Spoken | None:
    """Which message this is, to judge by its beginning; None when it is none of ours, or no text."""
    parts = text.split(".", 4) if isinstance(text, str) else []
    if len(parts) != 5 or not (parts[3].isascii() and parts[3].isdigit() and len(parts[3]) < 16):
        return None
    return Spoken(parts[0], parts[1], parts[2], int(parts[3]))


def _tails(seed: str, size: int) -> list[str]:
    """The same letters in every process."""
    letters = "".join(random.Random(seed).choices(_LETTERS, k=size + _TAILS))
    return [letters[at : at + size] for at in range(_TAILS)]
