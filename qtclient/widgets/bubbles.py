"""Paints rows of a conversation, and keeps those that are laid out. GUI thread only."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from PyQt5.QtCore import QModelIndex, QPointF, QSize, QSizeF, pyqtSignal
from PyQt5.QtGui import QFont, QPainter, QPixmap
from PyQt5.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from qtclient.records import Key, Message, TransferInfo
from qtclient.widgets.bubble_paint import BubblePainter, Marks
from qtclient.widgets.measures import Measures
from qtclient.widgets.rows import About, Place, Row, RowMaker
from qtclient.widgets.said import day_number

_ROW = 20  # pixels: no row is as low, so all that are in sight stay laid out, at some 11 KiB each
_SPARE = 8  # rows beyond those
_RUN = 5 * 60_000  # ms; a longer silence begins a new run


class Files(Protocol):
    """What the delegate asks about files (`files.FileBoard`)."""

    def transfer(self, message: Message) -> TransferInfo | None:
        """The newest transfer of the message's file."""

    def preview_size(self, message: Message) -> QSizeF | None:
        """The size of its preview, if it is a picture that can be shown."""

    def preview(self, message: Message, ratio: float) -> QPixmap | None:
        """The preview itself."""


class Bubbles(QStyledItemDelegate):
    """The delegate of a message view. Rows are laid out once for a width and a font, until they change."""

    changed = pyqtSignal()  # everything has to be measured again

    def __init__(self, role: int, files: Files, font: QFont, view: QWidget) -> None:
        super().__init__(view)
        self._role, self._files, self._view = role, files, view
        self._kept: OrderedDict[tuple[Key, int], tuple[object, Row]] = OrderedDict()
        self._whole: set[tuple[Key, int]] = set()
        self.fresh_row: int | None = None  # `Message.row` above which "new messages" stands
        self.marks = Marks()
        self.set_font(font)

    def set_font(self, font: QFont) -> None:
        """Lay everything out anew, in another font, language or theme."""
        self.measures = Measures(font)
        self._maker = RowMaker(self.measures)
        self._painter = BubblePainter(self.measures, self.marks)
        self._kept.clear()
        self.changed.emit()

    def message(self, index: QModelIndex) -> Message | None:
        """The record of a row."""
        value = index.data(self._role)
        return value if isinstance(value, Message) else None

    def unfold(self, message: Message, whole: bool) -> None:
        """Show a long text whole, or in part."""
        (self._whole.add if whole else self._whole.discard)((message.key, message.row))

    def row(self, index: QModelIndex, width: int) -> Row | None:
        """A row, laid out."""
        message = self.message(index)
        if message is None:
            return None
        name = (message.key, message.row)
        place = self._place(index, message)
        transfer = self._files.transfer(message) if message.file is not None else None
        size = self._files.preview_size(message) if message.file is not None else None
        basis = (message, place, width, transfer, size, name in self._whole)
        known = self._kept.get(name)
        if known is not None and known[0] == basis:
            self._kept.move_to_end(name)
            return known[1]
        row = self._maker.make(message, place, About(transfer, size, name in self._whole), width)
        self._kept[name] = (basis, row)
        while len(self._kept) > self._view.height() // _ROW + _SPARE:
            self._kept.popitem(last=False)
        return row

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        row = self.row(index, option.rect.width())
        return QSize(option.rect.width(), round(row.height) if row else 0)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        row = self.row(index, option.rect.width())
        if row is None:
            return
        painter.save()
        painter.translate(QPointF(option.rect.topLeft()))
        picture = None
        if row.picture is not None:
            picture = self._files.preview(row.message, painter.device().devicePixelRatioF())
        self._painter.paint(painter, row, picture)
        painter.restore()

    # Where a row stands among its neighbours

    def _place(self, index: QModelIndex, message: Message) -> Place:
        before = self.message(index.siblingAtRow(index.row() - 1)) if index.row() else None
        after = self.message(index.siblingAtRow(index.row() + 1))
        fresh = message.row == self.fresh_row
        after_fresh = after is not None and after.row == self.fresh_row
        group = message.key.kind.value == "group"
        return Place(
            first=before is None or fresh or not _same_run(before, message),
            last=after is None or after_fresh or not _same_run(message, after),
            day=before is None or day_number(before.ts) != day_number(message.ts),
            fresh=fresh,
            group=group,
        )


def _same_run(one: Message, other: Message) -> bool:
    return (
        one.sender == other.sender
        and one.mine == other.mine
        and 0 <= other.ts - one.ts < _RUN
        and day_number(one.ts) == day_number(other.ts)
    )
