"""Message texts laid out: lines, links, long ones folded. GUI thread only."""

from __future__ import annotations

import re
from dataclasses import dataclass

import unicodedata2
from PyQt5.QtCore import QPointF, QRectF
from PyQt5.QtGui import QColor, QPainter, QTextCharFormat, QTextLayout, QTextOption

from chatwire.unicode_ranges import TEXT_EMOJI
from qtclient.look import emoji_font
from qtclient.widgets import said
from qtclient.widgets.links import Link, find_links
from qtclient.widgets.measures import Measures

FOLD_LENGTH, FOLD_LINES = 2000, 30  # a message beyond that is shown in part until the user wants it whole
_MOST_LARGE = 3  # emoji that are shown large
_EMOJI_PARTS = "\u200d\ufe0f\u20e3\U000e0020-\U000e007f\U0001f3fb-\U0001f3ff"
_EMOJI = re.compile(
    f"(?:[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff❤☀☁☂☃☎☕☺♥⚡✅✈✌✍✨❌❓❗⭐][{_EMOJI_PARTS}]*"
    f"|[{TEXT_EMOJI}0-9#*]\ufe0f[{_EMOJI_PARTS}]*)+"
)


@dataclass
class Text:
    """A text in its lines. ``shown`` is what is laid out; selections count in its UTF-16 units."""

    shown: str
    layout: QTextLayout
    width: float
    height: float
    last: float  # the width of the last line
    links: list[Link]
    folded: bool  # there is more of it
    foldable: bool
    large: bool

    def cursor_at(self, spot: QPointF) -> int:
        """The place in the text nearest to a spot, counted in UTF-16 units."""
        for number in range(self.layout.lineCount()):
            line = self.layout.lineAt(number)
            if spot.y() < line.y() + line.height() or number == self.layout.lineCount() - 1:
                return int(line.xToCursor(spot.x()))
        return 0

    def link_at(self, spot: QPointF) -> Link | None:
        """The link under a spot."""
        for number in range(self.layout.lineCount()):
            line = self.layout.lineAt(number)
            if line.naturalTextRect().contains(spot):
                place = int(line.xToCursor(spot.x(), line.CursorOnCharacter))
                return next((link for link in self.links if link.start <= place < link.start + link.length), None)
        return None

    def word_at(self, spot: QPointF) -> tuple[int, int]:
        """Start and end of the word under a spot."""
        place = self.cursor_at(spot)
        start = self.layout.previousCursorPosition(place + 1, QTextLayout.SkipWords) if place else 0
        end = self.layout.nextCursorPosition(start, QTextLayout.SkipWords)
        return start, end

    def part(self, start: int, end: int) -> str:
        """What stands between two places."""
        units = self.shown.encode("utf-16-le", "surrogatepass")
        low, high = sorted((start, end))
        return units[2 * low : 2 * high].decode("utf-16-le", "replace").replace("\u2028", "\n")

    def draw(self, painter: QPainter, at: QPointF, colour: QColor, chosen: list[QTextLayout.FormatRange]) -> None:
        """Paint it, chosen parts in their own formats."""
        painter.setPen(colour)
        self.layout.draw(painter, at, chosen, QRectF())


def lay_out(text: str, widest: float, measures: Measures, *, whole: bool, link_colour: str) -> Text:
    """Break a text from outside into lines no wider than ``widest``. What is not shown costs nothing."""
    foldable = len(text) > _longest(text) or text.count("\n") >= FOLD_LINES
    text = said.text(text if whole or not foldable else _cut(text))
    large = _is_large(text)
    shown = text.replace("\n", "\u2028")
    links = [] if large else find_links(shown)
    layout = QTextLayout(shown, emoji_font.in_colour(measures.large) if large else measures.text)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    layout.setFormats([*(_link_format(link, link_colour) for link in links), *_emoji_formats(shown)])
    layout.setCacheEnabled(True)
    width, height, last = _break(layout, widest)
    if _is_right_to_left(shown) and width < widest:
        width, height, last = _break(layout, width + 1)
    return Text(shown, layout, width, height, last, links, foldable and not whole, foldable, large)


def _break(layout: QTextLayout, widest: float) -> tuple[float, float, float]:
    width = height = last = 0.0
    layout.beginLayout()
    while True:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(widest)
        line.setPosition(QPointF(0, height))
        height += line.height()
        last = line.naturalTextWidth()
        width = max(width, last)
    layout.endLayout()
    return width, height, last


def _longest(text: str) -> int:
    """Characters that are shown unasked: half as many where they are wide."""
    return FOLD_LENGTH if text[:FOLD_LENGTH].isascii() else FOLD_LENGTH // 2


def _cut(text: str) -> str:
    lines = text[: _longest(text)].split("\n")[:FOLD_LINES]
    return "\n".join(lines).rstrip() + " …"


def _link_format(link: Link, colour: str) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start, result.length = link.start, link.length
    shape = QTextCharFormat()
    shape.setForeground(QColor(colour))
    shape.setFontUnderline(True)
    result.format = shape
    return result


def _emoji_formats(shown: str) -> list[QTextLayout.FormatRange]:
    """Where emoji stand, counted in UTF-16 units: those are in a font of their own."""
    if shown.isascii() or not emoji_font.family():
        return []
    found, end, units = [], 0, 0
    for match in _EMOJI.finditer(shown):
        units += _units(shown[end : match.start()])
        one = QTextLayout.FormatRange()
        one.start, one.length = units, _units(match[0])
        shape = QTextCharFormat()
        shape.setFontFamily(emoji_font.family())
        one.format = shape
        found.append(one)
        units, end = units + one.length, match.end()
    return found


def _units(text: str) -> int:
    return len(text) + sum(sign > "\uffff" for sign in text)


def _is_large(text: str) -> bool:
    if not text or len(text) > 24:
        return False
    signs = re.sub(f"[{_EMOJI_PARTS}]", "", text)
    joins = text.count("\u200d")
    return 0 < len(signs) - 2 * joins <= _MOST_LARGE and all(map(_EMOJI.fullmatch, signs))


def _is_right_to_left(text: str) -> bool:
    for sign in text[:200]:
        direction = unicodedata2.bidirectional(sign)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False
