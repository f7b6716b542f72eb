"""Search: in one conversation or in all; a hit leads to its place. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout

from qtclient.i18n import ntr, tr
from qtclient.look.icons import icon
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Hit, Key
from qtclient.widgets import said
from qtclient.widgets.controls import Choice, clearable
from qtclient.widgets.roster_list import RosterList
from qtclient.widgets.typed import LineField
from qtclient.widgets.worded import label, line, set_role
from qtclient.windows.shortcuts import bind
from qtclient.windows.window import Window

_REST = 180  # ms without a key before the cache is asked
_MOST = 200
HitRole = Qt.ItemDataRole.UserRole + 1


class Hits(QAbstractListModel):
    """What was found, newest first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._hits: list[Hit] = []

    def show(self, hits: list[Hit]) -> None:
        self.beginResetModel()
        self._hits = hits
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._hits)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._hits):
            return None
        hit = self._hits[index.row()]
        if role == HitRole:
            return hit
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            text = hit.message.file.name if hit.message.file is not None else hit.message.text
            return tr("{name}: {text}", name=said.name(hit.key.name), text=said.name(text))
        return None


class SearchWindow(Window):
    """Finds while one types."""

    hit_chosen = pyqtSignal(object, str)  # Hit, what was searched for

    def __init__(self, session: Session, settings: Settings, key: Key | None) -> None:
        super().__init__(settings, "search", (520, 560))
        self._session, self._key = session, key
        set_role(self, "panel")
        self.field, self.where = LineField(), Choice()
        self.hits = Hits(self)
        self.list = RosterList(HitRole, 36)
        self.list.setModel(self.hits)
        self._count = label("small")
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.search)
        self._build()
        self.set_key(key)
        self.say_words()
        self.field.textChanged.connect(self._rest.start)
        self.where.currentIndexChanged.connect(self.search)
        self.list.chosen.connect(self._choose)
        self.field.installEventFilter(self)
        bind(self, "close", self.close)
        self.field.setFocus()

    def say_words(self) -> None:
        self.setWindowTitle(tr("Search"))
        self.field.setPlaceholderText(tr("Search messages and files"))
        self.field.setAccessibleName(tr("Search messages and files"))
        self.where.setAccessibleName(tr("Where to search"))
        self.list.setAccessibleName(tr("Found messages"))
        self.where.setItemText(0, tr("All conversations"))
        if self.where.count() > 1 and self._key is not None:
            self.where.setItemText(1, said.name(self._key.name))
        self._tell()

    def set_key(self, key: Key | None) -> None:
        """Search in this conversation; None is in all."""
        self._key = key or self._key
        self.where.blockSignals(True)
        self.where.clear()
        self.where.addItem(tr("All conversations"))
        if self._key is not None:
            self.where.addItem(said.name(self._key.name))
            self.where.setCurrentIndex(1 if key is not None else 0)
        self.where.blockSignals(False)
        self.where.setVisible(self._key is not None)
        self.search()

    def search(self) -> None:
        """Ask the cache."""
        wanted = self.field.text().strip()
        key = self._key if self.where.currentIndex() == 1 else None
        self.list.set_found(wanted)
        self.hits.show(self._session.search(wanted, key, _MOST) if wanted else [])
        self._tell()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key_pressed(event)
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _key_pressed(self, event: QKeyEvent) -> bool:
        if event.key() == Qt.Key.Key_Down:
            self.list.step(1)
        elif event.key() == Qt.Key.Key_Up:
            self.list.step(-1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._rest.isActive():
                self._rest.stop()
                self.search()
            if not self.list.currentIndex().isValid():
                self.list.step(1)
            self._choose(self.list.record(self.list.currentIndex()))
        else:
            return False
        return True

    def _choose(self, record: object) -> None:
        if isinstance(record, Hit):
            self.hit_chosen.emit(record, self.field.text().strip())

    def _tell(self) -> None:
        found = self.hits.rowCount()
        wanted = self.field.text().strip()
        if not wanted:
            self._count.setText("")
            self.list.set_empty("search", tr("Search"), tr("Type a word, or two characters of it."))
            return
        more = tr("the {count} newest", count=found) if found >= _MOST else ""
        self._count.setText(more or ntr("{count} message found", "{count} messages found", found))
        self.list.set_empty("search", tr("Nothing found"), tr("No message has all of these words."))

    def _build(self) -> None:
        set_role(self.field, "search")
        clearable(self.field)
        self.field.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        top = QHBoxLayout()
        top.setContentsMargins(16, 16, 16, 8)
        top.setSpacing(8)
        top.addWidget(self.field, 1)
        top.addWidget(self.where)
        below = QHBoxLayout()
        below.setContentsMargins(20, 0, 16, 8)
        below.addWidget(self._count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addLayout(below)
        layout.addWidget(line())
        layout.addWidget(self.list, 1)
