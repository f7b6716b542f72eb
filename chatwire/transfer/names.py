"""Names for files that come from others: a name may be anything, and must harm nothing."""

from __future__ import annotations

import re

from chatwire.characters import without_directions
from chatwire.names import normalized

LIMIT = 255  # bytes of UTF-8, on every file system in use
_EXTENSION_LIMIT = 32  # bytes; what is longer is no extension
_FALLBACK = "file"
_NOT_EVERYWHERE = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.IGNORECASE)


def harmless(name: str) -> str:
    """A name that is good in any folder and on any system, as like to the given one as that allows.

    It is one component, does not begin with a dot (so it is not hidden) or a dash (so it is no option), and is none
    that a system has reserved. What must not stand in it is a `_` there; so nothing else moves up to be its ending.
    """
    name = re.split(r"[/\\]", name)[-1]
    name = without_directions(normalized(name), "_")
    name = _NOT_EVERYWHERE.sub("_", name).lstrip(". -").rstrip(". ")
    if _DEVICES.fullmatch(name.partition(".")[0].rstrip()):
        name = f"_{name}"
    return fitted(name or _FALLBACK)


def fitted(name: str, addition: str = "", ending: str = "") -> str:
    """Put ``addition`` before the extension and ``ending`` behind it; the stem gives way where that is too long."""
    stem, extension = _split(name)
    room = LIMIT - len((addition + extension + ending).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" \u200d") + addition + extension + ending


def _split(name: str) -> tuple[str, str]:
    """Stem and extension; ``.tar.gz`` is one."""
    stem, dot, last = name.rpartition(".")
    if not dot or not stem or " " in last or len(last.encode()) >= _EXTENSION_LIMIT:
        return name, ""
    if stem.endswith(".tar") and len(stem) > 4:
        return stem[:-4], f".tar.{last}"
    return stem, f".{last}"
