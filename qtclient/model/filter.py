"""Finds as you type."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Protocol

from PyQt5.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, QObject, QSortFilterProxyModel, Qt

from qtclient.model.folded import folded


class Texts(Protocol):
    """A list model that can be looked through."""

    def texts(self, first: int, last: int) -> list[str]:
        """The `folded` texts of some rows."""


class FilterModel(QSortFilterProxyModel):
    """Rows whose text has all the words that were typed somewhere in it, whatever their case and width.

    It filters nothing itself: it would ask a method of ours about each of ten thousand friends, and tell the views of
    each gap between two that are found. It stands between `Found` and the views since those ask a model twice for each
    row where it is, and of this one they need not ask Python.
    """

    def __init__(self, source: QAbstractItemModel, texts: Texts, parent: QObject | None = None) -> None:
        """``source`` and ``texts`` are the same model. A text stays the same for as long as its row is there."""
        super().__init__(parent)
        self._found = Found(source, texts, self)
        self.setSourceModel(self._found)

    def set_text(self, text: str) -> None:
        """Look for this; everything is found by an empty text. What is current stays so where it is still found."""
        self._found.look_for(folded(text).split())


class Found(QAbstractListModel):
    """What is found of a source. All texts are looked through at once, and who watches is told once."""

    def __init__(self, source: QAbstractItemModel, texts: Texts, parent: QObject) -> None:
        super().__init__(parent)
        self._source, self._texts = source, texts
        self._words: list[str] = []
        self._rows: list[int] | None = None  # those of the source that are found; None: all
        self._open = False  # between the two halves of a change that can be seen
        self._connect()

    def look_for(self, words: list[str]) -> None:
        """Show the rows in whose text all of these are; without words all rows."""
        if words == self._words:
            return
        self._words = words
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [self._row(index.row()) for index in before]
        self._rows = self._search(0, self._source.rowCount() - 1)
        self.changePersistentIndexList(before, [self._index(row) for row in rows])
        self.layoutChanged.emit()

    # -- what views ask ------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """See Qt."""
        if parent.isValid():
            return 0
        return self._source.rowCount() if self._rows is None else len(self._rows)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See Qt."""
        if not index.isValid() or index.row() >= self.rowCount():
            return None
        return self._source.data(self._source.index(self._row(index.row()), 0), role)

    # -- what the source tells -----------------------------------------------------------

    def _connect(self) -> None:
        source = self._source
        source.dataChanged.connect(self._data_changed)
        source.modelAboutToBeReset.connect(self.beginResetModel)
        source.modelReset.connect(self._reset)
        source.rowsAboutToBeInserted.connect(self._inserting)
        source.rowsInserted.connect(self._inserted)
        source.rowsAboutToBeRemoved.connect(self._removing)
        source.rowsRemoved.connect(self._removed)
        source.rowsAboutToBeMoved.connect(self._moving)
        source.rowsMoved.connect(self._moved)

    def _data_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        low, high = self._span(first.row(), last.row())
        if low < high:
            self.dataChanged.emit(self.index(low), self.index(high - 1))

    def _reset(self) -> None:
        self._rows = self._search(0, self._source.rowCount() - 1)
        self.endResetModel()

    def _inserting(self, parent: QModelIndex, first: int, last: int) -> None:
        if self._rows is None:
            self.beginInsertRows(QModelIndex(), first, last)

    def _inserted(self, parent: QModelIndex, first: int, last: int) -> None:
        if self._rows is None:
            self.endInsertRows()
            return
        at, new = bisect_left(self._rows, first), self._search(first, last) or []
        count = last - first + 1
        self._rows[at:] = [row + count for row in self._rows[at:]]
        if new:
            self.beginInsertRows(QModelIndex(), at, at + len(new) - 1)
            self._rows[at:at] = new
            self.endInsertRows()

    def _removing(self, parent: QModelIndex, first: int, last: int) -> None:
        low, high = self._span(first, last)
        self._open = low < high
        if self._open:
            self.beginRemoveRows(QModelIndex(), low, high - 1)

    def _removed(self, parent: QModelIndex, first: int, last: int) -> None:
        if self._rows is not None:
            low, high = self._span(first, last)
            self._rows[low:] = [row - (last - first + 1) for row in self._rows[high:]]
        if self._open:
            self.endRemoveRows()

    def _moving(self, parent: QModelIndex, first: int, last: int, to: QModelIndex, row: int) -> None:
        low, high = self._span(first, last)
        at = row if self._rows is None else bisect_left(self._rows, row)
        self._open = low < high and not low <= at <= high
        if self._open:
            self.beginMoveRows(QModelIndex(), low, high - 1, QModelIndex(), at)

    def _moved(self, parent: QModelIndex, first: int, last: int, to: QModelIndex, row: int) -> None:
        """Nobody else has come or gone, so the same number is found, at other places."""
        if self._rows is not None:
            count = last - first + 1
            low, high, shift = (last + 1, row, -count) if row > last else (row, first, count)
            away = row - last - 1 if row > last else row - first
            self._rows = sorted(
                one + away if first <= one <= last else one + shift if low <= one < high else one for one in self._rows
            )
        if self._open:
            self.endMoveRows()

    # -- how it is done ------------------------------------------------------------------

    def _search(self, first: int, last: int) -> list[int] | None:
        if not self._words:
            return None
        words, longest = self._words, max(self._words, key=len)
        found = [row for row, text in enumerate(self._texts.texts(first, last), first) if longest in text]
        if len(words) == 1:
            return found
        texts = self._texts.texts(first, last)
        return [row for row in found if all(word in texts[row - first] for word in words)]

    def _row(self, at: int) -> int:
        """In the source."""
        return at if self._rows is None else self._rows[at]

    def _index(self, row: int) -> QModelIndex:
        """Of a row of the source; invalid where it is not found."""
        low, high = self._span(row, row)
        return self.index(low) if low < high else QModelIndex()

    def _span(self, first: int, last: int) -> tuple[int, int]:
        """Which of ours are those rows of the source: from, and up to but not with."""
        if self._rows is None:
            return first, last + 1
        return bisect_left(self._rows, first), bisect_left(self._rows, last + 1)
