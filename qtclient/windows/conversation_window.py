"""What holds conversations: a window for each, or one with tabs. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QCloseEvent
from PyQt5.QtWidgets import QTabWidget, QVBoxLayout

from qtclient.i18n import tr
from qtclient.look.avatar import avatar_icon
from qtclient.model.settings import Settings
from qtclient.records import Key, Kind
from qtclient.widgets import said
from qtclient.widgets.worded import say, tool
from qtclient.windows.conversation import ConversationPane
from qtclient.windows.shortcuts import bind
from qtclient.windows.window import Window


class Holder(Window):
    """One or more panes. ``pane_closed`` tells the `Desk`."""

    pane_closed = pyqtSignal(object)  # Key

    def current(self) -> ConversationPane | None:
        """The pane that the keys are for."""
        raise NotImplementedError

    def panes(self) -> list[ConversationPane]:
        """All of them."""
        raise NotImplementedError

    def show_pane(self, key: Key) -> None:
        """Bring a pane to the front of the window."""
        raise NotImplementedError

    def say_titles(self) -> None:
        """Numbers of unread messages have changed."""
        raise NotImplementedError

    def bind_keys(self) -> None:
        for name, act in (
            ("search", self._search),
            ("file", self._file),
            ("emoji", self._emoji),
            ("members", self._members),
            ("mute", self._mute),
            ("newest", self._newest),
            ("messages", self._messages),
        ):
            bind(self, name, act)
        self.activated.connect(self._looked_at)

    def _looked_at(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.looked_at()

    def _search(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.want_search()

    def _file(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.choose_files()

    def _emoji(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.composer.open_emoji()

    def _members(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.want_members()

    def _mute(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.toggle_mute()

    def _newest(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.messages.to_newest()

    def _messages(self) -> None:
        pane = self.current()
        if pane is not None:
            pane.to_messages()


class ConversationWindow(Holder):
    """One conversation."""

    def __init__(self, settings: Settings, name: str, pane: ConversationPane) -> None:
        super().__init__(settings, name, (560, 680))
        self.pane = pane
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(pane)
        self.setMinimumSize(320, 360)
        self.setWindowIcon(avatar_icon(pane.key.name, group=pane.key.kind is Kind.GROUP))
        self.setFocusProxy(pane)
        self.bind_keys()
        bind(self, "close", self.close)
        self.say_words()
        pane.setFocus()

    def say_words(self) -> None:
        self.say_titles()

    def say_titles(self) -> None:
        title = self.pane.title()
        if title != self.windowTitle():
            self.setWindowTitle(title)

    def current(self) -> ConversationPane | None:
        return self.pane

    def panes(self) -> list[ConversationPane]:
        return [self.pane]

    def show_pane(self, key: Key) -> None:
        self.pane.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.pane.end()
        super().closeEvent(event)
        self.pane_closed.emit(self.pane.key)


class TabsWindow(Holder):
    """All conversations, one tab each."""

    def __init__(self, settings: Settings, name: str) -> None:
        super().__init__(settings, name, (760, 680))
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.setMovable(True)
        self._tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self._tabs.setUsesScrollButtons(True)
        self._tabs.tabBar().setExpanding(False)
        self._tabs.currentChanged.connect(self._switched)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._tabs)
        self.setMinimumSize(360, 360)
        self.bind_keys()
        bind(self, "close", self._close_current)
        bind(self, "next_tab", self._next)
        bind(self, "previous_tab", self._previous)
        self.say_words()

    def add(self, pane: ConversationPane) -> None:
        """A tab more."""
        sign = avatar_icon(pane.key.name, group=pane.key.kind is Kind.GROUP)
        place = self._tabs.addTab(pane, sign, pane.title())
        away = tool("close", size=12)
        away.setProperty("pane", pane)
        away.clicked.connect(self._close_clicked)
        say(away, tr("Close {name}", name=said.name(pane.key.name)))
        self._tabs.tabBar().setTabButton(place, self._tabs.tabBar().RightSide, away)
        self._tabs.setCurrentIndex(place)
        self.say_titles()

    def say_words(self) -> None:
        self._tabs.tabBar().setAccessibleName(tr("Conversations"))
        for place, pane in enumerate(self.panes()):
            button = self._tabs.tabBar().tabButton(place, self._tabs.tabBar().RightSide)
            say(button, tr("Close {name}", name=said.name(pane.key.name)))
        self.say_titles()

    def say_titles(self) -> None:
        for place, pane in enumerate(self.panes()):
            title = pane.title().replace("&", "&&")
            if self._tabs.tabText(place) != title:
                self._tabs.setTabText(place, title)
                self._tabs.tabBar().setAccessibleTabName(place, pane.title())
        now = self.current()
        self.setWindowTitle(now.title() if now is not None else tr("Conversations"))

    def current(self) -> ConversationPane | None:
        pane = self._tabs.currentWidget()
        return pane if isinstance(pane, ConversationPane) else None

    def panes(self) -> list[ConversationPane]:
        found = (self._tabs.widget(place) for place in range(self._tabs.count()))
        return [pane for pane in found if isinstance(pane, ConversationPane)]

    def show_pane(self, key: Key) -> None:
        for pane in self.panes():
            if pane.key == key:
                self._tabs.setCurrentWidget(pane)
                pane.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        keys = [pane.key for pane in self.panes()]
        for pane in self.panes():
            pane.end()
        super().closeEvent(event)
        for key in keys:
            self.pane_closed.emit(key)

    def _switched(self, place: int) -> None:
        self.say_titles()
        pane = self.current()
        if pane is not None:
            pane.setFocus()
            pane.looked_at()

    def _close_clicked(self) -> None:
        pane = self.sender().property("pane")
        if isinstance(pane, ConversationPane):
            self._close(pane)

    def _close_current(self) -> None:
        pane = self.current()
        if pane is not None:
            self._close(pane)

    def _close(self, pane: ConversationPane) -> None:
        if self._tabs.count() == 1:
            self.close()
            return
        pane.end()
        self._tabs.removeTab(self._tabs.indexOf(pane))
        pane.deleteLater()
        self.pane_closed.emit(pane.key)

    def _next(self) -> None:
        self._tabs.setCurrentIndex((self._tabs.currentIndex() + 1) % max(1, self._tabs.count()))

    def _previous(self) -> None:
        self._tabs.setCurrentIndex((self._tabs.currentIndex() - 1) % max(1, self._tabs.count()))
