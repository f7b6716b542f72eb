"""Lines of the transfers window: name, bar, what is going on. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QModelIndex, QRectF, QSize, Qt
from PyQt5.QtGui import QFont, QFontMetricsF, QPainter
from PyQt5.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from qtclient.i18n import tr
from qtclient.look import palette
from qtclient.look.icons import paint_icon
from qtclient.model.transfers import TransferRole
from qtclient.records import Phase, TransferInfo
from qtclient.widgets import said
from qtclient.widgets.file_words import transfer_status

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_SIGN, _GAP, _BAR = 40, 12, 4


class TransferDelegate(QStyledItemDelegate):
    """A sign for the direction, the name, with whom, a bar while it moves, and how far it is."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        high = QFontMetricsF(option.font).height() + QFontMetricsF(_small(option.font)).height()
        return QSize(240, round(high) + _BAR + 34)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        info = index.data(TransferRole)
        if not isinstance(info, TransferInfo):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect).adjusted(8, 2, -8, -2)
        self._paint_ground(painter, option, rect)
        sign = QRectF(rect.left() + 8, rect.center().y() - _SIGN / 2, _SIGN, _SIGN)
        self._paint_sign(painter, sign, info)
        room = QRectF(sign.right() + _GAP, rect.top() + 8, rect.right() - 12 - sign.right() - _GAP, rect.height() - 16)
        self._paint_words(painter, option.font, room, info)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem, rect: QRectF) -> None:
        colours = palette.now()
        chosen = option.state & QStyle.StateFlag.State_Selected
        hovered = option.state & QStyle.StateFlag.State_MouseOver
        if chosen or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.colour(colours.selected if chosen else colours.hover))
            painter.drawRoundedRect(rect, 10, 10)

    def _paint_sign(self, painter: QPainter, rect: QRectF, info: TransferInfo) -> None:
        colours = palette.now()
        failed = info.phase is Phase.FAILED
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.colour(colours.danger_soft if failed else colours.accent_soft))
        painter.drawEllipse(rect)
        name = "alert" if failed else "check" if info.phase is Phase.DONE else "up_arrow" if info.upload else "download"
        paint_icon(painter, rect.adjusted(10, 10, -10, -10), name, colours.danger if failed else colours.accent)

    def _paint_words(self, painter: QPainter, font: QFont, room: QRectF, info: TransferInfo) -> None:
        colours, small = palette.now(), _small(font)
        bold = QFont(font)
        bold.setWeight(QFont.Weight.DemiBold)
        tall, low = QFontMetricsF(bold), QFontMetricsF(small)
        moving = not info.phase.over
        block = tall.height() + low.height() + 2 + (_BAR + 6 if moving else 0)
        top = room.center().y() - block / 2
        whom = (
            tr("to {name}", name=said.name(info.key.name))
            if info.upload
            else tr("from {name}", name=said.name(info.key.name))
        )
        painter.setFont(small)
        wide = min(low.horizontalAdvance(whom), room.width() / 2)
        painter.setPen(palette.colour(colours.muted))
        at = QRectF(room.right() - wide, top, wide, tall.height())
        painter.drawText(at, _LEFT, low.elidedText(whom, Qt.TextElideMode.ElideRight, wide))
        painter.setFont(bold)
        painter.setPen(palette.colour(colours.text))
        left = QRectF(room.left(), top, room.width() - wide - 12, tall.height())
        painter.drawText(left, _LEFT, tall.elidedText(said.name(info.name), Qt.TextElideMode.ElideMiddle, left.width()))
        y = top + tall.height() + 2
        if moving:
            _paint_bar(painter, QRectF(room.left(), y + 3, room.width(), _BAR), info)
            y += _BAR + 6
        painter.setFont(small)
        painter.setPen(palette.colour(colours.danger if info.phase is Phase.FAILED else colours.muted))
        words = low.elidedText(transfer_status(info), Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(QRectF(room.left(), y, room.width(), low.height()), _LEFT, words)


def _paint_bar(painter: QPainter, rect: QRectF, info: TransferInfo) -> None:
    colours = palette.now()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(palette.colour(colours.line))
    painter.drawRoundedRect(rect, 2, 2)
    done = QRectF(rect)
    done.setWidth(max(4.0, rect.width() * min(1.0, info.done / info.size if info.size else 0)))
    painter.setBrush(palette.colour(colours.faint if info.phase is Phase.PAUSED else colours.accent))
    painter.drawRoundedRect(done, 2, 2)


def _small(font: QFont) -> QFont:
    result = QFont(font)
    result.setPointSizeF(max(6.0, font.pointSizeF() * 0.92))
    return result
