"""Who is in a group. GUI thread only."""

from __future__ import annotations

from dataclasses import replace

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QObject, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QLineEdit, QVBoxLayout

from qtclient.i18n import ntr, tr
from qtclient.look.icons import icon
from qtclient.model.filter import FilterModel
from qtclient.model.folded import folded
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind, LinkState, Member
from qtclient.widgets import said
from qtclient.widgets.roster_list import RosterList
from qtclient.widgets.typed import LineField
from qtclient.widgets.worded import label, set_role
from qtclient.windows.shortcuts import bind
from qtclient.windows.window import Window

MemberRole = Qt.ItemDataRole.UserRole + 1


class Members(QAbstractListModel):
    """Owner first, then who is online, then by name."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._members: list[Member] = []

    def show(self, members: list[Member]) -> None:
        self.beginResetModel()
        self._members = sorted(members, key=lambda one: (one.role != "owner", not one.online, folded(one.name)))
        self.endResetModel()

    def set_online(self, name: str, online: bool) -> None:
        """Somebody has come or gone, one of these perhaps."""
        if any(one.name == name and one.online is not online for one in self._members):
            self.show([replace(one, online=online) if one.name == name else one for one in self._members])

    def texts(self, first: int, last: int) -> list[str]:
        """See `filter.Texts`."""
        return [folded(member.name) for member in self._members[first : last + 1]]

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self._members)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._members):
            return None
        member = self._members[index.row()]
        if role == MemberRole:
            return member
        if role == Qt.ItemDataRole.DisplayRole:
            return member.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            name = said.name(member.name)
            return tr("{name}, online", name=name) if member.online else tr("{name}, offline", name=name)
        return None


class MembersWindow(Window):
    """Keeps itself up to date while it is open."""

    open_wanted = pyqtSignal(object)  # Key

    def __init__(self, session: Session, settings: Settings, group: str) -> None:
        super().__init__(settings, "members", (340, 480))
        self._session, self.group = session, group
        self._known = False
        set_role(self, "panel")
        self._title, self._count = label("heading", wrap=True), label("small")
        self.filter = LineField()
        set_role(self.filter, "search")
        self.filter.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.members = Members(self)
        self._proxy = FilterModel(self.members, self.members, self)
        self.list = RosterList(MemberRole, 36)
        self.list.setModel(self._proxy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 16, 0, 8)
        layout.setSpacing(8)
        for part in (self._title, self._count, self.filter):
            part.setContentsMargins(0, 0, 0, 0)
            inner = QVBoxLayout()
            inner.setContentsMargins(16, 0, 16, 0)
            inner.addWidget(part)
            layout.addLayout(inner)
        layout.addWidget(self.list, 1)
        self._connect()
        self.say_words()
        session.ask_members(group)

    def say_words(self) -> None:
        name = said.name(self.group)
        self.setWindowTitle(tr("Members of {name}", name=name))
        self._title.setText(name)
        self.filter.setPlaceholderText(tr("Filter"))
        self.filter.setAccessibleName(tr("Filter the list"))
        self.list.setAccessibleName(tr("Members"))
        count = ntr("{count} member", "{count} members", self.members.rowCount())
        self._count.setText(count if self._known else tr("Asking the server…"))
        if self._known:
            self.list.set_empty("search", tr("Nothing found"), "")
        else:
            offline = tr("The members are known only while there is a connection.")
            self.list.set_empty("group", "" if self._session.online else tr("No connection"), offline)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _connect(self) -> None:
        self._session.members.connect(self._show)
        self._session.group_event.connect(self._changed)
        self._session.link_changed.connect(self._ask)
        self._session.presence.connect(self.members.set_online)
        self.filter.textChanged.connect(self._proxy.set_text)
        self.list.chosen.connect(self._choose)
        bind(self, "close", self.close)

    def _show(self, group: str, members: list[Member]) -> None:
        if group == self.group:
            self._known = True
            self.members.show(members)
            self.say_words()

    def _changed(self, group: str, user: str, joined: bool) -> None:
        if group == self.group:
            self._session.ask_members(group)

    def _ask(self, state: LinkState) -> None:
        self.say_words()
        if self._session.online:
            self._session.ask_members(self.group)

    def _choose(self, record: object) -> None:
        if isinstance(record, Member) and record.name != self._session.user:
            self.open_wanted.emit(Key(Kind.PEER, record.name))
