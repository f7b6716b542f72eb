"""The files that have been offered, as far as this run has seen them. Main thread only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from chatwire.codec import Object
from chatwire.terminal.state import Conversation

UNFINISHED = frozenset(("waiting", "uploading"))
ALIVE = UNFINISHED | {"complete"}


@dataclass(eq=False)
class Offer:
    """``number`` is what the user calls it by, ``state`` and ``offset`` what the server has said last.

    ``name`` is as it came from the server, fit neither for the screen nor for a folder.
    """

    number: int
    file: str
    name: str
    length: int
    conversation: Conversation
    sender: str
    mine: bool
    state: str = "waiting"
    offset: int = 0
    sha256: str = ""
    place: Path | None = None  # where it was downloaded to

    @property
    def alive(self) -> bool:
        """Whether it can be had, now or later."""
        return self.state in ALIVE

    def update(self, obj: Object) -> None:
        """Take over what a push or a reply says."""
        if isinstance(obj.get("state"), str):
            self.state = obj["state"]
        if type(obj.get("offset")) is int:
            self.offset = obj["offset"]
        if isinstance(obj.get("sha256"), str):
            self.sha256 = obj["sha256"]


class Offers:
    """Numbered from 1 in the order in which they are seen."""

    def __init__(self) -> None:
        self._by_file: dict[str, Offer] = {}

    def __iter__(self) -> Iterator[Offer]:
        return iter(self._by_file.values())

    def get(self, file: object) -> Offer | None:
        """An offer by the file's id."""
        return self._by_file.get(str(file))

    def take(self, obj: Object, conversation: Conversation, me: str) -> Offer:
        """The offer that an object of the server tells of; a new one gets the next number."""
        file = str(obj.get("file"))
        offer = self._by_file.get(file)
        if offer is None:
            sender = str(obj.get("from_user") or me)
            length = obj.get("length")
            offer = self._by_file[file] = Offer(
                len(self._by_file) + 1, file, str(obj.get("filename")), length if type(length) is int else 0,
                conversation, sender, sender == me,
            )  # fmt: skip
        offer.update(obj)
        return offer

    def numbered(self, number: int) -> Offer | None:
        """An offer by its number."""
        return next((offer for offer in self if offer.number == number), None)

    def newest(self, fits: Callable[[Offer], bool]) -> Offer | None:
        """The newest of those that fit."""
        return next((offer for offer in reversed(list(self)) if fits(offer)), None)
