"""What a click or a menu does with a message. It knows the session and the desktop. GUI thread only."""

from __future__ import annotations

import os
from collections.abc import Callable

from PyQt5.QtCore import QMimeData, QObject, QPoint, QUrl, pyqtSignal
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QAction, QApplication, QMenu, QWidget

from qtclient.i18n import tr
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Message, Sent
from qtclient.widgets import said
from qtclient.widgets.file_words import Deed, words
from qtclient.widgets.files import FileBoard
from qtclient.widgets.links import open_link
from qtclient.widgets.message_view import menu_deeds
from qtclient.widgets.pictures import looks_like_picture

# Opening a file runs what the desktop has for it; these run by themselves, so only their folder is shown.
_PROGRAMS = (
    ".desktop", ".sh", ".bash", ".py", ".pl", ".rb", ".run", ".bin", ".appimage", ".exe",
    ".msi", ".bat", ".cmd", ".com", ".scr", ".ps1", ".vbs", ".js", ".jar", ".lnk",
    ".url", ".deb", ".rpm", ".flatpakref", ".service",
)  # fmt: skip


class MessageDeeds(QObject):
    """One for each conversation window; ``say`` is a line for the user."""

    say = pyqtSignal(str)
    unfold = pyqtSignal(object, bool)
    picture_wanted = pyqtSignal(object)  # Message
    watch_wanted = pyqtSignal(object)  # Message

    def __init__(self, session: Session, settings: Settings, board: FileBoard, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._session, self._settings, self._board = session, settings, board
        self._message: Message | None = None  # that of the open menu

    def do(self, message: Message, deed: Deed, value: str = "") -> None:
        """Do it."""
        simple: dict[Deed, Callable[[Message], object]] = {
            Deed.DOWNLOAD: self._download,
            Deed.DECLINE: self._session.decline,
            Deed.RETRY: self._session.retry,
            Deed.DISCARD: self._session.discard,
            Deed.OPEN: self._open,
            Deed.FOLDER: self._folder,
            Deed.PICTURE: self.picture_wanted.emit,
            Deed.WATCH: self.watch_wanted.emit,
            Deed.COPY: self._copy,
        }
        if deed in simple:
            simple[deed](message)
        elif deed is Deed.LINK:
            if not open_link(value):
                self.say.emit(tr("This link cannot be opened."))
        elif deed in (Deed.MORE, Deed.LESS):
            self.unfold.emit(message, deed is Deed.MORE)
        else:
            self._transfer(message, deed)

    def open_menu(self, message: Message, where: QPoint) -> None:
        """All that can be done with a message, at a place of the screen."""
        self._message = message
        menu = QMenu(self._window)
        menu.setAccessibleName(tr("Message"))
        deeds = [Deed.COPY] if message.file is None else []
        deeds += menu_deeds(message, self._board)
        if message.file is not None and message.file.path and looks_like_picture(message.file.path):
            deeds.insert(0, Deed.PICTURE)
        if message.sent is Sent.FAILED:
            deeds += [Deed.RETRY, Deed.DISCARD]
        for deed in deeds:
            action = menu.addAction(words(deed))
            action.setData(deed)
        menu.triggered.connect(self._chosen)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(where)

    def _chosen(self, action: QAction) -> None:
        deed = action.data()
        if self._message is not None and isinstance(deed, Deed):
            self.do(self._message, deed)

    def _copy(self, message: Message) -> None:
        data = QMimeData()
        data.setText(said.text(message.text))
        QApplication.clipboard().setMimeData(data)

    def _download(self, message: Message) -> None:
        folder = self._settings.downloads
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            self.say.emit(tr("The folder {folder} cannot be made.", folder=said.name(str(folder))))
            return
        self._session.download(message, folder)

    def _open(self, message: Message) -> None:
        path = message.file.path if message.file is not None else ""
        if not os.path.exists(path):
            self.say.emit(tr("The file is not there any more."))
        elif is_program(path):
            self.say.emit(tr("This file is a program. Only its folder is opened."))
            self._folder(message)
        elif looks_like_picture(path):
            self.picture_wanted.emit(message)
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(path)):
            self.say.emit(tr("The desktop has no program for this file."))

    def _folder(self, message: Message) -> None:
        path = message.file.path if message.file is not None else ""
        if not open_folder(path):
            self.say.emit(tr("The folder cannot be opened."))

    def _transfer(self, message: Message, deed: Deed) -> None:
        info = self._board.transfer(message)
        if deed is Deed.CANCEL and (info is None or info.phase.over):
            self._session.cancel_file(message)
        elif info is not None:
            acts: dict[Deed, Callable[[int], None]] = {
                Deed.PAUSE: self._session.pause_transfer,
                Deed.RESUME: self._session.resume_transfer,
                Deed.CANCEL: self._session.cancel_transfer,
                Deed.AGAIN: self._session.retry_transfer,
            }
            acts[deed](info.id)


def open_folder(path: str) -> bool:
    """Have the desktop show the folder of a file."""
    folder = os.path.dirname(path)
    return bool(folder) and os.path.isdir(folder) and QDesktopServices.openUrl(QUrl.fromLocalFile(folder))


def is_program(path: str) -> bool:
    """Whether opening a file might run it."""
    return path.lower().endswith(_PROGRAMS) or os.access(path, os.X_OK)
