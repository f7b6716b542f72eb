"""Looks into a file while it arrives: a picture from the top, a text from its beginning. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import QPlainTextEdit, QProgressBar, QStackedWidget, QVBoxLayout, QWidget

from qtclient.i18n import tr
from qtclient.model.session import Session
from qtclient.model.settings import Settings
from qtclient.records import Phase, TransferInfo
from qtclient.widgets import said
from qtclient.widgets.file_words import transfer_status
from qtclient.widgets.files import FileBoard
from qtclient.widgets.picture_file import Picture
from qtclient.widgets.pictures import looks_like_picture
from qtclient.widgets.worded import label, set_role
from qtclient.windows.picture import Canvas
from qtclient.windows.shortcuts import bind
from qtclient.windows.window import Window

_LOOK = 700  # ms between two looks


class WatchWindow(Window):
    """Follows one download until it is complete."""

    def __init__(self, session: Session, settings: Settings, board: FileBoard, info: TransferInfo) -> None:
        super().__init__(settings, "watch", (720, 560))
        self._session, self._board, self._info = session, board, info
        self._picture = looks_like_picture(info.name)
        self._asked, self._reading = "", False  # what is being read is not asked for again
        self._title, self._words = label("heading"), label("small")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self.canvas, self.text = Canvas(), QPlainTextEdit()
        self.text.setReadOnly(True)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.canvas)
        self._pages.addWidget(self.text)
        self._pages.setCurrentWidget(self.canvas if self._picture else self.text)
        self._build()
        session.transfer_changed.connect(self._follow)
        board.picture_read.connect(self._show_picture)
        board.text_read.connect(self._show_text)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self.say_words()
        self._look()

    def say_words(self) -> None:
        name = said.name(self._info.name)
        self.setWindowTitle(tr("{name} while it arrives", name=name))
        self._title.setText(name)
        self.canvas.setAccessibleName(tr("Picture {name}", name=name))
        self.text.setAccessibleName(tr("Text of {name}", name=name))
        self._bar.setAccessibleName(tr("Progress"))
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def _follow(self, info: TransferInfo) -> None:
        if info.id == self._info.id:
            self._info = info
            self._tell()
            if info.phase.over:
                self._timer.stop()
                self._look()

    def _look(self) -> None:
        """Have what is there read by the thread."""
        done = self._info.phase is Phase.DONE
        path = self._info.path if done else self._session.arriving(self._info.file)
        if not path or (self._reading and path == self._asked):
            return
        self._asked, self._reading = path, True
        if self._picture:
            self._board.read_whole(path)
        else:
            self._board.read_text(path)

    def _show_picture(self, path: str, picture: Picture) -> None:
        if path == self._asked:
            self._reading = False
            if not picture.image.isNull():
                self.canvas.show_image(picture.image)

    def _show_text(self, path: str, text: str) -> None:
        if path != self._asked:
            return
        self._reading = False
        self.text.setPlaceholderText("" if text else tr("Nothing of it can be shown."))
        if text == self.text.toPlainText():
            return
        bar = self.text.verticalScrollBar()
        place, at_end = bar.value(), bar.value() >= bar.maximum() - 4
        self.text.setPlainText(text)
        bar.setValue(bar.maximum() if at_end and place else place)

    def _tell(self) -> None:
        info = self._info
        self._words.setText(transfer_status(info))
        self._bar.setRange(0, 1000)
        self._bar.setValue(1000 * info.done // info.size if info.size else 1000)

    def _build(self) -> None:
        head = QWidget()
        set_role(head, "bar")
        lines = QVBoxLayout(head)
        lines.setContentsMargins(16, 12, 16, 12)
        lines.setSpacing(6)
        for part in (self._title, self._bar, self._words):
            lines.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(head)
        layout.addWidget(self._pages, 1)
        self.text.document().setDocumentMargin(16)
        bind(self, "close", self.close)
