"""Where windows are to be when a client starts: written into its settings beforehand."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

from qtclient.model.settings import Settings
from qtclient.records import Key

Place = tuple[int, int, int, int]  # left, top, width, height

_SAVED = struct.Struct(">IHH 4i 4i iBBi 4i")  # what QWidget.saveGeometry makes
_MAGIC, _VERSION = 0x01D9D0CB, (3, 0)
_FRAME = 24  # pixels of a window's title


def arrange(profile: Path, account: str, main: Place, conversations: dict[Key, Place]) -> None:
    """Open these conversations, and put the windows there. ``account`` is the name of the account's folder."""
    settings = Settings(profile)
    names = {f"{account}/{key.kind.value}/{key.name}": place for key, place in conversations.items()}
    settings.set("open", list(names))
    settings.set("windows", {name: _saved(place) for name, place in {"main": main, **names}.items()})


def _saved(place: Place) -> str:
    left, top, width, height = place
    right, bottom = left + width - 1, top + height - 1
    inside = (left, top + _FRAME, right, bottom)
    data = _SAVED.pack(_MAGIC, *_VERSION, left, top, right, bottom, *inside, 0, 0, 0, 0, *inside)
    return base64.b64encode(data).decode()
