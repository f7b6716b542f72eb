"""Files between two people's windows, through a real file daemon."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path

import pytest
from PyQt5.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PyQt5.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QFileDialog

from chatwire.transfer.upload import upload
from qtclient.records import FileInfo, FileState, Key, Kind, Message, Phase
from qtclient.widgets.file_words import Deed, deeds
from qtclient.windows.conversation import ConversationPane
from qtclient.windows.picture import PictureWindow
from qtclient.windows.transfers import TransfersWindow
from qtclient.windows.watch import WatchWindow
from tests.qtclient.person import button, shows
from tests.qtclient.sample import picture
from tests.qtclient.support import qt_wait
from tests.qtclient.windows.conftest import Windows


def _file_message(pane: ConversationPane) -> Message | None:
    model = pane.session.messages(pane.key)
    found = [model.message(number) for number in range(model.rowCount()) if model.message(number).file is not None]
    return found[-1] if found else None


def _file(pane: ConversationPane) -> FileInfo:
    message = _file_message(pane)
    assert message is not None
    assert message.file is not None
    return message.file


def _click(pane: ConversationPane, deed: Deed) -> None:
    """Where the bubble offers it."""
    view = pane.messages.view
    view.viewport().repaint()
    number = view.model().rowCount() - 1
    index = view.model().index(number, 0)
    row = view.itemDelegate().row(index, view.viewport().width())  # type: ignore[attr-defined]
    zone = next(zone for zone in row.zones if zone.deed is deed)
    spot = view.visualRect(index).topLeft() + zone.rect.center().toPoint()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=spot)


def _offers(pane: ConversationPane, deed: Deed) -> bool:
    message = _file_message(pane)
    return message is not None and deed in deeds(message, pane._board.transfer(message))


def _drop(pane: ConversationPane, paths: list[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 200), copy, data, left, none)
    QApplication.sendEvent(pane, enter)
    assert enter.isAccepted()
    assert pane._drop.isVisible()
    QApplication.sendEvent(pane, QDropEvent(QPointF(50, 200), copy, data, left, none))
    assert not pane._drop.isVisible()


def test_a_dropped_file_is_sent_downloaded_and_the_same(pair: tuple[Windows, Windows], tmp_path: Path) -> None:
    ann, ben = pair
    ben.settings.set("download_folder", str(tmp_path / "downloads"))
    source = tmp_path / "notes.txt"
    source.write_bytes(b"line\n" * 50_000)
    here, there = ann.open(ben.name), ben.open(ann.name)
    _drop(here, [source])
    QTest.keyClick(here.composer.input, Qt.Key.Key_Return)
    qt_wait(lambda: _offers(there, Deed.DOWNLOAD), "ben is offered the file")
    _click(there, Deed.DOWNLOAD)
    qt_wait(lambda: _file(there).path, "it is here")
    target = Path(_file(there).path)
    assert target.parent == tmp_path / "downloads"
    assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(source.read_bytes()).digest()
    assert not list(target.parent.glob("*.part"))
    qt_wait(lambda: _offers(there, Deed.OPEN), "it can be opened")


def test_a_picture_is_previewed_and_zoomed(pair: tuple[Windows, Windows], tmp_path: Path) -> None:
    ann, ben = pair
    source = tmp_path / "lake.png"
    picture(source)
    here, there = ann.open(ben.name), ben.open(ann.name)
    here.composer.attachments.add([str(source)])
    here.composer.submit()
    qt_wait(lambda: _file_message(there) and _file(there).path, "it has been fetched by itself")
    message = _file_message(there)
    assert message is not None
    qt_wait(lambda: there._board.preview_size(message) is not None, "the preview is there")
    size = there._board.preview_size(message)
    assert size is not None
    assert size.width() == 360
    qt_wait(lambda: ben.desk.session.transfers() == [], "it is no business of the transfers window")
    _click(there, Deed.PICTURE)
    viewer = ben.desk._window("picture")
    assert isinstance(viewer, PictureWindow)
    qt_wait(lambda: not viewer.canvas.image.isNull(), "the picture is shown")
    fitting = viewer.canvas.factor()
    QTest.keyClick(viewer, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    viewer.canvas.larger()
    assert viewer.canvas.factor() > fitting
    viewer.canvas.fit()
    assert viewer.canvas.factor() == fitting
    target = tmp_path / "copy.png"
    viewer._copy_to(str(target))
    qt_wait(lambda: target.exists() and target.read_bytes() == source.read_bytes(), "the copy is written")


def test_a_pasted_picture_is_sent(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    here, there = ann.open(ben.name), ben.open(ann.name)
    here = ann.open(ben.name)
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    QApplication.clipboard().setImage(image)
    here.composer.input.setFocus()
    QTest.keyClick(here.composer.input, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    qt_wait(lambda: here.composer.attachments.sendable(), "it stands above the field")
    QTest.keyClick(here.composer.input, Qt.Key.Key_Return)
    qt_wait(lambda: _file_message(there) and _file(there).path, "ben has it")
    got = QImage(_file(there).path)
    assert (got.width(), got.height(), got.pixelColor(3, 3).name()) == (40, 30, "#336699")


def test_pasted_pictures_belong_to_where_they_were_pasted(pair: tuple[Windows, Windows]) -> None:
    """Two in the same second, and the user looks at something else by the time they are written."""
    ann, ben = pair
    here, other = ann.open(ben.name), ann.open(ann.name)
    for colour in ("#336699", "#996633"):
        image = QImage(40, 30, QImage.Format.Format_RGB32)
        image.fill(QColor(colour))
        here._pasted(image)
        QTest.qWait(2)
    other.window().activateWindow()
    other.composer.input.setFocus()
    qt_wait(lambda: len(here.composer.attachments._list) == 2, "both are there")
    assert not other.composer.attachments.sendable()


def test_files_are_looked_for_where_the_last_ones_were(pair: tuple[Windows, Windows], tmp_path: Path) -> None:
    ann, ben = pair
    here = ann.open(ben.name)
    path = tmp_path / "notes.txt"
    path.write_text("x")
    for folder in (Path.home(), tmp_path):
        here.choose_files()
        [dialog] = here.findChildren(QFileDialog)
        assert dialog.directory().absolutePath() == str(folder)
        here.composer._smile.setFocus()
        dialog.filesSelected.emit([str(path)])
        assert here.window().focusWidget() is here.composer.input  # Enter sends
        dialog.close()
        qt_wait(lambda: not here.findChildren(QFileDialog), "it has gone")


def test_more_files_than_go_at_once_are_not_left_out_in_silence(pair: tuple[Windows, Windows], tmp_path: Path) -> None:
    ann, ben = pair
    paths = [tmp_path / f"{number}.txt" for number in range(53)]
    for path in paths:
        path.write_text("x")
    here = ann.open(ben.name)
    _drop(here, [*paths, *paths])
    assert shows(here, "50 files to send")
    assert shows(here, "only the first 50 at once")
    button(here, "Do not send 7.txt").click()
    assert not shows(here, "only the first")


def test_declining(pair: tuple[Windows, Windows]) -> None:
    ann, ben = pair
    client = ann.daemons.log_in(ann.name)
    client.request("send_file", to_user=ben.name, filename="unwanted.bin", length=1000)
    here, there = ann.open(ben.name), ben.open(ann.name)
    qt_wait(lambda: _offers(there, Deed.DECLINE), "ben can decline")
    _click(there, Deed.DECLINE)
    qt_wait(lambda: _file(there).state is FileState.DECLINED, "it is declined")
    qt_wait(lambda: _file_message(here) and _file(here).state is FileState.DECLINED, "ann is told")


def test_the_transfers_window_pauses_resumes_and_cancels(pair: tuple[Windows, Windows], tmp_path: Path) -> None:
    ann, ben = pair
    source = tmp_path / "large.bin"
    with source.open("wb") as file:
        file.truncate(3 << 30)
    here = ann.open(ben.name)
    here.composer.attachments.add([str(source)])
    here.composer.submit()
    ann.desk.show_transfers()
    window = ann.desk._window("transfers")
    assert isinstance(window, TransfersWindow)
    qt_wait(lambda: window.chosen() is not None, "its line is there")
    window._deeds["pause"].click()
    qt_wait(lambda: _phase(window) is Phase.PAUSED, "it is paused")
    assert window._deeds["resume"].isVisible()
    window._deeds["resume"].click()
    qt_wait(lambda: _phase(window) in (Phase.RUNNING, Phase.PREPARING), "it goes on")
    window._deeds["cancel"].click()
    qt_wait(lambda: _phase(window) in (Phase.CANCELLED, None), "it is cancelled")
    qt_wait(lambda: window._deeds["clear"].isVisible() or _phase(window) is None, "it can be cleared")
    window._clear_over()
    qt_wait(lambda: window.list.model().rowCount() == 0, "the list is empty")


def test_pause_pressed_twice_goes_on_and_cancels_nothing(pair: tuple[Windows, Windows], tmp_path: Path) -> None:
    ann, ben = pair
    source = tmp_path / "large.bin"
    with source.open("wb") as file:
        file.truncate(3 << 30)
    ann.session.send_file(Key(Kind.PEER, ben.name), source)
    ann.desk.show_transfers()
    window = ann.desk._window("transfers")
    assert isinstance(window, TransfersWindow)
    qt_wait(lambda: window.chosen() is not None, "its line is there")
    assert window.focusWidget() is window.list
    window._deeds["pause"].setFocus()
    QTest.keyClick(window._deeds["pause"], Qt.Key.Key_Space)
    qt_wait(lambda: _phase(window) is Phase.PAUSED, "it is paused")
    assert window.focusWidget() is window._deeds["resume"]
    QTest.keyClick(window._deeds["resume"], Qt.Key.Key_Space)
    qt_wait(lambda: _phase(window) in (Phase.RUNNING, Phase.PREPARING), "it goes on")
    assert window.focusWidget() is window._deeds["pause"]
    window.do("cancel")
    qt_wait(lambda: _phase(window) in (Phase.CANCELLED, None), "it is cancelled")
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qt_wait(lambda: ann.desk._window("transfers") is None, "Escape closes it")


def _phase(window: TransfersWindow) -> Phase | None:
    info = window.chosen()
    return info.phase if info is not None else None


def test_a_file_is_looked_into_while_it_arrives(pair: tuple[Windows, Windows], tmp_path: Path) -> None:
    """The upload has stopped in the middle; what has come is read, and the rest when it comes."""
    ann, ben = pair
    ben.settings.set("download_folder", str(tmp_path / "downloads"))
    text = "".join(f"line {number}\n" for number in range(200_000)).encode()
    source = tmp_path / "story.txt"
    source.write_bytes(text)
    client = ann.daemons.log_in(ann.name)
    offer = client.request("send_file", to_user=ben.name, filename="story.txt", length=len(text))
    half = len(text) // 2
    request = urllib.request.Request(offer["url"], data=text[:half], method="PATCH")
    for header, value in {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }.items():
        request.add_header(header, value)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 204
    there = ben.open(ann.name)
    qt_wait(lambda: _offers(there, Deed.DOWNLOAD), "ben is offered the file")
    _click(there, Deed.DOWNLOAD)
    qt_wait(lambda: _offers(there, Deed.WATCH), "it can be looked into")
    _click(there, Deed.WATCH)
    window = ben.desk._window("watch")
    assert isinstance(window, WatchWindow)
    qt_wait(lambda: window.text.toPlainText().startswith("line 0\nline 1\n"), "the beginning is shown")
    upload(offer["url"], source)
    qt_wait(lambda: _file(there).path, "the rest has come")
    assert Path(_file(there).path).read_bytes() == text


@pytest.mark.parametrize("called", ["notes.sh", "x.desktop", "y.AppImage"])
def test_a_program_is_not_run(
    pair: tuple[Windows, Windows], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str
) -> None:
    ann, ben = pair
    path = tmp_path / called
    path.write_text("#!/bin/sh\n")
    opened: list[str] = []

    def note(url: QUrl) -> bool:
        opened.append(url.toLocalFile())
        return True

    monkeypatch.setattr("qtclient.windows.message_deeds.QDesktopServices.openUrl", note)
    here = ann.open(ben.name)
    here.composer.attachments.add([str(path)])
    here.composer.submit()
    qt_wait(lambda: _offers(here, Deed.OPEN), "it is sent")
    message = _file_message(here)
    assert message is not None
    here.deeds.do(message, Deed.OPEN)
    assert opened == [str(tmp_path)]
    assert "program" in here.toast.text()
