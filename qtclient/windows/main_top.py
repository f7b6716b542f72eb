"""The upper bar of the main window: who I am, how the connection is, and the way to everything. GUI thread only."""

from __future__ import annotations

from qtclient.i18n import tr
from qtclient.model.settings import Settings
from qtclient.records import Link, LinkState
from qtclient.widgets import said
from qtclient.widgets.banner import brief
from qtclient.widgets.header import Face, upper_bar
from qtclient.widgets.worded import Worded, elided, say, tool


class Top(Worded):
    """Who I am, the state of the connection, and buttons."""

    def __init__(self, user: str, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._state = LinkState(Link.OFFLINE)
        self._face = Face(user, 40)
        self._name, self.status = elided("heading"), elided("small")
        self._name.setText(said.name(user))
        self.add, self.search, self.transfers, self.more = tool("add"), tool("search"), tool("transfers"), tool("menu")
        buttons = (self.add, self.search, self.transfers, self.more)
        upper_bar(self, (12, 12, 8, 8), self._face, (self._name, self.status), buttons)
        self.say_words()
        settings.changed.connect(self._setting)

    def say_words(self) -> None:
        say(self.add, tr("Add a friend or a group"))
        say(self.search, tr("Search in all conversations"))
        say(self.transfers, tr("Transfers"))
        say(self.more, tr("More"))
        state = brief(self._state)
        self.status.setText(tr("{state} · do not disturb", state=state) if self._settings.get("dnd") else state)
        self.status.setAccessibleName(tr("Connection"))

    def set_state(self, state: LinkState) -> None:
        """The own status line."""
        self._state = state
        self._face.set_online(state.link is Link.ONLINE)
        self.say_words()

    def _setting(self, name: str) -> None:
        if name == "dnd":
            self.say_words()
