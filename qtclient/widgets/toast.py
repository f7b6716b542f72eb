"""A line that comes, is read, and goes: over the lower edge of a window, never in the way. GUI thread only."""

from __future__ import annotations

from collections import deque

from PyQt5.QtCore import QEvent, QObject, Qt, QTimer
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QWidget

from qtclient.widgets import said
from qtclient.widgets.worded import label, set_role

_SHOWN, _AT_LEAST = 6000, 2500  # ms: a line alone, and one behind which another waits
_MOST = 5  # lines that wait; older ones give way


class Toast(QFrame):
    """Belongs to a window, over whose lower edge it lies."""

    def __init__(self, parent: QWidget, above: int = 24) -> None:
        super().__init__(parent)
        self._above = above
        set_role(self, "toast")
        self._words = label(wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.addWidget(self._words)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._next)
        self._waiting: deque[str] = deque(maxlen=_MOST)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        parent.installEventFilter(self)
        self.hide()

    def say(self, text: str) -> None:
        """Show a line for six seconds; if one is shown, when its time is over."""
        if self._timer.isActive():
            if text != self._words.text() and text not in self._waiting:
                self._waiting.append(text)
                self._timer.start(min(self._timer.remainingTime(), _AT_LEAST))
            return
        self._words.setText(said.text(text))
        self.setAccessibleName(said.text(text))
        self._place()
        self.show()
        self.raise_()
        self._timer.start(_AT_LEAST if self._waiting else _SHOWN)

    def _next(self) -> None:
        self.hide()
        if self._waiting:
            self.say(self._waiting.popleft())

    def text(self) -> str:
        """What it says, empty when it is gone."""
        return self._words.text() if self.isVisible() else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        parent = self.parentWidget()
        wanted = self._words.fontMetrics().horizontalAdvance(self._words.text()) + 40
        wide = min(parent.width() - 32, wanted, 560)
        self.setFixedWidth(max(80, wide))
        high = self.heightForWidth(wide) if self.hasHeightForWidth() else self.sizeHint().height()
        self.resize(wide, high)
        self.move((parent.width() - self.width()) // 2, parent.height() - high - self._above)
