"""Reads pictures that others have made. Qt gets nothing of them before `picture_header` has looked. Any thread.

The one place of the client that decodes pictures (`tests/qtclient/test_pictures_from_outside.py` sees to it): the
format is named, never guessed, and what would take too much is not begun. Qt 5 has no limit of its own.
"""

from __future__ import annotations

import math
import os
import stat
from dataclasses import dataclass, field
from typing import BinaryIO

from PyQt5.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PyQt5.QtGui import QImage, QImageReader

from qtclient.widgets.picture_header import Header, look, png_without_extras

BY_ITSELF, WHEN_ASKED = 100_000_000, 300_000_000  # bytes that decoding a picture may take
_LONGEST = 64 << 20  # bytes of a file
_MOST_WORK = 500_000_000  # pixels to visit: the largest cameras make 200 megapixels, in one pass
_MOST_SHOWN = 32_000_000  # pixels of a picture that is not shrunk for a preview


@dataclass(frozen=True)
class Picture:
    """``size`` is that of the picture in the file, which may be larger than the image; empty where there is none."""

    image: QImage = field(default_factory=QImage)
    size: QSize = field(default_factory=QSize)
    too_large: bool = False  # to be decoded


def open_ordinary(path: str) -> BinaryIO:
    """Open a file for reading. A pipe or device is never waited for.

    Raises:
        OSError: it cannot be read, or is no ordinary file.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:  # no disk has such a name
        raise OSError(str(error)) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"no ordinary file: {path!r}")
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_picture(path: str, box: QSize | None, most: int) -> Picture:
    """The picture in a file, see `decode`."""
    try:
        with open_ordinary(path) as file:
            data = file.read(_LONGEST + 1)
    except OSError:
        return Picture()
    return decode(data, box, most)


def decode(data: bytes, box: QSize | None, most: int) -> Picture:
    """A picture, turned as its maker held the camera, shrunk into ``box``. ``most``: bytes that decoding may take."""
    header = look(data)
    if header is None:
        return Picture()
    size = QSize(header.width, header.height)
    wanted = _fitting(size, box if box is not None else size)
    if len(data) > _LONGEST or header.work > _MOST_WORK or header.memory(wanted.width()) > most:
        return Picture(size=size, too_large=True)
    source = QBuffer()
    for piece in png_without_extras(data) if header.format == "png" else (data,):
        source.buffer().append(piece)
    source.open(QIODevice.OpenModeFlag.ReadOnly)
    return _read(source, header, box)


def _read(source: QBuffer, header: Header, box: QSize | None) -> Picture:
    reader = QImageReader(source, QByteArray(header.format.encode()))
    reader.setAutoDetectImageFormat(False)
    reader.setDecideFormatFromContent(False)
    reader.setAutoTransform(True)
    size = QSize(header.width, header.height)
    if reader.size() != size and header.format != "gif":  # a screen is not always as large as its first image
        return Picture()
    turned = bool(int(reader.transformation()) & 4)  # by a quarter
    upright = size.transposed() if turned else size
    wanted = _fitting(upright, box if box is not None else upright)
    if wanted != upright:
        reader.setScaledSize(wanted.transposed() if turned else wanted)
    image = reader.read()
    if image.width() > wanted.width() or image.height() > wanted.height():  # not every decoder does as it is told
        image = image.scaled(wanted, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    if image.depth() > 32 or (box is not None and image.depth() < 32):
        alpha = image.hasAlphaChannel()
        image = image.convertToFormat(QImage.Format.Format_ARGB32 if alpha else QImage.Format.Format_RGB32)
    return Picture(image, upright)


def _fitting(size: QSize, box: QSize) -> QSize:
    """As large as it may be shown."""
    pixels = size.width() * size.height()
    if pixels > _MOST_SHOWN:
        box = box.boundedTo(size * math.sqrt(_MOST_SHOWN / pixels))
    if size.width() <= box.width() and size.height() <= box.height():
        return size
    return size.scaled(box, Qt.AspectRatioMode.KeepAspectRatio).expandedTo(QSize(1, 1))
