"""What the first bytes of a picture say: its format, its size, and what it takes to decode it. Knows no Qt, any thread.

A sender chooses a file's name and all of its bytes. So the bytes decide here, strictly, before any decoder sees them:
what does not begin as one of five formats does is no picture (an SVG may name files and unpack to anything), and what
it costs is known beforehand. What Qt would do with odd headers is allowed for in the costs.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

PNG = b"\x89PNG\r\n\x1a\n"
_PNG_PARTS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a PNG, by its kind of colour
_SIGNATURES = ((PNG, "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF87a", "gif"), (b"GIF89a", "gif"), (b"BM", "bmp"))
_FRAMES = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA)  # kinds of JPEG that are decoded
_PROGRESSIVE = (0xC2, 0xCA)
_OTHER_FRAMES = (0xC3, 0xC5, 0xC6, 0xC7, 0xC8, 0xCB, 0xCD, 0xCE, 0xCF)
_STANDALONE = (0x01, *range(0xD0, 0xD8))  # markers without a length


@dataclass(frozen=True)
class Header:
    """``depth``: bytes for a decoded pixel. ``held``: bytes beyond those. ``passes``: how often all pixels are visited.

    ``by_eighths``: it can be decoded at an eighth of its size, two eighths, and so on, without the whole being made.
    """

    format: str
    width: int
    height: int
    depth: int = 4
    held: int = 0
    passes: int = 1
    by_eighths: bool = False

    def memory(self, width: int) -> int:
        """Bytes that it takes to decode it when it is wanted ``width`` pixels wide."""
        eighths = min(8, -(-8 * width // self.width)) if self.by_eighths else 8
        return self.held + self.depth * -(-self.width * eighths // 8) * -(-self.height * eighths // 8)

    @property
    def work(self) -> int:
        """Pixels that have to be visited."""
        return self.width * self.height * self.passes


def format_of(data: bytes) -> str:
    """The format that the first bytes stand for; empty for all that is no picture here."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((name for signature, name in _SIGNATURES if data.startswith(signature)), "")


def look(data: bytes) -> Header | None:
    """The header of a picture; None for what is none, or none that makes sense. ``data`` is the whole file."""
    readers = {"png": _png, "jpeg": _jpeg, "gif": _gif, "webp": _webp, "bmp": _bmp}
    reader = readers.get(format_of(data))
    try:
        found = reader(data) if reader is not None else None
    except (struct.error, IndexError):  # it ends too early
        return None
    return found if found is not None and found.width > 0 and found.height > 0 else None


def png_without_extras(data: bytes) -> list[bytes]:
    """The pieces of a PNG that are its pixels. Compressed comments of a small file can unpack to gigabytes."""
    kept, place = [PNG], len(PNG)
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        if name in _PNG_PARTS:
            kept.append(data[place : place + 12 + length])
        place += 12 + length
    return kept


def _png(data: bytes) -> Header | None:
    length, name, width, height, bits, colour = struct.unpack_from(">I4sIIBB", data, 8)
    if (length, name) != (13, b"IHDR") or bits not in (1, 2, 4, 8, 16) or colour not in _CHANNELS:
        return None
    return Header("png", width, height, depth=8 if bits == 16 else 4)


def _gif(data: bytes) -> Header | None:
    """The larger one of screen and first image: Qt believes one or the other."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    place = 13 + _colours(flags)
    while data[place] == 0x21:  # an extension
        place += 2
        while data[place]:
            place += 1 + data[place]
        place += 1
    if data[place] != 0x2C:
        return None
    left, top, wide, high = struct.unpack_from("<HHHH", data, place + 1)
    return Header("gif", max(width, left + wide), max(height, top + high))


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _bmp(data: bytes) -> Header | None:
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return Header("bmp", width, abs(height))


def _webp(data: bytes) -> Header | None:
    """Those without loss, with transparency or several frames are made in two buffers."""
    kind = data[12:16]
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return Header("webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, depth=8)
    if kind == b"VP8X":
        width, wide, height, high = struct.unpack_from("<HBHB", data, 24)
        return Header("webp", (width | wide << 16) + 1, (height | high << 16) + 1, depth=8)
    return None


def _jpeg(data: bytes) -> Header | None:
    frame: tuple[int, int] | None = None  # marker and place
    place = 2
    while True:
        if data[place] != 0xFF:
            return None
        while data[place] == 0xFF:
            place += 1
        marker, place = data[place], place + 1
        if marker in _STANDALONE:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        if marker == 0xDA:
            return _jpeg_frame(data, *frame, scan=place) if frame is not None else None
        if length < 2 or marker in _OTHER_FRAMES or marker in (0xD8, 0xD9) or (marker in _FRAMES and frame):
            return None
        if marker in _FRAMES:
            frame = marker, place
        place += length


def _jpeg_frame(data: bytes, marker: int, place: int, *, scan: int) -> Header | None:
    """One with several scans is held as a whole, two bytes a coefficient, and gone through with each of them."""
    bits, height, width, parts = struct.unpack_from(">BHHB", data, place + 2)
    factors = [data[place + 9 + 3 * part] for part in range(parts)]
    across, down = [factor >> 4 for factor in factors], [factor & 15 for factor in factors]
    if bits != 8 or not factors or not min(across) or not min(down):
        return None
    held = 0
    if marker in _PROGRESSIVE or data[scan + 2] < parts:
        blocks = sum(wide * high for wide, high in zip(across, down, strict=True))
        held = 2 * width * height * blocks // (max(across) * max(down))
    return Header("jpeg", width, height, held=held, passes=data.count(b"\xff\xda", scan - 2), by_eighths=True)
