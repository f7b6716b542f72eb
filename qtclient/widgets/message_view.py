"""The messages of one conversation: what a mouse and a keyboard can do with bubbles. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPoint, QPointF, QSize, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
)
from PyQt5.QtWidgets import QAbstractItemView, QApplication, QToolTip, QWidget

from qtclient.i18n import tr
from qtclient.records import Message
from qtclient.widgets import said, tips
from qtclient.widgets.bubbles import Bubbles, Files
from qtclient.widgets.file_words import Deed, deeds
from qtclient.widgets.links import plainly
from qtclient.widgets.message_geometry import AnchoredList
from qtclient.widgets.rows import Row, Zone
from qtclient.widgets.worded import set_role

_FLASH = 1600  # ms that a hit which was jumped to stays marked
_NEAR = 1.5  # views above the upper edge: the next older page is wanted


class MessageView(AnchoredList):
    """Shows a `MessagesModel`. What the user wants done with a message comes out as ``wanted``."""

    wanted = pyqtSignal(object, object, str)  # Message, Deed, a value such as a link
    menu_wanted = pyqtSignal(object, QPoint)  # Message, where on the screen
    older_wanted = pyqtSignal()
    left = pyqtSignal()  # by Escape
    read = pyqtSignal()  # the newest message is in sight

    def __init__(self, role: int, files: Files, parent: QWidget | None = None) -> None:
        super().__init__(44, parent)
        self._bubbles = Bubbles(role, files, QFont(self.font()), self)
        self.setItemDelegate(self._bubbles)
        self._pressed: tuple[int, Zone | None, int] | None = None  # row's name, zone, place in the text
        self._unflash = QTimer(self)
        self._unflash.setSingleShot(True)
        self._unflash.setInterval(_FLASH)
        self._unflash.timeout.connect(self._end_flash)
        self.moved.connect(self._look_around)
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        set_role(self, "messages")

    # What is shown

    def set_fresh(self, row: int | None) -> None:
        """Draw the line of new messages above the message with this ``row``."""
        if row != self._bubbles.fresh_row:
            self._bubbles.fresh_row = row
            self.measure_again()

    def mark_found(self, text: str) -> None:
        """Mark a text in all messages; empty: no more."""
        self._bubbles.marks.found = text
        self.viewport().update()

    def show_row(self, number: int) -> None:
        """Scroll to a row of the model, and draw the eye to it."""
        message = self._message(self.model().index(number, 0))
        if message is not None:
            self._bubbles.marks.flashed = message.row
            self._unflash.start()
            self.go_to(number)

    def files_changed(self) -> None:
        """Transfers or previews are others now."""
        sight = self.rows_in_sight()
        if sight:
            self.dataChanged(self.model().index(sight[0], 0), self.model().index(sight[-1], 0))

    def tell_files_in_sight(self, paths: set[str]) -> None:
        """Put the paths of all files that are shown into ``paths``."""
        if not self.isVisible():
            return
        for number in self.rows_in_sight():
            message = self._message(self.model().index(number, 0))
            if message is not None and message.file is not None:
                paths.add(message.file.path)

    def chosen_text(self) -> str:
        """What was chosen by the mouse; else the whole message that the keyboard is on."""
        chosen = self._bubbles.marks.chosen
        if chosen is not None and chosen[1] != chosen[2]:
            row = self._row_named(chosen[0])
            return row.text.part(chosen[1], chosen[2]) if row is not None and row.text is not None else ""
        message = self._message(self.currentIndex())
        if message is None:
            return ""
        return said.name(message.file.name) if message.file is not None else said.text(message.text)

    def copy(self) -> None:
        """Put that on the clipboard."""
        text = self.chosen_text()
        if text:
            QApplication.clipboard().setText(text)

    def unfold(self, message: Message, whole: bool) -> None:
        """Show a long text whole, or in part."""
        self._bubbles.unfold(message, whole)
        for number in self.rows_in_sight():
            index = self.model().index(number, 0)
            if self._message(index) == message:
                self.dataChanged(index, index)

    # Mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() != Qt.MouseButton.LeftButton:
            return
        _, row, spot = self._under(event.pos())
        self._bubbles.marks.chosen = None
        self._pressed = None
        if row is not None:
            place = row.text.cursor_at(spot - row.text_at) if row.text is not None else 0
            self._pressed = (row.message.row, row.zone_at(spot), place)
        self._go_on(QModelIndex())
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        _, row, spot = self._under(event.pos())
        if event.buttons() & Qt.MouseButton.LeftButton and self._pressed is not None:
            self._choose(event.pos())
            return
        zone = row.zone_at(spot) if row is not None else None
        over_text = row is not None and row.text is not None and row.bubble.contains(spot)
        shape = Qt.CursorShape.PointingHandCursor if zone else Qt.CursorShape.IBeamCursor if over_text else None
        self.viewport().setCursor(shape if shape is not None else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        pressed, self._pressed = self._pressed, None
        _, row, spot = self._under(event.pos())
        chosen = self._bubbles.marks.chosen
        if pressed is None or row is None or row.message.row != pressed[0] or (chosen and chosen[1] != chosen[2]):
            return
        zone = row.zone_at(spot)
        if (
            zone is not None
            and pressed[1] is not None
            and zone.deed is pressed[1].deed
            and zone.value == pressed[1].value
        ):
            self.wanted.emit(row.message, zone.deed, zone.value)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        _, row, spot = self._under(event.pos())
        if row is not None and row.text is not None and row.bubble.contains(spot) and row.zone_at(spot) is None:
            start, end = row.text.word_at(spot - row.text_at)
            self._bubbles.marks.chosen = (row.message.row, start, end)
            self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            spot = self.visualRect(index).center() if index.isValid() else QPoint()
        else:
            index, spot = self.indexAt(event.pos()), event.pos()
        message = self._message(index)
        if message is not None:
            self.menu_wanted.emit(message, self.viewport().mapToGlobal(spot))

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            _, row, spot = self._under(event.pos())
            QToolTip.showText(event.globalPos(), tips.plain(_tip(row, spot)) if row is not None else "", self)
            return True
        return super().viewportEvent(event)

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._do_first()
        elif event.key() == Qt.Key.Key_Escape:
            self._go_on(QModelIndex())
            self.left.emit()
        elif event.key() == Qt.Key.Key_End:
            self.go_to_end()
            super().keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def currentChanged(self, now: QModelIndex, before: QModelIndex) -> None:  # noqa: N802
        message = self._message(now)
        self._bubbles.marks.current = message.row if message is not None else None
        super().currentChanged(now, before)
        if now.isValid():
            self.scrollTo(now)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        if event.reason() != Qt.FocusReason.PopupFocusReason:
            self._go_on(QModelIndex())
        super().focusOutEvent(event)

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802
        super().setModel(model)
        self._look_around()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._look_around()  # where a few rows are all there is, nobody can scroll to ask for more

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        kinds = (QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.LanguageChange)
        if event.type() in kinds and hasattr(self, "_bubbles"):  # a style sheet reaches the list before it is whole
            self._bubbles.set_font(QFont(self.font()))
            self.measure_again()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(480, 400)

    # How it is done

    def _message(self, index: QModelIndex) -> Message | None:
        return self._bubbles.message(index) if index.isValid() else None

    def _under(self, point: QPoint) -> tuple[QModelIndex, Row | None, QPointF]:
        index = self.indexAt(point)
        if not index.isValid():
            return index, None, QPointF()
        row = self._bubbles.row(index, self.viewport().width())
        return index, row, QPointF(point - self.visualRect(index).topLeft())

    def _row_named(self, name: int) -> Row | None:
        for number in self.rows_in_sight():
            index = self.model().index(number, 0)
            message = self._message(index)
            if message is not None and message.row == name:
                return self._bubbles.row(index, self.viewport().width())
        return None

    def _choose(self, point: QPoint) -> None:
        assert self._pressed is not None
        _, row, spot = self._under(point)
        if row is None or row.text is None or row.message.row != self._pressed[0]:
            return
        self._bubbles.marks.chosen = (row.message.row, self._pressed[2], row.text.cursor_at(spot - row.text_at))
        self.viewport().update()

    def _do_first(self) -> None:
        """Enter on a message does what a click on its sign would do."""
        index = self.currentIndex()
        row = self._bubbles.row(index, self.viewport().width()) if index.isValid() else None
        if row is None:
            return
        if row.zones:
            self.wanted.emit(row.message, row.zones[0].deed, row.zones[0].value)
        elif row.text is not None and row.text.links:
            self.wanted.emit(row.message, Deed.LINK, row.text.links[0].url)

    def _go_on(self, index: QModelIndex) -> None:
        if self.selectionModel() is not None:
            self.setCurrentIndex(index)

    def _look_around(self) -> None:
        if self.model() is None:
            return
        if self.verticalOffset() < self.viewport().height() * _NEAR:
            self.older_wanted.emit()
        if self.at_end:
            self.read.emit()

    def _end_flash(self) -> None:
        self._bubbles.marks.flashed = None
        self.viewport().update()


def _tip(row: Row, spot: QPointF) -> str:
    zone = row.zone_at(spot)
    if zone is not None and zone.deed is Deed.LINK:
        return plainly(zone.value)
    if row.card is not None and row.message.file is not None and row.card.name_at.contains(spot):
        return said.name(row.message.file.name)
    if not row.bubble.contains(spot):
        return ""
    state = said.state(row.message.sent)
    when = said.full(row.message.ts)
    return tr("{state} · {time}", state=state, time=when) if state else when


def menu_deeds(message: Message, files: Files) -> list[Deed]:
    """What the menu of a message offers besides copying."""
    return deeds(message, files.transfer(message))
