"""Which request goes where."""

from __future__ import annotations

from filed.cors import METHODS
from filed.download import Downloads
from filed.http import Exchange, HttpError
from filed.tus import RESUMABLE, Tus

COLLECTION = "/files/"
_OVERRIDABLE = ("PATCH", "DELETE", "HEAD", "OPTIONS")
_ALLOW = (("Allow", METHODS),)


class Router:
    """`handle`: the connection's thread."""

    def __init__(self, tus: Tus, downloads: Downloads) -> None:
        self._tus = tus
        self._downloads = downloads

    def handle(self, exchange: Exchange) -> None:
        """Serve a request. Raises HttpError and whatever the handlers raise."""
        if exchange.method == "POST" and (other := exchange.header("x-http-method-override")) in _OVERRIDABLE:
            exchange.method = str(other)
        path = exchange.target.path
        if path.rstrip("/") == COLLECTION.rstrip("/"):
            self._collection(exchange)
        elif path.startswith(COLLECTION):
            self._file(exchange, path.removeprefix(COLLECTION))
        else:
            raise HttpError(404, f"there is nothing here; files are under {COLLECTION}")

    def _collection(self, exchange: Exchange) -> None:
        if exchange.method == "OPTIONS":
            self._tus.options(exchange)
        elif exchange.method == "POST":
            self._tus.create(exchange)
        else:
            raise HttpError(405, "here uploads are made, by POST", _ALLOW)

    def _file(self, exchange: Exchange, file_id: str) -> None:
        method = exchange.method
        if method == "GET" or (exchange.bodiless and exchange.header(RESUMABLE[0].lower()) is None):
            self._downloads.serve(exchange, file_id)
        elif method == "HEAD":
            self._tus.tell(exchange, file_id)
        elif method == "PATCH":
            self._tus.append(exchange, file_id)
        elif method == "DELETE":
            self._tus.terminate(exchange, file_id)
        elif method == "OPTIONS":
            self._tus.options(exchange)
        else:
            raise HttpError(405, "this cannot be done with a file", _ALLOW)
