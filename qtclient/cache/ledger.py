"""All that can be done to an account's cache. The writer's thread, inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from chatwire.codec import Object
from qtclient.cache import incoming
from qtclient.cache.changes import Changes
from qtclient.cache.conversations import Conversations
from qtclient.cache.index import SearchIndex
from qtclient.cache.messages import Messages
from qtclient.cache.numbers import Numbers
from qtclient.cache.ranges import NOW, Ranges
from qtclient.cache.transfers import KeptTransfers
from qtclient.records import FileInfo, Key, Kind, Sent


class Ledger:
    """``messages``, ``conversations`` and ``transfers`` are its parts. `after_commit` runs what must wait for that."""

    def __init__(self, db: sqlite3.Connection, me: str) -> None:
        self.me = me
        self._db = db
        self._ranges = Ranges(db)
        self._numbers = Numbers(db)
        self._seen = 0  # the highest mid that was pushed since the last commit
        self._job_seen = 0
        self.conversations = Conversations(db, self._ranges, self._numbers)
        self.messages = Messages(db, me, self.conversations, SearchIndex(db, self._numbers))
        self.transfers = KeptTransfers(db)
        self._changes = Changes()
        self._afterwards: list[Callable[[], None]] = []
        self._job_afterwards: list[Callable[[], None]] = []

    # -- the transaction -----------------------------------------------------------

    def after_commit(self, job: Callable[[], None]) -> None:
        """To be run by the writer when what was done is on the disk."""
        self._job_afterwards.append(job)

    def keep(self) -> None:
        """A job has been done."""
        self._changes.extend(self.messages.changes)
        self._afterwards += self._job_afterwards
        self._seen = max(self._seen, self._job_seen)
        self.drop(undone=False)

    def drop(self, *, undone: bool = True) -> None:
        """What a job has noted is of no interest; ``undone``: nor is what it has done."""
        self.messages.changes = Changes()
        self._job_afterwards = []
        self._job_seen = 0
        if undone:
            self.conversations.undone()
            self._numbers.forget()

    def finish(self) -> Changes:
        """All jobs of the transaction are done; what is left is to commit."""
        if self._seen > self._numbers.get("seen"):
            self._numbers.put("seen", self._seen)
        self._seen = 0
        changes, self._changes = self._changes, Changes()
        changes.conversations = self.conversations.finish()
        return changes

    def committed(self) -> list[Callable[[], None]]:
        """What is to be run now."""
        jobs, self._afterwards = self._afterwards, []
        return jobs

    def rolled_back(self) -> None:
        """Nothing of the transaction was done."""
        self.drop()
        self.conversations.forget()
        self._seen = 0
        self._changes, self._afterwards = Changes(), []

    # -- numbers -------------------------------------------------------------------

    def get(self, name: str) -> int:
        """A number that is remembered; 0 where it is not."""
        return self._numbers.get(name)

    def put(self, name: str, value: int) -> None:
        """Remember a number."""
        self._numbers.put(name, value)

    @property
    def seen(self) -> int:
        """The highest mid that was pushed to us and is here; of no meaning in a cache that has not `begun`."""
        return max(self._numbers.get("seen"), self._seen, self._job_seen)

    @property
    def begun(self) -> bool:
        """Whether a session has ever written to this cache."""
        return self._numbers.get("begun") > 0

    def saw(self, mid: int) -> None:
        """Everything that was pushed up to here is here."""
        self._job_seen = max(self._job_seen, mid)

    # -- sessions ------------------------------------------------------------------

    def welcome(self, login: Object) -> bool:
        """A session has begun. Returns False where the server has less than we know of, so that it must be another."""
        newest = incoming.mid(login)
        if self.begun and newest < self.seen:
            return False
        if not self.begun:
            self.put("begun", 1)
            self.put("live_from", newest)
            self.saw(newest)
        surely = self.seen if self.get("caught_up") else self.get("welcomed")
        self.put("caught_up", 0)
        self.put("welcomed", newest)
        self._replace("friends", {name for name, _ in incoming.names(login.get("friends"), "user")})
        groups = {name: incoming.since(group) for name, group in incoming.names(login.get("groups"), "group")}
        for gone in self._replace("groups", set(groups)):
            self._leave(gone)
        for group, since in groups.items():
            self._be_member(group, since, surely=surely, low=newest if since is None else max(since, self.seen))
        self.conversations.take_unread(_unread(login), newest)
        return True

    def caught_up(self) -> None:
        """All that was missed has come, and the news that had to wait for it: from now on all comes as it happens."""
        self.put("caught_up", 1)

    def arrived(self, obj: Object, *, live: bool) -> None:
        """The server has pushed a message."""
        message = incoming.incoming(obj, self.me)
        if message is None:
            return
        added = self.messages.take(message, since=self._since(message.key))
        self.saw(message.mid)
        if added is not None and not message.mine:
            self.messages.changes.arrived.append((added, live))

    def page(self, objs: list[Object], after: int, *, more: bool) -> int | None:
        """A page of `sync`, above ``after``. Returns where the next one begins, 0 when everything is here.

        None: it promises more, and does not say from where on. What this client does not know counts by its mid.
        """
        for message in self._messages(objs):
            if message.mid > after:
                self.messages.take(message, since=self._since(message.key))
        last = max((incoming.mid(obj) for obj in objs), default=0)
        if more and last <= after:
            return None
        if more and last < self.get("live_from"):
            self.put("synced", last)
            return last
        self.conversations.all_cached()
        self.put("live_from", 0)
        return 0

    def history(self, key: Key, objs: list[Object], before: int, *, more: bool) -> None:
        """A page of a conversation's past, directly before a mid. What this client does not know counts by its mid."""
        number = self.conversations.id(key, since=self._since(key))
        for message in self._messages(objs):
            if message.key == key and message.mid < before:
                self.messages.take(message, since=NOW)
        mids = [mid for obj in objs if 0 < (mid := incoming.mid(obj)) < before]
        low = min(mids, default=before) - 1 if more else 0
        high = before - 1
        if high > self.seen and key.kind is Kind.GROUP and not self._ranges.follows(number):
            high = max(mids, default=0)  # what is said later will not be pushed to us
        if low < high:
            self._ranges.add(number, low, high)

    def write(
        self, key: Key, cid: str, text: str, ts: int, sent: Sent, file: FileInfo | None = None, *, row: int = 0
    ) -> None:
        """Add a message of ours that the server does not have yet; in ``row``, if that is free."""
        self.messages.write(key, cid, text, ts, sent, self._since(key), file, row=row)

    def file_state(self, said: FileInfo) -> None:
        """What is known about a file's state; what is older than what is here changes nothing."""
        self.messages.file_state(said.file, said)

    # -- people --------------------------------------------------------------------

    def set_friend(self, name: str, present: bool) -> None:
        """Somebody is on the roster, or not any more."""
        self._list("friends", name, present)

    def set_group(self, name: str, present: bool, since: int | None = None) -> None:
        """The user is in a group, ``since`` a mid where that is known, or not any more."""
        self._list("groups", name, present)
        if present:
            self._be_member(name, since, surely=NOW, low=since)
        else:
            self._leave(name)

    def since(self, key: Key) -> int:
        """Where a membership begins, as far as it is known; 0 for all else."""
        return self.get(f"since {self.conversations.known(key)}")

    def _be_member(self, group: str, since: int | None, *, surely: int, low: int | None) -> None:
        """What is said in a group above ``low`` is here or will be pushed; None: we do not know from where on.

        Who has left and joined again has missed what was said in between, and may hear of it only now. The new
        membership begins above ``since``; that the old one lasted is known up to ``surely``.
        """
        key = Key(Kind.GROUP, group)
        number = self.conversations.id(key)
        name, followed = f"since {number}", self._ranges.follows(number)
        another = since is not None and since != self.get(name)
        if since is not None and another:
            self.put(name, since)
            self._ranges.forget(number, self._last_before(number, min(since, surely)), since)
        if low is not None and not self._ranges.follows(number):
            self._ranges.add(number, low, NOW)
        if another or not followed:
            self.messages.changes.joined.append(key)

    def _last_before(self, conversation: int, mid: int) -> int:
        """The newest message that is here, up to a mid; 0 where there is none."""
        query = "SELECT max(row) FROM messages WHERE conversation = ? AND row <= ?"
        return int(self._db.execute(query, (conversation, mid)).fetchone()[0] or 0)

    def _leave(self, group: str) -> None:
        number = self.conversations.known(Key(Kind.GROUP, group))
        if number is not None:
            self._ranges.forget(number, self.seen, NOW)

    def _since(self, key: Key) -> int:
        """Above which mid a conversation that is not known yet is followed. That of a group is while we are in it."""
        return self.get("live_from") if key.kind is Kind.PEER else NOW

    def _messages(self, objs: list[Object]) -> list[incoming.Incoming]:
        found = (incoming.incoming(obj, self.me) for obj in objs)
        return [message for message in found if message is not None]

    def _replace(self, table: str, names: set[str]) -> set[str]:
        """Make a list hold these names; returns those that are gone."""
        before = {name for (name,) in self._db.execute(f"SELECT name FROM {table}")}
        for name in before ^ names:
            self._list(table, name, name in names)
        return before - names

    def _list(self, table: str, name: str, present: bool) -> None:
        if present:
            self._db.execute(f"INSERT OR IGNORE INTO {table} VALUES (?)", (name,))
        else:
            self._db.execute(f"DELETE FROM {table} WHERE name = ?", (name,))


def _unread(login: Object) -> dict[Key, tuple[int, int]]:
    """Read positions and counts."""
    listed, found = login.get("unread"), {}
    for entry in listed if isinstance(listed, list) else ():
        key = incoming.conversation(entry) if isinstance(entry, dict) else None
        if key is not None:
            found[key] = (incoming.mid(entry), incoming.count(entry.get("count"), 1000))
    return found
