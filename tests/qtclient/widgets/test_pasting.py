"""What is pasted and dropped: pictures that nobody decodes, words without looks, names that are no UTF-8."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt5.QtCore import QByteArray, QMimeData, QUrl
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QApplication, QLabel

from qtclient.widgets import html_text, pasting
from qtclient.widgets.composer import Composer
from qtclient.widgets.html_text import text_of
from tests.qtclient.widgets.pictures import SVG, encoded


def _data(**formats: bytes) -> QMimeData:
    """As from another program: ``image_png=…``."""
    result = QMimeData()
    for kind, data in formats.items():
        result.setData(kind.replace("_", "/", 1), QByteArray(data))
    return result


class Undecoded(QMimeData):
    """From another program; whoever wants Qt to decode it fails."""

    def __init__(self, kind: str, data: bytes) -> None:
        super().__init__()
        self.setData(kind, QByteArray(data))

    def hasImage(self) -> bool:  # noqa: N802
        return True

    def imageData(self) -> object:  # noqa: N802
        raise AssertionError("Qt was to decode it")


@pytest.fixture
def composer(qapp: QApplication) -> Iterator[Composer]:
    made = Composer()
    yield made
    made.close()
    made.deleteLater()


# Pictures


@pytest.mark.parametrize("kind", ["png", "jpeg", "bmp"])
def test_a_picture_of_another_program_comes_as_its_bytes(composer: Composer, kind: str) -> None:
    got: list[object] = []
    composer.pasted.connect(got.append)
    data = encoded(kind, 4, 4)
    composer.input.insertFromMimeData(Undecoded(f"image/{kind}", data))
    assert got == [data]


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/png", "image/x-anything", "image/tiff"])
def test_a_picture_that_is_none_is_not_taken(composer: Composer, kind: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[object] = []
    composer.pasted.connect(got.append)
    composer.input.insertFromMimeData(Undecoded(kind, SVG % str(pipe).encode()))
    assert got == []


def test_the_best_picture_is_taken() -> None:
    one, other = encoded("png", 4, 4), encoded("bmp", 4, 4)
    assert pasting.picture(_data(image_bmp=other, image_png=one)) == one
    assert pasting.picture(_data(image_bmp=other, image_png=b"none")) == other


def test_a_picture_of_this_program_is_taken_as_it_is() -> None:
    data = QMimeData()
    image = QImage(4, 4, QImage.Format.Format_RGB32)
    data.setImageData(image)
    found = pasting.picture(data)
    assert isinstance(found, QImage)
    assert found.size() == image.size()


# Words


def test_what_has_looks_only_is_pasted_as_words(composer: Composer) -> None:
    data = QMimeData()
    data.setHtml("<p>one <b>two</b></p><p>three<img src='/dev/zero'></p>")
    assert composer.input.canInsertFromMimeData(data)
    composer.input.insertFromMimeData(data)
    assert composer.text() == "one two\nthree"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<b>bold</b>", "bold"),
        ("<meta charset='utf-8'><span>a</span> <span> b</span>", "a b"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul>\n <li>a</li>\n <li>b</li>\n</ul>", "a\nb"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><td>3<td>4</table>", "1\t2\n3\t4"),
        ("<pre>a\n  b</pre> c", "a\n  b\nc"),
        ("1 < 2 &amp;&lt; 3 &#x4f60;&hearts; <3", "1 < 2 &< 3 你♥ <3"),
        ("<script>x</script>y<style>z", "y"),
        ("a<!-- b > --> c<!-- d", "a c"),
        ("<a title='x > y' href=\"z\">link</a>", "link"),
        ("<!DOCTYPE html><html><head><title>t</title></head><body>b</body></html>", "b"),
        ("a&nbsp;b", "a\u00a0b"),
        ("", ""),
    ],
)
def test_words_of_html(source: str, words: str) -> None:
    assert text_of(source) == words


class Counted(str):
    """Counts the signs that are looked at by those who look for an end."""

    looked = 0

    def find(self, sign: str, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        found = super().find(sign, start)
        Counted.looked += (found if found >= 0 else len(self)) - start
        return found


ODD = (
    "<!--",
    "<!",
    "<?",
    "<",
    "</",
    '<a "',
    "<a '",
    '<a ">',
    "<a '\">",
    "<script>",
    "</script",
    "<pre>",
    "&#",
    "<svg></svg",
)


@pytest.mark.parametrize("piece", ODD)
def test_no_html_is_looked_through_twice(piece: str) -> None:
    source = Counted(piece * 500)
    Counted.looked = 0
    steps = 0

    class Reader(html_text._Reader):
        def words(self, raw: str) -> None:
            nonlocal steps
            steps += 1 + len(raw)
            super().words(raw)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html_text, "_Reader", Reader)
        text_of(source)
    assert Counted.looked + steps <= 4 * len(source)


def test_any_html_has_some_words() -> None:
    dice = random.Random(3)
    for _ in range(300):
        text_of("".join(dice.choice((*ODD, ">", "</p", "'", '"', "-->", "&", ";", "x", " ")) for _ in range(40)))


# Files


@pytest.mark.parametrize("name", ["plain.txt", "50%25 #1?.txt", "猫 🩷.png", "tab\tand\nline"])
def test_a_file_is_found_by_its_url(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("x")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)), QUrl("https://example.org/"), QUrl("file://elsewhere.example/x")])
    assert pasting.local_files(data) == [str(path), "//elsewhere.example/x"]


def test_a_name_that_is_no_utf8_is_refused_in_words(composer: Composer, tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(raw, "wb") as file:
        file.write(b"x")
    good = tmp_path / "good.txt"
    good.write_text("x")
    url = b"file://" + os.fsencode(tmp_path) + b"/caf%E9.txt\r\n" + QUrl.fromLocalFile(str(good)).toEncoded().data()
    composer.input.files.connect(composer.attachments.add)
    paths = pasting.local_files(_data(**{"text/uri-list": url}))
    assert [os.fsencode(path) for path in paths] == [raw, os.fsencode(good)]
    composer.attachments.add([*paths, str(tmp_path / "nul\0"), "\ud800"])
    words = [label.text() for label in composer.findChildren(QLabel)]
    assert any(line.startswith("caf") and line.endswith("is not UTF-8: rename it to send it") for line in words)
    assert any("nul" in line and "cannot be read" in line for line in words)
    assert composer.attachments.take() == [str(good)]
