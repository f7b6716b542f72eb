"""The tus resumable upload protocol, version 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation,
creation-with-upload, checksum, expiration, termination.

The server's offset is the truth: a request that begins elsewhere is refused without a byte being written, and what has
arrived when a connection breaks is kept.
"""

from __future__ import annotations

import logging
from email.utils import formatdate

from chatbase import files
from chatbase.files import File
from chatwire.stream import StreamError
from chatwire.tickets import UPLOAD, Ticket
from filed import cors
from filed.access import Access
from filed.checksums import ALGORITHMS, Checksum, ChecksumMismatch, receive_checked
from filed.http import Exchange, Headers, HttpError
from filed.intake import Intake, OverQuota, WrongHash
from filed.upload import Gone, Locked, Upload
from filed.uploads import DiskFull

log = logging.getLogger("filed.upload")

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
BODY_TYPE = "application/offset+octet-stream"
CHECKSUM_MISMATCH = 460
NO_STORE = ("Cache-Control", "no-store")
RESUMABLE = ("Tus-Resumable", VERSION)


class Tus:
    """Every method: the connection's thread. All raise HttpError, StreamError, DatabaseUnavailable and OSError."""

    def __init__(self, access: Access, intake: Intake, max_file: int, stall_timeout: float) -> None:
        self._access = access
        self._intake = intake
        self._max_file = max_file
        self._stall = stall_timeout

    def options(self, exchange: Exchange) -> None:
        """What this server can do, and what pages may, if it is that which a browser asks."""
        headers = [
            RESUMABLE, ("Tus-Version", VERSION), ("Tus-Extension", EXTENSIONS), ("Tus-Max-Size", str(self._max_file)),
            ("Tus-Checksum-Algorithm", ",".join(ALGORITHMS)), ("Allow", cors.METHODS),
        ]  # fmt: skip
        if exchange.header("access-control-request-method") is not None:
            headers += cors.PREFLIGHT
        exchange.answer(204, headers)

    def create(self, exchange: Exchange) -> None:
        """POST: make the upload that the ticket is for; a second time it is the same one."""
        ticket = self._ticket(exchange)
        if exchange.header("upload-length") != str(ticket.size):
            raise HttpError(400, f"Upload-Length must be {ticket.size}, as the ticket says")
        file = self._access.file(ticket, UPLOAD)
        with self._intake.uploads.use(file) as upload:
            if exchange.header("content-type") == BODY_TYPE and exchange.length != 0:
                if upload.offset:
                    raise HttpError(409, "the upload has begun: ask where it is", _offset(upload))
                self._receive(exchange, upload)
            elif upload.offset == file.size:
                self._finish(upload)
            exchange.answer(201, [RESUMABLE, _location(exchange, file), *_offset(upload), *_expires(upload)])

    def tell(self, exchange: Exchange, file_id: str) -> None:
        """HEAD: how far it is."""
        file = self._access.file(self._ticket(exchange), UPLOAD, file_id)
        length = ("Upload-Length", str(file.size))
        if file.state == files.COMPLETE:
            exchange.answer(200, [RESUMABLE, NO_STORE, ("Upload-Offset", str(file.size)), length])
            return
        with self._intake.uploads.use(file) as upload:
            if upload.offset == file.size and not upload.active:
                self._finish(upload)
            exchange.answer(200, [RESUMABLE, NO_STORE, *_offset(upload), length, *_expires(upload)])

    def append(self, exchange: Exchange, file_id: str) -> None:
        """PATCH: the next bytes."""
        file = self._access.file(self._ticket(exchange), UPLOAD, file_id)
        if exchange.header("content-type") != BODY_TYPE:
            raise HttpError(415, f"the body must be {BODY_TYPE}")
        offset = exchange.header("upload-offset") or ""
        if not (offset.isascii() and offset.isdigit() and len(offset) < 20):
            raise HttpError(400, "Upload-Offset must be a number")
        if file.state == files.COMPLETE:
            self._append_nothing(exchange, file, int(offset))
            return
        with self._intake.uploads.use(file) as upload:
            self._receive(exchange, upload, int(offset))
            exchange.answer(204, [RESUMABLE, *_offset(upload), *_expires(upload)])

    @staticmethod
    def _append_nothing(exchange: Exchange, file: File, offset: int) -> None:
        """A client that did not hear that all of it has arrived may say so once more."""
        at_end = [("Upload-Offset", str(file.size))]
        if offset != file.size:
            raise HttpError(409, "the upload is complete", at_end)
        if exchange.length is None:
            exchange.go_on()
        if exchange.length or exchange.next_piece():
            raise HttpError(413, f"the upload has {file.size} bytes, and is complete", at_end)
        exchange.answer(204, [RESUMABLE, *at_end])

    def terminate(self, exchange: Exchange, file_id: str) -> None:
        """DELETE: take it back."""
        file = self._access.file(self._ticket(exchange), UPLOAD, file_id)
        if not self._intake.cancel(file):
            raise HttpError(410, "the file is over")
        exchange.answer(204, [RESUMABLE])

    # -- receiving -------------------------------------------------------------

    def _receive(self, exchange: Exchange, upload: Upload, offset: int = 0) -> None:
        checksum = Checksum.parse(exchange.header("upload-checksum"))
        try:
            upload.claim(exchange.stream)
        except Locked:
            raise HttpError(423, "somebody else is writing this upload", [("Retry-After", "1")]) from None
        except Gone as gone:
            raise HttpError(410, f"the upload is over: {gone}") from None
        try:
            self._check_offset(exchange, upload, offset)
            if upload.offset < upload.file.size:
                self._begin(upload)
            exchange.go_on()
            exchange.stream.set_timeouts(self._stall)
            self._write(exchange, upload, checksum)
            if upload.offset == upload.file.size:
                self._finish(upload)
        except Gone as gone:
            raise HttpError(410, f"the upload is over: {gone}", close=True) from None
        except StreamError as error:
            log.info("interrupted: file=%s bytes=%d reason=%s", upload.file.id, upload.offset, error)
            raise
        finally:
            upload.release()

    def _check_offset(self, exchange: Exchange, upload: Upload, offset: int) -> None:
        if offset != upload.offset:
            raise HttpError(409, f"the upload is at {upload.offset}", _offset(upload))
        if exchange.length is not None and offset + exchange.length > upload.file.size:
            raise HttpError(413, f"the upload has {upload.file.size} bytes, as the ticket says", _offset(upload))

    def _begin(self, upload: Upload) -> None:
        if upload.file.size > self._max_file:
            raise HttpError(413, f"a file may have {self._max_file} bytes")
        try:
            self._intake.begin(upload)
        except DiskFull:
            raise HttpError(507, "there is no room on the disk for this file", [("Retry-After", "600")]) from None
        except OverQuota as error:
            raise HttpError(413, str(error)) from None

    def _write(self, exchange: Exchange, upload: Upload, checksum: Checksum | None) -> None:
        """The body, to its end. This is the hot path of an upload: one call and one notice for each piece."""
        size, offset = upload.file.size, upload.offset
        if checksum is not None:
            self._write_checked(exchange, upload, checksum)
            return
        while count := exchange.body_into(upload.fd, offset, size - offset):
            offset += count
            upload.advance(offset)

    def _write_checked(self, exchange: Exchange, upload: Upload, checksum: Checksum) -> None:
        with self._intake.uploads.storage.temporary() as beside:
            try:
                upload.advance(receive_checked(exchange, upload, checksum, beside))
            except ChecksumMismatch:
                raise HttpError(CHECKSUM_MISMATCH, "the bytes do not have this checksum", _offset(upload)) from None

    def _finish(self, upload: Upload) -> None:
        try:
            self._intake.finish(upload)
        except WrongHash:
            raise HttpError(CHECKSUM_MISMATCH, "the file does not have the announced SHA-256") from None
        except Gone as gone:
            raise HttpError(410, f"the upload is over: {gone}") from None

    def _ticket(self, exchange: Exchange) -> Ticket:
        ticket = self._access.ticket(exchange)
        if exchange.header("tus-resumable") != VERSION:
            raise HttpError(412, f"Tus-Resumable must be {VERSION}", [("Tus-Version", VERSION)])
        return ticket


def _location(exchange: Exchange, file: File) -> tuple[str, str]:
    """The upload's own URL; the ticket is in it if it was in the one that was asked for."""
    ticket = exchange.target.query.get("ticket")
    return "Location", f"/files/{file.id}" + (f"?ticket={ticket}" if ticket else "")


def _offset(upload: Upload) -> Headers:
    return [("Upload-Offset", str(upload.offset))]


def _expires(upload: Upload) -> Headers:
    return [("Upload-Expires", formatdate(upload.expires / 1000, usegmt=True))]
