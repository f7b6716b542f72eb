"""A list view whose rows come and go while what is in sight stays where it is. GUI thread only."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt5.QtCore import QAbstractItemModel, QItemSelection, QItemSelectionModel, QModelIndex, QRect, Qt, QTimer
from PyQt5.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PyQt5.QtWidgets import QAbstractItemView, QAbstractSlider, QStyleOptionViewItem, QWidget

from qtclient.look import palette
from qtclient.widgets.settled_list import MARGIN, SettledList
from qtclient.widgets.turns import turns

_SOON = 16  # ms until appended rows are shown in the window that is used; others take turns


class AnchoredList(SettledList):
    """See above. Subclasses give the delegate."""

    def __init__(self, estimate: int, parent: QWidget | None = None) -> None:
        super().__init__(estimate, parent)
        self._first_new: int | None = None
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # so that scrolling moves pixels
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self.take_turn)
        self.verticalScrollBar().actionTriggered.connect(self._user_scrolls)

    # Moving about

    def go_to_end(self) -> None:
        """Show the newest row, and stay there."""
        self._at_end = True
        self._settle()
        self.viewport().update()
        self.moved.emit()

    def stay_put(self) -> None:
        """What comes below does not pull the view with it, though it shows the last row now."""
        self._at_end = False

    def go_to(self, row: int, *, part: float = 0.35) -> None:
        """Show a row, ``part`` of the view below its upper edge."""
        if not 0 <= row < len(self._heights):
            return
        for _ in range(3):  # what is measured on the way moves it
            self._at_end = False
            self._place(row, round(self.viewport().height() * part))
            self._settle()
        self.viewport().update()
        self.moved.emit()

    def scrollTo(  # noqa: N802
        self, index: QModelIndex, hint: QAbstractItemView.ScrollHint = QAbstractItemView.EnsureVisible
    ) -> None:
        rect = self.visualRect(index)
        if rect.isNull():
            return
        if hint != QAbstractItemView.EnsureVisible:
            self.go_to(index.row())
        elif rect.top() < 0 or rect.height() > self.viewport().height():
            self._scroll_by(rect.top() - MARGIN)
        elif rect.bottom() > self.viewport().height():
            self._scroll_by(rect.bottom() - self.viewport().height() + MARGIN)

    def moveCursor(  # noqa: N802
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifiers | Qt.KeyboardModifier
    ) -> QModelIndex:
        count = len(self._heights)
        if self.model() is None or not count:
            return QModelIndex()
        now = self.currentIndex().row() if self.currentIndex().isValid() else count
        sight = max(1, len(self.rows_in_sight()) - 1)
        steps = {
            QAbstractItemView.MoveUp: -1,
            QAbstractItemView.MovePrevious: -1,
            QAbstractItemView.MoveDown: 1,
            QAbstractItemView.MoveNext: 1,
            QAbstractItemView.MovePageUp: -sight,
            QAbstractItemView.MovePageDown: sight,
            QAbstractItemView.MoveHome: -count,
            QAbstractItemView.MoveEnd: count,
        }
        return self.model().index(min(count - 1, max(0, now + steps.get(action, 0))), 0)

    # What Qt tells

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802
        super().setModel(model)
        if model is not None:
            model.modelReset.connect(self._start_over)
            model.rowsRemoved.connect(self._rows_gone)
            model.rowsMoved.connect(self._rows_moved)
        self._start_over()

    def rowsInserted(self, parent: QModelIndex, start: int, end: int) -> None:  # noqa: N802
        if start == len(self._heights) and start:
            self._appended(parent, start, end)
            return
        top = self._anchor()
        self._heights.insert(start, end - start + 1)
        self._heights.forget(start - 1, end + 1)  # neighbours decide how a bubble looks
        if top is not None and top[0] >= start:
            top = (top[0] + end - start + 1, top[1])
        QAbstractItemView.rowsInserted(self, parent, start, end)
        self._restore(top)

    def rowsAboutToBeRemoved(self, parent: QModelIndex, start: int, end: int) -> None:  # noqa: N802
        QAbstractItemView.rowsAboutToBeRemoved(self, parent, start, end)  # that of a list would paint everything anew

    def dataChanged(self, first: QModelIndex, last: QModelIndex, roles: Iterable[int] = ()) -> None:  # noqa: N802
        self._heights.forget(first.row() - 1, last.row() + 1)
        if self._settle():
            self.viewport().update()
        else:
            self._update_rows(first.row() - 1, last.row() + 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        if event.oldSize().width() != event.size().width():
            self._heights.forget(0, len(self._heights) - 1)
        QAbstractItemView.resizeEvent(self, event)

    def updateGeometries(self) -> None:  # noqa: N802
        was = self._at_end
        self._settle()
        if self._at_end != was:
            self.moved.emit()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        if self._settling:
            return  # whoever settles sees to the rest
        self._at_end = self._reaches_end(self.verticalOffset())
        if self._settle() or not self._can_move_pixels():
            self.viewport().update()
        else:
            self.viewport().scroll(0, dy)
        self.moved.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        if self._first_new is None:  # else what is below waits for its turn, and nothing above it has changed
            before = self.verticalOffset()
            if self._settle() or self.verticalOffset() != before:
                self.viewport().update()  # what was asked for is painted now, the rest with the next event
        delegate, model = self.itemDelegate(), self.model()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), palette.colour(palette.now().window))
        if model is None or delegate is None:
            return
        option = QStyleOptionViewItem(self.viewOptions())
        for row in self.rows_in_sight():
            index = model.index(row, 0)
            option.rect = self.visualRect(index)
            if option.rect.intersects(event.rect()):
                delegate.paint(painter, option, index)
        painter.end()

    def setSelection(  # noqa: N802
        self, rect: QRect, command: QItemSelectionModel.SelectionFlags | QItemSelectionModel.SelectionFlag
    ) -> None:
        first, last = self.indexAt(rect.normalized().topLeft()), self.indexAt(rect.normalized().bottomRight())
        if first.isValid() and last.isValid():
            self.selectionModel().select(QItemSelection(first, last), command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:  # noqa: N802
        return QRegion(self.viewport().rect()) if selection.count() else QRegion()

    # How it is done

    def _appended(self, parent: QModelIndex, start: int, end: int) -> None:
        """Many may come in a second, in many windows: they are shown a few times a second, all at once."""
        self._heights.insert(start, end - start + 1)
        self._heights.forget(start - 1, start - 1)
        QAbstractItemView.rowsInserted(self, parent, start, end)
        if self._first_new is None:
            self._first_new = start
            if self.isActiveWindow():
                self._soon.start()
            else:
                turns().ask(self)

    def take_turn(self) -> None:
        """Show what has been appended since the last turn."""
        first, self._first_new = self._first_new, None
        if first is None:
            return
        before = self.verticalOffset()
        self._settle()
        down = self.verticalOffset() - before
        if self._can_move_pixels() and 0 <= down < self.viewport().height() and self._origin() == MARGIN:
            if down:
                self.viewport().scroll(0, -down)
            self._update_rows(first - 1, len(self._heights) - 1)
        else:
            self.viewport().update()
        self.moved.emit()

    def _user_scrolls(self, action: int) -> None:
        """Comes before the value; who turns the wheel at the end stays there."""
        if action != QAbstractSlider.SliderNoAction:
            self._at_end = self._reaches_end(self.verticalScrollBar().sliderPosition())

    def _start_over(self) -> None:
        count = self.model().rowCount() if self.model() is not None else 0
        self._heights.reset(count, self._heights.estimate)
        self._at_end = True
        self._settle()
        self.viewport().update()

    def _rows_gone(self, parent: QModelIndex, start: int, end: int) -> None:
        top, sight, count = self._anchor(), self.rows_in_sight(), end - start + 1
        high = self._heights.top(end + 1) - self._heights.top(start)
        self._heights.remove(start, count)
        self._heights.forget(start - 1, start)
        if self._first_new is not None and self._first_new > start:
            self._first_new = max(start, self._first_new - count)
        if end + 1 < sight.start and self._pull_up(high):
            return
        if top is not None and top[0] > start:
            top = (max(start, top[0] - count), top[1])
        self._restore(top if len(self._heights) else None)

    def _rows_moved(self, *_: object) -> None:
        self._heights.forget(0, len(self._heights) - 1)
        self._settle()
        self.viewport().update()
