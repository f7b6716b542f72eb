"""How a row of a conversation is painted. GUI thread only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from PyQt5.QtCore import QPointF, QRectF, QSizeF, Qt
from PyQt5.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QTextCharFormat, QTextLayout

from chatwire.folding import find_all
from qtclient.i18n import tr
from qtclient.look import palette
from qtclient.look.avatar import ground, paint_avatar
from qtclient.look.icons import paint_icon
from qtclient.records import FileState, Sent
from qtclient.widgets.file_words import Deed
from qtclient.widgets.measures import RADIUS, TIGHT, Measures
from qtclient.widgets.rows import Card, Row

_GLYPHS = {
    Sent.WAITING: "clock",
    Sent.SENDING: "clock",
    Sent.STORED: "check",
    Sent.DELIVERED: "check_two",
    Sent.READ: "read",
    Sent.FAILED: "alert",
}
_SIGNS = {Deed.DOWNLOAD: "download", Deed.PAUSE: "pause", Deed.RESUME: "play", Deed.AGAIN: "retry"}
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_MOST_MARKS = 100  # places in one message


@dataclass
class Marks:
    """What is marked in a view for now. Rows are named by `Message.row`."""

    chosen: tuple[int, int, int] | None = None  # row, start and end of the chosen text
    found: str = ""  # a text that was searched for
    flashed: int | None = None  # the row of a hit that was jumped to
    current: int | None = None  # the row that the keyboard is on


class BubblePainter:
    """Paints rows that are laid out; one for each view."""

    def __init__(self, measures: Measures, marks: Marks) -> None:
        self._of, self.look = measures, marks

    def paint(self, painter: QPainter, row: Row, picture: QPixmap | None) -> None:
        """Paint a row; the painter's origin is its upper left corner."""
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_lines(painter, row)
        if row.avatar is not None:
            painter.setFont(self._of.text)
            paint_avatar(painter, row.avatar, row.message.sender)
        self._paint_bubble(painter, row)
        self._paint_inside(painter, row, picture)
        if row.problem:
            self._paint_problem(painter, row)

    def _paint_lines(self, painter: QPainter, row: Row) -> None:
        colours, small = palette.now(), self._of.small_metrics
        painter.setFont(self._of.name)
        if row.day:
            wide = self._of.name_metrics.horizontalAdvance(row.day) + 24
            pill = QRectF(0, 0, wide, small.height() + 8)
            pill.moveCenter(row.day_at.center())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour(colours.panel))
            painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
            painter.setPen(palette.colour(colours.muted))
            painter.drawText(row.day_at, _CENTRE, row.day)
        if row.place.fresh:
            words = tr("New messages")
            half = self._of.name_metrics.horizontalAdvance(words) / 2 + 12
            middle = row.fresh_at.center()
            painter.setPen(QPen(palette.colour(colours.accent), 1))
            painter.drawLine(QPointF(16, middle.y()), QPointF(middle.x() - half, middle.y()))
            painter.drawLine(QPointF(middle.x() + half, middle.y()), QPointF(row.width - 16, middle.y()))
            painter.drawText(row.fresh_at, _CENTRE, words)

    def _paint_bubble(self, painter: QPainter, row: Row) -> None:
        colours, mine = palette.now(), row.message.mine
        if row.text is not None and row.text.large:
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour(colours.mine if mine else colours.theirs))
        painter.drawPath(_bubble_path(row.bubble, mine, row.place.first, row.place.last))
        if row.message.row in (self.look.flashed, self.look.current):
            ring = colours.mark if row.message.row == self.look.flashed else colours.accent
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.colour(ring), 2))
            painter.drawPath(_bubble_path(row.bubble.adjusted(-2, -2, 2, 2), mine, row.place.first, row.place.last))

    def _paint_inside(self, painter: QPainter, row: Row, picture: QPixmap | None) -> None:
        if row.name:
            painter.setFont(self._of.name)
            painter.setPen(palette.colour(_name_colour(row.message.sender, palette.now().dark)))
            painter.drawText(row.name_at, _LEFT, row.name)
        if row.text is not None:
            colours = palette.now()
            bare = row.text.large or not row.message.mine
            colour = palette.colour(colours.on_theirs if bare else colours.on_mine)
            row.text.draw(painter, row.text_at, colour, self._choice(row))
        if row.picture is not None:
            _paint_picture(painter, row.picture, picture)
        if row.card is not None:
            self._paint_card(painter, row, row.card)
        self._paint_zones(painter, row)
        self._paint_stamp(painter, row)

    def _paint_card(self, painter: QPainter, row: Row, card: Card) -> None:
        colours, mine = palette.now(), row.message.mine
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour(colours.mine_soft if mine else colours.theirs_soft))
        painter.drawEllipse(card.sign)
        inner = card.sign.adjusted(10, 10, -10, -10)
        paint_icon(painter, inner, _sign(row), colours.on_mine if mine else colours.accent)
        painter.setFont(self._of.bold)
        painter.setPen(palette.colour(colours.on_mine if mine else colours.on_theirs))
        painter.drawText(card.name_at, _LEFT, card.name)
        painter.setFont(self._of.small)
        painter.setPen(palette.colour(colours.mine_muted if mine else colours.theirs_muted))
        painter.drawText(card.status_at, _LEFT, card.status)
        if card.bar is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour(colours.mine_soft if mine else colours.theirs_soft))
            painter.drawRoundedRect(card.bar, 2, 2)
            done = QRectF(card.bar)
            done.setWidth(max(4.0, card.bar.width() * card.share))
            painter.setBrush(palette.colour(colours.on_mine if mine else colours.accent))
            painter.drawRoundedRect(done, 2, 2)

    def _paint_zones(self, painter: QPainter, row: Row) -> None:
        colours, mine = palette.now(), row.message.mine
        for zone in row.zones:
            if zone.deed in (Deed.PICTURE, Deed.RETRY, Deed.DISCARD):
                continue
            if zone.deed in (Deed.MORE, Deed.LESS):
                painter.setFont(self._of.name)
                painter.setPen(palette.colour(colours.on_mine if mine else colours.accent))
                words = tr("Show more") if zone.deed is Deed.MORE else tr("Show less")
                painter.drawText(zone.rect, _LEFT, words)
            elif zone.value:
                painter.setFont(self._of.bold)
                painter.setPen(palette.colour(colours.on_mine if mine else colours.accent))
                painter.drawText(zone.rect, _LEFT, zone.value)

    def _paint_stamp(self, painter: QPainter, row: Row) -> None:
        colours, mine, at = palette.now(), row.message.mine, row.stamp_at
        colour = colours.mine_muted if mine else colours.theirs_muted
        if row.text is not None and row.text.large:
            colour = colours.muted
        if row.picture is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_shade())
            painter.drawRoundedRect(at.adjusted(-8, -3, 8, 3), at.height() / 2 + 3, at.height() / 2 + 3)
            colour = "#ffffff"
        painter.setFont(self._of.small)
        painter.setPen(palette.colour(colour))
        painter.drawText(at, _LEFT, row.stamp)
        if mine:
            side = self._of.glyph
            glyph = QRectF(at.right() - side, at.center().y() - side / 2, side, side)
            bright = row.message.sent in (Sent.READ, Sent.FAILED) and not (row.text is not None and row.text.large)
            paint_icon(painter, glyph, _GLYPHS.get(row.message.sent, "check"), colours.on_mine if bright else colour)

    def _paint_problem(self, painter: QPainter, row: Row) -> None:
        painter.setPen(palette.colour(palette.now().danger))
        painter.setFont(self._of.small)
        painter.drawText(row.problem_at, _RIGHT, row.problem)
        painter.setFont(self._of.name)
        for zone in row.zones:
            if zone.deed in (Deed.RETRY, Deed.DISCARD):
                role = palette.now().accent if zone.deed is Deed.RETRY else palette.now().muted
                painter.setPen(palette.colour(role))
                painter.drawText(zone.rect, _RIGHT, zone.value)

    def _choice(self, row: Row) -> list[QTextLayout.FormatRange]:
        assert row.text is not None
        colours, ranges = palette.now(), []
        if self.look.found:
            ranges += _marks(row.text.shown, self.look.found, colours.mark, colours.on_mark)
        if self.look.chosen is not None and self.look.chosen[0] == row.message.row:
            low, high = sorted(self.look.chosen[1:])
            mine = row.message.mine
            ground = "#ffffff" if mine else colours.accent
            ranges.append(_range(low, high - low, ground, colours.mine if mine else colours.on_accent))
        return ranges


