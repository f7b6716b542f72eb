"""To the server: tus 1.0. The server's offset is the truth; what it has is never sent again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from chatwire.aligned import aligned
from chatwire.transfer.attempts import Attempts, Broken
from chatwire.transfer.control import Control, Paused
from chatwire.transfer.errors import Unexpected
from chatwire.transfer.exchange import Exchange, Renew
from chatwire.transfer.files import Progress
from chatwire.transfer.link import Link
from chatwire.transfer.source import Source

_TUS = {"Tus-Resumable": "1.0.0"}
_LARGEST = 1024 * 1024  # bytes in one piece
_SMALLEST = 16 * 1024
_QUICK, _SLOW = 0.05, 0.5  # seconds for a piece, below or above which the next one is larger or smaller
_ANSWER_TIME = 120.0  # seconds; the server looks at the hash of the whole file before it answers


def upload(
    url: str,
    file: Path | Source,
    *,
    fingerprint: str | None = None,
    other_host: str = "",
    secure: bool = False,
    progress: Progress | None = None,
    control: Control | None = None,
    renew: Renew | None = None,
) -> None:
    """Send a file to its upload URL, from where the server has it; blocks until the server has all of it.

    No more of it is sent than was announced. A `Source` stays open, for another call, where a path is opened anew.
    ``fingerprint`` is that of the server's certificate, None leaves it to the system's authorities; ``other_host`` is
    tried when the host of the URL cannot be reached; ``secure``: over TLS or not at all, as the chat is; ``renew`` is
    asked for a new URL when the ticket has expired.

    Raises:
        TransferError: of a kind that says what can be done. What has arrived is kept by the server: the same call
            goes on from there, unless the kind is Gone, WrongHash or TooLarge. Where nobody will call it again, the
            file is to be withdrawn (``cancel_file``): its receivers would wait.
    """
    control = control or Control()
    attempts = Attempts(control)
    with (
        Source(file) if isinstance(file, Path) else contextlib.nullcontext(file) as source,
        Exchange(url, Link(control, fingerprint, other_host, secure=secure), control, renew) as exchange,
    ):
        sender = _Sender(exchange, source, attempts, progress)
        while not sender.done:
            control.wait_while_paused()
            try:
                sender.attempt()
            except Paused:
                exchange.close()
            except Broken as error:
                exchange.close()
                attempts.failed(error)


class _Sender:
    """``done`` once the server has said that it has everything."""

    def __init__(self, exchange: Exchange, source: Source, attempts: Attempts, progress: Progress | None) -> None:
        self.done = False
        self._exchange = exchange
        self._source = source
        self._attempts = attempts
        self._progress = progress
        self._acknowledged = -1  # bytes that the server is known to have

    def attempt(self) -> None:
        """Ask where the server is, and send it the rest in one request."""
        offset = self._ask_offset()
        self._take(offset)
        if offset == self._source.size:
            self.done = True
            return
        headers = {
            **_TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(self._source.size - offset),
        }
        answer = self._exchange.ask("PATCH", (200, 204), headers, self._blocks(offset), _ANSWER_TIME)
        self._take(_number(answer.header("upload-offset")))
        self._exchange.finish(answer)
        self.done = self._acknowledged == self._source.size

    def _ask_offset(self) -> int:
        answer = self._exchange.ask("HEAD", (200, 204), _TUS)
        self._exchange.finish(answer)
        length = answer.header("upload-length")
        if length:
            self._source.shorten(_number(length))
        return _number(answer.header("upload-offset"))

    def _take(self, offset: int) -> None:
        if offset > self._source.size:
            raise Unexpected("the file server has more bytes than the file")
        if offset > self._acknowledged:
            if self._acknowledged >= 0:
                self._attempts.brought()
            self._acknowledged = offset
        self._report(offset)

    def _blocks(self, offset: int) -> Iterator[memoryview]:
        """The rest of the file, in pieces that suit the speed of the link: a slow one is to report, and to obey, too.

        All are in one buffer: each has been sent when the next is asked for.
        """
        size = self._source.size
        buffer = aligned(min(_LARGEST, max(1, size - offset)))
        piece = _SMALLEST
        while offset < size:
            self._exchange.control.step()
            block = buffer[: min(piece, size - offset)]
            block = block[: self._source.read_into(block, offset)]
            started = time.monotonic()
            yield block
            took = time.monotonic() - started
            if took < _QUICK:
                piece = min(_LARGEST, piece * 2)
            elif took > _SLOW:
                piece = max(_SMALLEST, piece // 2)
            offset += len(block)
            self._report(offset)

    def _report(self, done: int) -> None:
        if self._progress is not None:
            self._progress(done, self._source.size)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Unexpected("the file server does not say how much it has; is it a file server?")
    return int(text)
