"""Models of short lists that stay sorted: rows are inserted, moved and removed one by one, never reset."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable
from typing import Any, Generic, TypeVar

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QObject, Qt

from qtclient.model.folded import folded

Record = TypeVar("Record")
FEW = 200  # changes at once, above which the model is reset: nobody has seen the list yet

RecordRole = Qt.ItemDataRole.UserRole + 1


class SortedModel(QAbstractListModel, Generic[Record]):
    """Records with a name and a place. The windows' thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records: dict[Hashable, Record] = {}
        self._order: list[tuple[Any, Hashable]] = []

    # -- to be said by each model ----------------------------------------------------

    def name_of(self, record: Record) -> Hashable:
        """What tells it from the others."""
        raise NotImplementedError

    def place_of(self, record: Record) -> Any:
        """By what it is sorted; two records never have the same."""
        raise NotImplementedError

    def text_of(self, record: Record) -> str:
        """What is shown where only a text can be."""
        raise NotImplementedError

    def spoken(self, record: Record) -> str:
        """What a screen reader says."""
        return self.text_of(record)

    # -- changes -----------------------------------------------------------------------

    def put(self, record: Record) -> None:
        """Add a record, or take over what has changed about it."""
        name, place = self.name_of(record), self.place_of(record)
        before = self._records.get(name)
        if before is None:
            at = bisect_left(self._order, (place, name))
            self.beginInsertRows(QModelIndex(), at, at)
            self._order.insert(at, (place, name))
            self._records[name] = record
            self.endInsertRows()
        elif before != record:
            self._replace(name, before, record)

    def remove(self, name: Hashable) -> None:
        """Take a record out, if it is there."""
        record = self._records.get(name)
        if record is not None:
            at = bisect_left(self._order, (self.place_of(record), name))
            self.beginRemoveRows(QModelIndex(), at, at)
            del self._order[at], self._records[name]
            self.endRemoveRows()

    def set_all(self, records: Iterable[Record]) -> None:
        """Hold these and no others."""
        wanted = {self.name_of(record): record for record in records}
        gone = self._records.keys() - wanted.keys()
        changed = [record for name, record in wanted.items() if self._records.get(name) != record]
        if len(gone) + len(changed) > FEW:
            names = [name for _, name in self._order if name in wanted]  # most are sorted already
            names += wanted.keys() - self._records.keys()
            self.beginResetModel()
            self._records = wanted
            self._order = sorted([(self.place_of(wanted[name]), name) for name in names])
            self.endResetModel()
            return
        for name in gone:
            self.remove(name)
        for record in changed:
            self.put(record)

    def _replace(self, name: Hashable, before: Record, record: Record) -> None:
        old, new = (self.place_of(before), name), (self.place_of(record), name)
        at = bisect_left(self._order, old)
        self._records[name] = record
        if old != new:
            to = bisect_left(self._order, new)
            if to not in (at, at + 1):
                self.beginMoveRows(QModelIndex(), at, at, QModelIndex(), to)
                del self._order[at]
                at = to - 1 if to > at else to
                self._order.insert(at, new)
                self.endMoveRows()
            else:
                self._order[at] = new
        index = self.index(at)
        self.dataChanged.emit(index, index)

    # -- what views ask ------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._order)

    def __bool__(self) -> bool:
        return True

    def get(self, name: Hashable) -> Record | None:
        """A record by its name."""
        return self._records.get(name)

    def records(self) -> list[Record]:
        """All, as they are sorted."""
        return [self._records[name] for _, name in self._order]

    def texts(self, first: int, last: int) -> list[str]:
        """See `filter.Texts`."""
        return [folded(self.text_of(self._records[name])) for _, name in self._order[first : last + 1]]

    def index_of(self, name: Hashable) -> QModelIndex:
        """Where a record is; an invalid index where there is none."""
        record = self._records.get(name)
        return QModelIndex() if record is None else self.index(bisect_left(self._order, (self.place_of(record), name)))

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """See Qt."""
        return 0 if parent.isValid() else len(self._order)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See Qt."""
        row = index.row()
        if not 0 <= row < len(self._order):
            return None
        record = self._records[self._order[row][1]]
        if role == RecordRole:
            return record
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text_of(record)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.spoken(record)
        return None
