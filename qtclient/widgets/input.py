"""The field in which messages are written. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QMimeData, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QFocusEvent, QInputMethodEvent, QKeyEvent, QTextOption
from PyQt5.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from chatwire.text import well_formed
from qtclient.widgets import pasting
from qtclient.widgets.composition import Composition
from qtclient.widgets.typed import from_document

_MOST_LINES = 8


class Input(QPlainTextEdit):
    """Grows with its text up to eight lines."""

    enter = pyqtSignal()  # the text is to be sent
    files = pyqtSignal(list)  # paths that were pasted or dropped
    image = pyqtSignal(object)  # a picture that was pasted: QImage or bytes
    focused = pyqtSignal(bool)
    typed = pyqtSignal()  # by the user
    leave_up = pyqtSignal()  # arrow up in an empty field

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.enter_sends = True  # False: Ctrl+Enter does, and Enter begins a line
        self.composition = Composition(self)
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)
        self.document().setDocumentMargin(4)
        self.textChanged.connect(self._grow)
        self.document().documentLayout().documentSizeChanged.connect(self._grow)
        self._grow()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:  # noqa: N802
        if self.composition.accepts(event):
            super().inputMethodEvent(event)
            self.typed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._return(event)
            return
        if event.key() == Qt.Key.Key_Up and not self.text():
            self.leave_up.emit()
            return
        super().keyPressEvent(event)
        if event.text() or event.key() == Qt.Key.Key_Backspace:
            self.typed.emit()

    def text(self) -> str:
        """What is written, as it was written: `toPlainText` makes spaces of no-break spaces."""
        return from_document(self.document().toRawText())

    def createMimeDataFromSelection(self) -> QMimeData:  # noqa: N802
        data = QMimeData()
        data.setText(from_document(self.textCursor().selectedText()))
        return data

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802
        return source.hasImage() or source.hasText() or source.hasHtml() or bool(pasting.local_files(source))

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        paths = pasting.local_files(source)
        picture = pasting.picture(source) if not source.hasText() else None
        if paths:
            self.files.emit(paths)
        elif picture is not None:
            self.image.emit(picture)
        elif words := pasting.words(source):
            self.insertPlainText(well_formed(words))
            self.typed.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.focused.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.focused.emit(False)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, self.height())

    def _return(self, event: QKeyEvent) -> None:
        if self.composition.takes_enter():
            return
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        wanted = Qt.KeyboardModifier.NoModifier if self.enter_sends else Qt.KeyboardModifier.ControlModifier
        if int(held) in (int(wanted), int(Qt.KeyboardModifier.ControlModifier)):
            self.enter.emit()
        else:
            self.insertPlainText("\n")
            self.ensureCursorVisible()
            self.typed.emit()

    def _grow(self, *_: object) -> None:
        """As many lines as there are, one to eight."""
        lines = max(1, min(_MOST_LINES, round(self.document().size().height())))
        high = lines * self.fontMetrics().lineSpacing() + 2 * round(self.document().documentMargin()) + 2
        if high != self.height() or self.minimumHeight() != high:
            self.setFixedHeight(high)
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if lines == _MOST_LINES else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
