"""A list of lines (`roster`), for the keyboard as for the mouse, with words for when it is empty. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QAbstractItemModel, QModelIndex, QPoint, QRectF, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QContextMenuEvent, QFont, QKeyEvent, QPainter, QPaintEvent
from PyQt5.QtWidgets import QAbstractItemView, QListView, QWidget

from qtclient.look import palette
from qtclient.look.icons import paint_icon
from qtclient.widgets.roster import RosterDelegate
from qtclient.widgets.worded import set_role

AVATAR = 44
_REST = 100  # ms


class RosterList(QListView):
    """Tells which record was ``chosen`` (a click, or Enter), and for which one a menu is wanted."""

    chosen = pyqtSignal(object)
    menu_wanted = pyqtSignal(object, QPoint)

    def __init__(self, role: int, avatar: int = AVATAR, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role = role
        self._empty = ("", "", "")
        self._lines = RosterDelegate(role, avatar, self)
        self.setItemDelegate(self._lines)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        set_role(self, "lines")
        self.setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.clicked.connect(self._clicked)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._rested)

    def set_me(self, name: str) -> None:
        """Who the user is: lines say "You" then."""
        self._lines.me = name

    def set_found(self, text: str) -> None:
        """What hits were searched for."""
        self._lines.found = text

    def set_empty(self, sign: str, title: str, words: str) -> None:
        """What is said when there is nothing in it."""
        self._empty = (sign, title, words)
        self.viewport().update()

    def record(self, index: QModelIndex) -> object:
        """The record of a line."""
        return index.data(self._role) if index.isValid() else None

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802
        super().setModel(model)
        if model is not None:
            for signal in (model.dataChanged, model.rowsMoved, model.rowsInserted, model.rowsRemoved):
                signal.connect(self._calm_down)
            for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset, model.layoutChanged):
                signal.connect(self._count_changed)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._clicked(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if index.isValid():
            spot = self.visualRect(index).center() if by_key else event.pos()
            self.menu_wanted.emit(self.record(index), self.viewport().mapToGlobal(spot))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if self._empty[1] and (self.model() is None or not self.model().rowCount()):
            self._paint_empty()

    def step(self, by: int) -> None:
        """Move the choice, as the arrow keys of a search field do."""
        model = self.model()
        if model is None or not model.rowCount():
            return
        now = self.currentIndex().row() if self.currentIndex().isValid() else (-1 if by > 0 else model.rowCount())
        self.setCurrentIndex(model.index(min(model.rowCount() - 1, max(0, now + by)), 0))

    def _clicked(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.record(index))

    def _calm_down(self, *_: object) -> None:
        """The first change is painted at once; those that follow within a tenth of a second together."""
        if self._rest.isActive():
            self.viewport().setUpdatesEnabled(False)
        else:
            self._rest.start()

    def _rested(self) -> None:
        if not self.viewport().updatesEnabled():
            self.viewport().setUpdatesEnabled(True)
            self._rest.start()

    def _count_changed(self) -> None:
        self.viewport().update()

    def _paint_empty(self) -> None:
        sign, title, words = self._empty
        colours = palette.now()
        painter = QPainter(self.viewport())
        room = QRectF(self.viewport().rect()).adjusted(24, 0, -24, 0)
        middle = room.height() * 0.4
        if sign:
            paint_icon(painter, QRectF(room.center().x() - 20, middle - 64, 40, 40), sign, colours.faint)
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(palette.colour(colours.text))
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        said = painter.drawText(QRectF(room.left(), middle - 12, room.width(), 80), flags, title)
        painter.setFont(self.font())
        painter.setPen(palette.colour(colours.muted))
        painter.drawText(QRectF(room.left(), said.bottom() + 6, room.width(), 160), flags, words)
        painter.end()
