"""From the server: GET with Range, into a ``.part`` that gets its name when the hash is right."""

from __future__ import annotations

import re
from pathlib import Path

from chatwire.stream import StreamTimeout
from chatwire.transfer.answer import Answer
from chatwire.transfer.attempts import Attempts, Broken
from chatwire.transfer.control import Control, Paused
from chatwire.transfer.errors import Unexpected
from chatwire.transfer.exchange import Exchange, Renew
from chatwire.transfer.files import Progress, sha256_in
from chatwire.transfer.link import Link, parse
from chatwire.transfer.part import Part

_ANSWER_TIME = 90.0  # seconds; an upload that has not begun yet may keep us waiting
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,16})-\d{1,16}|\*)/(\d{1,16})", re.ASCII)


def download(
    url: str,
    target: Path,
    *,
    size: int | None = None,
    sha256: str = "",
    fingerprint: str | None = None,
    other_host: str = "",
    secure: bool = False,
    progress: Progress | None = None,
    control: Control | None = None,
    renew: Renew | None = None,
) -> Path:
    """Fetch a file and return where it is: ``target``, or one beside it with a number if that name is taken.

    Blocks; goes on with what is on disk from an earlier call. ``size`` and ``sha256`` are what was announced; without
    a hash the server's own is taken, if it tells one. A name that comes from others goes through `names.harmless`
    first. The rest is as in `upload`.

    Raises:
        TransferError: of a kind that says what can be done. What has arrived stays beside the target, and the same
            call goes on from there, unless the kind is WrongHash.
    """
    control = control or Control()
    attempts = Attempts(control)
    with (
        Part(target, _identity(url), control) as part,
        Exchange(url, Link(control, fingerprint, other_host, secure=secure), control, renew) as exchange,
    ):
        receiver = _Receiver(exchange, part, attempts, size, sha256.lower(), progress)
        while not receiver.done:
            control.wait_while_paused()
            try:
                receiver.attempt()
            except Paused:
                exchange.close()
            except Broken as error:
                exchange.close()
                attempts.failed(error)
        return part.settle(receiver.sha256)


def part_path(target: Path, url: str) -> Path:
    """Where `download` puts what arrives, until it is all there. Raises Unexpected."""
    return Part.path_of(target, _identity(url))


def _identity(url: str) -> str:
    """What stays of a file's URL: the ticket changes, and the host may."""
    return parse(url).target.partition("?")[0]


class _Receiver:
    """``done`` once all bytes are there and ``sha256`` is what they must hash to; empty when nobody knows that."""

    def __init__(
        self,
        exchange: Exchange,
        part: Part,
        attempts: Attempts,
        size: int | None,
        sha256: str,
        progress: Progress | None,
    ) -> None:
        self._exchange = exchange
        self._part = part
        self._attempts = attempts
        self.done = False
        self.sha256 = sha256
        self._size = size
        self._progress = progress
        self._etag = ""
        self._complete = bool(size) and part.length == size

    def attempt(self) -> None:
        """Ask for what is missing, and take it as it comes."""
        if not self._complete and (answer := self._ask()) is not None:
            self._take(answer)
        if not self.sha256:  # the server may not have known it when it began to answer
            self._note(self._exchange.ask("HEAD", (200,), {}))
        self.done = True

    def _take(self, answer: Answer) -> None:
        assert self._size is not None
        self._report()
        while self._part.length < self._size:
            self._exchange.control.step()
            self._part.write(self._read(answer, self._part.room()[: self._size - self._part.length]))
            self._attempts.brought()
            self._report()
        self._complete = True
        self._exchange.finish(answer)

    def _ask(self) -> Answer | None:
        """The answer, whose body begins where our bytes end; None when there is nothing to come."""
        headers = {}
        if self._part.length:
            headers["Range"] = f"bytes={self._part.length}-"
            if self._etag:
                headers["If-Range"] = self._etag
        answer = self._exchange.ask("GET", (200, 206, 416), headers, answer_time=_ANSWER_TIME)
        start, size = _extent(answer)
        if self._size is not None and size != self._size:
            raise Unexpected(f"the server has {size:,} bytes where {self._size:,} were announced; ask for a new offer")
        self._size = size
        if answer.status == 416:
            self._exchange.finish(answer)
            self._complete = self._part.length == size
        elif start == self._part.length or not start:
            self._begin(start)
            self._note(answer)
            return answer
        if not self._complete:
            self._part.restart()
            raise Broken("what is on disk does not fit what the server has; beginning anew")
        return None

    def _begin(self, start: int) -> None:
        if not start and self._part.length:
            self._part.restart()  # it is another file now, or the server knows no ranges
        assert self._size is not None
        self._part.check_room(self._size)

    def _note(self, answer: Answer) -> None:
        etag = answer.header("etag")
        self._etag = "" if etag.startswith("W/") else etag
        self.sha256 = self.sha256 or sha256_in(answer.header("repr-digest"))

    def _read(self, answer: Answer, view: memoryview) -> int:
        try:
            count = self._exchange.read_into(answer, view)
        except Broken as error:
            if isinstance(error.__cause__, StreamTimeout):
                # The sender rests. The server ends what rests for too long, so this waits, and does not give up.
                self._attempts.brought()
            raise
        if not count:
            raise Broken("the file server ended the connection too early")
        return count

    def _report(self) -> None:
        if self._progress is not None:
            self._progress(self._part.length, self._size or 0)


def _extent(answer: Answer) -> tuple[int, int]:
    """Where an answer begins, and how large the whole file is. Raises Unexpected."""
    if answer.status == 200:
        length = answer.header("content-length")
        if length.isascii() and length.isdigit():
            return 0, int(length)
    else:
        match = _CONTENT_RANGE.fullmatch(answer.header("content-range"))
        if match and (match[1] or answer.status == 416):
            return int(match[1] or 0), int(match[2])
    raise Unexpected("the file server does not say how long the file is; is it a file server?")
