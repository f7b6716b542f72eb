"""Finds as you type."""

from __future__ import annotations

from PyQt5.QtCore import QModelIndex, QObject, QSortFilterProxyModel, Qt

from qtclient.model.people import folded


class FilterModel(QSortFilterProxyModel):
    """Rows whose text has all the words that were typed somewhere in it, whatever their case and width."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: list[str] = []

    def set_text(self, text: str) -> None:
        """Look for this; everything is found by an empty text."""
        words = folded(text).split()
        if words != self._words:
            self._words = words
            self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:  # noqa: N802
        """See Qt."""
        model = self.sourceModel()
        if not self._words or model is None:
            return True
        text = folded(str(model.data(model.index(row, 0, parent), Qt.ItemDataRole.DisplayRole)))
        return all(word in text for word in self._words)
