"""What the user has chosen, in a file of the profile folder. The windows' thread."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PyQt5.QtCore import QObject, QStandardPaths, pyqtSignal

from chatwire.home import home

_FILE = "settings.json"
_MOST_ACCOUNTS = 20
_MOST_OPEN = 200  # windows that come back

log = logging.getLogger("qtclient.settings")


@dataclass(frozen=True)
class Account:
    """Somebody who has logged in here. ``server`` as people write it; ``stay``: without a password next time."""

    server: str
    user: str
    stay: bool


def _one_of(*words: str) -> Callable[[object], bool]:
    return lambda value: value in words


def _is_bool(value: object) -> bool:
    return type(value) is bool


def _number(low: int, high: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and low <= value <= high


_KEYS: dict[str, tuple[object, Callable[[object], bool]]] = {
    "theme": ("system", _one_of("system", "light", "dark")),
    "font_size": (0, _number(0, 48)),
    "language": ("system", _one_of("system", "en", "zh")),
    "send_with": ("enter", _one_of("enter", "ctrl_enter")),
    "tabs": (False, _is_bool),
    "blink": (False, _is_bool),
    "notify": (True, _is_bool),
    "dnd": (False, _is_bool),
    "tray": (True, _is_bool),
    "close_to_tray": (True, _is_bool),
    "download_folder": ("", lambda value: isinstance(value, str)),
    "send_folder": ("", lambda value: isinstance(value, str)),
    "auto_download_images_below": (5_000_000, _number(0, 1 << 40)),
    "windows": ({}, lambda value: isinstance(value, dict)),
    "open": ([], lambda value: isinstance(value, list) and len(value) <= _MOST_OPEN),
    "accounts": ([], lambda value: isinstance(value, list)),
}
"""Default, and what a value must be."""


class Settings(QObject):
    """Each key is a property; setting one saves the file and tells. A file that makes no sense costs its settings."""

    changed = pyqtSignal(str)  # the key

    def __init__(self, profile: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = profile / _FILE
        self._values: dict[str, Any] = {}
        self._overrides: dict[str, Any] = {}
        self._load()

    def get(self, name: str) -> Any:
        """The value of a key, as it is or as it is without a choice. Raises KeyError."""
        if name in self._overrides:
            return self._overrides[name]
        return self._values.get(name, _KEYS[name][0])

    def set(self, name: str, value: Any) -> None:
        """Choose. Raises ValueError for what cannot be chosen, KeyError."""
        if not _KEYS[name][1](value):
            raise ValueError(f"{name} cannot be {value!r}")
        was = self.get(name)
        self._overrides.pop(name, None)
        self._values[name] = value
        if was != value:
            self._save()
            self.changed.emit(name)

    def override(self, name: str, value: Any) -> None:
        """Choose for this run only. Raises as `set`."""
        if not _KEYS[name][1](value):
            raise ValueError(f"{name} cannot be {value!r}")
        self._overrides[name] = value
        self.changed.emit(name)

    def __getattr__(self, name: str) -> Any:
        if name in _KEYS:
            return self.get(name)
        raise AttributeError(name)

    # -- what is more than a value ---------------------------------------------------

    @property
    def downloads(self) -> Path:
        """Where files go: the chosen folder, or the desktop's own."""
        chosen = self.get("download_folder")
        folder = chosen or QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DownloadLocation)
        return Path(folder) if folder else home()

    def known_accounts(self) -> list[Account]:
        """Who has logged in here, the last one first."""
        return [
            Account(item["server"], item["user"], item.get("stay") is True)
            for item in self.get("accounts")
            if isinstance(item, dict) and isinstance(item.get("server"), str) and isinstance(item.get("user"), str)
        ]

    def last_account(self) -> Account | None:
        """Who was logged in last, if that was to last."""
        return next((account for account in self.known_accounts()[:1] if account.stay), None)

    def remember_account(self, server: str, user: str, *, stay: bool) -> None:
        """Somebody has logged in."""
        others = [one for one in self.known_accounts() if (one.server, one.user) != (server, user)]
        accounts = [Account(server, user, stay), *others][:_MOST_ACCOUNTS]
        self.set("accounts", [{"server": a.server, "user": a.user, "stay": a.stay} for a in accounts])

    def forget_account(self, server: str, user: str) -> None:
        """It is not to be offered any more."""
        rest = [a for a in self.known_accounts() if (a.server, a.user) != (server, user)]
        self.set("accounts", [{"server": a.server, "user": a.user, "stay": a.stay} for a in rest])

    # -- the file ----------------------------------------------------------------------

    def _load(self) -> None:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            log.error("the settings in %s cannot be read: %s", self._path, error)
            return
        if isinstance(found, dict):
            self._values = {k: v for k, v in found.items() if k in _KEYS and _KEYS[k][1](v)}

    def _save(self) -> None:
        """As a whole or not at all."""
        part = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_text(json.dumps(self._values, ensure_ascii=False, indent=1), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            log.error("the settings cannot be kept in %s: %s", self._path, error)
