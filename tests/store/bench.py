"""A journal to be tested: its commits can be held, and can fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

from chatbase import schema
from chatbase.engine import Database, Transaction
from chatd.registry.nodes import Session, UserNode
from chatd.store import messages, users
from chatd.store.journal import Journal
from chatd.store.records import ChatRecord
from chatwire.codec import decode_value
from tests.support.waiting import wait_until

ALICE, BOB = 1, 2


class Bench:
    """A journal on a database whose commits can be held and can fail."""

    def __init__(self, url: str) -> None:
        self.database = Database(url, 3)
        schema.prepare(self.database)
        with self.database.transaction(write=True) as tx:
            assert [users.create(tx, name, "hash") for name in ("alice", "bob")] == [ALICE, BOB]
        self.delivered: list[ChatRecord] = []
        self.batches: list[int] = []
        self.followed: list[bool] = []  # for each batch, whether it was said that another one follows
        self.failed: list[ChatRecord] = []
        self.commits = 0
        self.held = threading.Event()  # a commit has begun and waits
        self.gate = threading.Event()
        self.gate.set()
        self.on_commit: Callable[[Any], None] = lambda connection: connection.commit()
        self.database._commit = self._commit  # type: ignore[method-assign]
        self.journal = Journal(self.database, self._deliver, self.failed.extend)
        self.journal.start()

    def say(self, text: str, *, to: int | None = BOB, group: int = 0, cid: str = "", sender: int = ALICE) -> ChatRecord:
        """Submit a message."""
        session = cast(Session, _Origin(UserNode(sender, f"user{sender}")))
        where = messages.group(group) if group else messages.private(sender, to or 0)
        record = ChatRecord(session, where, None if group else to, None, cid.encode() or None, text, text.encode(), b"")
        self.journal.submit(record)
        return record

    def say_and_wait(self, text: str, count: int) -> ChatRecord:
        """The same with its text as its cid, until ``count`` messages are settled."""
        record = self.say(text, cid=text)
        self.settled(count)
        return record

    def hold(self) -> None:
        """Submit a message and keep the journal in its commit until `release`."""
        self.held.clear()
        self.gate.clear()
        self.say("held", group=9)
        assert self.held.wait(15)

    def release(self) -> None:
        self.gate.set()

    def settled(self, count: int) -> None:
        """Wait until so many messages have met their fate."""
        wait_until(lambda: len(self.delivered) + len(self.failed) >= count, f"{count} messages are settled")

    def stored(self) -> list[tuple[int, str]]:
        """(mid, text) of all messages, whichever table they are in."""
        with self.database.transaction() as tx:
            merged = [(int(mid), str(text)) for mid, text in tx.rows("SELECT mid, body FROM messages ORDER BY mid")]
            return merged + [(row[0], row[6]) for body in self._staged(tx) for row in decode_value(body)]

    def staged(self) -> int:
        """How many batches are not yet rows of their own."""
        with self.database.transaction() as tx:
            return len(self._staged(tx))

    def _staged(self, tx: Transaction) -> list[bytes]:
        return [body for (body,) in tx.rows("SELECT body FROM staged ORDER BY mid")]

    def close(self) -> None:
        self.gate.set()
        assert self.journal.stop(15)
        self.database.close()

    def _commit(self, connection: Any) -> None:
        self.commits += 1
        self.held.set()
        assert self.gate.wait(15)
        self.on_commit(connection)

    def _deliver(self, batch: Sequence[ChatRecord], more: bool) -> None:
        self.batches.append(len(batch))
        self.followed.append(more)
        self.delivered.extend(batch)


class _Origin:
    """All of a session that a record looks at."""

    def __init__(self, user: UserNode) -> None:
        self.user = user
