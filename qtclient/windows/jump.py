"""Ctrl-K: jump to anyone by a few letters of the name. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QRect, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from qtclient.i18n import tr
from qtclient.model.folded import folded
from qtclient.model.session import Session
from qtclient.records import Friend, Key, Kind
from qtclient.widgets import said
from qtclient.widgets.popup import Popup
from qtclient.widgets.roster import key_of
from qtclient.widgets.roster_list import RosterList
from qtclient.widgets.typed import LineField
from qtclient.widgets.worded import line, set_role
from qtclient.windows.window import inside

_MOST = 50
JumpRole = Qt.ItemDataRole.UserRole + 1


class Targets(QAbstractListModel):
    """Where one can jump to."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._records: list[object] = []

    def show(self, records: list[object]) -> None:
        self.beginResetModel()
        self._records = records
        self.endResetModel()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._records)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._records):
            return None
        record = self._records[index.row()]
        if role == JumpRole:
            return record
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return said.name(record.name) if isinstance(record, Friend) else said.name(str(record))
        return None


class JumpWindow(Popup):
    """A popup over a window: type, Enter, there. Escape or a click elsewhere closes it."""

    chosen = pyqtSignal(object)  # Key

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self.field = LineField()
        set_role(self.field, "jump")
        self.targets = Targets(self)
        self.list = RosterList(JumpRole, 32)
        self.list.setModel(self.targets)
        self.list.set_me(session.user)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 8)
        layout.setSpacing(4)
        layout.addWidget(self.field)
        layout.addWidget(line())
        layout.addWidget(self.list, 1)
        self.field.textChanged.connect(self._find)
        self.field.installEventFilter(self)
        self.list.chosen.connect(self._choose)
        self._known = _names(session)
        self.say_words()
        self._find("")
        self._place(parent)
        self.field.setFocus()

    def say_words(self) -> None:
        self.setAccessibleName(tr("Jump to"))
        self.field.setPlaceholderText(tr("Jump to a friend or a group"))
        self.field.setAccessibleName(tr("Jump to a friend or a group"))
        self.list.setAccessibleName(tr("Friends and groups"))
        self.list.set_empty("", tr("Nobody of that name"), "")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        if event.key() == Qt.Key.Key_Down:
            self.list.step(1)
        elif event.key() == Qt.Key.Key_Up:
            self.list.step(-1)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.list.record(self.list.currentIndex()))
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            return False
        return True

    def _find(self, text: str) -> None:
        """Those whose name begins so before the others."""
        words = folded(text).split()
        fitting = [key for key, name in self._known.items() if all(word in name for word in words)]
        if words:
            fitting.sort(key=lambda key: not self._known[key].startswith(words[0]))
        self.targets.show([self._record(key) for key in fitting[:_MOST]])
        self.list.step(1)

    def _record(self, key: Key) -> object:
        """As it is now."""
        talk = self._session.conversations.get(key)
        if talk is not None or key.kind is Kind.GROUP:
            return talk or key.name
        return self._session.friends_model.get(key.name) or Friend(key.name, online=False)

    def _choose(self, record: object) -> None:
        key = key_of(record)
        if key is not None:
            self.chosen.emit(key)
            self.close()

    def _place(self, parent: QWidget) -> None:
        wide, high = 420, 400
        self.resize(wide, high)
        frame = QRect(0, 0, wide, high)
        frame.moveCenter(parent.window().frameGeometry().center())
        self.move(inside(frame, parent.window()).topLeft())


def _names(session: Session) -> dict[Key, str]:
    """As they are looked for: recent conversations first, then friends and groups."""
    talks = {record.key: folded(record.key.name) for record in session.conversations.records()}
    friends = {Key(Kind.PEER, friend.name): folded(friend.name) for friend in session.friends}
    groups = {Key(Kind.GROUP, name): folded(name) for name in session.groups}
    return talks | friends | groups
