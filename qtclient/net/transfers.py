"""All files on their way of one account; they survive the program, and both servers."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from chatwire.codec import Object
from chatwire.transfer.names import harmless
from qtclient.cache.ledger import Ledger
from qtclient.cache.messages import local_file
from qtclient.cache.transfers import Kept
from qtclient.cache.writer import Writer
from qtclient.net.chat import Chat
from qtclient.net.happened import Gone, Post
from qtclient.net.moving import Moving
from qtclient.net.unwritten import Unwritten
from qtclient.records import Key, Message, Phase, Sent, ServerAddress, TransferInfo

_END_TIME = 3.0  # seconds for all threads to end
ANY_SIZE = 1 << 62


class Transfers:
    """`load`: the writer's thread, once. `ask`, `keep`, `hurry`: any. The rest: the windows' thread."""

    def __init__(
        self, address: ServerAddress, chat: Chat, writer: Writer, unwritten: Unwritten, post: Post, last: int
    ) -> None:
        """``last``: the highest id of an earlier run's transfer, which may not be loaded yet."""
        self.address = address
        self.unwritten = unwritten
        self.max_file = ANY_SIZE  # bytes; what the server takes, once it has said so
        self._chat = chat
        self._writer = writer
        self._post = post
        self._lock = threading.Lock()  # guards the table
        self._moving: dict[int, Moving] = {}
        self._forgotten: list[Moving] = []  # which may still have to tell the server so
        self._last = last
        self._stopped = False

    # -- what the user does --------------------------------------------------------

    def send(self, key: Key, path: Path) -> int:
        """Offer a file and upload it; returns the transfer's id."""
        cid = secrets.token_hex(12)
        title = harmless(path.name)
        return self._begin(Kept(0, True, key, cid, local_file(cid), title, str(path), 0, 0, "", Phase.PREPARING, ""))

    def fetch(self, message: Message, target: Path) -> int:
        """Download the file of a message to a place, or one beside it; returns the transfer's id."""
        file = message.file
        assert file is not None
        for info in self.infos():
            if info.file == file.file and not info.upload and not info.phase.over:
                return info.id
        return self._begin(
            Kept(0, False, message.key, "", file.file, file.name, str(target), file.length, 0, file.sha256,
                 Phase.PREPARING, "")
        )  # fmt: skip

    def pause(self, number: int) -> None:
        """Stop moving bytes."""
        moving = self._get(number)
        if moving is not None and moving.kept.phase in (Phase.PREPARING, Phase.RUNNING, Phase.WAITING):
            moving.pause()

    def resume(self, number: int) -> None:
        """Go on."""
        moving = self._get(number)
        if moving is not None and moving.kept.phase is Phase.PAUSED:
            moving.resume()

    def cancel(self, number: int) -> None:
        """End it for good. An upload is withdrawn; what was downloaded stays where it is, unfinished."""
        moving = self._get(number)
        if moving is not None and not moving.kept.phase.over:
            moving.cancel()

    def cancel_all_of(self, message: Message) -> None:
        """The same for all transfers of a message's file, which may have been offered since the message was read."""
        assert message.file is not None
        with self._lock:
            found = [one.kept for one in self._moving.values()]
        for kept in found:
            if kept.file == message.file.file or (message.mine and kept.cid and kept.cid == message.cid):
                self.cancel(kept.id)

    def retry(self, number: int) -> None:
        """Try a failed one again. What was offered and cannot be had any more is offered anew."""
        moving = self._get(number)
        if moving is None or moving.kept.phase not in (Phase.FAILED, Phase.CANCELLED):
            return
        kept = moving.kept
        if not kept.upload or kept.file == local_file(kept.cid):
            self._writer.do(lambda ledger: _unrefuse(ledger, kept.cid))
            self._restart(replace(kept, phase=Phase.PREPARING, problem=""))
        else:
            self.forget(number)
            self._chat.ask("cancel_file", None, file=kept.file)
            self.send(kept.key, Path(kept.path))

    def forget(self, number: int) -> None:
        """It is over, and need not be on the list any more."""
        moving = self._get(number)
        if moving is None or not moving.kept.phase.over:
            return
        with self._lock:
            del self._moving[number]
            self._forgotten = [*(one for one in self._forgotten if one.works), moving]
        self._writer.do(lambda ledger: ledger.transfers.forget(number))
        self._post(Gone(number))

    def infos(self) -> list[TransferInfo]:
        """All, in the order in which they were begun."""
        with self._lock:
            moving = [self._moving[number] for number in sorted(self._moving)]
        return [one.info() for one in moving]

    def arriving(self, file: str) -> str:
        """Where the bytes of a file are that is being downloaded; empty where there are none."""
        with self._lock:
            found = [one for one in self._moving.values() if one.kept.file == file and not one.kept.upload]
        return next((one.part for one in found if one.part and not one.kept.phase.over), "")

    def stop(self) -> None:
        """End all threads; everything goes on where it was at the next start."""
        with self._lock:
            self._stopped = True
            moving = [*self._moving.values(), *self._forgotten]
        for one in moving:
            one.leave()
        deadline = time.monotonic() + _END_TIME
        for one in moving:
            one.join(max(0.0, deadline - time.monotonic()))

    # -- any thread ----------------------------------------------------------------

    def load(self, ledger: Ledger) -> None:
        """Take up what was under way when the program ended."""
        with self._lock:
            known = set(self._moving)
        for kept in ledger.transfers.all():
            if kept.id in known:
                continue
            if kept.phase in (Phase.DONE, Phase.CANCELLED):
                ledger.transfers.forget(kept.id)
            else:
                ledger.after_commit(partial(self._take_up, kept))

    def hurry(self) -> None:
        """There is a connection again: what waits tries now."""
        with self._lock:
            moving = [*self._moving.values(), *self._forgotten]
        for one in moving:
            one.hurry()

    def ask(self, cmd: str, done: Callable[[Object], None], **fields: Any) -> None:
        """See `moving.Office`."""
        self._chat.ask(cmd, done, **fields)

    def note(self, job: Callable[[Ledger], None]) -> None:
        """See `moving.Office`."""
        self._writer.do(job)

    def keep(self, moving: Moving, job: Callable[[Ledger], None] | None = None) -> None:
        """See `moving.Office`."""
        kept = moving.kept

        def both(ledger: Ledger) -> None:
            if job is not None:
                job(ledger)
            ledger.transfers.put(kept)

        self._writer.do(both)
        self._post(moving.info())

    def _take_up(self, kept: Kept) -> None:
        moving = Moving(kept, self)
        with self._lock:
            if self._stopped or kept.id in self._moving:
                return
            self._moving[kept.id] = moving
        self._post(moving.info())
        if not kept.phase.over:
            moving.start()
        elif kept.phase is Phase.FAILED:
            moving.withdraw()

    def _begin(self, kept: Kept) -> int:
        with self._lock:
            self._last += 1
            number = self._last
            moving = self._moving[number] = Moving(replace(kept, id=number), self)
        self.keep(moving)
        moving.start()
        return number

    def _restart(self, kept: Kept) -> None:
        with self._lock:
            moving = self._moving[kept.id] = Moving(kept, self)
        self.keep(moving)
        moving.start()

    def _get(self, number: int) -> Moving | None:
        with self._lock:
            return self._moving.get(number)


def _unrefuse(ledger: Ledger, cid: str) -> None:
    ledger.messages.again(cid, Sent.SENDING)
