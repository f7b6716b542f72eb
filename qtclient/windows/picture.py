"""A picture at any size. GUI thread only."""

from __future__ import annotations

from PyQt5.QtCore import QPoint, QPointF, QRectF, QSizeF, Qt, pyqtSignal
from PyQt5.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PyQt5.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from qtclient.i18n import tr
from qtclient.look import palette
from qtclient.model.settings import Settings
from qtclient.widgets import said
from qtclient.widgets.files import FileBoard
from qtclient.widgets.picture_file import Picture
from qtclient.widgets.worded import label, say, tool
from qtclient.windows.shortcuts import bind
from qtclient.windows.window import Window

_STEP, _LEAST, _MOST = 1.25, 0.05, 16.0


class Canvas(QWidget):
    """Fits the picture until one zooms; then it can be dragged."""

    zoomed = pyqtSignal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self._factor = 0.0  # 0 fits
        self._centre = QPointF(0.5, 0.5)  # of the picture, in its own measure
        self._drag: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(160, 120)

    def show_image(self, image: QImage) -> None:
        """Another picture, or more of it; the zoom stays."""
        self.image = image
        self.update()
        self.zoomed.emit(self.factor())

    def factor(self) -> float:
        """Screen pixels per pixel of the picture."""
        if self._factor or self.image.isNull():
            return self._factor or 1.0
        fitting = QSizeF(self.image.size()).scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        return min(1.0, fitting.width() / self.image.width())

    def fit(self) -> None:
        self._factor, self._centre = 0.0, QPointF(0.5, 0.5)
        self._changed()

    def zoom(self, by: float, at: QPointF | None = None) -> None:
        """Larger or smaller; the spot stays where it is."""
        spot = at if at is not None else QRectF(self.rect()).center()
        before = self._picture_point(spot)
        self._factor = min(_MOST, max(_LEAST, self.factor() * by))
        after = self._picture_point(spot)
        self._centre += before - after
        self._clamp()
        self._changed()

    def larger(self) -> None:
        self.zoom(_STEP)

    def smaller(self) -> None:
        self.zoom(1 / _STEP)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(self.rect(), palette.colour(palette.now().panel))
        if not self.image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.factor() < 2)
            painter.drawImage(self._target(), self.image)
        painter.end()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        self.zoom(_STEP ** (event.angleDelta().y() / 120), event.position())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._drag = event.pos()
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._drag is not None and not self.image.isNull():
            moved = QPointF(event.pos() - self._drag) / self.factor()
            self._centre -= QPointF(moved.x() / self.image.width(), moved.y() / self.image.height())
            self._drag = event.pos()
            self._clamp()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._drag = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self._factor:
            self.fit()
        else:
            self.zoom(1 / self.factor(), QPointF(event.pos()))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        steps = {
            Qt.Key.Key_Left: QPointF(-0.05, 0),
            Qt.Key.Key_Right: QPointF(0.05, 0),
            Qt.Key.Key_Up: QPointF(0, -0.05),
            Qt.Key.Key_Down: QPointF(0, 0.05),
        }
        if event.key() in steps:
            self._centre += steps[Qt.Key(event.key())]
            self._clamp()
            self.update()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self.zoomed.emit(self.factor())

    def _target(self) -> QRectF:
        size = QSizeF(self.image.size()) * self.factor()
        middle = QRectF(self.rect()).center()
        left = middle.x() - self._centre.x() * size.width()
        top = middle.y() - self._centre.y() * size.height()
        return QRectF(QPointF(left, top), size)

    def _picture_point(self, spot: QPointF) -> QPointF:
        target = self._target()
        if target.isEmpty():
            return QPointF(0.5, 0.5)
        return QPointF((spot.x() - target.left()) / target.width(), (spot.y() - target.top()) / target.height())

    def _clamp(self) -> None:
        self._centre = QPointF(min(1.0, max(0.0, self._centre.x())), min(1.0, max(0.0, self._centre.y())))

    def _changed(self) -> None:
        self.update()
        self.zoomed.emit(self.factor())


class PictureWindow(Window):
    """One picture, with zoom."""

    def __init__(self, settings: Settings, board: FileBoard, path: str, title: str) -> None:
        super().__init__(settings, "picture", (800, 620))
        self._board, self._path, self._name = board, path, said.name(title)
        self.canvas = Canvas()
        self._out, self._fit, self._in, self._save = tool("zoom_out"), tool("image"), tool("zoom_in"), tool("download")
        self._words = label("small")
        self._picture: Picture | None = None  # once it has been read
        self._build()
        self.canvas.zoomed.connect(self._tell)
        board.picture_read.connect(self._show)
        board.read_whole(path)
        self.say_words()
        self.canvas.setFocus()

    def say_words(self) -> None:
        self.setWindowTitle(self._name)
        self.canvas.setAccessibleName(tr("Picture {name}", name=self._name))
        say(self._out, tr("Smaller"))
        say(self._in, tr("Larger"))
        say(self._fit, tr("Fit the window"))
        say(self._save, tr("Save a copy"))
        self._tell(self.canvas.factor())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def save_copy(self) -> None:
        """The desktop asks where to; it blocks nothing."""
        dialog = QFileDialog(self, tr("Save a copy"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDirectory(str(self.settings.downloads))
        dialog.selectFile(self._name)
        dialog.fileSelected.connect(self._copy_to)
        dialog.open()

    def _copy_to(self, target: str) -> None:
        self._board.copy(self._path, target)

    def _show(self, path: str, picture: Picture) -> None:
        if path == self._path:
            self._picture = picture
            self.canvas.show_image(picture.image)

    def _tell(self, factor: float) -> None:
        picture = self._picture
        if picture is None:
            return
        size = picture.size
        if picture.too_large:
            self._words.setText(tr("This picture is too large to be shown."))
        elif picture.image.isNull():
            self._words.setText(tr("This picture cannot be shown."))
        else:
            scale = factor * picture.image.width() / size.width()
            self._words.setText(f"{size.width()} × {size.height()} · {scale * 100:.0f} %")

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 6, 12, 6)
        bar.setSpacing(4)
        bar.addWidget(self._words, 1)
        for one, act in (
            (self._out, self.canvas.smaller),
            (self._fit, self.canvas.fit),
            (self._in, self.canvas.larger),
            (self._save, self.save_copy),
        ):
            one.clicked.connect(act)
            bar.addWidget(one)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.canvas, 1)
        layout.addLayout(bar)
        for name, act in (
            ("zoom_in", self.canvas.larger),
            ("zoom_out", self.canvas.smaller),
            ("zoom_fit", self.canvas.fit),
        ):
            bind(self, name, act)
        bind(self, "close", self.close)
