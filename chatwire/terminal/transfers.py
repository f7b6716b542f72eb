"""The files that are on their way, each in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from chatwire.codec import Object
from chatwire.errors import LinkError
from chatwire.events import LINK_LOST
from chatwire.outbox import try_again
from chatwire.terminal.connector import Connector
from chatwire.terminal.offers import Offer
from chatwire.transfer.control import Control
from chatwire.transfer.download import download
from chatwire.transfer.errors import Gone, ServerFull, Unreachable
from chatwire.transfer.source import Source
from chatwire.transfer.upload import upload

_LOOK_EVERY = 0.25  # seconds between two looks at how far everything is
_SPEED_OVER = 5.0  # seconds
_REST = 30.0  # seconds between two attempts, when many in a row have brought nothing
_ASK_TIME = 30.0  # seconds
_END_TIME = 3.0  # seconds for the threads to end

Ask = Callable[..., "Future[Object]"]


@dataclass(eq=False)
class Transfer:
    """``path`` is the file that is read, or the place that was chosen. ``reached`` is written by its own thread, which
    has the ``source`` of an upload; all else but ``control`` belongs to the main thread.
    """

    name: str
    size: int
    path: Path
    offer: Offer | None  # None while a file is read, before it is offered
    is_upload: bool
    source: Source | None = None
    control: Control = field(default_factory=Control)
    reached: int = 0  # bytes
    done: int = 0  # the same, when it was looked at
    waits: str = ""  # why nothing moves
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    def progress(self, done: int, size: int) -> None:
        """So many bytes are done. Its own thread."""
        self.reached = done

    def look(self) -> None:
        """Take over how far it is."""
        now = time.monotonic()
        if self.reached != self.done:
            self.done, self.waits = self.reached, ""
        self._samples.append((now, self.done))
        while self._samples[0][0] < now - _SPEED_OVER:
            self._samples.popleft()

    @property
    def speed(self) -> float:
        """Bytes in a second, of late; 0.0 when that is not known."""
        if len(self._samples) < 2 or self.waits:
            return 0.0
        (first, begin), (last, end) = self._samples[0], self._samples[-1]
        return max(0.0, (end - begin) / (last - first)) if last > first else 0.0


@dataclass(frozen=True)
class Looked:
    """How far everything is has been looked at."""


@dataclass(frozen=True)
class Waits:
    """Many attempts have failed; the next one comes later."""

    transfer: Transfer
    error: Exception


@dataclass(frozen=True)
class Over:
    """It has ended: the file is at ``place`` (a download) or at the server, unless there is an ``error``."""

    transfer: Transfer
    place: Path | None = None
    error: Exception | None = None


Report = Looked | Waits | Over


class Post(Protocol):
    """Takes what happened, in any thread."""

    def __call__(self, report: Report, /) -> None: ...


class Transfers:
    """The main thread, except for what says otherwise."""

    def __init__(self, connector: Connector, ask: Ask, post: Post, *, patient: bool) -> None:
        """``ask`` sends a request to the chat server, from any thread.

        ``patient``: a transfer that nothing comes of waits, and tries again until it is cancelled.
        """
        self.running: list[Transfer] = []
        self._connector = connector
        self._ask = ask
        self._post = post
        self._patient = patient
        self._timer: asyncio.TimerHandle | None = None
        self._threads: list[threading.Thread] = []

    def of(self, offer: Offer) -> list[Transfer]:
        """Those of an offer that run."""
        return [transfer for transfer in self.running if transfer.offer is offer]

    @contextmanager
    def announcing(self, source: Source) -> Iterator[Transfer]:
        """It counts as on its way from here on, until the server has its offer."""
        transfer = Transfer(source.name, source.size, source.path, None, is_upload=True)
        self._add(transfer)
        try:
            yield transfer
        finally:
            self.forget(transfer)

    def send(self, offer: Offer, source: Source, url: str) -> None:
        """Begin to upload a file that was offered, and close it in the end."""
        self._start(Transfer(source.name, offer.length, source.path, offer, is_upload=True, source=source), url)

    def fetch(self, offer: Offer, target: Path, url: str) -> None:
        """Begin to download a file."""
        self._start(Transfer(target.name, offer.length, target, offer, is_upload=False), url)

    def forget(self, transfer: Transfer) -> None:
        """It has ended."""
        if transfer in self.running:
            self.running.remove(transfer)

    def hurry(self) -> None:
        """There is a connection again: what waits tries now."""
        for transfer in self.running:
            transfer.control.hurry()

    def cancel_all(self) -> None:
        """End all; each is reported as `Over`."""
        for transfer in self.running:
            transfer.control.cancel()

    def stop(self) -> None:
        """End all, and wait for the threads. Any thread."""
        self.cancel_all()
        deadline = time.monotonic() + _END_TIME
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self, transfer: Transfer, url: str) -> None:
        self._add(transfer)
        # A daemon, as the network thread is: nobody who leaves wants to wait for an attempt to connect.
        thread = threading.Thread(target=self._run, args=(transfer, url), name="transfer", daemon=True)
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]
        thread.start()

    def _add(self, transfer: Transfer) -> None:
        self.running.append(transfer)
        if self._timer is None:
            self._look()

    def _look(self) -> None:
        for transfer in self.running:
            transfer.look()
        self._post(Looked())
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_LOOK_EVERY, self._look) if self.running else None

    # -- the transfer's thread ---------------------------------------------------

    def _run(self, transfer: Transfer, url: str) -> None:
        try:
            place = self._move(transfer, url)
        except Exception as error:
            self._post(Over(transfer, error=error))
        else:
            self._post(Over(transfer, place))
        finally:
            if transfer.source is not None:
                transfer.source.close()

    def _move(self, transfer: Transfer, url: str) -> Path | None:
        """Until it is there, or cannot be. Raises TransferError."""
        while True:
            try:
                return self._attempt(transfer, url)
            except (Unreachable, ServerFull) as error:
                if not self._patient:
                    raise
                self._post(Waits(transfer, error))
            transfer.control.sleep(_REST)

    def _attempt(self, transfer: Transfer, url: str) -> Path | None:
        offer = transfer.offer
        assert offer is not None
        host, fingerprint = self._connector.address[0], self._connector.fingerprint
        progress, control, secure = transfer.progress, transfer.control, self._connector.tls
        if transfer.source is not None:
            upload(
                url, transfer.source, fingerprint=fingerprint, other_host=host, secure=secure, progress=progress,
                control=control, renew=lambda: self._fresh_url(offer.file, "upload_url"),
            )  # fmt: skip
            return None
        return download(
            url, transfer.path, size=offer.length, sha256=offer.sha256, fingerprint=fingerprint, other_host=host,
            secure=secure, progress=progress, control=control, renew=lambda: self._fresh_url(offer.file, "url"),
        )  # fmt: skip

    def _fresh_url(self, file: str, field_name: str) -> str:
        """A URL with a new ticket. Raises LinkError when nobody answers now, Gone when the file is over."""
        try:
            reply = self._ask("get_file", file=file).result(_ASK_TIME)
        except NoAnswer:
            raise LinkError("the server does not answer") from None
        result = str(reply.get("result"))
        if result in (LINK_LOST, "not_logged_in") or try_again(result):
            raise LinkError("there is no connection to the chat server")
        url = reply.get(field_name)
        if not isinstance(url, str):
            raise Gone(f"the file is {reply.get('state') or 'gone'}")
        return url
