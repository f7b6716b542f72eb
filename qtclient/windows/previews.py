"""Pictures are fetched by themselves for their previews; the transfers window knows nothing of it. GUI thread only."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QObject

from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Message, Phase, TransferInfo
from qtclient.widgets.files import FileBoard


class Previews(QObject):
    """Up to the size that the user has chosen."""

    def __init__(self, session: Session, settings: Settings, board: FileBoard, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._settings = session, settings
        board.picture_wanted.connect(self._fetch)
        session.transfer_changed.connect(self._clear)

    def _fetch(self, message: Message) -> None:
        file, session = message.file, self._session
        if file is not None and file.length <= self._settings.get("auto_download_images_below") and session.online:
            session.pictures.mkdir(mode=0o700, parents=True, exist_ok=True)
            session.download(message, session.pictures)

    def _clear(self, info: TransferInfo) -> None:
        if info.phase is Phase.DONE and not info.upload and Path(info.path).parent == self._session.pictures:
            self._session.clear_transfer(info.id)
