"""Avatars: initials on a colour that belongs to the name, for ever the same. GUI thread only."""

from __future__ import annotations

import hashlib

import unicodedata2
from PyQt5.QtCore import QPointF, QRectF, Qt
from PyQt5.QtGui import QFont, QIcon, QImage, QPainter, QPixmap

from qtclient.look import palette
from qtclient.look.icons import paint_icon

# Of one lightness, so that white initials read well (4.5 and more) on each, and none outshines the others.
GROUNDS = ("#3f6fd1", "#7a55c7", "#b3477f", "#c24a3f", "#a8641a", "#6f7a1e", "#2c8251", "#14808a")


def ground(name: str) -> str:
    """The colour of a name."""
    return GROUNDS[hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=1).digest()[0] % len(GROUNDS)]


def initials(name: str) -> str:
    """One Chinese character, or up to two letters."""
    words = [word for word in name.replace("_", " ").replace("-", " ").replace(".", " ").split() if word]
    if not words:
        return "?"
    first = words[0][0]
    if unicodedata2.east_asian_width(first) in "WF" or len(words) == 1:
        return first.upper()
    return (first + words[-1][0]).upper()


def paint_avatar(painter: QPainter, rect: QRectF, name: str, *, group: bool = False) -> None:
    """A disc with initials; a group shows its sign instead."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.colour(ground(name)))
    painter.drawEllipse(rect)
    if group:
        side = rect.width() * 0.56
        paint_icon(painter, _centred(rect, side), "group", "#ffffff")
    else:
        _letters(painter, rect, initials(name))
    painter.restore()


def paint_presence(painter: QPainter, rect: QRectF, online: bool, behind: str) -> None:
    """The dot at the lower right of the avatar of who is online; ``behind`` is cut out around it."""
    if not online:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    radius = max(4.0, rect.width() * 0.13)
    centre = QPointF(rect.right() - radius, rect.bottom() - radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.colour(behind))
    painter.drawEllipse(centre, radius + 2, radius + 2)
    painter.setBrush(palette.colour(palette.now().online))
    painter.drawEllipse(centre, radius, radius)
    painter.restore()


def _letters(painter: QPainter, rect: QRectF, letters: str) -> None:
    font = QFont(painter.font())
    font.setPixelSize(max(8, round(rect.height() * (0.44 if len(letters) == 1 else 0.37))))
    font.setWeight(QFont.Weight.DemiBold)
    painter.setFont(font)
    painter.setPen(palette.colour("#ffffff"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, letters)


def _centred(rect: QRectF, side: float) -> QRectF:
    result = QRectF(0, 0, side, side)
    result.moveCenter(rect.center())
    return result


def avatar_image(name: str, side: int, *, group: bool = False) -> QImage:
    """The same as a picture, of bytes in the order red, green, blue, alpha."""
    result = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    paint_avatar(painter, QRectF(0, 0, side, side), name, group=group)
    painter.end()
    return result.convertToFormat(QImage.Format.Format_RGBA8888)


def avatar_icon(name: str, *, group: bool = False) -> QIcon:
    """The same as an icon of windows and tabs."""
    result = QIcon()
    for side in (16, 32, 64):
        result.addPixmap(QPixmap.fromImage(avatar_image(name, side, group=group)))
    return result
