"""Lines of lists: conversations, friends, groups, members, hits. An avatar, a title, a second line. GUI thread only."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from PyQt5.QtCore import QModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PyQt5.QtGui import QFont, QFontMetricsF, QPainter, QPixmap
from PyQt5.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from chatwire.folding import find
from qtclient.i18n import tr
from qtclient.look import palette
from qtclient.look.avatar import paint_avatar, paint_presence
from qtclient.look.icons import paint_icon
from qtclient.records import Conversation, Friend, Hit, Key, Kind, Member
from qtclient.widgets import said

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter)
_GAP = 12
_KEPT = 40  # lines that stay painted
_BEFORE, _SHOWN = 12, 200  # characters of a found message: before the word, and in all


@dataclass(frozen=True)
class Line:
    """What one line shows. ``second`` begins with ``lead``, which is drawn in the accent."""

    name: str
    title: str
    group: bool = False
    online: bool = False
    second: str = ""
    lead: str = ""
    corner: str = ""
    badge: str = ""
    muted: bool = False
    strong: bool = False
    tag: str = ""
    mark: str = ""  # a word that is marked in the second line


def of_conversation(record: Conversation, me: str = "") -> Line:
    """A line of the list of conversations; ``me`` is the user."""
    group = record.key.kind is Kind.GROUP
    lead, second = "", said.name(record.preview)
    if record.draft.strip():
        lead, second = tr("Draft:"), said.name(record.draft)
    elif record.preview_is_file:
        second = tr("File: {name}", name=second)
    mine = record.preview_sender == me
    if record.preview_sender and second and not record.draft.strip() and (group or mine):
        who = tr("You") if mine else said.name(record.preview_sender)
        second = tr("{who}: {text}", who=who, text=second)
    return Line(
        record.key.name,
        said.name(record.key.name),
        group,
        record.online,
        second or tr("No messages yet"),
        lead,
        said.brief(record.ts),
        badge(record.unread),
        record.muted,
        record.unread > 0,
    )


def of_friend(record: Friend) -> Line:
    """A line of the list of friends."""
    state = tr("online") if record.online else tr("offline")
    return Line(record.name, said.name(record.name), online=record.online, second=state)


def of_group(record: str) -> Line:
    """A line of the list of groups."""
    return Line(record, said.name(record), group=True, second=tr("Group"))


def of_member(record: Member) -> Line:
    """A line of the list of members."""
    state = tr("online") if record.online else tr("offline")
    tag = tr("owner") if record.role == "owner" else ""
    return Line(record.name, said.name(record.name), online=record.online, second=state, tag=tag)


def of_hit(record: Hit, wanted: str = "") -> Line:
    """A message that was found; the part of it where the first ``wanted`` word stands."""
    message = record.message
    word = wanted.split()[0] if wanted.strip() else ""
    text = said.name(message.file.name if message.file is not None else _around(message.text, word))
    who = tr("You") if message.mine else said.name(message.sender)
    return Line(
        record.key.name,
        said.name(record.key.name),
        record.key.kind is Kind.GROUP,
        second=tr("{who}: {text}", who=who, text=text),
        corner=said.brief(message.ts),
        mark=word,
    )


def key_of(record: object) -> Key | None:
    """The conversation that a line of a list stands for."""
    if isinstance(record, Conversation):
        return record.key
    if isinstance(record, Friend):
        return Key(Kind.PEER, record.name)
    return Key(Kind.GROUP, record) if isinstance(record, str) else None


def badge(count: int) -> str:
    """A count as a badge shows it."""
    return "" if count <= 0 else str(count) if count < 1000 else "999+"


_LINES: dict[type, Callable[..., Line]] = {
    Conversation: of_conversation,
    Friend: of_friend,
    str: of_group,
    Member: of_member,
    Hit: of_hit,
}


class RosterDelegate(QStyledItemDelegate):
    """Paints records of the kinds above; ``avatar`` is the size of the disc."""

    def __init__(self, role: int, avatar: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._role, self._avatar = role, avatar
        self.me = ""  # the user's name
        self.found = ""  # what was searched for
        self._kept: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        lines = QFontMetricsF(option.font).height() + QFontMetricsF(_small(option.font)).height() + 2
        return QSize(200, max(self._avatar, round(lines)) + 20)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        record = index.data(self._role)
        make = _LINES.get(type(record))
        if make is None:
            return
        if isinstance(record, Conversation):
            line = of_conversation(record, self.me)
        else:
            line = of_hit(record, self.found) if isinstance(record, Hit) else make(record)
        painter.drawPixmap(option.rect.topLeft(), self._picture(painter, option, line))

    def _picture(self, painter: QPainter, option: QStyleOptionViewItem, line: Line) -> QPixmap:
        """A line is painted once for as long as it does not change: lists are painted again and again."""
        ratio = painter.device().devicePixelRatioF()
        name = (line, option.rect.size().width(), int(option.state), option.font.key(), palette.now().dark, ratio)
        picture = self._kept.get(name)
        if picture is None:
            picture = QPixmap(option.rect.size() * ratio)
            picture.setDevicePixelRatio(ratio)
            picture.fill(Qt.GlobalColor.transparent)
            inner = QPainter(picture)
            inner.setRenderHint(QPainter.RenderHint.Antialiasing)
            here = QStyleOptionViewItem(option)
            here.rect = QRect(QPoint(0, 0), option.rect.size())
            self._paint(inner, here, line)
            inner.end()
            self._kept[name] = picture
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(name)
        return picture

    def _paint(self, painter: QPainter, option: QStyleOptionViewItem, line: Line) -> None:
        colours = palette.now()
        rect = QRectF(option.rect).adjusted(8, 1, -8, -1)
        ground = _ground(option)
        if ground:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour(ground))
            painter.drawRoundedRect(rect, 10, 10)
        disc = QRectF(rect.left() + 8, rect.center().y() - self._avatar / 2, self._avatar, self._avatar)
        painter.setFont(option.font)
        paint_avatar(painter, disc, line.name, group=line.group)
        if not line.group:
            paint_presence(painter, disc, line.online, ground or colours.panel)
        if (
            line.title
            and option.state & QStyle.StateFlag.State_HasFocus
            and option.state & QStyle.StateFlag.State_Selected
        ):
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(palette.colour(colours.accent))
            painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        room = QRectF(disc.right() + _GAP, rect.top(), rect.right() - 10 - disc.right() - _GAP, rect.height())
        self._paint_words(painter, option.font, room, line)

    def _paint_words(self, painter: QPainter, font: QFont, room: QRectF, line: Line) -> None:
        colours = palette.now()
        title, small = _title(font, strong=line.strong or bool(line.badge)), _small(font)
        tall, low = QFontMetricsF(title), QFontMetricsF(small)
        top = room.center().y() - (tall.height() + low.height() + 2) / 2
        first = QRectF(room.left(), top, room.width(), tall.height())
        second = QRectF(room.left(), first.bottom() + 2, room.width(), low.height())
        first.setRight(self._paint_corner(painter, small, first, line))
        second.setRight(_paint_badge(painter, small, second, line))
        painter.setFont(title)
        painter.setPen(palette.colour(colours.text))
        painter.drawText(first, _LEFT, tall.elidedText(line.title, Qt.TextElideMode.ElideRight, first.width()))
        painter.setFont(small)
        if line.lead:
            painter.setPen(palette.colour(colours.accent))
            painter.drawText(second, _LEFT, line.lead)
            second.setLeft(second.left() + low.horizontalAdvance(line.lead + " "))
        painter.setPen(palette.colour(colours.muted))
        shown = low.elidedText(line.second, Qt.TextElideMode.ElideRight, max(0, second.width()))
        painter.drawText(second, _LEFT, shown)
        if line.mark:
            _paint_mark(painter, second, shown, line.mark)

    def _paint_corner(self, painter: QPainter, font: QFont, first: QRectF, line: Line) -> float:
        """Time or tag at the right of the first line; returns where the title has to end."""
        colours, metrics = palette.now(), QFontMetricsF(font)
        right = first.right()
        painter.setFont(font)
        if line.corner or line.tag:
            words = line.corner or line.tag
            painter.setPen(palette.colour(colours.accent if line.badge and not line.muted else colours.muted))
            painter.drawText(first, _RIGHT, words)
            right -= metrics.horizontalAdvance(words) + 8
        if line.muted:
            sign = QRectF(right - 16, first.center().y() - 7, 14, 14)
            paint_icon(painter, sign, "bell_off", colours.faint)
            right -= 22
        return right


def _paint_badge(painter: QPainter, font: QFont, second: QRectF, line: Line) -> float:
    """The count at the right of the second line; returns where the words have to end."""
    if not line.badge:
        return second.right()
    colours = palette.now()
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    metrics = QFontMetricsF(bold)
    high = metrics.height() + 2
    wide = max(high, metrics.horizontalAdvance(line.badge) + 12)
    pill = QRectF(second.right() - wide, second.center().y() - high / 2, wide, high)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.colour(colours.quiet_badge if line.muted else colours.button))
    painter.drawRoundedRect(pill, high / 2, high / 2)
    painter.setFont(bold)
    painter.setPen(palette.colour(colours.on_button))
    painter.drawText(pill, _CENTRE, line.badge)
    return pill.left() - 8


def _paint_mark(painter: QPainter, rect: QRectF, shown: str, word: str) -> None:
    """The word again, on the colour of what was found."""
    place, end = find(shown, word)
    if place < 0:
        return
    colours, metrics = palette.now(), QFontMetricsF(painter.font())
    found = shown[place:end]
    left = rect.left() + metrics.horizontalAdvance(shown[:place])
    spot = QRectF(left, rect.top(), metrics.horizontalAdvance(found), rect.height())
    painter.fillRect(spot, palette.colour(colours.mark))
    painter.setPen(palette.colour(colours.on_mark))
    painter.drawText(spot, _LEFT | int(Qt.TextFlag.TextDontClip), found)


def _ground(option: QStyleOptionViewItem) -> str:
    if option.state & QStyle.StateFlag.State_Selected:
        return palette.now().selected
    if option.state & QStyle.StateFlag.State_MouseOver:
        return palette.now().hover
    return ""


def _title(font: QFont, *, strong: bool) -> QFont:
    result = QFont(font)
    result.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Medium)
    return result


def _small(font: QFont) -> QFont:
    result = QFont(font)
    result.setPointSizeF(max(6.0, font.pointSizeF() * 0.92))
    return result


def _around(text: str, word: str) -> str:
    """The part of a text in which a word stands, as far as a line can show it."""
    place, _ = find(text, word)
    start = max(0, place - _BEFORE)
    return ("…" if start else "") + text[start : start + _SHOWN]
