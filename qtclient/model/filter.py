"""Finds as you type."""

from __future__ import annotations

from PyQt5.QtCore import QObject, QRegularExpression, QSortFilterProxyModel

from qtclient.model.folded import folded
from qtclient.model.lists import FilterRole


class FilterModel(QSortFilterProxyModel):
    """Rows whose text has all the words that were typed somewhere in it, whatever their case and width.

    Qt does it by itself: a method of ours would be called for each of ten thousand friends, even when nothing is
    looked for.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setFilterRole(FilterRole)

    def set_text(self, text: str) -> None:
        """Look for this; everything is found by an empty text."""
        words = folded(text).split()
        pattern = "^" + "".join(f"(?=.*{QRegularExpression.escape(word)})" for word in words) if words else ""
        if pattern != self.filterRegularExpression().pattern():
            option = QRegularExpression.PatternOption.DotMatchesEverythingOption
            self.setFilterRegularExpression(QRegularExpression(pattern, option))
