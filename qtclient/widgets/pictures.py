"""Pictures for previews, read by a thread of their own, small enough for the screen.

`Pictures` belongs to the GUI thread, but for the methods that say so.
"""

from __future__ import annotations

import os
import shutil
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PyQt5.QtCore import QObject, QSize, QSizeF, pyqtSignal
from PyQt5.QtGui import QImage, QPixmap

from qtclient.widgets import said
from qtclient.widgets.picture_file import BY_ITSELF, WHEN_ASKED, open_ordinary, read_picture

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
_MOST_TEXT = 256 << 10  # bytes of a text that one looks into
KEPT = 24 << 20  # bytes of previews in memory, beside those that are in sight


@dataclass(frozen=True)
class _Version:
    """What was in a file at some time: another picture may be written to the same place later."""

    path: str
    time: int = 0  # ns since 1970
    length: int = 0


class Pictures(QObject):
    """Previews of files, by path and by the id under which a file was sent: another id is looked at anew.

    ``ready`` when one has come, or has turned out to be none.
    """

    ready = pyqtSignal(str)
    saved = pyqtSignal(str, bool)  # path, whether it worked
    whole = pyqtSignal(str, object)  # path, Picture
    text = pyqtSignal(str, str)
    making_room = pyqtSignal(object)  # a set: whoever shows previews puts in their paths, and keeps them thereby
    _read = pyqtSignal(str, str, object, QImage)

    def __init__(self, box: QSize, parent: QObject | None = None) -> None:
        """``box`` is how large a preview may be, in device pixels."""
        super().__init__(parent)
        self._box = box
        self._thread: ThreadPoolExecutor | None = None
        self._asked: set[tuple[str, str]] = set()
        self._versions: dict[tuple[str, str], _Version] = {}
        self._newest: dict[str, _Version] = {}
        self._sizes: dict[_Version, QSizeF] = {}  # an empty one: not a picture
        self._kept: OrderedDict[_Version, QPixmap] = OrderedDict()
        self.bytes = 0  # that the kept ones take
        self._read.connect(self._take)

    def size(self, path: str, file: str) -> QSizeF | None:
        """How large a preview is; None as long as that is unknown, or for no picture."""
        version = self._version(path, file)
        size = self._sizes.get(version) if version is not None else None
        return size if size is not None and not size.isEmpty() else None

    def get(self, path: str, file: str) -> QPixmap | None:
        """The preview, if it is at hand; else it comes later."""
        version = self._version(path, file)
        pixmap = self._kept.get(version) if version is not None else None
        if version is not None and pixmap is not None:
            self._kept.move_to_end(version)
        elif self.size(path, file) is not None:
            self._ask(path, file)
        return pixmap

    def save(self, image: QImage | bytes, path: Path) -> None:
        """Write a picture as PNG, or the bytes of one; ``saved`` follows."""
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

    def _version(self, path: str, file: str) -> _Version | None:
        """What the file holds; until that is known, what it held when it was last looked at."""
        version = self._versions.get((path, file))
        if version is None and looks_like_picture(path):
            self._ask(path, file)
            version = self._newest.get(path)
        return version

    def _ask(self, path: str, file: str) -> None:
        if (path, file) not in self._asked:
            self._asked.add((path, file))
            newest = self._newest.get(path)
            self._run(self._work, path, file, QSize(self._box), newest if newest in self._kept else None)

    def _run(self, act: Callable[..., None], *values: object) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="pictures")
        self._thread.submit(act, *values)

    def _save(self, image: QImage | bytes, path: Path) -> None:
        """In the thread."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            good = bool(path.write_bytes(image)) if isinstance(image, bytes) else image.save(str(path), "PNG")
            self.saved.emit(str(path), good)
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
        self.whole.emit(path, read_picture(path, None, WHEN_ASKED))

    def _text(self, path: str) -> None:
        """In the thread."""
        try:
            with open_ordinary(path) as file:
                data = file.read(_MOST_TEXT)
        except OSError:
            data = b""
        self.text.emit(path, said.text(data.decode("utf-8", "replace")) if b"\0" not in data else "")

    def _work(self, path: str, file: str, box: QSize, known: _Version | None) -> None:
        """In the thread. What is ``known`` and has not changed is not read again."""
        try:
            found = os.stat(path)
            version = _Version(path, found.st_mtime_ns, found.st_size)
        except (OSError, ValueError):
            version = _Version(path)
        image = QImage() if version == known else read_picture(path, box, BY_ITSELF).image
        self._read.emit(path, file, version, image)

    def _take(self, path: str, file: str, version: _Version, image: QImage) -> None:
        self._asked.discard((path, file))
        self._versions[path, file] = self._newest[path] = version
        if version not in self._kept:
            self._sizes[version] = QSizeF(image.size()) if not image.isNull() else QSizeF()
            if not image.isNull():
                self._keep(version, QPixmap.fromImage(image))
        self.ready.emit(path)

    def _keep(self, version: _Version, pixmap: QPixmap) -> None:
        """Those that were shown longest ago make room, but none that is in sight: it would be read again at once."""
        self._kept[version] = pixmap
        self.bytes += _weight(pixmap)
        if self.bytes <= KEPT:
            return
        in_sight = {version.path}
        self.making_room.emit(in_sight)
        for old in [old for old in self._kept if old.path not in in_sight]:
            if self.bytes > KEPT:
                self.bytes -= _weight(self._kept.pop(old))


def looks_like_picture(name: str) -> bool:
    """By its ending."""
    return name.lower().endswith(ENDINGS)


def _weight(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
