"""A server with one group, as far as it concerns one user with one client; and whether that client's cache is true."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from chatwire.codec import Object
from tests.qtclient.cache.helpers import CREW, Book, grouped, login, private

_PAGE = 3  # messages in a page of history
_TOP = (1 << 53) - 1  # history before this: the newest


class Simulated:
    """A seed decides what happens. ``heard`` is the mid up to which the client has been told everything.

    While what was missed is pushed, notices wait behind it (``held``), and are lost when the connection is (``told``).
    """

    def __init__(self, path: Path, seed: int) -> None:
        self.book = Book(path)
        self.heard = 0
        self.told = True
        self._random = random.Random(seed)
        self._mid = 0
        self._said: list[Object] = []
        self._ours: set[int] = set()  # mids of what is pushed to us, now or as missed
        self._since: int | None = None  # where the membership begins
        self._online = False
        self._held: list[Callable[[], None]] | None = None

    def step(self) -> None:
        """Something happens."""
        doings = (self._say, self._say_to_us, self._change_membership, self._come_or_go, self._scroll)
        self._random.choices(doings, (6, 2, 2, 1, 3))[0]()

    def missing(self) -> list[int]:
        """What the client has heard of, or could have, and takes for complete without having it."""
        number = self.book.ledger.conversations.known(CREW)
        here = {mid for (mid,) in self.book.db.execute("SELECT row FROM messages")}
        claims = self.book.db.execute("SELECT low, high FROM ranges WHERE conversation = ?", (number,)).fetchall()
        lacks = [obj["mid"] for obj in self._crew() if obj["mid"] not in here and obj["mid"] <= self.heard]
        return [mid for mid in lacks if any(low < mid <= high for low, high in claims)]

    def _say(self) -> None:
        """Somebody says something in the group."""
        self._store(grouped(self._mid + 1), ours=self._since is not None)

    def _say_to_us(self) -> None:
        self._store(private(self._mid + 1), ours=True)

    def _store(self, obj: Object, *, ours: bool) -> None:
        self._mid += 1
        self._said.append(obj)
        if ours:
            self._ours.add(self._mid)
        if self._online and self._held is None:
            self.heard = self._mid
            if ours:
                self.book.arrive(obj)

    def _change_membership(self) -> None:
        """The user leaves or joins, by whatever client."""
        self._since = self._mid if self._since is None else None
        notice = partial(self._notice, self._since is not None, self._since)
        if self._held is not None:
            self._held.append(notice)
        elif self._online:
            notice()

    def _notice(self, joined: bool, since: int | None) -> None:
        with self.book.do():
            self.book.ledger.set_group("crew", joined, since)

    def _come_or_go(self) -> None:
        """The connection breaks, or there is a new one, which may break while what was missed is pushed."""
        self._online = not self._online
        if not self._online:
            return
        after = self.book.ledger.seen if self.book.ledger.begun else self._mid
        groups = ("crew",) if self._since is not None else ()
        assert self.book.welcome(login(self._mid, groups=groups, since=self._since))
        self._held = []
        while self._random.random() < 0.4:  # it takes long, and the world goes on
            self._random.choice((self._say, self._say_to_us, self._change_membership))()
        notices, self._held = self._held, None
        missed = [obj for obj in self._said if obj["mid"] > after and obj["mid"] in self._ours]
        count = len(missed) if self._random.random() < 0.6 else self._random.randint(0, len(missed))
        self.book.arrive(*missed[:count], live=False)
        self._online = count == len(missed) and self._random.random() < 0.7
        self.heard = self._mid if count == len(missed) else missed[count]["mid"] - 1
        self.told = self._online or not notices
        if self._online:
            for notice in notices:
                notice()
            with self.book.do():
                self.book.ledger.caught_up()

    def _scroll(self) -> None:
        """A member asks for a page of history."""
        if not self._online or self._since is None:
            return
        here = [mid for (mid,) in self.book.db.execute("SELECT row FROM messages")]
        before = self._random.choice([*here, _TOP])
        past = [obj for obj in self._crew() if obj["mid"] < before]
        with self.book.do():
            self.book.ledger.history(CREW, past[-_PAGE:], before, more=len(past) > _PAGE)

    def _crew(self) -> list[Object]:
        return [obj for obj in self._said if obj["cmd"] == "group_chat"]
