"""What is not in the cache yet. While the disk takes nothing, it is shown, and sent, all the same."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from chatwire.codec import Object
from qtclient.cache import incoming
from qtclient.cache.changes import Changes
from qtclient.net.clock import now_ms
from qtclient.net.happened import Post, Uncached
from qtclient.records import NOT_STORED, FileInfo, Key, Message, Sent

Say = Callable[[str, Key, str], None]
"""Sends a message: its cid, where to, its text."""


@dataclass
class _Ours:
    """``known``: the cache has it in an older state; ``shown``: as it is here, and sent if it is a text."""

    message: Message
    known: bool = False
    shown: bool = False


@dataclass
class _Pushed:
    obj: Object
    live: bool
    message: Message | None = None  # once it is shown


class Unwritten:
    """Everything is noted here from the moment when it is said until it is committed. Any thread.

    ``_lock`` guards all of it; windows are told while it is held, so they hear of everything in its order.
    """

    def __init__(self, me: str, last_row: int, say: Say, post: Post) -> None:
        """``last_row``: the cache uses none above it."""
        self.blocked = False  # whether the disk takes nothing now
        self._me = me
        self._rows = itertools.count(max(last_row, NOT_STORED) + 1)
        self._say = say
        self._post = post
        self._lock = threading.Lock()
        self._ours: dict[str, _Ours] = {}
        self._pushed: dict[int, _Pushed] = {}
        self._asking: list[Callable[[bool], None]] = []

    # -- the disk ----------------------------------------------------------------

    def block(self) -> None:
        """The disk takes nothing: go on without it."""
        with self._lock:
            self.blocked = True
            for ours in self._ours.values():
                self._show_ours(ours)
            for pushed in self._pushed.values():
                self._show_pushed(pushed)
            asking, self._asking = self._asking, []
        for done in asking:
            done(False)

    def unblock(self) -> None:
        """The disk takes it again; what is here is committed one after another."""
        with self._lock:
            self.blocked = False

    def ask(self, done: Callable[[bool], None]) -> bool:
        """``done`` is told whether all that was said is on the disk, at once where it cannot be.

        Returns whether `answer` has to be called once it is.
        """
        with self._lock:
            if not self.blocked:
                self._asking.append(done)
                return True
        done(False)
        return False

    def answer(self, done: Callable[[bool], None]) -> None:
        """All that was said before ``done`` asked is on the disk."""
        with self._lock:
            if done not in self._asking:
                return
            self._asking.remove(done)
        done(True)

    # -- what we say ---------------------------------------------------------------

    def add(self, key: Key, cid: str, text: str, sent: Sent, file: FileInfo | None = None) -> Message:
        """A new message of ours, and what it will be in the cache."""
        message = Message(next(self._rows), key, 0, cid, self._me, True, text, now_ms(), sent, file)
        self._note(_Ours(message))
        return message

    def again(self, message: Message, sent: Sent) -> None:
        """A message that was refused is to be sent once more."""
        self._note(_Ours(replace(message, sent=sent, problem=""), known=True))

    def written(self, cid: str) -> None:
        """It is on the disk, so it can be sent, if it is not yet."""
        with self._lock:
            ours = self._ours.pop(cid, None)
            if ours is not None and not ours.shown:
                self._send(ours.message)

    def forget(self, cid: str) -> None:
        """There is nothing to be sent after all."""
        with self._lock:
            self._ours.pop(cid, None)

    def change(self, cid: str, **fields: Any) -> None:
        """Something has become of it before it was on the disk."""
        with self._lock:
            self._change(cid, fields)

    def remove(self, cid: str) -> None:
        """It is not wanted any more, wherever it is shown."""
        with self._lock:
            ours = self._ours.pop(cid, None)
            if ours is not None and ours.shown:
                self._post(Changes(removed=[ours.message]))

    def discard(self, message: Message) -> None:
        """The user does not want it any more; it may be in the cache."""
        with self._lock:
            self._ours.pop(message.cid, None)
            if self.blocked:
                self._post(Changes(removed=[message]))

    def set_link(self, online: bool) -> None:
        """What waits is on its way, or the other way round."""
        old, new = (Sent.WAITING, Sent.SENDING) if online else (Sent.SENDING, Sent.WAITING)
        with self._lock:
            for cid, ours in self._ours.items():
                if ours.message.sent is old:
                    self._change(cid, {"sent": new})

    # -- what the server says --------------------------------------------------------

    def arrived(self, obj: Object, live: bool) -> None:
        """A message was pushed."""
        with self._lock:
            pushed = self._pushed[incoming.mid(obj)] = _Pushed(obj, live)
            if self.blocked:
                self._show_pushed(pushed)

    def arrived_written(self, mid: int) -> None:
        """It is on the disk."""
        with self._lock:
            self._pushed.pop(mid, None)

    def file_state(self, said: FileInfo) -> None:
        """What has become of a file that is shown."""
        with self._lock:
            for cid, ours in self._ours.items():
                file = ours.message.file
                if file is not None and file.file == said.file and file.state.alive:
                    self._change(cid, {"file": replace(file, state=said.state, offset=max(file.offset, said.offset))})

    # -- for the windows ---------------------------------------------------------------

    def messages(self, key: Key) -> list[Message]:
        """What is shown of a conversation and not on the disk, oldest first."""
        with self._lock:
            return sorted((one for one in self._shown() if one.key == key), key=lambda message: message.row)

    def waiting(self) -> int:
        """How many messages are neither on the disk nor at the server."""
        with self._lock:
            return sum(ours.message.sent in (Sent.WAITING, Sent.SENDING) for ours in self._ours.values())

    def news(self, changes: Changes) -> Changes:
        """What is committed, without news that were told before."""
        with self._lock:
            if any(pushed.message is not None for pushed in self._pushed.values()):
                changes.arrived = [one for one in changes.arrived if not self._was_shown(one[0].mid)]
        return changes

    # -- the lock is held --------------------------------------------------------------

    def _note(self, ours: _Ours) -> None:
        with self._lock:
            self._ours[ours.message.cid] = ours
            if self.blocked:
                self._show_ours(ours)

    def _show_ours(self, ours: _Ours) -> None:
        if ours.shown:
            return
        ours.shown = True
        self._post(Changes(changed=[ours.message]) if ours.known else Uncached(ours.message))
        self._send(ours.message)

    def _show_pushed(self, pushed: _Pushed) -> None:
        found = incoming.incoming(pushed.obj, self._me) if pushed.message is None else None
        if found is None:
            return
        if found.mine and found.cid in self._ours:  # of an earlier connection, which had no answer
            self._change(found.cid, {"sent": Sent.STORED})
            return
        sent = Sent.STORED if found.mine else Sent.RECEIVED
        pushed.message = Message(
            found.mid, found.key, found.mid, found.cid, found.sender, found.mine, found.text, found.ts, sent, found.file
        )
        self._post(Uncached(pushed.message, None if found.mine else pushed.live))

    def _send(self, message: Message) -> None:
        if message.file is None and message.sent in (Sent.WAITING, Sent.SENDING):
            self._say(message.cid, message.key, message.text)

    def _change(self, cid: str, fields: dict[str, Any]) -> None:
        ours = self._ours.get(cid)
        if ours is not None:
            ours.message = replace(ours.message, **fields)
            if ours.shown:
                self._post(Changes(changed=[ours.message]))

    def _was_shown(self, mid: int) -> bool:
        pushed = self._pushed.get(mid)
        return pushed is not None and pushed.message is not None

    def _shown(self) -> Iterator[Message]:
        yield from (ours.message for ours in self._ours.values() if ours.shown)
        yield from (pushed.message for pushed in self._pushed.values() if pushed.message is not None)
