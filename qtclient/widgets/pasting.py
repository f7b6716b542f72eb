"""What the clipboard or a drop brings: files, a picture, or words. Pictures are not decoded here. GUI thread only."""

from __future__ import annotations

import os
import socket
from urllib.parse import unquote_to_bytes

from PyQt5.QtCore import QMimeData, QUrl
from PyQt5.QtGui import QImage

from qtclient.widgets.html_text import text_of
from qtclient.widgets.picture_header import format_of

_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")  # the best first
_MOST_HTML = 512 << 10  # characters


def local_files(source: QMimeData) -> list[str]:
    """The files of this machine that are named. A name that is no UTF-8 is kept as Python keeps it (`os.fsdecode`)."""
    urls = source.urls() if source.hasUrls() else []
    return [_path(url) for url in urls if url.isLocalFile()]


def picture(source: QMimeData) -> QImage | bytes | None:
    """A picture: from this program as it is, from another one as bytes that nobody has looked into but for the first.

    Qt would decode whatever is offered, an SVG as well.
    """
    offered = [kind for kind in source.formats() if kind.startswith("image/")]
    for kind in _PICTURES:
        data = bytes(source.data(kind)) if kind in offered else b""
        if format_of(data):
            return data
    image = source.imageData() if source.hasImage() and not offered else None
    return image if isinstance(image, QImage) and not image.isNull() else None


def words(source: QMimeData) -> str:
    """Plain words, also of what has looks only."""
    if source.hasText():
        return source.text()
    return text_of(source.html()[:_MOST_HTML]) if source.hasHtml() else ""


def _path(url: QUrl) -> str:
    if url.host().lower() not in ("", "localhost", socket.gethostname().lower()):
        return url.toLocalFile()
    return os.fsdecode(unquote_to_bytes(url.path(QUrl.ComponentFormattingOption.FullyEncoded)))
