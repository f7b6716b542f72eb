"""Something that may be higher than the screen. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QObject, QSize, Qt
from PyQt5.QtWidgets import QFrame, QScrollArea, QWidget


class Scrolled(QScrollArea):
    """Asks for all the room that its content wants, and scrolls where there is less."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidget(content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        viewport = self.viewport()
        assert viewport is not None
        viewport.setAutoFillBackground(False)
        content.setAutoFillBackground(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()  # other words or another font: whoever holds this has to ask again
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:  # noqa: N802
        content = self.widget()
        return content.sizeHint() if content is not None else super().sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        content, bar = self.widget(), self.verticalScrollBar()
        return QSize(content.minimumSizeHint().width() + bar.sizeHint().width() if content is not None else 0, 0)
