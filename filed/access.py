"""No ticket, no byte: who may do what with which file."""

from __future__ import annotations

from chatbase import files
from chatbase.clock import Clock
from chatbase.files import File
from chatwire import tickets
from chatwire.tickets import BadTicket, Ticket
from filed.http import Exchange, HttpError
from filed.index import Index
from filed.storage import is_id

_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="files"'),)


class Access:
    """Every method: any thread."""

    def __init__(self, secret: bytes, index: Index, clock: Clock) -> None:
        self._secret = secret
        self._index = index
        self._clock = clock

    def ticket(self, exchange: Exchange) -> Ticket:
        """The ticket that a request shows, in its query or as a bearer's (RFC 6750). Raises HttpError 401."""
        text = exchange.target.query.get("ticket") or _bearer(exchange.header("authorization"))
        if not text:
            raise HttpError(401, "a ticket is needed", _CHALLENGE)
        try:
            ticket = tickets.check(self._secret, text, now=self._clock.earliest() / 1000)
        except BadTicket as error:
            raise HttpError(401, str(error), _CHALLENGE) from None
        if not is_id(ticket.file):
            raise HttpError(401, "this is no ticket", _CHALLENGE)
        return ticket

    def file(self, ticket: Ticket, direction: str, file_id: str | None = None) -> File:
        """The file that a ticket is for, unless it is over.

        Raises:
            HttpError: 403 when the ticket is for something else, 404 when the file was never offered, 410 when it is
                over.
            DatabaseUnavailable: nobody knows.
        """
        if ticket.direction != direction:
            raise HttpError(403, "the ticket is for the other direction")
        if file_id is not None and file_id != ticket.file:
            raise HttpError(403, "the ticket is for another file")
        file = self._index.find(ticket.file)
        if file is None:
            raise HttpError(404, "there is no such file")
        if file.size != ticket.size:
            raise HttpError(403, "the ticket is for another size")
        if not file.alive:
            raise HttpError(410, f"the file is {_OVER.get(file.state, 'over')}")
        return file


_OVER = {files.DECLINED: "declined", files.CANCELLED: "cancelled", files.FAILED: "broken", files.EXPIRED: "expired"}


def _bearer(header: str | None) -> str:
    scheme, _, text = (header or "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
