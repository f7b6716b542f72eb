"""The open conversations of one account: their windows or tabs, remembered until the next start. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QModelIndex, QObject, Qt, pyqtSignal
from PyQt5.QtWidgets import QWidget

from qtclient.model.conversations import ConversationRole
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Conversation, Key, Kind
from qtclient.widgets.files import FileBoard
from qtclient.windows.conversation import ConversationPane
from qtclient.windows.conversation_window import ConversationWindow, Holder, TabsWindow

_MOST_OPEN = 200


class OpenConversations(QObject):
    """Opens and finds them. What a pane wants of other windows comes out as signals."""

    search_wanted = pyqtSignal(object)  # Key
    members_wanted = pyqtSignal(str)
    bond_wanted = pyqtSignal(object)  # Key
    picture_wanted = pyqtSignal(object)  # Message
    watch_wanted = pyqtSignal(object)  # Message

    def __init__(
        self, session: Session, settings: Settings, board: FileBoard, bind: Callable[[QWidget], None], parent: QObject
    ) -> None:
        """``bind`` gives a window the keys that work everywhere."""
        super().__init__(parent)
        self._session, self._settings, self._board, self._bind = session, settings, board, bind
        self._holders: dict[Key, Holder] = {}
        self._closing = False
        self._came_back = False  # whether what was open is open again
        self._tag = session.folder.name
        session.conversations.dataChanged.connect(self._conversation_changed)
        settings.changed.connect(self._setting)

    def open(self, key: Key) -> None:
        """Show a conversation, in front of all."""
        holder = self._holders.get(key) or self._make(key)
        holder.bring_up()
        holder.show_pane(key)

    def pane(self, key: Key) -> ConversationPane | None:
        """The pane of a conversation that is open."""
        holder = self._holders.get(key)
        panes = holder.panes() if holder is not None else []
        return next((pane for pane in panes if pane.key == key), None)

    def opened(self) -> list[Key]:
        """The conversations that are open."""
        return list(self._holders)

    def holders(self) -> list[Holder]:
        """The windows that hold them."""
        return list({id(holder): holder for holder in self._holders.values()}.values())

    def is_looked_at(self, key: Key) -> bool:
        """Whether the user has a conversation before the eyes."""
        pane = self.pane(key)
        return pane is not None and pane.is_looked_at()

    def open_again(self) -> None:
        """What was open when the program ended."""
        self._came_back = True
        for one in self._settings.get("open"):
            parts = str(one).split("/", 2)
            if len(parts) == 3 and parts[0] == self._tag and parts[1] in ("peer", "group"):
                key = Key(Kind(parts[1]), parts[2])
                if not self._closing and key not in self._holders:
                    _show_behind(self._make(key))

    def close_all(self) -> None:
        """Close them; they are open again after the next start."""
        self._remember_open()
        self._closing = True
        for holder in self.holders():
            holder.close()

    # How it is done

    def _make(self, key: Key) -> Holder:
        pane = ConversationPane(self._session, self._settings, self._board, key)
        pane.search_wanted.connect(self.search_wanted)
        pane.members_wanted.connect(self.members_wanted)
        pane.bond_wanted.connect(self.bond_wanted)
        pane.picture_wanted.connect(self.picture_wanted)
        pane.watch_wanted.connect(self.watch_wanted)
        holder = self._tabs_with(pane) if self._settings.get("tabs") else self._window_with(pane)
        self._holders[key] = holder
        return holder

    def _window_with(self, pane: ConversationPane) -> Holder:
        name = f"{self._tag}/{pane.key.kind.value}/{pane.key.name}"
        return self._hold(ConversationWindow(self._settings, name, pane))

    def _tabs_with(self, pane: ConversationPane) -> Holder:
        for holder in self._holders.values():
            if isinstance(holder, TabsWindow):
                holder.add(pane)
                return holder
        tabs = TabsWindow(self._settings, f"{self._tag}/tabs")
        self._hold(tabs)
        tabs.add(pane)
        return tabs

    def _hold(self, holder: Holder) -> Holder:
        holder.pane_closed.connect(self._pane_closed)
        self._bind(holder)
        return holder

    def _pane_closed(self, key: Key) -> None:
        self._holders.pop(key, None)
        if not self._closing:
            self._remember_open()

    def _remember_open(self) -> None:
        """Of this account; what others had open stays as it is. So does all as long as it has not been opened again."""
        if not self._came_back:
            return
        others = [one for one in self._settings.get("open") if not str(one).startswith(self._tag + "/")]
        mine = [f"{self._tag}/{key.kind.value}/{key.name}" for key in self._holders]
        self._settings.set("open", (mine + others)[:_MOST_OPEN])

    def _setting(self, name: str) -> None:
        if name == "tabs":
            self._move_all()

    def _move_all(self) -> None:
        """From windows to tabs, or back."""
        keys = list(self._holders)
        for holder in self.holders():
            holder.close()
        for key in keys:
            _show_behind(self._make(key))

    def _conversation_changed(self, first: QModelIndex, last: QModelIndex) -> None:
        """The titles of windows follow what comes and what is read."""
        for row in range(first.row(), last.row() + 1):
            record = first.siblingAtRow(row).data(ConversationRole)
            holder = self._holders.get(record.key) if isinstance(record, Conversation) else None
            if holder is not None:
                holder.say_titles()


def _show_behind(holder: Holder) -> None:
    """Show it, and leave the keyboard to the window that has it."""
    holder.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    holder.show()
    holder.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, False)
