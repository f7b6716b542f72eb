"""What is known here of the files of all conversations: their transfers and previews. GUI thread only."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QObject, QSizeF, Qt, pyqtSignal
from PyQt5.QtGui import QGuiApplication, QImage, QPixmap

from qtclient.i18n import tr
from qtclient.model.session import Session
from qtclient.records import FileState, Message, TransferInfo
from qtclient.widgets import said
from qtclient.widgets.measures import PICTURE_MAX
from qtclient.widgets.pictures import Pictures, looks_like_picture

_SHARPEST = 2.0  # device pixels per pixel for which previews are read, at most


class FileBoard(QObject):
    """One for each session; message views ask it, and draw anew on ``changed``."""

    changed = pyqtSignal(str)  # the file's id, or its path
    kept = pyqtSignal(str)  # the path of a pasted picture
    failed = pyqtSignal(str)  # a line for the user
    picture_read = pyqtSignal(str, object)  # path, Picture
    text_read = pyqtSignal(str, str)  # path, the beginning of the text
    picture_wanted = pyqtSignal(object)  # Message with a picture that is not here yet
    making_room = pyqtSignal(object)  # a set: views put in the paths of the pictures that they show

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._transfers = {info.file: info for info in session.transfers() if info.file}
        application = QGuiApplication.instance()
        ratio = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
        self._pictures = Pictures(PICTURE_MAX * min(ratio, _SHARPEST), self)
        self._pictures.ready.connect(self.changed)
        self._pictures.saved.connect(self._saved)
        self._pictures.whole.connect(self.picture_read)
        self._pictures.text.connect(self.text_read)
        self._pictures.making_room.connect(self.making_room)
        self._wanted: set[str] = set()
        session.transfer_changed.connect(self._take)

    def transfer(self, message: Message) -> TransferInfo | None:
        """The newest transfer of the message's file."""
        return self._transfers.get(message.file.file) if message.file is not None else None

    def preview_size(self, message: Message) -> QSizeF | None:
        """The size of its preview on the screen, if it is a picture that can be shown."""
        if message.file is None or not message.file.path:
            self._want(message)
            return None
        size = self._pictures.size(message.file.path, message.file.file)
        if size is None:
            return None
        return size.scaled(QSizeF(PICTURE_MAX), Qt.AspectRatioMode.KeepAspectRatio) if _too_large(size) else size

    def preview(self, message: Message, ratio: float) -> QPixmap | None:
        """The preview itself, if it is at hand."""
        if message.file is None or not message.file.path:
            return None
        return self._pictures.get(message.file.path, message.file.file)

    def keep_image(self, image: QImage | bytes, path: Path) -> None:
        """Write a pasted picture to a file, in the thread; ``kept`` or ``failed`` follows."""
        self._pictures.save(image, path)

    def read_whole(self, path: str) -> None:
        """Read a picture, in the thread; ``picture_read`` follows."""
        self._pictures.read_whole(path)

    def read_text(self, path: str) -> None:
        """Read the beginning of a text, in the thread; ``text_read`` follows."""
        self._pictures.read_text(path)

    def copy(self, path: str, target: str) -> None:
        """Copy a file, in the thread; ``failed`` follows if it could not be done."""
        self._pictures.copy(path, target)

    def close(self) -> None:
        """End the thread that reads pictures."""
        self._pictures.close()

    def _want(self, message: Message) -> None:
        """A picture has come into sight that is not here: have it fetched, once."""
        file = message.file
        if file is None or message.mine or file.state is not FileState.COMPLETE or file.file in self._wanted:
            return
        if looks_like_picture(file.name):
            self._wanted.add(file.file)
            self.picture_wanted.emit(message)

    def _saved(self, path: str, good: bool) -> None:
        if good:
            self.kept.emit(path)
        else:
            self.failed.emit(tr("The picture could not be written to {path}.", path=said.name(path)))

    def _take(self, info: TransferInfo) -> None:
        if info.file:
            self._transfers[info.file] = info
            self.changed.emit(info.file)


def _too_large(size: QSizeF) -> bool:
    return size.width() > PICTURE_MAX.width() or size.height() > PICTURE_MAX.height()
