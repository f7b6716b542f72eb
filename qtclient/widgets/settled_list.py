"""A list view that measures only what it shows: where its rows are. GUI thread only.

`QListView` asks for the size of every row before it shows one, and again whenever rows come. That is too slow for a
hundred thousand bubbles, so everything that has to do with places is done here: rows count with an estimate until they
come into sight, and what is in sight stays where it is. At the lower end the view stays at the end.
"""

from __future__ import annotations

from PyQt5.QtCore import QModelIndex, QPoint, QRect, Qt, pyqtSignal
from PyQt5.QtWidgets import QAbstractItemView, QListView, QStyleOptionViewItem, QWidget

from qtclient.widgets.heights import Heights

MARGIN = 12  # above the first and below the last row
_ROUNDS = 8  # measuring changes what is in sight; after so many rounds it has settled


class SettledList(QListView):
    """The places of rows. `AnchoredList` tells it what comes and goes."""

    moved = pyqtSignal()  # something else is in sight

    def __init__(self, estimate: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heights = Heights(estimate)
        self._at_end = True
        self._settling = False
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAutoScroll(False)
        self.setUniformItemSizes(True)  # else the list asks for the size of every row, though nothing is done with it

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

    # For what is built on it

    def measure_again(self) -> None:
        """Fonts, words or colours are others now."""
        self._heights.forget(0, len(self._heights) - 1)
        self._settle()
        self.viewport().update()

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

    def _pull_up(self, high: int) -> bool:
        """So many pixels are gone above what is in sight, which is neither measured nor painted again. False: it is."""
        if self._origin() != MARGIN or self._settling:
            return False
        value, self._settling = self.verticalOffset() - high, True
        self._set_range()
        self._set_value(value)
        self._settling = False
        return self.verticalOffset() == value

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
        self._at_end = self._at_end or self._reaches_end(self.verticalOffset())
        return changed

    def _reaches_end(self, value: int) -> bool:
        """Whether the newest row is in sight when the view is scrolled to there."""
        return value >= self.verticalScrollBar().maximum() - 2

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
