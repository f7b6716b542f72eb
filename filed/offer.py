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
from chatbase.clock import now_ms
from chatbase.engine import Database
from chatbase.options import ConfigError
from chatbase.startup import one_line_errors, shared_secret
from chatwire.tickets import DOWNLOAD, UPLOAD, Ticket, issue
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
    database = Database(options.database or f"sqlite:///{data}/chat.db", 1)
    try:
        schema.prepare(database)
        file = _file(options)
        Index(database, 30, 24).add(file)
    finally:
        database.close()
    return file.id, _url(options.url, secret, file, UPLOAD), _url(options.url, secret, file, DOWNLOAD)


def _file(options: argparse.Namespace) -> files.File:
    now = now_ms()
    return files.File(
        secrets.token_urlsafe(16), None, 0, None, None, Path(options.name).name, options.size,
        options.sha256.lower() if options.sha256 else None, None, files.WAITING, now, now + files.PARTIAL_LIFE * 1000,
    )  # fmt: skip


def _url(base: str, secret: bytes, file: files.File, direction: str) -> str:
    return f"{base.rstrip('/')}/files/{file.id}?ticket={issue(secret, Ticket(file.id, direction, file.size))}"


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
