"""The emoji picker: families, and a field that finds by name. A popup; Escape closes it. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QPoint, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QPainter
from PyQt5.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from qtclient.i18n import tr
from qtclient.look import palette
from qtclient.look.emoji_font import in_colour
from qtclient.widgets.emoji_data import families, find, name
from qtclient.widgets.popup import Popup
from qtclient.widgets.typed import LineField
from qtclient.widgets.worded import say, set_role, tool

_COLUMNS, _ROWS = 9, 7


class EmojiModel(QAbstractListModel):
    """Some emoji, one a row."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._signs = ""

    def show(self, signs: str) -> None:
        self.beginResetModel()
        self._signs = signs
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._signs)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._signs):
            return None
        sign = self._signs[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return sign
        return name(sign) if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole) else None


class EmojiPicker(Popup):
    """Tells what was ``chosen``, then goes away by itself; with Shift it stays."""

    chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._search = LineField()
        set_role(self._search, "search")
        self._search.textChanged.connect(self._find)
        self._search.installEventFilter(self)
        self._model = EmojiModel(self)
        self._view = QListView()
        set_role(self._view, "lines")
        self._view.setModel(self._model)
        self._view.setItemDelegate(_EmojiCells(self._view))
        self._set_up_view()
        self._tabs = [tool("emoji", "emoji") for _ in families()]
        self._build()
        self.say_words()
        self._show_family(0)

    def say_words(self) -> None:
        self.setAccessibleName(tr("Emoji"))
        self._search.setPlaceholderText(tr("Find an emoji"))
        self._search.setAccessibleName(tr("Find an emoji"))
        self._view.setAccessibleName(tr("Emoji"))
        names = (tr("Faces"), tr("People"), tr("Hearts and signs"), tr("Nature"), tr("Food"), tr("Things"))
        for button, words in zip(self._tabs, names, strict=True):
            say(button, words)

    def open_above(self, corner: QPoint) -> None:
        """Show it with its lower right corner there, inside the screen."""
        self.adjustSize()
        screen = QApplication.screenAt(corner) or QApplication.primaryScreen()
        free = screen.availableGeometry()
        x = min(max(free.left(), corner.x() - self.width()), free.right() - self.width())
        self.move(x, max(free.top(), corner.y() - self.height() - 8))
        self.show()
        self._search.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._model.rowCount():
            index = self._view.currentIndex()
            self._take(index if index.isValid() else self._model.index(0))
        elif event.key() == Qt.Key.Key_Down and self._search.hasFocus() and self._model.rowCount():
            self._view.setFocus()
            self._view.setCurrentIndex(self._model.index(0))
        else:
            super().keyPressEvent(event)

    def _set_up_view(self) -> None:
        view = self._view
        view.setViewMode(QListView.ViewMode.IconMode)
        view.setMovement(QListView.Movement.Static)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setUniformItemSizes(True)
        cell = max(36, round(self.fontMetrics().height() * 1.9))
        view.setGridSize(QSize(cell, cell))
        view.setFixedSize(cell * _COLUMNS + 16, cell * _ROWS)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.clicked.connect(self._take)
        view.setMouseTracking(True)

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setSpacing(4)
        for place, (button, family) in enumerate(zip(self._tabs, families(), strict=True)):
            button.setText(family[0])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setProperty("family", place)
            button.setFixedWidth(self._view.gridSize().width())
            button.clicked.connect(self._family_clicked)
            bar.addWidget(button)
        bar.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self._search)
        layout.addWidget(self._view)
        layout.addLayout(bar)

    def _family_clicked(self) -> None:
        self._search.clear()
        self._show_family(int(self.sender().property("family")))

    def _show_family(self, number: int) -> None:
        self._model.show(families()[number])
        for place, button in enumerate(self._tabs):
            button.setCheckable(True)
            button.setChecked(place == number)

    def _find(self, wanted: str) -> None:
        if wanted.strip():
            self._model.show(find(wanted))
        else:
            self._show_family(0)

    def _take(self, index: QModelIndex) -> None:
        self.chosen.emit(str(index.data()))
        if not QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.close()


class _EmojiCells(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(palette.now().selected))
            painter.drawRoundedRect(option.rect.adjusted(1, 1, -1, -1), 8, 8)
        font = in_colour(option.font)
        font.setPixelSize(round(option.rect.height() * 0.62))
        painter.setFont(font)
        painter.setPen(QColor(palette.now().text))
        painter.drawText(option.rect, int(Qt.AlignmentFlag.AlignCenter), str(index.data()))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        view = self.parent()
        return view.gridSize() if isinstance(view, QListView) else QSize()
