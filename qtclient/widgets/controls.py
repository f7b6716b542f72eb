"""Controls that Qt has not quite as they are wanted. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QEvent, QRectF, QSize, Qt
from PyQt5.QtGui import QFontInfo, QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PyQt5.QtWidgets import (
    QAbstractButton,
    QAction,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QStyle,
    QStyleOptionButton,
    QToolButton,
    QWidget,
)

from qtclient.look import palette
from qtclient.look.icons import icon, paint_icon
from qtclient.widgets.tips import set_tip

_USUAL = 11.0  # points for which icons are drawn; with a larger text they grow


class Choice(QComboBox):
    """A combo box whose arrow is ours: a style sheet takes Qt's away."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        painter = QPainter(self)
        side = 14
        spot = QRectF(self.width() - side - 10, (self.height() - side) / 2, side, side)
        paint_icon(painter, spot, "down", palette.now().muted if self.isEnabled() else palette.now().faint)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """It is for the page around it: who scrolls wants to choose nothing."""
        event.ignore()


class Check(QCheckBox):
    """A check box whose tick is ours, for the same reason."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        if self.isChecked():
            option = QStyleOptionButton()
            self.initStyleOption(option)
            box = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
            painter = QPainter(self)
            paint_icon(painter, QRectF(box).adjusted(2, 2, -2, -2), "check", palette.now().on_button)
            painter.end()


class Push(QPushButton):
    """A button that Enter presses, too, while it has the focus; Qt's knows that in dialogs only."""

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not _entered(self, event):
            super().keyPressEvent(event)


class ToolIcon(QToolButton):
    """A button that is an icon of ``size`` pixels, larger where the text is large."""

    def __init__(self, name: str, colour: str, size: int) -> None:
        super().__init__()
        self._size = size
        self.setIcon(icon(name, colour))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_size"):
            self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if not _entered(self, event):
            super().keyPressEvent(event)

    def _fit(self) -> None:
        side = round(self._size * min(1.6, max(1.0, QFontInfo(self.font()).pointSizeF() / _USUAL)))
        self.setIconSize(QSize(side, side))


class Elided(QLabel):
    """A label that gives way: what does not fit ends in an ellipsis, and is told by the tip."""

    def __init__(self, where: Qt.TextElideMode = Qt.TextElideMode.ElideRight, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._where = where
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMinimumWidth(24)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(24, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        shown = self.fontMetrics().elidedText(self.text(), self._where, self.width())
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
        painter.end()
        set_tip(self, self.text() if shown != self.text() else "")


def clearable(field: QLineEdit) -> None:
    """Give a field a button that empties it, with a sign of ours: the style's is black or white whatever is around."""
    field.setClearButtonEnabled(True)
    action = field.findChild(QAction, "_q_qlineeditclearaction")  # Qt's name for it
    if action is not None:
        action.setIcon(icon("close", "muted"))


def _entered(button: QAbstractButton, event: QKeyEvent) -> bool:
    """Enter on a button, which must not reach the window: there it would mean the window's own deed."""
    if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return False
    event.accept()
    if not event.isAutoRepeat():
        button.click()
    return True
