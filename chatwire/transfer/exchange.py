"""The requests of one transfer: new tickets for old ones, and an exception for every answer that is not wanted."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType

from chatwire.characters import shown
from chatwire.errors import LinkError
from chatwire.transfer.answer import Answer
from chatwire.transfer.attempts import Broken
from chatwire.transfer.control import Control
from chatwire.transfer.errors import Gone, NotPermitted, ServerFull, TooLarge, TransferError, Unexpected, WrongHash
from chatwire.transfer.link import IO_TIME, LINK_ERRORS, Link

Renew = Callable[[], str]
"""Returns a URL with a fresh ticket. Raises LinkError when nobody can be asked now; what else it raises is final."""

_TRY_AGAIN = frozenset((408, 409, 423, 425, 429, 500, 502, 503, 504))
_TEXT_LIMIT = 200  # bytes of an answer's text that are told
_DRAIN_LIMIT = 65536  # bytes of a body that are read for the sake of the connection
_DRAIN_SIZE = 8192

_FINAL: dict[int, tuple[type[TransferError], str]] = {
    401: (NotPermitted, "the server does not accept the ticket; ask for a new one"),
    403: (NotPermitted, "the server does not permit it with this ticket"),
    404: (Gone, "the server does not know the file; it has to be offered again"),
    410: (Gone, "the file was declined, withdrawn, or has expired; it has to be offered again"),
    413: (TooLarge, "the server takes no file of this size"),
    460: (WrongHash, "what arrived is not what was announced; the file may have changed, so offer it again"),
    507: (ServerFull, "the server's disk is full; try again later"),
}


class Exchange:
    """Blocking; one thread."""

    def __init__(self, url: str, link: Link, control: Control, renew: Renew | None) -> None:
        self.control = control
        self._url = url
        self._link = link
        self._renew = renew
        self._renewed = False  # and no answer since

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(
        self,
        method: str,
        wanted: tuple[int, ...],
        headers: Mapping[str, str],
        body: Iterable[memoryview] | None = None,
        answer_time: float = IO_TIME,
    ) -> Answer:
        """Send a request, and return the answer if its status is one of ``wanted``. Its body is still to be read.

        Raises:
            Broken: it may work if it is tried again.
            TransferError: it will not.
        """
        everywhere = {"Accept-Encoding": "identity", "User-Agent": "chatwire"}
        answer = self._link.request(method, self._url, {**everywhere, **headers}, body, answer_time)
        if answer.status in wanted:
            self._renewed = False
            return answer
        text = self._text(answer)
        if body is not None:
            self.close()  # it may not have read all of it
        raise self._problem(answer, text)

    def read_into(self, answer: Answer, view: memoryview) -> int:
        """Fill a part of ``view`` with what comes of an answer's body; how many bytes, 0 at its end. Raises Broken."""
        try:
            return answer.read_into(view)
        except LINK_ERRORS as error:
            raise self._link.broken(error) from error

    def finish(self, answer: Answer) -> None:
        """Nothing of the body is wanted; the connection is kept if that costs little. Raises Broken."""
        view, total = memoryview(bytearray(_DRAIN_SIZE)), 0
        while total < _DRAIN_LIMIT and (count := self.read_into(answer, view)):
            total += count

    def close(self) -> None:
        """Close the connection; the next request makes another."""
        self._link.close()

    def _text(self, answer: Answer) -> str:
        """The first line of an answer's text, harmless."""
        view, count = memoryview(bytearray(_TEXT_LIMIT)), 0
        with contextlib.suppress(Broken):
            count = self.read_into(answer, view)
            self.finish(answer)
        line = bytes(view[:count]).decode(errors="replace").strip().partition("\n")[0]
        return shown(line)

    def _problem(self, answer: Answer, text: str) -> Exception:
        status = answer.status
        said = f" ({text})" if text else ""
        if status in _TRY_AGAIN:
            return Broken(f"the file server answers {status}{said}", _retry_after(answer))
        if status == 401 and self._renew is not None and not self._renewed:
            return self._ask_for_ticket(self._renew)
        if status in _FINAL:
            kind, words = _FINAL[status]
            return kind(words + said)
        return Unexpected(f"the file server answers {status}{said}")

    def _ask_for_ticket(self, renew: Renew) -> Broken:
        try:
            self._url = renew()
        except LinkError as error:
            return Broken(f"cannot ask for a new ticket: {error}")
        self._renewed = True
        return Broken("the ticket has expired")


def _retry_after(answer: Answer) -> float:
    """Seconds; a date is not worth the trouble."""
    value = answer.header("retry-after")
    return float(value) if value.isascii() and value.isdigit() else 0.0
