"""Previews in memory: how many are kept, which make room, and when a file is looked at again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QSize
from PyQt5.QtGui import QImage, QImageReader, QPixmap
from PyQt5.QtWidgets import QApplication

from qtclient.records import FileInfo, FileState
from qtclient.widgets import pictures as pictures_module
from qtclient.widgets.message_view import MessageView
from qtclient.widgets.picture_file import Picture, read_picture
from qtclient.widgets.pictures import Pictures
from tests.qtclient.support import qt_wait
from tests.qtclient.widgets.messages import ROLE, NoFiles, Rows, message
from tests.qtclient.widgets.pictures import encoded, png

BOX = QSize(360, 320)
ONE = 360 * 320 * 4  # bytes of a preview


class Shelf:
    """Pictures on the disk, and all that has been read of them."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.pictures = Pictures(BOX)
        self.read: list[str] = []
        self.ready: list[str] = []
        self.pictures.ready.connect(self.ready.append)

        def reading(path: str, box: QSize | None, most: int) -> Picture:
            self.read.append(path)
            return read_picture(path, box, most)

        patch.setattr(pictures_module, "read_picture", reading)

    def put(self, name: str, data: bytes = b"") -> str:
        path = self.folder / name
        path.write_bytes(data or encoded("png", 720, 640))
        return str(path)

    def shown(self, path: str, file: str = "f1") -> QPixmap:
        """As a view does: the size, then the preview, until it is there."""
        qt_wait(lambda: self.pictures.size(path, file) and self.pictures.get(path, file), "the preview is there")
        found = self.pictures.get(path, file)
        assert found is not None
        return found


@pytest.fixture
def shelf(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    made = Shelf(tmp_path, monkeypatch)
    yield made
    made.pictures.close()
    made.pictures.deleteLater()


def test_what_is_in_sight_is_read_once_however_much_it_is(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_module, "KEPT", 5 * ONE)
    paths = [shelf.put(f"{number}.png") for number in range(14)]
    shelf.pictures.making_room.connect(lambda sight: sight.update(paths))

    def paint() -> bool:
        got = [shelf.pictures.get(path, "f1") if shelf.pictures.size(path, "f1") else None for path in paths]
        return None not in got

    qt_wait(paint, "all are there")
    for _ in range(3):
        QApplication.processEvents()
        assert paint()
    assert sorted(shelf.read) == sorted(paths)
    assert shelf.pictures.bytes == 14 * ONE


def test_what_is_out_of_sight_makes_room(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures_module, "KEPT", 5 * ONE)
    paths = [shelf.put(f"{number}.png") for number in range(14)]
    shelf.pictures.making_room.connect(lambda sight: sight.add(paths[0]))
    for path in paths:
        shelf.shown(path)
        assert shelf.pictures.bytes <= 5 * ONE
    assert shelf.pictures.bytes == sum(one.width() * one.height() * 4 for one in shelf.pictures._kept.values())
    assert {one.path for one in shelf.pictures._kept} == {paths[0], *paths[-4:]}


@pytest.mark.parametrize(
    "data",
    [
        png(1440, 1280, bits=16, colour=6),
        png(1440, 1280, bits=16, colour=0),
        png(1440, 1280, colour=0),
        png(9, 9, colour=3),
    ],
    ids=["16 bits", "16 bits, grey", "grey", "palette"],
)
def test_one_figure_comes_and_goes(shelf: Shelf, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A grey picture was counted with a quarter of what it was taken off with, one with 16 bits with twice as much."""
    monkeypatch.setattr(pictures_module, "KEPT", ONE)
    pixmap = shelf.shown(shelf.put("odd.png", data))
    assert shelf.pictures.bytes == pixmap.width() * pixmap.height() * 4 <= ONE
    shelf.shown(shelf.put("other.png"))
    assert shelf.pictures.bytes == ONE


def test_a_decoder_that_does_not_shrink_is_helped(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reader(QImageReader):
        def setScaledSize(self, size: QSize) -> None:  # noqa: N802
            """As some decoders of older versions."""

    monkeypatch.setattr("qtclient.widgets.picture_file.QImageReader", Reader)
    assert shelf.shown(shelf.put("one.png", png(1440, 1280, bits=16))).size() == BOX


def test_what_is_no_picture_is_looked_at_once(shelf: Shelf) -> None:
    path = shelf.put("text.png", b"no picture")
    assert shelf.pictures.size(path, "f1") is None
    qt_wait(lambda: shelf.ready == [path], "it has been looked at")
    assert shelf.pictures.size(path, "f1") is None
    assert shelf.pictures.get(path, "f1") is None
    assert shelf.pictures.size(str(shelf.folder / "notes.txt"), "f2") is None
    assert shelf.read == [path]


def test_a_picture_that_was_written_over_and_sent_again_is_another(shelf: Shelf) -> None:
    path = shelf.put("lake.png", encoded("png", 8, 8, "#ff0000"))
    before = os.stat(path)
    assert shelf.shown(path, "f1").toImage().pixelColor(1, 1).name() == "#ff0000"
    shelf.put("lake.png", encoded("png", 8, 8, "#00ff00"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
    assert shelf.pictures.get(path, "f2") is not None  # the old one, for a moment: nothing flickers
    qt_wait(lambda: len(shelf.ready) == 2, "it has been looked at anew")
    assert shelf.shown(path, "f2").toImage().pixelColor(1, 1).name() == "#00ff00"
    assert shelf.shown(path, "f1").toImage().pixelColor(1, 1).name() == "#ff0000"


def test_the_same_picture_under_another_id_is_not_decoded_again(shelf: Shelf) -> None:
    """A file that is being sent has an id of ours until the server has given it one."""
    path = shelf.put("lake.png")
    first = shelf.shown(path, "local")
    assert shelf.pictures.get(path, "f1") is first
    qt_wait(lambda: len(shelf.ready) == 2, "it has been looked at")
    assert shelf.pictures.get(path, "f1") is first
    assert shelf.read == [path]
    assert shelf.pictures.bytes == ONE


def test_a_view_says_which_pictures_are_in_sight(qapp: QApplication) -> None:
    messages = [
        message(row, file=FileInfo(f"f{row}", f"{row}.png", 9, FileState.COMPLETE, path=f"/{row}.png"))
        for row in range(1, 41)
    ]
    files = NoFiles()
    files.pictures = {
        f"f{row}": QPixmap.fromImage(QImage(300, 200, QImage.Format.Format_RGB32)) for row in range(1, 41)
    }
    view, rows = MessageView(ROLE, files), Rows(messages)
    rows.setParent(view)
    view.setModel(rows)
    view.resize(480, 600)
    hidden: set[str] = set()
    view.tell_files_in_sight(hidden)
    view.show()
    qapp.processEvents()
    seen: set[str] = set()
    view.tell_files_in_sight(seen)
    assert not hidden
    assert seen == {f"/{row}.png" for row in range(41 - len(seen), 41)}
    assert 2 <= len(seen) <= 4
    view.close()
    view.deleteLater()
