"""Pictures that others have made: which are read, how much that may take, and what is never even begun."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt5.QtCore import QBuffer, QByteArray, QSize
from PyQt5.QtGui import QImage, QImageReader, QTextDocument

from qtclient.widgets import picture_file, tips
from qtclient.widgets.picture_file import BY_ITSELF, WHEN_ASKED, Picture, decode, open_ordinary, read_picture
from qtclient.widgets.picture_header import Header, format_of, look, png_without_extras
from tests.qtclient.widgets.pictures import (
    SVG,
    bmp,
    can_write,
    chunk,
    encoded,
    gif,
    jpeg_head,
    png,
    turned,
    webp,
)

BOX = QSize(720, 640)
WEBP = pytest.param("webp", marks=pytest.mark.skipif(not can_write("webp"), reason="this Qt has no WebP"))
FORMATS = ["png", "jpeg", "bmp", WEBP]


@pytest.fixture
def no_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins to decode fails."""

    def begun(*_: object) -> None:
        raise AssertionError("a decoder was begun")

    monkeypatch.setattr(picture_file, "QImageReader", begun)


# What is read


@pytest.mark.parametrize("kind", FORMATS)
def test_an_ordinary_picture_is_read_and_fits_its_box(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "whatever it is called"
    path.write_bytes(encoded(kind, 1440, 320))
    found = read_picture(str(path), BOX, BY_ITSELF)
    assert (found.size, found.image.size()) == (QSize(1440, 320), QSize(720, 160))
    assert abs(found.image.pixelColor(9, 9).blue() - 0x99) < 3
    small = decode(encoded(kind, 30, 20), BOX, BY_ITSELF)
    assert small.image.size() == QSize(30, 20)


def test_a_gif_is_read() -> None:
    assert decode(gif((3, 2)), BOX, BY_ITSELF).image.size() == QSize(3, 2)


@pytest.mark.parametrize(("way", "upright"), [(1, QSize(720, 360)), (3, QSize(720, 360)), (6, QSize(320, 640))])
def test_a_photo_stands_as_its_camera_was_held(way: int, upright: QSize) -> None:
    found = decode(turned(encoded("jpeg", 1600, 800), way), BOX, BY_ITSELF)
    assert found.image.size() == upright
    assert found.size == (QSize(1600, 800) if way < 5 else QSize(800, 1600))


# What is no picture


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["svg", "svgz"])
@pytest.mark.parametrize("name", ["lake.png", "lake.jpg", "lake.svg", "lake.svgz"])
def test_an_svg_is_no_picture_whatever_it_is_called(
    pack: Callable[[bytes], bytes], name: str, tmp_path: Path, no_decoder: None
) -> None:
    """Qt would open what it names; a pipe would hold the program for good."""
    pipe, path = tmp_path / "pipe", tmp_path / name
    os.mkfifo(pipe)
    path.write_bytes(pack(SVG % str(pipe).encode()))
    assert read_picture(str(path), BOX, BY_ITSELF) == Picture()


@pytest.mark.parametrize(
    "data", [b"", b"no picture", b"P6 1 1 255 abc", b"/* XPM */", b"\0\0\1\0", b"II*\0", b"icns", b"<html>", b"GIF88a"]
)
def test_no_other_format_is_begun(data: bytes, no_decoder: None) -> None:
    assert format_of(data) == ""
    assert decode(data.ljust(200, b"\0"), BOX, BY_ITSELF) == Picture()


