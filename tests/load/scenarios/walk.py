"""Stored messages read in pages, and compared with what was written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.load.scenarios.session import Object, Session, expect

Fail = Callable[[str, str], None]


class Entry(NamedTuple):
    """A stored message. ``cmd`` is private_chat or group_chat, ``to`` a user or a group."""

    mid: int
    ts: int
    cmd: str
    sender: str
    to: str
    text: str


class Walk:
    """One way through ``entries``, which are all that there is to be read, by mid: forward with `sync`, or backward
    with `history` of the conversation that ``where`` names. Belongs to the generator's thread.
    """

    def __init__(self, name: str, entries: Sequence[Entry], page: int, where: dict[str, str]) -> None:
        self.name = name
        self._entries = entries
        self._page = page
        self._where = where  # empty: `sync`
        self._begin, self._end = 0, len(entries)  # of what is still to be read

    def ask(self, session: Session, then: Callable[[Object], None]) -> None:
        """Ask for the next page."""
        if not self._where:
            after = self._entries[self._begin - 1].mid if self._begin else 0
            session.ask(then, "sync", after=after, limit=self._page)
        elif self._end == len(self._entries):
            session.ask(then, "history", limit=self._page, **self._where)
        else:
            session.ask(then, "history", limit=self._page, before=self._entries[self._end].mid, **self._where)

    def take(self, reply: Object, fail: Fail) -> tuple[int, bool]:
        """Compare a page; returns how many messages it had, and whether the walk goes on.

        A walk whose page is wrong ends there. Raises LookupError, TypeError or ValueError for what is no page at all.
        """
        expect(reply, "success")
        found, more = [_entry(message) for message in reply["messages"]], reply["more"]
        if not isinstance(more, bool):
            raise TypeError("more is no truth value")
        count = len(found)
        left = self._entries[self._begin : self._end]
        wanted = left[-count:] if self._where and count else left[:count]
        if found != wanted or count > self._page or (more and not count):
            self._complain(found, left, fail)
            return count, False
        if self._where:
            self._end -= count
        else:
            self._begin += count
        if more != (self._begin < self._end):
            left = self._entries[self._begin : self._end]
            told = (
                f"{len(left)} messages are missing behind the last page" if left else "more is promised than there is"
            )
            fail("lost" if left else "altered", f"{self.name}: {told}")
            return count, False
        return count, more

    def _complain(self, found: list[Entry], left: Sequence[Entry], fail: Fail) -> None:
        """Name what is wrong with a page: what it has twice, lacks, has in another order, or has in another form."""
        size = min(len(found), self._page) if found else self._page
        wanted = list(left[-size:] if self._where else left[:size])
        mids = [entry.mid for entry in found]
        known = {entry.mid: entry for entry in self._entries}
        twice = [mid for mid, count in Counter(mids).items() if count > 1]
        missing = [entry.mid for entry in wanted if entry.mid not in mids]
        strange = [entry.mid for entry in found if known.get(entry.mid) != entry]
        page = f"{self.name}: the page of {len(found)} that should be mids {wanted[0].mid} to {wanted[-1].mid}"
        if twice:
            fail("doubled", f"{page} has mid {twice[0]} twice")
        elif strange:
            other = found[mids.index(strange[0])]
            fail("altered", f"{page} has {str(other)[:200]!a}")
        elif missing:
            fail("lost", f"{page} lacks mid {missing[0]}")
        elif len(found) > self._page:
            fail("altered", f"{page} is longer than {self._page}")
        else:
            fail("disordered", f"{page} is in another order, or in another place")


def _entry(message: Object) -> Entry:
    cmd = message["cmd"]
    if cmd == "private_chat":
        sender, to = message["user_from"], message["user_to"]
    elif cmd == "group_chat":
        sender, to = message["user"], message["group"]
    else:
        raise ValueError("no message")
    return Entry(message["mid"], message["ts"], cmd, sender, to, message["text"])
