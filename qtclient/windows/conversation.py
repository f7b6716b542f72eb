"""One conversation: in a window of its own, or as a tab. GUI thread only."""

from __future__ import annotations

import time
from pathlib import Path

from PyQt5.QtCore import QPoint, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage, QResizeEvent
from PyQt5.QtWidgets import QFileDialog, QMenu, QVBoxLayout

from chatwire.home import home
from qtclient.i18n import tr
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Hit, Key, Kind, LinkState, Message
from qtclient.widgets import said
from qtclient.widgets.banner import Banner
from qtclient.widgets.composer import Composer
from qtclient.widgets.disk_banner import DiskBanner
from qtclient.widgets.drop_sign import DropSign
from qtclient.widgets.files import FileBoard
from qtclient.widgets.header import Header
from qtclient.widgets.message_pane import MessagePane
from qtclient.widgets.pasting import local_files
from qtclient.widgets.picture_header import format_of
from qtclient.widgets.toast import Toast
from qtclient.widgets.worded import Worded, line
from qtclient.windows.bonds import bond_words
from qtclient.windows.message_deeds import MessageDeeds
from qtclient.windows.second_line import SecondLine

_DRAFT = 600  # ms of rest before a draft is kept


class ConversationPane(Worded):
    """Everything about one conversation. What it cannot do itself it asks of the `Desk` by signals."""

    search_wanted = pyqtSignal(object)  # Key
    members_wanted = pyqtSignal(str)  # group
    bond_wanted = pyqtSignal(object)  # Key
    picture_wanted = pyqtSignal(object)  # Message
    watch_wanted = pyqtSignal(object)  # Message

    def __init__(self, session: Session, settings: Settings, board: FileBoard, key: Key) -> None:
        super().__init__(None)
        self.key, self.session, self.settings = key, session, settings
        self._board = board
        self.header, self.banner, self.disk = Header(key), Banner(), DiskBanner()
        self._second = SecondLine(session, key, self.header, self)
        self.messages = MessagePane(session.messages(key), board, said.name(key.name))
        self.composer = Composer()
        self.toast = Toast(self.messages, above=16)
        self.deeds = MessageDeeds(session, settings, board, self)
        self._drop = DropSign(self)
        self._keep_draft = QTimer(self)
        self._keep_draft.setSingleShot(True)
        self._keep_draft.setInterval(_DRAFT)
        self._keep_draft.timeout.connect(self.keep_draft)
        self._pasted_paths: set[str] = set()  # pictures that are being written to files
        self._build()
        self._connect()
        self.composer.set_text(session.draft(key))
        self._set_link(session.link)
        self._set_disk()
        if chosen := session.chosen(key):  # once the limits are known
            self.composer.attachments.add(chosen)
        self._apply("send_with")
        self.header.set_muted(session.muted(key))
        self.say_words()
        self.setAcceptDrops(True)
        self.setFocusProxy(self.composer)

    # For the window around it

    def title(self) -> str:
        """With the number of unread messages."""
        unread = self.session.conversation(self.key).unread
        name = said.name(self.key.name)
        return f"({unread}) {name}" if unread else name

    def is_looked_at(self) -> bool:
        """Whether the user has it before the eyes."""
        return self.isVisible() and self.window().isActiveWindow()

    def looked_at(self) -> None:
        """The window has come to the front."""
        if self.messages.view.at_end and self.is_looked_at():
            self.session.mark_read(self.key)

    def show_hit(self, hit: Hit, text: str) -> None:
        """Jump to a message that was found."""
        if not self.messages.show_hit(hit, text):
            self.toast.say(tr("That message is not there any more."))

    def keep_draft(self) -> None:
        """What is being written survives."""
        self._keep_draft.stop()
        self.session.set_draft(self.key, self.composer.text())
        self.session.set_chosen(self.key, self.composer.attachments.paths())

    def end(self) -> None:
        """The window closes."""
        self.keep_draft()

    # Words and looks

    def say_words(self) -> None:
        self.setAccessibleName(tr("Conversation with {name}", name=said.name(self.key.name)))
        self.composer.set_to(said.name(self.key.name))
        self._drop.say(tr("Drop files here to send them to {name}", name=said.name(self.key.name)))
        self._second.say()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._drop.setGeometry(self.rect().adjusted(16, 72, -16, -16))

    # The user

    def choose_files(self) -> None:
        """The desktop's dialog; it blocks nothing."""
        dialog = QFileDialog(self, tr("Send files"), self.settings.get("send_folder") or str(home()))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, paths: list[str]) -> None:
        """The next ones are looked for in the same folder."""
        self.settings.set("send_folder", str(Path(paths[0]).parent))
        self.composer.attachments.add(paths)
        self.composer.setFocus()

    def toggle_mute(self) -> None:
        """No notices, or notices again."""
        self.session.set_muted(self.key, not self.session.muted(self.key))

    def _mute_changed(self, key: Key) -> None:
        """Here, or in the list of the main window."""
        if key == self.key:
            self.header.set_muted(self.session.muted(key))

    def want_members(self) -> None:
        if self.key.kind is Kind.GROUP:
            self.members_wanted.emit(self.key.name)

    def want_search(self) -> None:
        self.search_wanted.emit(self.key)

    def to_messages(self) -> None:
        """From the field to the newest message, for the keyboard."""
        view = self.messages.view
        view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if view.model().rowCount():
            view.setCurrentIndex(view.model().index(view.model().rowCount() - 1, 0))

    def _send(self, text: str) -> None:
        self._keep_draft.stop()
        self.session.set_draft(self.key, "")
        self.session.say(self.key, text)
        self.messages.forget_new()
        self.messages.to_newest()

    def _send_files(self, paths: list[str]) -> None:
        for path in paths:
            self.session.send_file(self.key, Path(path))
        self.session.set_chosen(self.key, self.composer.attachments.paths())
        self.messages.to_newest()

    def _pasted(self, image: QImage | bytes) -> None:
        kind = format_of(image) if isinstance(image, bytes) else "png"
        now = time.time_ns() // 1_000_000
        name = f"{time.strftime('image-%Y%m%d-%H%M%S', time.localtime(now // 1000))}-{now % 1000:03}.{kind}"
        path = self.session.pasted / name
        self._pasted_paths.add(str(path))
        self._board.keep_image(image, path)

    def _image_kept(self, path: str) -> None:
        """It belongs to where it was pasted, wherever the user is by now."""
        if path in self._pasted_paths:
            self._pasted_paths.discard(path)
            self.composer.attachments.add([path])

    def _typed(self) -> None:
        if self.composer.text():
            self.session.typing_now(self.key)

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setAccessibleName(tr("More"))
        group = self.key.kind is Kind.GROUP
        if group:
            menu.addAction(tr("Members…"), self.want_members)
        menu.addAction(tr("Search…"), self.want_search)
        menu.addAction(tr("Send files…"), self.choose_files)
        menu.addAction(tr("Unmute") if self.session.muted(self.key) else tr("Mute"), self.toggle_mute)
        menu.addSeparator()
        menu.addAction(bond_words(self.session, self.key), self._want_bond)
        menu.aboutToHide.connect(menu.deleteLater)
        button = self.header.more
        menu.popup(button.mapToGlobal(QPoint(button.width() - menu.sizeHint().width(), button.height() + 4)))

    def _want_bond(self) -> None:
        self.bond_wanted.emit(self.key)

    def _follow_focus(self) -> None:
        self.composer.setFocus()

    # Drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if local_files(event.mimeData()):
            event.acceptProposedAction()
            self._drop.raise_()
            self._drop.show()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802
        self._drop.hide()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        self._drop.hide()
        paths = local_files(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.composer.attachments.add(paths)
            self.window().activateWindow()
            self.composer.setFocus()

    # The session

    def _set_link(self, state: LinkState) -> None:
        self.banner.set_state(state)
        limits = self.session.limits
        self.composer.set_limits(limits.get("max_text", 0), limits.get("max_file", 0))

    def _set_disk(self) -> None:
        self.disk.set_problem(self.session.unwritable)

    def _arrived(self, message: Message, live: bool) -> None:
        if message.key == self.key:
            self.looked_at()

    def _apply(self, name: str) -> None:
        if name == "send_with":
            self.composer.set_enter_sends(self.settings.get("send_with") == "enter")

    # How it is put together

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(line())
        layout.addWidget(self.banner)
        layout.addWidget(self.disk)
        layout.addWidget(self.messages, 1)
        layout.addWidget(self.composer)

    def _connect(self) -> None:
        session, view = self.session, self.messages.view
        session.link_changed.connect(self._set_link)
        session.unwritable_changed.connect(self._set_disk)
        session.message_arrived.connect(self._arrived)
        session.muted_changed.connect(self._mute_changed)
        self.settings.changed.connect(self._apply)
        self.banner.try_now.connect(session.try_now)
        view.wanted.connect(self.deeds.do)
        view.menu_wanted.connect(self.deeds.open_menu)
        view.left.connect(self._follow_focus)
        self.messages.seen.connect(self.looked_at)
        for deed, signal in (
            (self.deeds.picture_wanted, self.picture_wanted),
            (self.deeds.watch_wanted, self.watch_wanted),
        ):
            deed.connect(signal)
        self.deeds.unfold.connect(view.unfold)
        self.deeds.say.connect(self.toast.say)
        self._board.kept.connect(self._image_kept)
        self._board.failed.connect(self.toast.say)
        self._connect_user()

    def _connect_user(self) -> None:
        composer, header = self.composer, self.header
        composer.send.connect(self._send)
        composer.send_files.connect(self._send_files)
        composer.pasted.connect(self._pasted)
        composer.choose_files.connect(self.choose_files)
        composer.typed.connect(self._typed)
        composer.text_changed.connect(self._keep_draft.start)
        composer.attachments.changed.connect(self._keep_draft.start)
        composer.leave_up.connect(self.to_messages)
        header.search.connect(self.want_search)
        header.members.connect(self.want_members)
        header.mute.connect(self.toggle_mute)
        header.menu.connect(self._open_menu)
