"""What the journal is given to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chatbase.engine import Transaction
from chatbase.files import PARTIAL_LIFE, File
from chatd.registry.nodes import GroupNode, Session


@dataclass(frozen=True)
class Offer:
    """What makes a message the offer of a file.

    ``refusal_open`` is the reply when nothing is stored, without its end, as in `ChatRecord`. ``stored`` is called in
    the journal's thread, after the commit and behind what everybody is told; it may be called twice. ``granted`` is
    when the offer was made, by the clock that grants (`chatbase.clock`).
    """

    file: File
    refusal_open: bytes
    stored: Callable[[File], None]
    granted: int

    def file_of(self, mid: int, ts: int) -> File:
        """The file with its message's number and time."""
        expires = max(ts, self.granted) + PARTIAL_LIFE * 1000
        return replace(self.file, mid=mid, created=ts, expires=expires)


class ChatRecord:
    """One message on its way: made by a loop, completed (`mid`, `ts`) by the journal, then handed to the delivery.

    ``push_open`` and ``reply_open`` are JSON objects without their end, encoded once by the loop that received the
    request; what only the journal knows is appended to them. ``group`` is None for a private message, ``recipient``
    None for one to a group. ``duplicate``: its cid was stored before, so `mid` and `ts` are the first one's. ``size``
    is about what each of its receivers gets, in bytes. With an ``offer``, both JSON objects hold a raw NUL in place of
    what every URL of a file begins with (see `delivery`).
    """

    __slots__ = (
        "cid", "conversation", "duplicate", "group", "mid", "offer", "origin", "push_open", "recipient", "reply_open",
        "sender", "size", "text", "ts",
    )  # fmt: skip

    def __init__(
        self,
        origin: Session,
        conversation: int,
        recipient: int | None,
        group: GroupNode | None,
        cid: bytes | None,
        text: str,
        push_open: bytes,
        reply_open: bytes,
        offer: Offer | None = None,
    ) -> None:
        self.origin = origin
        self.conversation = conversation
        self.sender = origin.user.id
        self.recipient = recipient
        self.group = group
        self.cid = cid
        self.text = text
        self.push_open = push_open
        self.reply_open = reply_open
        self.offer = offer
        self.size = len(push_open)
        self.mid = 0
        self.ts = 0
        self.duplicate = False

    def row(self) -> tuple[Any, ...]:
        """The values for `messages.INSERT`."""
        return (self.mid, self.conversation, self.sender, self.recipient, self.cid, self.ts, self.text)


@dataclass(frozen=True)
class MarkRecord:
    """A user has everything (``conversation`` None), or has read a conversation, up to ``mid``.

    Both callbacks run in the journal's thread: ``done`` gets the position that is stored now, which may be above
    ``mid``, or None when nothing was stored. ``moved`` gets it before, and only when this mark has moved it; of several
    marks of one position in a batch, only the one that took it farthest has.
    """

    user_id: int
    conversation: int | None
    mid: int
    done: Callable[[int | None], None]
    moved: Callable[[int], None] | None = None


@dataclass(frozen=True)
class ChangeRecord:
    """Something that must happen between two batches of messages: who is in a group.

    Both run in the journal's thread: ``run`` gets a transaction of its own and the newest mid, ``done`` what it
    returned or raised. It is asked again when its transaction had to make way for another, so it must change nothing
    but the database, and when it is unknown whether it was stored: it must raise if what it does is done already.
    """

    run: Callable[[Transaction, int], object]
    done: Callable[[object], None]


Other = MarkRecord | ChangeRecord
Record = ChatRecord | Other
Batch = tuple[list[ChatRecord], list[Other]]


class RecordQueue:
    """Records that wait: messages, and all else. It has no lock: whoever shares it brings one.

    There is no order between the two: a connection sends nothing before its mark or change is answered.
    ``size`` is the sum of the messages' sizes.
    """

    __slots__ = ("_chats", "_others", "size")

    def __init__(self) -> None:
        self._chats: list[ChatRecord] = []
        self._others: list[Other] = []
        self.size = 0

    def __len__(self) -> int:
        return len(self._chats) + len(self._others)

    def extend(self, chats: Sequence[ChatRecord]) -> None:
        """Put messages at the end."""
        self._chats.extend(chats)
        self.size += sum([chat.size for chat in chats])

    def append(self, record: Other) -> None:
        """Put something else at the end."""
        self._others.append(record)

    def take(self, count: int, size: int) -> Batch:
        """Remove up to ``count`` messages from the front, no more once they are of ``size`` bytes together, and as
        many others.
        """
        if len(self._chats) <= count and len(self._others) <= count and self.size <= size:
            return self.take_all()
        end = together = 0
        while end < min(count, len(self._chats)) and together < size:
            together += self._chats[end].size
            end += 1
        taken = self._chats[:end], self._others[:count]
        self._chats, self._others = self._chats[end:], self._others[count:]
        self.size -= together
        return taken

    def take_all(self) -> Batch:
        """Remove everything."""
        taken = self._chats, self._others
        self._chats, self._others, self.size = [], [], 0
        return taken
