"""The messages of one conversation with what belongs to them: pages, the line of new ones, the way back to the end.

GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QEvent, QModelIndex, QObject, QRectF, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QFont, QPainter
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from qtclient.i18n import ntr, tr
from qtclient.look import palette
from qtclient.look.icons import icon, paint_icon
from qtclient.model.message_rows import MessageRole
from qtclient.model.messages import MessagesModel
from qtclient.records import Hit
from qtclient.widgets.files import FileBoard
from qtclient.widgets.message_view import MessageView
from qtclient.widgets.worded import Worded, button, say


class MessagePane(Worded):
    """Shows a model of messages; tells when the user has ``seen`` all there is."""

    seen = pyqtSignal()

    def __init__(self, model: MessagesModel, board: FileBoard, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._name = model, name
        self._below = 0  # messages that came while the user looked at older ones
        self.view = MessageView(MessageRole, board)
        self._down = button("floating")
        self._down.setParent(self)
        self._down.clicked.connect(self.to_newest)
        self._down.hide()
        self._fetch = _single(self, self._load)
        self._placing = _single(self, self._place_down)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self._line_of_new()
        self.view.setModel(model)
        self.view.viewport().installEventFilter(self)
        self._connect(board)
        self.say_words()
        self._start_at_new()

    def say_words(self) -> None:
        self.view.setAccessibleName(tr("Messages with {name}", name=self._name))
        words = ntr("{count} new message", "{count} new messages", self._below) if self._below else tr("Newest message")
        say(self._down, words)
        self._down.setIcon(icon("down", "accent" if self._below else "text"))

    def to_newest(self) -> None:
        """Back to the end, wherever the view is."""
        self._model.load_newest()
        self.view.go_to_end()
        self._below = 0
        self._moved()

    def show_hit(self, hit: Hit, text: str) -> bool:
        """Jump to a message that was found, and mark the text. False: it is not there any more."""
        number = self._model.load_around(hit.row)
        if number < 0:
            return False
        self.view.mark_found(text)
        self.view.show_row(number)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize:
            self._placing.start()
        elif event.type() == QEvent.Type.Paint and not self._model.rowCount():
            self._paint_empty()
            return True
        return False

    def _connect(self, board: FileBoard) -> None:
        self.view.older_wanted.connect(self._want_more)
        self.view.read.connect(self.seen)
        self.view.moved.connect(self._moved)
        board.changed.connect(self.view.files_changed)
        board.making_room.connect(self.view.tell_files_in_sight)
        self._model.rowsInserted.connect(self._arrived)
        self._model.older_loaded.connect(self._older_came)

    # Pages

    def _want_more(self) -> None:
        if not self._model.at_beginning and not self._model.loading:
            self._fetch.start()

    def _load(self) -> None:
        """Not in the middle of a scroll: the view must have settled first."""
        self._model.load_older()

    def _older_came(self, count: int) -> None:
        self.view.viewport().update()

    def _moved(self) -> None:
        at_end = self.view.at_end and self._model.at_end
        self._model.keep_all = not at_end
        if self.view.at_end and not self._model.at_end:
            self.view.stay_put()
            self._model.load_newer()
        if at_end and self._below:
            self._below = 0
            self.say_words()
        self._down.setVisible(not at_end and self._model.rowCount() > 0)
        self._placing.start()

    # New messages

    def _line_of_new(self) -> None:
        number = self._model.first_unread_row()
        self.view.set_fresh(self._model.message(number).row if number >= 0 else None)

    def _start_at_new(self) -> None:
        number = self._model.first_unread_row()
        if number > 0 and self._model.rowCount() - number > 3:
            self.view.go_to(number, part=0.2)

    def _arrived(self, parent: QModelIndex, first: int, last: int) -> None:
        if self._model.paging or last != self._model.rowCount() - 1 or not first or self.view.at_end:
            return
        new = [self._model.message(number) for number in range(first, last + 1)]
        self._below += sum(not message.mine for message in new)
        if any(message.mine for message in new):
            self.to_newest()
        self.say_words()
        self._down.setVisible(True)
        self._placing.start()

    def forget_new(self) -> None:
        """The user has answered: the line of new messages has served."""
        self.view.set_fresh(None)

    # Looks

    def _place_down(self) -> None:
        self._down.move(self.width() - self._down.width() - 24, self.height() - self._down.height() - 16)
        self._down.raise_()

    def _paint_empty(self) -> None:
        colours = palette.now()
        painter = QPainter(self.view.viewport())
        painter.fillRect(self.view.viewport().rect(), palette.colour(colours.window))
        room = QRectF(self.view.viewport().rect())
        middle = room.center().y() - 16
        paint_icon(painter, QRectF(room.center().x() - 22, middle - 56, 44, 44), "chats", colours.faint)
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(palette.colour(colours.text))
        flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        loading = self._model.loading
        painter.drawText(
            room.adjusted(32, middle - room.top(), -32, 0), flags, tr("Loading…") if loading else tr("No messages yet")
        )
        painter.setFont(self.font())
        painter.setPen(palette.colour(colours.muted))
        words = "" if loading else tr("Say hello to {name}.", name=self._name)
        painter.drawText(room.adjusted(32, middle - room.top() + 26, -32, 0), flags, words)
        painter.end()


def _single(owner: MessagePane, act: Callable[[], None]) -> QTimer:
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(0)
    timer.timeout.connect(act)
    return timer
