"""Pictures for previews, read by a thread of their own, small enough for the screen. No picture may harm.

`Pictures` belongs to the GUI thread; `read_picture` runs in the thread ``pictures``.
"""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PyQt5.QtCore import QObject, QSize, QSizeF, Qt, pyqtSignal
from PyQt5.QtGui import QImage, QImageReader, QPixmap

from qtclient.widgets import said

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
_MOST_PIXELS = 64_000_000  # of a picture that is read at all: one that unpacks to more is no photo
_MOST_TEXT = 256 << 10  # bytes of a text that one looks into
_KEPT = 24 << 20  # bytes of previews in memory


class Pictures(QObject):
    """Previews by path. ``ready`` when one has come, or has turned out to be none."""

    ready = pyqtSignal(str)
    saved = pyqtSignal(str, bool)  # path, whether it worked
    whole = pyqtSignal(str, QImage)
    text = pyqtSignal(str, str)
    _read = pyqtSignal(str, QImage)

    def __init__(self, box: QSize, parent: QObject | None = None) -> None:
        """``box`` is how large a preview may be, in device pixels."""
        super().__init__(parent)
        self._box = box
        self._thread: ThreadPoolExecutor | None = None
        self._asked: set[str] = set()
        self._sizes: dict[str, QSizeF] = {}  # an empty one: not a picture
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._bytes = 0
        self._read.connect(self._take)

    def size(self, path: str) -> QSizeF | None:
        """How large a preview is; None as long as that is unknown, or for no picture."""
        size = self._sizes.get(path)
        if size is None:
            self._ask(path)
        return size if size is not None and not size.isEmpty() else None

    def get(self, path: str) -> QPixmap | None:
        """The preview, if it is at hand; else it comes later."""
        pixmap = self._kept.get(path)
        if pixmap is not None:
            self._kept.move_to_end(path)
        elif self.size(path) is not None:
            self._ask(path)
        return pixmap

    def save(self, image: QImage, path: Path) -> None:
        """Write a picture as PNG; ``saved`` follows."""
        self._run(self._save, image, path)

    def copy(self, path: str, target: str) -> None:
        """Copy a file; ``saved`` follows only if it could not be done."""
        self._run(self._copy, path, target)

    def read_whole(self, path: str) -> None:
        """A picture in its full size; ``whole`` follows."""
        self._run(self._whole, path)

    def read_text(self, path: str) -> None:
        """The beginning of a text file; ``text`` follows."""
        self._run(self._text, path)

    def close(self) -> None:
        """End the thread; nothing is read any more."""
        self._asked.clear()
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
            self._thread = None

    def _ask(self, path: str) -> None:
        if path in self._asked:
            return
        if not looks_like_picture(path):
            self._sizes[path] = QSizeF()
            return
        self._asked.add(path)
        self._run(self._work, path, QSize(self._box))

    def _run(self, act: Callable[..., None], *values: object) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._thread.submit(act, *values)

    def _save(self, image: QImage, path: Path) -> None:
        """In the thread."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.saved.emit(str(path), image.save(str(path), "PNG"))
        except OSError:
            self.saved.emit(str(path), False)

    def _copy(self, path: str, target: str) -> None:
        """In the thread."""
        try:
            shutil.copyfile(path, target)
        except OSError:
            self.saved.emit(target, False)

    def _whole(self, path: str) -> None:
        """In the thread."""
        self.whole.emit(path, read_picture(path, None))

    def _text(self, path: str) -> None:
        """In the thread."""
        try:
            with open(path, "rb") as file:
                data = file.read(_MOST_TEXT)
        except OSError:
            data = b""
        self.text.emit(path, said.text(data.decode("utf-8", "replace")) if b"\0" not in data else "")

    def _work(self, path: str, box: QSize) -> None:
        """In the thread."""
        self._read.emit(path, read_picture(path, box))

    def _take(self, path: str, image: QImage) -> None:
        self._asked.discard(path)
        self._sizes[path] = QSizeF(image.size()) / image.devicePixelRatioF() if not image.isNull() else QSizeF()
        if not image.isNull():
            self._kept[path] = QPixmap.fromImage(image)
            self._bytes += image.sizeInBytes()
        while self._bytes > _KEPT and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= old.width() * old.height() * 4
        self.ready.emit(path)


def looks_like_picture(name: str) -> bool:
    """By its ending."""
    return name.lower().endswith(ENDINGS)


def read_picture(path: str, box: QSize | None) -> QImage:
    """A picture, turned as its maker held the camera, shrunk into ``box``; a null one if it cannot or may not be read.

    Any thread.
    """
    if not os.path.isfile(path):
        return QImage()
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    reader.setDecideFormatFromContent(True)
    size = reader.size()
    if bytes(reader.format()) not in (b"png", b"jpeg", b"jpg", b"gif", b"webp", b"bmp"):
        return QImage()
    if not size.isValid() or size.width() * size.height() > _MOST_PIXELS:
        return QImage()
    if box is not None and (size.width() > box.width() or size.height() > box.height()):
        turned = bool(int(reader.transformation()) & 4)  # by a quarter
        fitting = box.transposed() if turned else box
        reader.setScaledSize(size.scaled(fitting, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1)))
    return reader.read()
