"""All windows of one account: opens them, finds them again, and puts them away. GUI thread only."""

from __future__ import annotations

from PyQt5 import sip
from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtWidgets import QApplication, QWidget

from qtclient.look.theme import Theme
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Hit, Key, Kind, Message, TransferInfo
from qtclient.widgets.files import FileBoard
from qtclient.windows import bonds
from qtclient.windows.conversation import ConversationPane
from qtclient.windows.help import HelpWindow
from qtclient.windows.jump import JumpWindow
from qtclient.windows.main import MainWindow
from qtclient.windows.members import MembersWindow
from qtclient.windows.notices import Notices
from qtclient.windows.open_conversations import OpenConversations
from qtclient.windows.picture import PictureWindow
from qtclient.windows.previews import Previews
from qtclient.windows.prompts import ConfirmPrompt, Done, NamePrompt, PasswordPrompt
from qtclient.windows.search import SearchWindow
from qtclient.windows.settings import SettingsWindow
from qtclient.windows.shortcuts import bind
from qtclient.windows.transfers import TransfersWindow
from qtclient.windows.tray import Tray
from qtclient.windows.watch import WatchWindow
from qtclient.windows.window import Window, adopt


class Desk(QObject):
    """One for each session, from the login to the logout; to be put away with `close_all`."""

    quit_asked = pyqtSignal()
    logout_asked = pyqtSignal()

    def __init__(self, session: Session, settings: Settings, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session, self.settings = session, settings
        self.board = FileBoard(session, self)
        self._previews = Previews(session, settings, self.board, self)
        self._windows: dict[str, Window] = {}
        self._closing = False
        self.conversations = OpenConversations(session, settings, self.board, self.bind, self)
        self.main = MainWindow(session, settings)
        self.tray = Tray(session, settings, self)
        self.notices = Notices(session, settings, self.tray, self.conversations.is_looked_at, self)
        self._connect()
        self.bind(self.main)
        theme.changed.connect(self._theme_changed)
        QTimer.singleShot(0, self.conversations.open_again)

    # Windows that are asked for by name

    def show(self) -> None:
        """Bring the main window to the front."""
        self.main.bring_up()

    def show_transfers(self) -> None:
        window = self._window("transfers")
        if window is None:
            transfers = TransfersWindow(self.session, self.settings)
            transfers.watch_wanted.connect(self.watch)
            window = self._keep("transfers", transfers)
        window.bring_up()

    def show_search(self, key: Key | None = None) -> None:
        """Search in a conversation, or in all."""
        window = self._window("search")
        if not isinstance(window, SearchWindow):
            window = SearchWindow(self.session, self.settings, key)
            window.hit_chosen.connect(self.jump_to)
            self._keep("search", window)
        else:
            window.set_key(key)
        window.bring_up()
        window.field.setFocus()
        window.field.selectAll()

    def show_settings(self) -> None:
        window = self._window("settings")
        if window is None:
            settings = SettingsWindow(self.settings)
            settings.password_wanted.connect(self.show_password)
            window = self._keep("settings", settings)
        window.bring_up()

    def show_help(self) -> None:
        window = self._window("help") or self._keep("help", HelpWindow(self.settings))
        window.bring_up()

    def show_password(self) -> None:
        window = self._window("password") or self._keep("password", PasswordPrompt(self.session, self.settings))
        window.bring_up()

    def show_members(self, group: str) -> None:
        """Who is in a group."""
        window = self._window("members")
        if isinstance(window, MembersWindow) and window.group != group:
            window.close()
            window = None
        if window is None:
            members = MembersWindow(self.session, self.settings, group)
            members.open_wanted.connect(self.open)
            window = self._keep("members", members)
        window.bring_up()

    def show_jump(self) -> None:
        """Ctrl-K, over the window that has the keyboard."""
        over = QApplication.activeWindow() or self.main
        jump = JumpWindow(self.session, over)
        jump.chosen.connect(self.open)
        jump.show()

    def prompt(self, kind: str) -> None:
        """Ask for the name of a friend or a group; with whom one is together now, one wants to talk."""
        window = self._window(kind)
        if window is None:
            prompt = NamePrompt(self.session, self.settings, kind)
            prompt.made.connect(self.open)
            window = self._keep(kind, prompt)
        window.bring_up()

    def change_bond(self, key: Key) -> None:
        """End a friendship or membership, after a question, or begin it again."""
        if bonds.is_bound(self.session, key):
            self.confirm_leave(key)
        else:
            bonds.begin(self.session, key)

    def confirm_leave(self, key: Key) -> None:
        """Ask before a group is left or a friend removed."""
        kind = "leave_group" if key.kind is Kind.GROUP else "remove_friend"
        act = self.session.leave_group if key.kind is Kind.GROUP else self.session.remove_friend
        self._replace(kind, ConfirmPrompt(self.settings, kind, key.name, act))

    def confirm_logout(self) -> None:
        self._replace("logout", ConfirmPrompt(self.settings, "logout", "", self._log_out))

    def show_picture(self, message: Message) -> None:
        """A picture at any size."""
        if message.file is not None and message.file.path:
            window = PictureWindow(self.settings, self.board, message.file.path, message.file.name)
            self._replace("picture", window)

    def watch(self, info: TransferInfo) -> None:
        """Look into a file that is arriving."""
        self._replace("watch", WatchWindow(self.session, self.settings, self.board, info))

    def watch_message(self, message: Message) -> None:
        info = self.board.transfer(message)
        if info is not None:
            self.watch(info)

    # Conversations

    def open(self, key: Key) -> None:
        """Show a conversation, in front of all."""
        self.conversations.open(key)

    def pane(self, key: Key) -> ConversationPane | None:
        """The pane of a conversation that is open."""
        return self.conversations.pane(key)

    def opened(self) -> list[Key]:
        """The conversations that are open."""
        return self.conversations.opened()

    def jump_to(self, hit: Hit, text: str = "") -> None:
        """Show a message that was found."""
        self.open(hit.key)
        pane = self.pane(hit.key)
        if pane is not None:
            pane.show_hit(hit, text)

    # The end

    def keep_drafts(self) -> None:
        """What is being written is kept at once, as far as the disk takes it."""
        for key in self.opened():
            if (pane := self.pane(key)) is not None:
                pane.keep_draft()

    def close_all(self) -> None:
        """Put everything away; what is open is remembered."""
        if self._closing:
            return
        self._closing = True
        self.conversations.close_all()
        for window in list(self._windows.values()):
            if not sip.isdeleted(window):
                window.close()
        self.notices.close()
        self.tray.close()
        self.board.close()
        self.main.remember()
        self.main.hide()
        self.main.deleteLater()

    # How it is done

    def bind(self, window: QWidget) -> None:
        """The keys that work in every window."""
        for name, act in (
            ("jump", self.show_jump),
            ("main", self.show),
            ("add_friend", self._add_friend),
            ("create_group", self._create_group),
            ("join_group", self._join_group),
            ("search_all", self.show_search),
            ("transfers", self.show_transfers),
            ("settings", self.show_settings),
            ("dnd", self._toggle_dnd),
            ("help", self.show_help),
            ("quit", self.quit_asked.emit),
        ):
            bind(window, name, act)

    def _connect(self) -> None:
        main = self.main
        main.open_wanted.connect(self.open)
        main.prompt_wanted.connect(self.prompt)
        main.bond_wanted.connect(self.change_bond)
        main.members_wanted.connect(self.show_members)
        main.window_wanted.connect(self._show_named)
        main.logout_wanted.connect(self.confirm_logout)
        main.quit_wanted.connect(self.quit_asked)
        main.hidden.connect(self._main_closed)
        self.tray.show_wanted.connect(self.show)
        self.tray.quit_wanted.connect(self.quit_asked)
        self.notices.open_wanted.connect(self.open)
        self.notices.show_wanted.connect(self.show)
        self.board.failed.connect(main.toast.say)
        self.settings.changed.connect(self._setting)
        opened = self.conversations
        opened.search_wanted.connect(self.show_search)
        opened.members_wanted.connect(self.show_members)
        opened.bond_wanted.connect(self.change_bond)
        opened.picture_wanted.connect(self.show_picture)
        opened.watch_wanted.connect(self.watch_message)

    def _show_named(self, name: str) -> None:
        {
            "search": self.show_search,
            "transfers": self.show_transfers,
            "settings": self.show_settings,
            "help": self.show_help,
            "jump": self.show_jump,
            "password": self.show_password,
        }[name]()

    def _window(self, name: str) -> Window | None:
        window = self._windows.get(name)
        return window if window is not None and not sip.isdeleted(window) else None

    def _keep(self, name: str, window: Window) -> Window:
        window.setProperty("kept", name)
        self._windows[name] = window
        window.closed.connect(self._window_closed)
        adopt(window, QApplication.activeWindow() or self.main)
        self.bind(window)
        return window

    def _replace(self, name: str, window: Window) -> None:
        before = self._window(name)
        if before is not None:
            before.close()
        self._keep(name, window).bring_up()

    def _window_closed(self) -> None:
        sender = self.sender()
        for name, window in list(self._windows.items()):
            if window is sender:
                del self._windows[name]

    def _setting(self, name: str) -> None:
        if name == "tray" and not self.settings.get("tray") and not self.main.isVisible():
            self.show()

    def _main_closed(self) -> None:
        """The program goes on in the tray, if there is one and the user wants that."""
        if not self._closing and not (self.settings.get("close_to_tray") and self.tray.is_there()):
            self.quit_asked.emit()

    def _theme_changed(self) -> None:
        for widget in QApplication.topLevelWidgets():
            widget.update()

    def _log_out(self, name: str, done: Done) -> None:
        done(True, "")
        self.logout_asked.emit()

    def _add_friend(self) -> None:
        self.prompt("add_friend")

    def _create_group(self) -> None:
        self.prompt("create_group")

    def _join_group(self) -> None:
        self.prompt("join_group")

    def _toggle_dnd(self) -> None:
        self.settings.set("dnd", not self.settings.get("dnd"))
