"""What chatd signs for the file daemon: tickets in URLs, and the ids of files."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache

from chatbase.clock import Clock
from chatwire import tickets
from chatwire.tickets import DOWNLOAD, UPLOAD, Ticket

REUSED = 3600  # seconds for which a ticket is given out again: a page of offers would cost a signature for each
_REMEMBERED = 4096  # tickets
_ID_BYTES = 16


class FileTickets:
    """Every method: any thread."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock
        self._signed = lru_cache(_REMEMBERED)(self._sign)

    def new_id(self, sender: int, cid: str | None) -> str:
        """The id of a file that a user offers; with a ``cid``, the same again for the same offer."""
        if cid is None:
            return secrets.token_urlsafe(_ID_BYTES)
        # No ticket has a NUL in what is signed, so neither signature can be taken for the other.
        digest = hmac.digest(self._secret, b"file\0%d\0%b" % (sender, cid.encode()), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:_ID_BYTES]).rstrip(b"=").decode()

    def upload(self, file_id: str, size: int) -> str:
        """The end of the URL to which a file is uploaded."""
        return self._path(file_id, UPLOAD, size)

    def download(self, file_id: str, size: int) -> str:
        """The end of the URL from which a file is downloaded."""
        return self._path(file_id, DOWNLOAD, size)

    def is_daemon(self, token: str) -> bool:
        """Whether it was made by a file daemon of ours, a moment ago."""
        try:
            tickets.check_hello(self._secret, token, now=self._clock.earliest() / 1000)
        except tickets.BadTicket:
            return False
        return True

    def _path(self, file_id: str, direction: str, size: int) -> str:
        ticket = self._signed(Ticket(file_id, direction, size), self._clock.latest() // 1000 // REUSED)
        return f"/files/{file_id}?ticket={ticket}"

    def _sign(self, ticket: Ticket, when: int) -> str:
        """``when`` only tells apart the tickets of different hours."""
        return tickets.issue(self._secret, ticket, now=self._clock.latest() / 1000)
