"""Where everything in one row of a conversation is: lines above, bubble, words, card, stamp. Painting is `bubbles`.

All rectangles count from the row's upper left corner. GUI thread only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from PyQt5.QtCore import QPointF, QRectF, QSizeF, Qt

from qtclient.i18n import tr
from qtclient.look import palette
from qtclient.records import Message, Sent, TransferInfo
from qtclient.widgets import said
from qtclient.widgets.file_words import Deed, deeds, share, status, words
from qtclient.widgets.measures import (
    AVATAR,
    AVATAR_GAP,
    BETWEEN,
    CARD_MIN,
    PAD_X,
    PAD_Y,
    SIDE,
    SIGN,
    WITHIN,
    Measures,
)
from qtclient.widgets.texts import Text, lay_out

_LINE_ABOVE = 40  # the room of a day line, at least
_STAMP_GAP = 10  # between the last word and the time
_DEED_GAP = 16  # between the deeds of a card


@dataclass(frozen=True)
class Place:
    """What the neighbours decide: is this the first or last of a run of one sender, does a line stand above it."""

    first: bool = True
    last: bool = True
    day: bool = False
    fresh: bool = False
    group: bool = False


@dataclass(frozen=True)
class Zone:
    """A spot that does something when it is clicked."""

    rect: QRectF
    deed: Deed
    value: str = ""


@dataclass
class Card:
    """A file in a bubble."""

    sign: QRectF
    name: str
    name_at: QRectF
    status: str
    status_at: QRectF
    bar: QRectF | None
    share: float


@dataclass
class Row:
    """One row, laid out for one width."""

    message: Message
    place: Place
    width: float
    height: float = 0.0
    day: str = ""
    day_at: QRectF = field(default_factory=QRectF)
    fresh_at: QRectF = field(default_factory=QRectF)
    bubble: QRectF = field(default_factory=QRectF)
    avatar: QRectF | None = None
    name: str = ""
    name_at: QRectF = field(default_factory=QRectF)
    text: Text | None = None
    text_at: QPointF = field(default_factory=QPointF)
    picture: QRectF | None = None
    card: Card | None = None
    stamp: str = ""
    stamp_at: QRectF = field(default_factory=QRectF)
    problem: str = ""
    problem_at: QRectF = field(default_factory=QRectF)
    zones: list[Zone] = field(default_factory=list)

    def zone_at(self, spot: QPointF) -> Zone | None:
        """The zone under a spot; links in the text are zones, too."""
        for zone in self.zones:
            if zone.rect.contains(spot):
                return zone
        if self.text is not None:
            link = self.text.link_at(spot - self.text_at)
            if link is not None:
                return Zone(QRectF(spot, QSizeF(1, 1)), Deed.LINK, link.url)
        return None


@dataclass(frozen=True)
class About:
    """What is known of a message's file: its transfer, the size of its preview, and whether a long text is whole."""

    transfer: TransferInfo | None = None
    picture: QSizeF | None = None
    whole: bool = False