def test_the_named_format_is_the_only_one_that_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What begins as a PNG and goes on as something else is broken."""
    tried: list[bytes] = []

    class Reader(QImageReader):
        def __init__(self, source: QBuffer, kind: QByteArray) -> None:
            super().__init__(source, kind)
            tried.append(bytes(kind))

        def read(self) -> QImage:  # type: ignore[override]
            assert not self.autoDetectImageFormat()
            assert not self.decideFormatFromContent()
            return super().read()

    monkeypatch.setattr(picture_file, "QImageReader", Reader)
    assert not decode(encoded("png", 3, 3), BOX, BY_ITSELF).image.isNull()
    assert tried == [b"png"]


def test_a_pipe_a_device_and_a_folder_are_no_files(tmp_path: Path, no_decoder: None) -> None:
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    for path in (str(pipe), "/dev/zero", "/dev/tty", str(tmp_path), str(tmp_path / "missing.png"), "\ud800.png"):
        with pytest.raises(OSError):  # noqa: PT011
            open_ordinary(path)
        assert read_picture(path, BOX, BY_ITSELF) == Picture()


def test_a_file_that_never_ends_is_read_to_the_limit(tmp_path: Path, no_decoder: None) -> None:
    path = tmp_path / "long.png"
    path.write_bytes(png(10, 10))
    os.truncate(path, 3 << 40)
    assert read_picture(str(path), BOX, BY_ITSELF) == Picture(size=QSize(10, 10), too_large=True)


# What it would take


@pytest.mark.parametrize(
    ("data", "memory"),
    [
        (png(100, 50), 20_000),
        (png(100, 50, bits=16, colour=6), 40_000),
        (png(100, 50, bits=16, colour=0), 40_000),
        (png(100, 50, bits=1, colour=3), 20_000),
        (gif((100, 50)), 20_000),
        (gif((0, 0), (60, 30, 40, 20)), 20_000),
        (gif((8000, 8000), (0, 0, 1, 1)), 256_000_000),
        (gif((10, 10), (0, 0, 8000, 8000)), 256_000_000),
        (bmp(100, -50), 20_000),
        (bmp(100, 50, bits=1), 20_000),
        (webp(100, 50, "VP8"), 20_000),
        (webp(100, 50, "VP8L"), 40_000),
        (webp(100, 50), 40_000),
        (webp(16_777_216, 16_777_216), 8 << 48),
        (jpeg_head(100, 50), 20_000),
        (jpeg_head(100, 50, marker=0xC2), 20_000 + 15_000),
        (jpeg_head(100, 50, marker=0xC2, factors=(0x11, 0x11, 0x11)), 20_000 + 30_000),
        (jpeg_head(100, 50, factors=(0x11,)), 20_000),
    ],
)
def test_what_decoding_takes_is_known_beforehand(data: bytes, memory: int) -> None:
    header = look(data)
    assert header is not None
    assert header.memory(header.width) == memory


def test_a_jpeg_is_decoded_small() -> None:
    header = look(jpeg_head(12_000, 9_000))
    assert header == Header("jpeg", 12_000, 9_000, by_eighths=True)
    assert header.memory(720) == 1500 * 1125 * 4
    assert header.memory(12_000) == 12_000 * 9_000 * 4


def test_bytes_count_and_not_pixels() -> None:
    """12 megapixels: a PNG has to be made whole, a JPEG does not."""
    assert decode(encoded("jpeg", 4000, 3000), BOX, 4_000_000).image.size() == QSize(720, 540)
    assert decode(encoded("png", 4000, 3000), BOX, 4_000_000).too_large
    assert not decode(png(500, 500, bits=8), None, 1_500_000).too_large
    assert decode(png(500, 500, bits=16), None, 1_500_000).too_large


def test_a_picture_that_is_looked_at_is_as_large_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_file, "_MOST_SHOWN", 10_000)
    found = decode(encoded("jpeg", 400, 100), None, WHEN_ASKED)
    assert (found.size, found.image.size()) == (QSize(400, 100), QSize(200, 50))


@pytest.mark.parametrize(
    "data",
    [
        png(8000, 8000, bits=16, colour=6, lines=0),
        png(1_000_000, 1_000_000, bits=1, colour=0, lines=0),
        gif((8000, 8000)),
        gif((0, 0), (65535, 65535, 65535, 65535)),
        bmp(30_000, -30_000, bits=1),
        webp(16_383, 16_383, "VP8"),
        webp(4_000_000, 1_000),
        jpeg_head(65_000, 65_000),
        jpeg_head(12_000, 9_000, marker=0xC2),
        jpeg_head(6_000, 6_000) + b"\xff\xda" * 100,
    ],
)
def test_what_would_take_too_much_is_not_begun(data: bytes, no_decoder: None) -> None:
    found = decode(data, BOX, BY_ITSELF)
    assert found.image.isNull()
    assert found.too_large


def test_compressed_comments_never_reach_the_decoder() -> None:
    """683 kB of them unpacked to 2 GB, in 10 s."""
    comments = chunk(b"zTXt", b"k\0\0x") + chunk(b"iTXt", b"k\0\1\0\0\0x") + chunk(b"iCCP", b"k\0\0x")
    plain, loud = png(4, 4), png(4, 4, extras=comments)
    assert b"".join(png_without_extras(loud)) == plain
    assert b"".join(png_without_extras(loud + chunk(b"zTXt", b"k\0\0x"))) == plain
    assert decode(loud, BOX, BY_ITSELF).image.size() == QSize(4, 4)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xe0",
        b"\xff\xd8\xff\xe0\0\0" * 9,
        jpeg_head(0, 5),
        jpeg_head(5, 0),
        jpeg_head(5, 5, factors=(0x20,)),
        jpeg_head(5, 5, factors=()),
        jpeg_head(5, 5, marker=0xC3),
        png(5, 5, bits=7, lines=0),
        png(5, 5)[:20],
        gif((5, 5))[:20],
        bmp(0, 5),
        bmp(-5, 5),
        webp(5, 5)[:22],
        b"GIF89a" + b"!" * 300,
    ],
)
def test_a_header_that_makes_no_sense_is_none(data: bytes) -> None:
    assert look(data) is None


SOUND = [png(5, 5), gif((5, 5)), bmp(5, 5), webp(5, 5), webp(5, 5, "VP8"), webp(5, 5, "VP8L"), encoded("jpeg", 5, 5)]


@given(st.sampled_from(SOUND), st.integers(0, 200), st.binary(max_size=40), st.integers(0, 400))
def test_whatever_comes_a_header_is_read_or_not(sound: bytes, place: int, put: bytes, end: int) -> None:
    found = look((sound[:place] + put + sound[place + len(put) :])[:end])
    assert found is None or found.memory(found.width) > 0


# Words that are no HTML


@pytest.mark.parametrize("name", ["<img src='&#47;dev&#47;zero'>.png", "a <b>c</b>", "1 < 2 & 3", "two\nlines", "<"])
def test_a_tip_says_what_it_is_given(name: str) -> None:
    loaded: list[object] = []

    class Document(QTextDocument):
        def loadResource(self, kind: int, url: object) -> object:  # noqa: N802
            loaded.append(url)
            return None

    tip = tips.plain(name)
    document = Document()
    if "<" in tip:
        document.setHtml(tip)
    else:
        document.setPlainText(tip)
    document.adjustSize()
    assert document.toPlainText() == name
    assert not loaded
