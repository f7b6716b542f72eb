"""The main window: who I am, conversations, friends, groups, and the way to everything else. GUI thread only."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import QEvent, QObject, QPoint, Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent, QKeyEvent
from PyQt5.QtWidgets import QAction, QHBoxLayout, QLineEdit, QMenu, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from qtclient.i18n import tr
from qtclient.look.icons import icon
from qtclient.model.conversations import ConversationRole
from qtclient.model.filter import FilterModel
from qtclient.model.lists import SortedModel
from qtclient.model.people import FriendRole, GroupRole
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Kind, LinkState
from qtclient.widgets import said
from qtclient.widgets.banner import Banner
from qtclient.widgets.controls import clearable
from qtclient.widgets.disk_banner import DiskBanner
from qtclient.widgets.roster import key_of
from qtclient.widgets.roster_list import RosterList
from qtclient.widgets.toast import Toast
from qtclient.widgets.typed import LineField
from qtclient.widgets.worded import line, set_role
from qtclient.windows.bonds import bond_words
from qtclient.windows.main_top import Top
from qtclient.windows.shortcuts import bind, shown
from qtclient.windows.window import Window

CHATS, FRIENDS, GROUPS = range(3)


class MainWindow(Window):
    """Asks the `Desk` for everything that is not in it."""

    open_wanted = pyqtSignal(object)  # Key
    prompt_wanted = pyqtSignal(str)  # add_friend, create_group, join_group
    bond_wanted = pyqtSignal(object)  # Key
    members_wanted = pyqtSignal(str)
    window_wanted = pyqtSignal(str)  # search, transfers, settings, help, jump, password
    logout_wanted = pyqtSignal()
    quit_wanted = pyqtSignal()
    hidden = pyqtSignal()  # closed by its user

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__(settings, "main", (380, 680), stays=True)
        self.session = session
        self.top = Top(session.user, settings)
        self.banner, self.disk = Banner(short=True), DiskBanner()
        self.filter = LineField()
        set_role(self.filter, "search")
        self._tabs = QTabBar()
        self.chats, self.friends, self.groups = (RosterList(role) for role in (ConversationRole, FriendRole, GroupRole))
        self._filters = [
            self._filtered(view, model)
            for view, model in (
                (self.chats, session.conversations),
                (self.friends, session.friends_model),
                (self.groups, session.groups_model),
            )
        ]
        self._lists = QStackedWidget()
        self.chats.set_me(session.user)
        self.toast = Toast(self)
        self._build()
        self._connect()
        self._bind()
        self.setMinimumSize(300, 400)
        self.say_words()
        self._set_link(session.link)
        self.chats.setFocus()

    def say_words(self) -> None:
        self.setWindowTitle(tr("{user} · Chat", user=said.name(self.session.user)))
        self.filter.setPlaceholderText(tr("Filter"))
        self.filter.setAccessibleName(tr("Filter the list"))
        self._tabs.setAccessibleName(tr("Lists"))
        for number, words in enumerate((tr("Chats"), tr("Friends"), tr("Groups"))):
            self._tabs.setTabText(number, words)
            self._tabs.setAccessibleTabName(number, words)
        self.chats.setAccessibleName(tr("Conversations"))
        self.friends.setAccessibleName(tr("Friends"))
        self.groups.setAccessibleName(tr("Groups"))
        self._say_empty()

    def show_list(self, number: int) -> None:
        """Chats, friends or groups."""
        self._tabs.setCurrentIndex(number)

    def current_list(self) -> RosterList:
        return (self.chats, self.friends, self.groups)[self._lists.currentIndex()]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if watched is self.filter and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._filter_key(event)
        return False

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        super().closeEvent(event)
        self.hidden.emit()

    # What the user does

    def to_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _filter_key(self, event: QKeyEvent) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if event.key() in steps:
            self.current_list().step(steps[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not self.current_list().currentIndex().isValid():
                self.current_list().step(1)
            self._choose(self.current_list().record(self.current_list().currentIndex()))
        elif event.key() == Qt.Key.Key_Escape and self.filter.text():
            self.filter.clear()
        else:
            return False
        return True

    def _find(self, text: str) -> None:
        for model in self._filters:
            model.set_text(text)
        self._say_empty()

    def _choose(self, record: object) -> None:
        key = key_of(record)
        if key is not None:
            self.open_wanted.emit(key)

    def _open_menu(self, record: object, where: QPoint) -> None:
        key = key_of(record)
        if key is None:
            return
        menu = QMenu(self)
        menu.setAccessibleName(said.name(key.name))
        group = key.kind is Kind.GROUP
        muted = self.session.muted(key)
        for words, deed in (
            (tr("Open"), "open"),
            (tr("Unmute") if muted else tr("Mute"), "mute"),
            (tr("Members…") if group else "", "members"),
            (bond_words(self.session, key), "bond"),
        ):
            if words:
                menu.addAction(words).setData((deed, key))
        menu.triggered.connect(self._do)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def _do(self, action: QAction) -> None:
        deed, key = action.data()
        if deed == "open":
            self.open_wanted.emit(key)
        elif deed == "mute":
            self.session.set_muted(key, not self.session.muted(key))
        elif deed == "members":
            self.members_wanted.emit(key.name)
        else:
            self.bond_wanted.emit(key)

    def _show_list(self, number: int) -> None:
        self._lists.setCurrentIndex(number)
        self._say_empty()

    # What the session tells

    def _set_link(self, state: LinkState) -> None:
        self.banner.set_state(state)
        self.top.set_state(state)

    def _set_disk(self) -> None:
        self.disk.set_problem(self.session.unwritable)

    # How it is put together

    def _filtered(self, view: RosterList, model: SortedModel[Any]) -> FilterModel:
        proxy = FilterModel(model, model, self)
        view.setModel(proxy)
        view.chosen.connect(self._choose)
        view.menu_wanted.connect(self._open_menu)
        return proxy

    def _build(self) -> None:
        set_role(self, "panel")
        clearable(self.filter)
        self.filter.addAction(icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition)
        self.filter.installEventFilter(self)
        self._tabs.setExpanding(True)
        self._tabs.setDrawBase(False)
        self._tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for view in (self.chats, self.friends, self.groups):
            self._tabs.addTab("")
            self._lists.addWidget(view)
        field = QHBoxLayout()
        field.setContentsMargins(12, 4, 12, 8)
        field.addWidget(self.filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top)
        layout.addWidget(self.banner)
        layout.addWidget(self.disk)
        layout.addLayout(field)
        layout.addWidget(self._tabs)
        layout.addWidget(line())
        layout.addSpacing(4)
        layout.addWidget(self._lists, 1)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._find)
        self._tabs.currentChanged.connect(self._show_list)
        self.banner.try_now.connect(self.session.try_now)
        self.session.link_changed.connect(self._set_link)
        self.session.unwritable_changed.connect(self._set_disk)
        self.session.notice.connect(self.toast.say)
        self.top.add.clicked.connect(self._open_add)
        self.top.search.clicked.connect(self._want_search)
        self.top.transfers.clicked.connect(self._want_transfers)
        self.top.more.clicked.connect(self._open_more)

    def _bind(self) -> None:
        bind(self, "chats", self._to_chats)
        bind(self, "friends", self._to_friends)
        bind(self, "groups", self._to_groups)
        bind(self, "filter", self.to_filter)
        bind(self, "close", self.close)

    def _open_add(self) -> None:
        menu = QMenu(self)
        for words, name, sign in (
            (tr("Add a friend…"), "add_friend", "add_friend"),
            (tr("Create a group…"), "create_group", "new_group"),
            (tr("Join a group…"), "join_group", "group"),
        ):
            action = menu.addAction(icon(sign), words + "\t" + shown(name))
            action.setData(name)
        menu.triggered.connect(self._prompt)
        self._pop(menu, self.top.add)

    def _prompt(self, action: QAction) -> None:
        self.prompt_wanted.emit(action.data())

    def _open_more(self) -> None:
        menu = QMenu(self)
        quiet = menu.addAction(tr("Do not disturb") + "\t" + shown("dnd"))
        quiet.setCheckable(True)
        quiet.setChecked(self.settings.get("dnd"))
        quiet.setData("dnd")
        menu.addSeparator()
        for words, name in (
            (tr("Settings…"), "settings"),
            (tr("Change the password…"), "password"),
            (tr("Keyboard…"), "help"),
        ):
            menu.addAction(words + ("\t" + shown(name) if name != "password" else "")).setData(name)
        menu.addSeparator()
        menu.addAction(tr("Log out…")).setData("logout")
        menu.addAction(tr("Quit") + "\t" + shown("quit")).setData("quit")
        menu.triggered.connect(self._more)
        self._pop(menu, self.top.more)

    def _more(self, action: QAction) -> None:
        name = action.data()
        if name == "dnd":
            self.settings.set("dnd", not self.settings.get("dnd"))
        elif name == "logout":
            self.logout_wanted.emit()
        elif name == "quit":
            self.quit_wanted.emit()
        else:
            self.window_wanted.emit(name)

    def _pop(self, menu: QMenu, button: QWidget) -> None:
        menu.setAccessibleName(button.accessibleName())
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 4)))

    def _want_search(self) -> None:
        self.window_wanted.emit("search")

    def _want_transfers(self) -> None:
        self.window_wanted.emit("transfers")

    def _to_chats(self) -> None:
        self.show_list(CHATS)

    def _to_friends(self) -> None:
        self.show_list(FRIENDS)

    def _to_groups(self) -> None:
        self.show_list(GROUPS)

    def _say_empty(self) -> None:
        if self.filter.text().strip():
            for view in (self.chats, self.friends, self.groups):
                view.set_empty("search", tr("Nothing found"), tr("No name has all that you have typed."))
            return
        self.chats.set_empty("chats", tr("No conversations yet"), tr("Open one from your friends or groups."))
        self.friends.set_empty("person", tr("No friends yet"), tr("Add one with the + above, by name."))
        self.groups.set_empty("group", tr("No groups yet"), tr("Create or join one with the + above."))
