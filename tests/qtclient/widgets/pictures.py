"""Pictures as bytes, written by hand: ordinary ones, and such as no honest program makes."""

from __future__ import annotations

import struct
import zlib

from PyQt5.QtCore import QBuffer, QIODevice
from PyQt5.QtGui import QColor, QImage

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG, by its kind of colour


def encoded(kind: str, width: int, height: int, colour: str = "#336699") -> bytes:
    """What Qt writes."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    result = QBuffer()
    result.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(result, kind)
    return bytes(result.data())


def can_write(kind: str) -> bool:
    """Whether this Qt has it; Debian's has no WebP by itself."""
    result = QBuffer()
    result.open(QIODevice.OpenModeFlag.WriteOnly)
    return bool(QImage(1, 1, QImage.Format.Format_RGB32).save(result, kind))


def chunk(name: bytes, data: bytes) -> bytes:
    """A piece of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *, bits: int = 8, colour: int = 2, extras: bytes = b"", lines: int = -1) -> bytes:
    """A black one. ``lines``: how many are there; all, unless the file is to be broken."""
    line = (width * _CHANNELS[colour] * bits + 7) // 8 + 1
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    palette = chunk(b"PLTE", b"\0\0\0") if colour == 3 else b""
    packer = zlib.compressobj(9)
    pixels = b"".join(packer.compress(bytes(line)) for _ in range(height if lines < 0 else lines)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + head + palette + extras + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def gif(screen: tuple[int, int], image: tuple[int, int, int, int] = (0, 0, 1, 1)) -> bytes:
    """One pixel, in a screen and a place (left, top, width, height) that may be anything."""
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6)
    return head + b"," + struct.pack("<HHHHB", *image, 0) + b"\x02\x02D\x01\0;"


def jpeg_head(width: int, height: int, *, marker: int = 0xC0, factors: tuple[int, ...] = (0x22, 0x11, 0x11)) -> bytes:
    """A JPEG up to its first scan, without pixels."""
    parts = b"".join(bytes((number, factor, 0)) for number, factor in enumerate(factors, 1))
    frame = struct.pack(">BHHB", 8, height, width, len(factors)) + parts
    scan = bytes((len(factors),)) + b"".join(bytes((number, 0)) for number in range(1, len(factors) + 1)) + b"\0\x3f\0"
    return b"\xff\xd8" + _segment(marker, frame) + _segment(0xDA, scan)


def _segment(marker: int, data: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def turned(jpeg: bytes, way: int) -> bytes:
    """With a note of how the camera was held (1 to 8, as EXIF counts)."""
    tiff = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, way, 0, 0)
    return jpeg[:2] + _segment(0xE1, b"Exif\0\0" + tiff) + jpeg[2:]


def bmp(width: int, height: int, bits: int = 24) -> bytes:
    """Only its head."""
    return (
        b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, *[0] * 6)
    )


def webp(width: int, height: int, kind: str = "VP8X") -> bytes:
    """Only its head."""
    if kind == "VP8X":
        small = struct.pack("<I", 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == "VP8L":
        small = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
    else:
        small = b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    body = b"WEBP" + kind.encode().ljust(4) + struct.pack("<I", len(small)) + small
    return b"RIFF" + struct.pack("<I", len(body)) + body


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><image href="%s"/></svg>'
