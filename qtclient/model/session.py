"""One logged-in user, as the windows see it: what there is, what happens, and what can be done.

`stage` has its signals and models, `actions` what a user can do; here it begins and ends. Everything belongs to the
windows' thread, and nothing blocks but reading a page of the cache.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QTimer

from chatwire.text import well_formed
from qtclient.bridge import Bridge
from qtclient.cache.own_files import PASTED, PICTURES
from qtclient.cache.place import is_broken
from qtclient.cache.reader import Reader
from qtclient.model import words
from qtclient.model.actions import Actions
from qtclient.model.dispatch import Dispatch
from qtclient.model.messages import MessagesModel
from qtclient.net.account import Account
from qtclient.net.chat import Start
from qtclient.net.opening import Opened
from qtclient.net.problems import of_start
from qtclient.net.tokens import Tokens
from qtclient.records import Conversation, Hit, Key, Message, Phase, ServerAddress

_READ_AFTER = 250  # ms; what is seen within is told to the server at once
_LOOK = 250  # ms between two looks at how far files are

log = logging.getLogger("qtclient.session")


class Session(Actions):
    """Works at once from the cache; the connection comes when it comes. To be closed with `close`."""

    def __init__(
        self, server: ServerAddress, user: str, start: Start, profile: Path, place: Opened, *, stay: bool = True
    ) -> None:
        """Begin to connect. ``place`` is the account's cache, which belongs to the session from now on.

        ``stay``: new tokens are kept for the next start.
        """
        super().__init__(None)
        self.server = server
        self.user = user
        self.folder = account_folder(profile, server, user)
        self.lasting_problem = of_start(place.problem) if place.problem else ""
        self.unwritable = words.problem(self.lasting_problem)
        self._stay = stay
        self._tokens = Tokens(profile)
        self._dispatch = Dispatch(self)
        self._bridge = Bridge(self._dispatch.take, self._dispatch.turn_over, self)
        self._account = Account(place, server, user, self._bridge.post, keep_token=self._keep_token)
        self._reader = place.reader
        self._reader.failed = partial(self._unreadable, self._account.generation)
        self._read_timer = self._timer(_READ_AFTER, self._tell_read, single=True)
        self._transfer_timer = self._timer(_LOOK, self._look)
        self.load(self._reader)
        self._account.start(start)

    # -- what there is -----------------------------------------------------------------

    @property
    def reader(self) -> Reader:
        """The cache."""
        return self._reader

    @property
    def pictures(self) -> Path:
        """Where pictures can be downloaded to that nobody has asked to keep."""
        return self.folder / PICTURES

    @property
    def pasted(self) -> Path:
        """Where pictures are kept that were pasted."""
        return self.folder / PASTED

    def conversation(self, key: Key) -> Conversation:
        """One conversation, also one that nothing has been said in."""
        known = self.conversations.get(key)
        return known if known is not None else self.with_presence(self._reader.conversation(key))

    def messages(self, key: Key) -> MessagesModel:
        """The messages of a conversation; all who ask at the same time share one model."""
        model = self.models.get(key)
        if model is None:
            model = self.models[key] = MessagesModel(key, self)
        return model

    def search(self, text: str, key: Key | None = None, limit: int = 200) -> list[Hit]:
        """Messages and files with all the words of a text in them, in one conversation or in all, newest first."""
        return self._reader.search(well_formed(text), key, limit)

    def unwritten(self, key: Key) -> list[Message]:
        """See `messages.Source`."""
        return self._account.unwritten.messages(key)

    def when_kept(self, done: Callable[[bool], None]) -> None:
        """``done`` is told later, in the windows' thread, whether all that was done until now is on the disk."""
        self._tell_read()
        self._account.when_kept(lambda kept: self._later(partial(done, kept)))

    def unsent(self) -> int:
        """How many messages would be lost with the program: neither on the disk nor at the server."""
        kept = 0 if not self.lasting_problem else self._reader.pending()
        return self._account.unwritten.waiting() + kept

    def loses(self) -> bool:
        """Whether something would be lost with the program, as far as that is known."""
        drafts = any(line.draft for line in self.conversations.records())
        return self._account.unwritten.blocked or (bool(self.lasting_problem) and (drafts or self.unsent() > 0))

    def fetch_history(self, key: Key, before: int, done: Callable[[bool], None]) -> None:
        """See `messages.Source`."""
        self._account.history(key, before, lambda fetched: self._later(partial(done, fetched)))

    # -- the session ---------------------------------------------------------------------

    def try_now(self) -> None:
        """Connect now rather than when it is due."""
        self._account.try_now()

    def logout(self) -> None:
        """End the session for good: its token dies, here and at the server. The cache stays."""
        self._tokens.forget(self.server, self.user)
        self._end(logout=True)

    def close(self) -> None:
        """End all threads; what is unfinished goes on next time. Blocks for a moment; may be called twice."""
        self._end(logout=False)

    def _end(self, *, logout: bool) -> None:
        if self.closed:
            return
        self.closed = True
        self._read_timer.stop()
        self._transfer_timer.stop()
        self._tell_read()
        self._account.stop(logout=logout)
        self._bridge.close()
        self._reader.close()
        self._tokens.close()

    # -- for `Dispatch`, which knows them as those of a `Stage` --------------------------

    def cache_replaced(self) -> None:
        self._reader.close()
        self._reader = self._open_reader()
        self.load(self._reader)
        for model in list(self.models.values()):
            model.reload()

    def cached(self, conversation: Conversation) -> None:
        key = conversation.key
        if self._drafts.get(key) == conversation.draft:
            del self._drafts[key]
        if self._muted.get(key) == conversation.muted:
            del self._muted[key]

    def watch_transfers(self) -> None:
        if not self._transfer_timer.isActive() and not self.closed:
            self._transfer_timer.start()

    def forget_token(self) -> None:
        self._tokens.forget(self.server, self.user)

    def _look(self) -> None:
        infos = self.transfers()
        for info in infos:
            self.transfers_model.put(info)
            self.transfer_changed.emit(info)
        if all(info.phase.over or info.phase is Phase.PAUSED for info in infos):
            self._transfer_timer.stop()

    def _keep_token(self, token: str) -> None:
        """The chat thread."""
        if self._stay:
            self._tokens.keep(self.server, self.user, token)

    def _open_reader(self) -> Reader:
        generation = self._account.generation  # before it is opened: of a newer one, the next event tells
        return Reader(self._account.path, partial(self._unreadable, generation))

    def _unreadable(self, generation: int, error: sqlite3.Error) -> None:
        log.error("the cache cannot be read: %s", error)
        if is_broken(error):
            self._account.give_up_cache(generation)

    def _timer(self, interval: int, act: Callable[[], None], *, single: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval)
        timer.setSingleShot(single)
        timer.timeout.connect(act)
        return timer


def account_folder(profile: Path, server: ServerAddress, user: str) -> Path:
    """Where an account keeps its things; the name tells nobody else whose it is, and is good on any disk."""
    tag = hashlib.sha256(f"{user}@{server.name}".encode()).hexdigest()[:24]
    return profile / "accounts" / tag
