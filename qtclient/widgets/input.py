"""The field in which messages are written. GUI thread only.

Enter and input methods: an input method that composes (Pinyin, say) uses Enter to take what was typed as it is, so
Enter must not send then. While there is a preedit text the key is left alone, and an Enter that arrives in the same
turn of the event loop as the end of a composition belongs to it, too: some frameworks forward the key after they have
committed.
"""

from __future__ import annotations

from PyQt5.QtCore import QMimeData, QSize, Qt, QTimer, pyqtSignal
from PyQt5.QtGui import QFocusEvent, QImage, QInputMethodEvent, QKeyEvent, QTextOption
from PyQt5.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

_MOST_LINES = 8


class Input(QPlainTextEdit):
    """Grows with its text up to eight lines."""

    enter = pyqtSignal()  # the text is to be sent
    files = pyqtSignal(list)  # paths that were pasted or dropped
    image = pyqtSignal(QImage)  # a picture that was pasted
    focused = pyqtSignal(bool)
    typed = pyqtSignal()  # by the user
    leave_up = pyqtSignal()  # arrow up in an empty field

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.enter_sends = True  # False: Ctrl+Enter does, and Enter begins a line
        self._composing = False
        self._just_composed = QTimer(self)
        self._just_composed.setSingleShot(True)
        self._just_composed.setInterval(0)
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
        was, self._composing = self._composing, bool(event.preeditString())
        if was and not self._composing:
            self._just_composed.start()
        super().inputMethodEvent(event)
        self.typed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._return(event)
            return
        if event.key() == Qt.Key.Key_Up and not self.toPlainText():
            self.leave_up.emit()
            return
        super().keyPressEvent(event)
        if event.text() or event.key() == Qt.Key.Key_Backspace:
            self.typed.emit()

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802
        return source.hasImage() or bool(local_files(source)) or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        paths = local_files(source)
        if paths:
            self.files.emit(paths)
        elif source.hasImage() and not source.hasText():
            image = source.imageData()
            if isinstance(image, QImage) and not image.isNull():
                self.image.emit(image)
        elif source.hasText():
            self.insertPlainText(source.text())
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
        if self._composing or self._just_composed.isActive():
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


def local_files(source: QMimeData) -> list[str]:
    """The files of this machine that a drop or the clipboard names."""
    return [url.toLocalFile() for url in source.urls() if url.isLocalFile()] if source.hasUrls() else []
