"""How long a window takes until it has drawn what it was asked to show."""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt5.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtWidgets import QAbstractItemView

from tests.qtclient.support import qt_wait


class Painted(QObject):
    """Counts what is painted in a window or a part of it."""

    def __init__(self, watched: QObject) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            self.count += 1
        return False


def until_drawn(act: Callable[[], QAbstractItemView]) -> tuple[QAbstractItemView, float]:
    """Do something that opens a view; the view, and the seconds until it has drawn its rows."""
    began = time.perf_counter()
    view = act()
    painted = Painted(view.viewport())
    qt_wait(lambda: painted.count and view.model() is not None and view.model().rowCount() > 0, "the view is drawn")
    return view, time.perf_counter() - began


def turn_wheel(view: QAbstractItemView, notches: int) -> tuple[float, float]:
    """Turn the wheel over a view; seconds until all that follows from it is done, drawing included, and of processor.

    The second says what the first would be on a machine that has nothing else to do.
    """
    spot = QPoint(view.viewport().width() // 2, view.viewport().height() // 2)
    event = QWheelEvent(
        QPointF(spot), QPointF(view.viewport().mapToGlobal(spot)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    began, used = time.perf_counter(), time.thread_time()
    QCoreApplication.sendEvent(view.viewport(), event)
    QCoreApplication.processEvents()
    return time.perf_counter() - began, time.thread_time() - used
