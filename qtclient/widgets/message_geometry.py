"""A list view that measures only what it shows, and keeps its place. GUI thread only.

`QListView` asks for the size of every row before it shows one, and again whenever rows come. That is too slow for a
hundred thousand bubbles, so everything that has to do with places is done here: rows count with an estimate until they
come into sight, and what is in sight stays where it is while rows come and go above it. At the lower end the view stays
at the end.
"""

from __future__ import annotations

from collections.abc import Iterable

from PyQt5.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPoint,
    QRect,
    Qt,
    QTimer,
    pyqtSignal,
)
from PyQt5.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PyQt5.QtWidgets import QAbstractItemView, QAbstractSlider, QListView, QStyleOptionViewItem, QWidget

from qtclient.look import palette
from qtclient.widgets.heights import Heights
from qtclient.widgets.turns import turns

MARGIN = 12  # above the first and below the last row
_SOON = 16  # ms until appended rows are shown in the window that is used; others take turns
_ROUNDS = 8  # measuring changes what is in sight; after so many rounds it has settled


class AnchoredList(QListView):
    """See above. Subclasses give the delegate."""

    moved = pyqtSignal()  # something else is in sight

    def __init__(self, estimate: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heights = Heights(estimate)
        self._at_end = True
        self._settling = False
        self._first_new: int | None = None
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAutoScroll(False)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # so that scrolling moves pixels
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self.take_turn)
        self.setUniformItemSizes(True)  # else the list asks for the size of every row, though nothing is done with it
        self.verticalScrollBar().actionTriggered.connect(self._user_scrolls)

    # Questions

    @property
    def at_end(self) -> bool:
        """Whether the newest row is in sight, and stays so when newer ones come."""
        return self._at_end

    def rows_in_sight(self) -> range:
        """The numbers of the rows of which something is in sight."""
        if not len(self._heights):
            return range(0)
        top = self.verticalOffset() - self._origin()
        first = self._heights.row_at(max(0, top))
        return range(first, self._heights.row_at(max(0, top + self.viewport().height() - 1)) + 1)

    def visualRect(self, index: QModelIndex) -> QRect:  # noqa: N802
        if not index.isValid() or index.row() >= len(self._heights):
            return QRect()
        row = index.row()
        top = self._top_in_view(row)
        return QRect(0, top, self.viewport().width(), self._heights.height(row))

    def indexAt(self, point: QPoint) -> QModelIndex:  # noqa: N802
        y = point.y() + self.verticalOffset() - self._origin()
        if self.model() is None or not 0 <= y < self._heights.total:
            return QModelIndex()
        return self.model().index(self._heights.row_at(y), 0)

    def verticalOffset(self) -> int:  # noqa: N802
        return self.verticalScrollBar().value()

    def horizontalOffset(self) -> int:  # noqa: N802
        return 0

    def isIndexHidden(self, index: QModelIndex) -> bool:  # noqa: N802
        return False

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
        self._at_end = False
        for _ in range(3):  # what is measured on the way moves it
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
        self._settle()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        if self._settling:
            return  # whoever settles sees to the rest
        bar = self.verticalScrollBar()
        self._at_end = bar.value() >= bar.maximum() - 2
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

    def measure_again(self) -> None:
        """Fonts, words or colours are others now."""
        self._heights.forget(0, len(self._heights) - 1)
        self._settle()
        self.viewport().update()

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

    def _can_move_pixels(self) -> bool:
        """Where a pixel of ours is not a whole number of the screen's, moving them would leave seams."""
        return float(self.devicePixelRatioF()).is_integer()

    def _update_rows(self, first: int, last: int) -> None:
        sight = self.rows_in_sight()
        low, high = max(first, sight.start), min(last, sight.stop - 1)
        if low <= high:
            top, bottom = self._top_in_view(low), self._top_in_view(high) + self._heights.height(high)
            self.viewport().update(0, top, self.viewport().width(), bottom - top)

    def _origin(self) -> int:
        """Where the first row begins: few rows stand at the lower end of the view."""
        return max(MARGIN, self.viewport().height() - self._heights.total - MARGIN)

    def _top_in_view(self, row: int) -> int:
        return self._heights.top(row) + self._origin() - self.verticalOffset()

    def _user_scrolls(self, action: int) -> None:
        if action != QAbstractSlider.SliderNoAction:
            self._at_end = False

    def _start_over(self) -> None:
        count = self.model().rowCount() if self.model() is not None else 0
        self._heights.reset(count, self._heights.estimate)
        self._at_end = True
        self._settle()
        self.viewport().update()

    def _rows_gone(self, parent: QModelIndex, start: int, end: int) -> None:
        top = self._anchor()
        self._heights.remove(start, end - start + 1)
        self._heights.forget(start - 1, start)
        if top is not None and top[0] > start:
            top = (max(start, top[0] - (end - start + 1)), top[1])
        self._restore(top if len(self._heights) else None)

    def _rows_moved(self, *_: object) -> None:
        self._heights.forget(0, len(self._heights) - 1)
        self._settle()
        self.viewport().update()

    def _anchor(self) -> tuple[int, int] | None:
        """The first row in sight whose height is sure, and where it begins; None at the end, which needs none."""
        sight = self.rows_in_sight()
        if self._at_end or not sight:
            return None
        row = next((row for row in sight if self._heights.is_measured(row)), sight[0])
        return row, self._top_in_view(row)

    def _restore(self, anchor: tuple[int, int] | None) -> None:
        if anchor is not None:
            self._place(*anchor)
        self._settle()
        self.viewport().update()
        self.moved.emit()

    def _place(self, row: int, y: int) -> None:
        """Scroll so that a row begins at ``y`` in the view."""
        self._set_range()
        self._set_value(self._heights.top(row) + self._origin() - y)

    def _settle(self) -> bool:
        """Measure what is in sight, until nothing moves any more; the anchor stays. True: heights have changed."""
        if self._settling or self.model() is None:
            return False
        self._settling, changed = True, False
        try:
            for _ in range(_ROUNDS):
                anchor = self._anchor()
                self._set_range()
                if self._at_end:
                    self._set_value(self.verticalScrollBar().maximum())
                if not self._measure_sight():
                    break
                changed = True
                self._set_range()
                if anchor is not None:
                    self._set_value(self._heights.top(anchor[0]) + self._origin() - anchor[1])
        finally:
            self._settling = False
        return changed

    def _measure_sight(self) -> bool:
        """Measure the rows in sight. True: some are not as high as they were thought to be."""
        option = QStyleOptionViewItem()
        option.rect = self.viewport().rect()
        delegate, model, changed = self.itemDelegate(), self.model(), False
        for row in self.rows_in_sight():
            if not self._heights.is_measured(row):
                changed |= self._heights.put(row, delegate.sizeHint(option, model.index(row, 0)).height())
        return changed

    def _set_range(self) -> None:
        bar, view = self.verticalScrollBar(), self.viewport().height()
        bar.setPageStep(view)
        bar.setSingleStep(48)
        bar.setRange(0, max(0, self._heights.total + 2 * MARGIN - view))

    def _set_value(self, value: int) -> None:
        was, self._settling = self._settling, True
        self.verticalScrollBar().setValue(value)
        self._settling = was

    def _scroll_by(self, pixels: int) -> None:
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + pixels)
