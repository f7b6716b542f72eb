"""Downloads: whole or in part, of files that are complete and of those that are still arriving."""

from __future__ import annotations

import base64
import logging
import os
from collections.abc import Callable

from chatbase import files
from chatbase.files import File
from chatwire.stream import Stream, StreamError
from chatwire.tickets import DOWNLOAD
from filed.access import Access
from filed.disposition import CACHE, HARMLESS, content_disposition
from filed.http import Exchange, Headers, HttpError
from filed.ranges import NotSatisfiable, Part, matches, requested
from filed.upload import Gone, Stalled, Upload
from filed.uploads import Uploads

log = logging.getLogger("filed.download")

Available = Callable[[int], int]
"""Waits until there is something behind a position, and says up to where."""


class Downloads:
    """Every method: the connection's thread."""

    def __init__(self, access: Access, uploads: Uploads, stall_timeout: float, patience: float) -> None:
        """``stall_timeout``: how long a client may not read; ``patience``: how long one waits for a sender. Seconds."""
        self._access = access
        self._uploads = uploads
        self._stall = stall_timeout
        self._patience = patience

    def serve(self, exchange: Exchange, file_id: str) -> None:
        """GET or HEAD. Raises HttpError, StreamError, DatabaseUnavailable, OSError."""
        ticket = self._access.ticket(exchange)
        file = self._access.file(ticket, DOWNLOAD, file_id)
        if matches(exchange.header("if-none-match"), _etag(file)):  # who has the tag has the bytes, whole or not
            exchange.answer(304, [("ETag", _etag(file)), CACHE])
            return
        part = _part(exchange, file)
        fd = self._uploads.storage.open_whole(file.id) if file.state == files.COMPLETE else None
        if fd is not None:
            try:
                self._send(exchange, file, part, fd, lambda position: file.size)
            finally:
                os.close(fd)
        elif file.state == files.COMPLETE:
            raise HttpError(410, "the file is gone")
        else:
            with self._uploads.use(file) as upload:
                self._access.file(ticket, DOWNLOAD, file_id)  # again: who ends it from now on finds this reader
                self._send(exchange, file, part, upload.fd, lambda position: self._wait(exchange, upload, position))

    def _wait(self, exchange: Exchange, upload: Upload, position: int) -> int:
        return upload.wait_readable(position, self._patience, lambda: not exchange.stream.peer_closed())

    def _send(self, exchange: Exchange, file: File, part: Part, fd: int, available: Available) -> None:
        exchange.stream.set_timeouts(self._stall)
        exchange.head(200 if part.whole else 206, _headers(file, part))
        if exchange.method == "HEAD":
            return
        try:
            send_bytes(exchange.stream, fd, part.start, part.end, available)
        except (Gone, Stalled, StreamError, OSError) as error:
            # The length was promised: only a reset says that the rest will not come.
            log.info("cut off: file=%s reason=%s", file.id, error or "nothing comes")
            exchange.stream.abort()
            raise StreamError("the download was cut off") from None


def send_bytes(stream: Stream, fd: int, start: int, end: int, available: Available) -> None:
    """Send a part of a file as far as it is there, and go on as more comes. Raises StreamError, and as ``available``.

    This is the hot path of a download: a few calls for each 4 MiB.
    """
    position = start
    while position < end:
        here = min(available(position), end)
        while position < here:
            sent = stream.send_file(fd, position, here - position)
            if not sent:
                raise Gone("the file has become shorter")
            position += sent


def _part(exchange: Exchange, file: File) -> Part:
    try:
        return requested(file.size, exchange.header("range"), exchange.header("if-range"), _etag(file))
    except NotSatisfiable:
        raise HttpError(416, "the file has nothing there", [("Content-Range", f"bytes */{file.size}")]) from None


def _headers(file: File, part: Part) -> Headers:
    headers = [
        *HARMLESS,
        ("Content-Disposition", content_disposition(file.name)),
        ("Content-Length", str(part.end - part.start)),
        ("Accept-Ranges", "bytes"),
        ("ETag", _etag(file)),
    ]
    if not part.whole:
        headers.append(("Content-Range", f"bytes {part.start}-{part.end - 1}/{file.size}"))
    if file.state == files.COMPLETE and file.sha256 is not None:
        digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
        headers.append(("Repr-Digest", f"sha-256=:{digest}:"))
    return headers


def _etag(file: File) -> str:
    """An id is the name of one content for ever: it is the strongest of tags, from the first byte on."""
    return f'"{file.id}"'