def _paint_picture(painter: QPainter, rect: QRectF, pixmap: QPixmap | None) -> None:
    path = QPainterPath()
    path.addRoundedRect(rect, RADIUS - 4, RADIUS - 4)
    painter.save()
    painter.setClipPath(path)
    painter.fillRect(rect, palette.colour(palette.now().theirs_soft))
    if pixmap is not None:
        size = QSizeF(pixmap.size()).scaled(rect.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(QPointF(0, 0), size)
        target.moveCenter(rect.center())
        painter.drawPixmap(target, pixmap, QRectF(pixmap.rect()))
    painter.restore()


def _sign(row: Row) -> str:
    """The icon in front of a file's name: what a click there does, or what the file is."""
    first = next((zone.deed for zone in row.zones if not zone.value), None)
    if first is Deed.OPEN and row.message.file is not None and row.message.file.state is FileState.COMPLETE:
        return "file_plain"
    return _SIGNS.get(first, "file_plain") if first is not None else "file_plain"


def _marks(text: str, wanted: str, ground: str, colour: str) -> list[QTextLayout.FormatRange]:
    """Every place where a searched text stands."""
    found: list[QTextLayout.FormatRange] = []
    for place, end in islice(find_all(text, wanted), _MOST_MARKS):
        start = len(text[:place].encode("utf-16-le", "surrogatepass")) // 2
        length = len(text[place:end].encode("utf-16-le", "surrogatepass")) // 2
        found.append(_range(start, length, ground, colour))
    return found


def _range(start: int, length: int, ground: str, colour: str) -> QTextLayout.FormatRange:
    result = QTextLayout.FormatRange()
    result.start, result.length = start, length
    shape = QTextCharFormat()
    shape.setBackground(QColor(ground))
    shape.setForeground(QColor(colour))
    result.format = shape
    return result


def _shade() -> QColor:
    return QColor(0, 0, 0, 140)


@lru_cache(maxsize=64)
def _name_colour(name: str, dark: bool) -> str:
    """The colour of a sender's name: that of the avatar, lighter where the ground is dark."""
    return QColor(ground(name)).lighter(165).name() if dark else QColor(ground(name)).darker(112).name()


def _bubble_path(rect: QRectF, mine: bool, first: bool, last: bool) -> QPainterPath:
    """Round where a run begins and ends, tight where it goes on at the sender's side."""
    near_top, near_bottom = (RADIUS if first else TIGHT), (RADIUS if last else TIGHT)
    corners = (RADIUS, near_top, near_bottom, RADIUS) if mine else (near_top, RADIUS, RADIUS, near_bottom)
    most = min(rect.width(), rect.height()) / 2
    top_left, top_right, low_right, low_left = (min(radius, most) for radius in corners)
    path = QPainterPath(QPointF(rect.left() + top_left, rect.top()))
    path.lineTo(rect.right() - top_right, rect.top())
    path.arcTo(rect.right() - 2 * top_right, rect.top(), 2 * top_right, 2 * top_right, 90, -90)
    path.lineTo(rect.right(), rect.bottom() - low_right)
    path.arcTo(rect.right() - 2 * low_right, rect.bottom() - 2 * low_right, 2 * low_right, 2 * low_right, 0, -90)
    path.lineTo(rect.left() + low_left, rect.bottom())
    path.arcTo(rect.left(), rect.bottom() - 2 * low_left, 2 * low_left, 2 * low_left, 270, -90)
    path.lineTo(rect.left(), rect.top() + top_left)
    path.arcTo(rect.left(), rect.top(), 2 * top_left, 2 * top_left, 180, -90)
    path.closeSubpath()
    return path
