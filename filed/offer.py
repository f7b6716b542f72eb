"""``python -m filed.offer``: an operator's own way to put a file on the server, without a chat server.

It makes an entry in the index and prints the two URLs: one to upload to, one to download from.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

from chatbase import files, schema
from chatbase.clock import Clock, clock_of, now_ms
from chatbase.drivers import sqlite_url
from chatbase.engine import Database
from chatbase.options import ConfigError
from chatbase.startup import one_line_errors, shared_secret
from chatwire.tickets import DOWNLOAD, UPLOAD, Ticket, issue
from chatwire.transfer.names import harmless
from filed.index import Index


def main(argv: list[str] | None = None) -> int:
    """Offer a file. Returns 0, or 2 when that cannot be done."""
    os.umask(0o077)
    options = _parser().parse_args(argv)
    try:
        with one_line_errors("make the offer"):
            file_id, upload, download = offer(options)
    except ConfigError as error:
        print(f"filed.offer: {error}", file=sys.stderr)
        return 2
    print(f"file {file_id}\nupload {upload}\ndownload {download}")
    return 0


def offer(options: argparse.Namespace) -> tuple[str, str, str]:
    """Make the entry; returns the file's id, and the URLs. Raises what the index and the data folder raise."""
    data = Path(options.data).absolute()
    secret = shared_secret(data)
    database = Database(options.database or sqlite_url(data / "chat.db"), 1)
    try:
        schema.prepare(database)
        clock = clock_of(database)
        file = _file(options, clock)
        Index(database, clock, 30, 24).add(file)
    finally:
        database.close()
    up, down = (_url(options.url, secret, file, direction, clock) for direction in (UPLOAD, DOWNLOAD))
    return file.id, up, down


def _file(options: argparse.Namespace, clock: Clock) -> files.File:
    return files.File(
        secrets.token_urlsafe(16), None, 0, None, None, harmless(options.name), options.size,
        options.sha256.lower() if options.sha256 else None, None, files.WAITING, now_ms(),
        clock.latest() + files.PARTIAL_LIFE * 1000,
    )  # fmt: skip


def _url(base: str, secret: bytes, file: files.File, direction: str, clock: Clock) -> str:
    ticket = issue(secret, Ticket(file.id, direction, file.size), now=clock.latest() / 1000)
    return f"{base.rstrip('/')}/files/{file.id}?ticket={ticket}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m filed.offer", description="Offers a file without a chat server.")
    parser.add_argument("--name", required=True, help="what it is called")
    parser.add_argument("--size", required=True, type=int, metavar="BYTES", help="its length")
    parser.add_argument("--sha256", default="", metavar="HEX", help="its hash; what differs is refused")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="where the file daemon is reached")
    parser.add_argument("--data", default="var", metavar="DIR", help="the daemon's folder")
    parser.add_argument("--database", default="", metavar="URL", help="the daemon's database")
    return parser


if __name__ == "__main__":
    sys.exit(main())
