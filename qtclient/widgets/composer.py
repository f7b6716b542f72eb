"""Where a message is written: the field, emoji, files, and the button that sends. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QPoint, Qt, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from qtclient.i18n import ntr, tr
from qtclient.widgets import said
from qtclient.widgets.attachments import Attachments
from qtclient.widgets.emoji import EmojiPicker
from qtclient.widgets.input import Input
from qtclient.widgets.worded import Worded, label, say, set_role, tool

_HIGH = 44  # pixels of the field with one line
_NEARLY = 0.9  # of the limit: from there on the rest is counted down


class Composer(Worded):
    """What is to be sent comes out as ``send`` (text) and ``send_files`` (paths)."""

    send = pyqtSignal(str)
    send_files = pyqtSignal(list)
    pasted = pyqtSignal(object)  # QImage or bytes
    choose_files = pyqtSignal()
    typed = pyqtSignal()
    text_changed = pyqtSignal()
    leave_up = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.input = Input()
        self.attachments = Attachments()
        self._most = 16384  # bytes of a text
        self._to = ""
        self._rest = label("small")
        self._attach, self._smile = tool("attach"), tool("emoji")
        self._send = tool("send", "send", "on_button")
        self._build()
        self._connect()
        self.say_words()
        self._weigh()

    def say_words(self) -> None:
        limit = self.attachments.limit
        tip = tr("Send a file, up to {size} (Ctrl+O)", size=said.size(limit)) if limit else tr("Send a file (Ctrl+O)")
        say(self._attach, tr("Send a file"), tip)
        say(self._smile, tr("Emoji"), tr("Emoji (Ctrl+E)"))
        way = tr("Send (Enter)") if self.input.enter_sends else tr("Send (Ctrl+Enter)")
        say(self._send, tr("Send"), way)
        self.input.setAccessibleName(tr("Message to {name}", name=self._to) if self._to else tr("Message"))
        self.input.setPlaceholderText(tr("Message"))
        self._weigh()

    def set_to(self, name: str) -> None:
        """Whom it is for, for those who hear the screen."""
        self._to = name
        self.say_words()

    def set_enter_sends(self, enter: bool) -> None:
        """Enter, or Ctrl+Enter."""
        self.input.enter_sends = enter
        self.say_words()

    def set_limits(self, text: int, file: int) -> None:
        """Bytes of a text and of a file that the server takes; 0 where it has not said so."""
        self._most = text or self._most
        self.attachments.limit = file
        self.attachments.say_words()
        self.say_words()

    def text(self) -> str:
        return self.input.text()

    def set_text(self, text: str) -> None:
        """A draft that comes back; the cursor stands behind it."""
        self.input.setPlainText(text)
        self.input.moveCursor(self.input.textCursor().End)

    def open_emoji(self) -> None:
        """Show the picker above its button."""
        picker = EmojiPicker(self)
        picker.chosen.connect(self._insert)
        corner = self._smile.mapToGlobal(QPoint(self._smile.width(), 0))
        picker.open_above(corner)

    def submit(self) -> None:
        """Send what is there, files first; what an input method still composes there belongs to it."""
        self.input.composition.commit()
        if not self._send.isEnabled():
            return
        if self.attachments.sendable():
            self.send_files.emit(self.attachments.take())
        text = self.text().strip("\n")
        if text.strip():
            self.input.clear()
            self.send.emit(text)
        self.input.setFocus()

    def _build(self) -> None:
        field = QFrame()
        set_role(field, "composer")
        self._field = field
        field.setMinimumHeight(_HIGH)
        inside = QHBoxLayout(field)
        inside.setContentsMargins(8, 5, 4, 5)
        inside.setSpacing(4)
        inside.addWidget(self.input, 1)
        inside.addWidget(self._rest, 0, Qt.AlignmentFlag.AlignVCenter)
        inside.addWidget(self._smile, 0, Qt.AlignmentFlag.AlignBottom)
        row = QHBoxLayout()
        row.setSpacing(8)
        for one, side in ((self._attach, 40), (self._send, 40)):
            one.setFixedSize(side, side)
        row.addLayout(_low(self._attach, 2))
        row.addWidget(field, 1)
        row.addLayout(_low(self._send, 2))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(4)
        layout.addWidget(self.attachments)
        layout.addLayout(row)
        self.setFocusProxy(self.input)

    def _connect(self) -> None:
        self.input.enter.connect(self.submit)
        self.input.files.connect(self.attachments.add)
        self.input.image.connect(self.pasted)
        self.input.typed.connect(self.typed)
        self.input.leave_up.connect(self.leave_up)
        self.input.focused.connect(self._frame)
        self.input.textChanged.connect(self._weigh)
        self.input.textChanged.connect(self.text_changed)
        self.attachments.changed.connect(self._weigh)
        self._attach.clicked.connect(self.choose_files)
        self._smile.clicked.connect(self.open_emoji)
        self._send.clicked.connect(self.submit)

    def _insert(self, sign: str) -> None:
        self.input.insertPlainText(sign)
        self.input.setFocus()

    def _frame(self, focused: bool) -> None:
        self._field.setProperty("focused", focused)
        self._field.style().unpolish(self._field)
        self._field.style().polish(self._field)

    def _weigh(self) -> None:
        """May it be sent, and how much more could be written."""
        text = self.text()
        used = len(text.encode("utf-8", "replace")) if len(text) * 4 > self._most * _NEARLY else len(text)
        rest = self._most - used
        too_long, close = rest < 0, used > self._most * _NEARLY
        self._rest.setVisible(close)
        if close:
            over = ntr("{count} byte too long", "{count} bytes too long", -rest)
            self._rest.setText(over if too_long else ntr("{count} byte left", "{count} bytes left", rest))
            set_role(self._rest, "error" if too_long else "small")
        self._send.setEnabled(not too_long and (bool(text.strip()) or self.attachments.sendable()))


def _low(widget: QWidget, air: int) -> QVBoxLayout:
    """A button that stays at the lower end while the field grows."""
    column = QVBoxLayout()
    column.setContentsMargins(0, 0, 0, air)
    column.addStretch()
    column.addWidget(widget)
    return column
