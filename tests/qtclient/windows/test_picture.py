"""The window of one picture, without a session: what it says of what was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from PyQt5.QtCore import QObject, QSize, pyqtSignal
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QApplication

from qtclient.i18n import set_language
from qtclient.model.settings import Settings
from qtclient.widgets.files import FileBoard
from qtclient.widgets.picture_file import Picture
from qtclient.windows.picture import PictureWindow
from tests.qtclient.person import shows


class Board(QObject):
    """Reads nothing."""

    picture_read = pyqtSignal(str, object)

    def read_whole(self, path: str) -> None:
        """The test tells what was read."""


@pytest.fixture
def board(qapp: QApplication) -> Iterator[Board]:
    set_language("en")
    made = Board()
    yield made
    made.deleteLater()


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (Picture(QImage(6000, 4500, QImage.Format.Format_Mono), QSize(12_000, 9_000)), "12000 × 9000 · 5 %"),
        (Picture(size=QSize(9_000, 9_000), too_large=True), "This picture is too large to be shown."),
        (Picture(size=QSize(40, 30)), "This picture cannot be shown."),
        (Picture(), "This picture cannot be shown."),
    ],
)
def test_it_says_how_large_the_picture_is_in_its_file(
    board: Board, profile: Path, picture: Picture, words: str
) -> None:
    window = PictureWindow(Settings(profile), cast(FileBoard, board), "/lake.png", "lake.png")
    window.show()
    window.canvas.resize(600, 450)
    board.picture_read.emit("/another.png", Picture(QImage(8, 8, QImage.Format.Format_Mono), QSize(8, 8)))
    assert not shows(window, "%")
    board.picture_read.emit("/lake.png", picture)
    assert shows(window, words)
    window.close()
