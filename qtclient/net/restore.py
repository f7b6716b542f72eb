"""A cache that is new is filled with everything that was ever said, page by page, beside all else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from chatwire.codec import Object
from chatwire.outbox import patience, try_again
from qtclient.cache.ledger import Ledger
from qtclient.cache.writer import Writer
from qtclient.net.chat import Chat

_PAGE = 500  # messages

log = logging.getLogger("qtclient.restore")


class Restore:
    """`begin`: the writer's thread. `link_lost`, and the answers: the chat thread. One page is asked for at a time."""

    def __init__(self, chat: Chat, writer: Writer, finished: Callable[[], None]) -> None:
        """``finished`` is called in the writer's thread when everything is on the disk."""
        self.running = False
        self._chat = chat
        self._writer = writer
        self._finished = finished
        self._round = 0  # answers of an earlier connection do not count
        self._timer: threading.Timer | None = None

    def begin(self, ledger: Ledger) -> None:
        """Go on where it was left, if there is anything to fetch."""
        self._round += 1
        self.running = ledger.get("live_from") > 0
        if self.running:
            ledger.after_commit(partial(self._ask, self._round, ledger.get("synced")))

    def link_lost(self) -> None:
        """It goes on with the next session."""
        self._round += 1

    def stop(self) -> None:
        """No more of it. Any thread."""
        self._round += 1
        if self._timer is not None:
            self._timer.cancel()

    def _ask(self, number: int, after: int) -> None:
        if number == self._round:
            self._chat.ask("sync", partial(self._answered, number, after), after=after, limit=_PAGE)

    def _answered(self, number: int, after: int, reply: Object) -> None:
        messages = reply.get("messages")
        if number != self._round:
            return
        if try_again(str(reply.get("result"))):
            self._timer = threading.Timer(patience(reply), self._ask, (number, after))
            self._timer.daemon = True
            self._timer.start()
        elif reply.get("result") == "success" and isinstance(messages, list):
            objs = [obj for obj in messages if isinstance(obj, dict)]
            self._writer.do(partial(self._take, number, objs, after, reply.get("more") is True))

    def _take(self, number: int, objs: list[Object], after: int, more: bool, ledger: Ledger) -> None:
        following = ledger.page(objs, after, more=more)
        if following is None:
            log.error("a page of what was said has nothing in it, and more is to come: the next session asks again")
        elif following:
            ledger.after_commit(partial(self._ask, number, following))
        else:
            self.running = False
            ledger.after_commit(self._finished)