class RowMaker:
    """Lays rows out, one at a time, from top to bottom."""

    def __init__(self, measures: Measures) -> None:
        self._of = measures

    def make(self, message: Message, place: Place, about: About, width: float) -> Row:
        """Measure everything."""
        row = Row(message, place, width)
        top = self._above(row)
        row.stamp = said.clock(message.ts)
        top += BETWEEN if place.first and not (place.day or place.fresh) else WITHIN
        if message.file is not None and about.picture is not None:
            self._picture(row, top, about.picture)
        elif message.file is not None:
            self._card(row, top, about.transfer)
        else:
            self._words(row, top, about.whole)
        self._below(row)
        return row

    def _above(self, row: Row) -> float:
        of, top = self._of, 0.0
        room = max(_LINE_ABOVE, of.small_line + 20)
        if row.place.day:
            row.day = said.day(row.message.ts)
            row.day_at = QRectF(0, top, row.width, room)
            top += room
        if row.place.fresh:
            row.fresh_at = QRectF(0, top, row.width, room)
            top += room
        return top

    def _words(self, row: Row, top: float, whole: bool) -> None:
        of, message = self._of, row.message
        colours = palette.now()
        inside = of.widest(row.width, row.place.group) - 2 * PAD_X
        colour = colours.on_mine if message.mine else colours.accent
        text = lay_out(message.text, inside, of, whole=whole, link_colour=colour)
        row.text = text
        name = self._name(row, inside)
        stamp = self._stamp_width(row)
        fold = self._fold_width(text)
        same_line = not fold and text.last + _STAMP_GAP + stamp <= inside
        least = text.last + _STAMP_GAP + stamp if same_line else fold + _STAMP_GAP + stamp if fold else stamp
        wide = max(text.width, name, min(least, inside))
        high = text.height + (of.name_metrics.height() + 2 if name else 0) + (0 if same_line else of.small_line + 2)
        self._bubble(row, top, wide + 2 * PAD_X, high + 2 * PAD_Y)
        row.text_at = row.bubble.topLeft() + QPointF(PAD_X, PAD_Y + (of.name_metrics.height() + 2 if name else 0))
        self._put_stamp(row, stamp)
        if text.foldable:
            deed = Deed.MORE if text.folded else Deed.LESS
            spot = QRectF(row.bubble.left() + PAD_X, row.stamp_at.top(), fold, of.small_line)
            row.zones.append(Zone(spot, deed))

    def _card(self, row: Row, top: float, transfer: TransferInfo | None) -> None:
        of, message = self._of, row.message
        assert message.file is not None
        widest = of.widest(row.width, row.place.group) - 2 * PAD_X
        full, second = said.name(message.file.name), status(message, transfer)
        beside = SIGN + 12
        todo, filled = deeds(message, transfer), share(message, transfer)
        short = not todo and filled is None  # no line of deeds: the stamp stands behind the status
        tail = self._stamp_width(row) + _STAMP_GAP if short else 0
        second_wide = of.small_metrics.horizontalAdvance(second) + tail
        wanted = beside + max(of.bold_metrics.horizontalAdvance(full), second_wide) + 2
        below = sum(of.bold_metrics.horizontalAdvance(words(deed)) + _DEED_GAP for deed in todo) + self._stamp_width(
            row
        )
        name = self._name(row, widest)
        wide = min(widest, max(wanted, below, name, CARD_MIN * max(1.0, of.line / 18)))
        high = max(SIGN, of.line + of.small_line + 2)
        high += 0 if short else 4 + (10 if filled is not None else 0) + of.line + 4
        head = of.name_metrics.height() + 4 if name else 0
        self._bubble(row, top, wide + 2 * PAD_X, high + head + 2 * PAD_Y)
        left, y = row.bubble.left() + PAD_X, row.bubble.top() + PAD_Y + head
        room = wide - beside
        block = of.line + of.small_line + 2
        start = y + max(0.0, (SIGN - block) / 2)
        elided = of.bold_metrics.elidedText(full, Qt.TextElideMode.ElideMiddle, room)
        row.card = Card(
            QRectF(left, y + max(0.0, (block - SIGN) / 2), SIGN, SIGN),
            elided,
            QRectF(left + beside, start, room, of.line),
            of.small_metrics.elidedText(second, Qt.TextElideMode.ElideRight, room - tail),
            QRectF(left + beside, start + of.line + 2, room, of.small_line),
            QRectF(left, y + max(SIGN, block) + 8, wide, 4) if filled is not None else None,
            filled or 0.0,
        )
        self._put_stamp(row, self._stamp_width(row))
        if todo:
            row.zones.append(Zone(QRectF(left, y, SIGN, SIGN), todo[0]))
        self._deeds(row, todo, left)

    def _picture(self, row: Row, top: float, size: QSizeF) -> None:
        of = self._of
        widest = of.widest(row.width, row.place.group) - 8
        factor = min(1.0, widest / max(1.0, size.width()))
        wide, high = max(96.0, size.width() * factor), max(64.0, size.height() * factor)
        name = self._name(row, wide - 2 * PAD_X)
        head = of.name_metrics.height() + 8 if name else 0
        self._bubble(row, top, wide + 8, high + 8 + head)
        row.name_at.translate(0, -2)
        row.picture = QRectF(row.bubble.left() + 4, row.bubble.top() + 4 + head, wide, high)
        stamp = self._stamp_width(row)
        corner = row.picture.bottomRight() - QPointF(stamp + 14, of.small_line + 10)
        row.stamp_at = QRectF(corner, QSizeF(stamp, of.small_line))
        row.zones.append(Zone(row.picture, Deed.PICTURE))

    def _deeds(self, row: Row, todo: list[Deed], left: float) -> None:
        of = self._of
        x = left
        for deed in todo:
            wide = of.bold_metrics.horizontalAdvance(words(deed))
            if x + wide > row.stamp_at.left() - 4:
                break
            row.zones.append(Zone(QRectF(x, row.stamp_at.bottom() - of.line, wide, of.line), deed, words(deed)))
            x += wide + _DEED_GAP

    def _name(self, row: Row, widest: float) -> float:
        """The sender's name above the words: of others, in groups, at the start of a run. Returns its width."""
        if not row.place.group or row.message.mine or not row.place.first:
            return 0.0
        of = self._of
        row.name = of.name_metrics.elidedText(said.name(row.message.sender), Qt.TextElideMode.ElideRight, widest)
        return of.name_metrics.horizontalAdvance(row.name) + 2

    def _bubble(self, row: Row, top: float, wide: float, high: float) -> None:
        wide, high = round(wide + 0.5), round(high + 0.5)
        left = round(row.width) - SIDE - wide if row.message.mine else SIDE
        if row.place.group and not row.message.mine:
            left += AVATAR + AVATAR_GAP
        row.bubble = QRectF(left, round(top), wide, high)
        if row.place.group and not row.message.mine and row.place.last:
            row.avatar = QRectF(SIDE, row.bubble.bottom() - AVATAR, AVATAR, AVATAR)
        row.name_at = QRectF(
            row.bubble.left() + PAD_X,
            row.bubble.top() + PAD_Y,
            row.bubble.width() - 2 * PAD_X,
            self._of.name_metrics.height(),
        )

    def _below(self, row: Row) -> None:
        of, message = self._of, row.message
        row.height = row.bubble.bottom()
        if message.sent is Sent.FAILED:
            row.problem = said.text(message.problem).replace("\n", " ") or tr("Not sent")
            y, x = row.bubble.bottom() + 4, row.bubble.right()
            for deed in (Deed.DISCARD, Deed.RETRY):
                wide = of.name_metrics.horizontalAdvance(words(deed)) + 2
                x -= wide
                row.zones.append(Zone(QRectF(x, y, wide, of.small_line + 2), deed, words(deed)))
                x -= 12
            room = max(0.0, x - SIDE)
            row.problem = of.small_metrics.elidedText(row.problem, Qt.TextElideMode.ElideRight, room)
            row.problem_at = QRectF(SIDE, y, room, of.small_line + 2)
            row.height = y + of.small_line + 2
        row.height = float(round(row.height + 0.49))

    def _stamp_width(self, row: Row) -> float:
        return self._of.small_metrics.horizontalAdvance(row.stamp) + (self._of.glyph + 4 if row.message.mine else 0)

    def _fold_width(self, text: Text) -> float:
        if not text.foldable:
            return 0.0
        return self._of.name_metrics.horizontalAdvance(words(Deed.MORE if text.folded else Deed.LESS)) + 2

    def _put_stamp(self, row: Row, wide: float) -> None:
        corner = row.bubble.bottomRight() - QPointF(PAD_X, PAD_Y)
        row.stamp_at = QRectF(corner.x() - wide, corner.y() - self._of.small_line + 1, wide, self._of.small_line)
