"""Tokens that last: in the desktop's keyring where there is one, else in a file that only the user can read.

A small file says for whom there is one, so that nobody has to wait for the keyring to know.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from pathlib import Path
from typing import Any

from qtclient.records import ServerAddress

_FILE = "tokens.json"
_SERVICE = "qtclient"
_KEYRING = {"in": "keyring"}
_JOIN = 2.0  # seconds; a keyring may be asking its user for a password

log = logging.getLogger("qtclient.tokens")


class Tokens:
    """`has`, `keep`, `forget`, `close`: any thread, at once. `get` may block, on a keyring that is locked."""

    _lock = threading.Lock()  # guards the files of all profiles

    def __init__(self, profile: Path) -> None:
        self._path = profile / _FILE
        self._threads: list[threading.Thread] = []

    def has(self, server: ServerAddress, user: str) -> bool:
        """Whether a token was kept."""
        with self._lock:
            return _name(server, user) in self._load()

    def get(self, server: ServerAddress, user: str) -> str:
        """The token, empty where there is none, or none can be had now."""
        name = _name(server, user)
        with self._lock:
            kept = self._load().get(name)
        if kept == _KEYRING:
            return _from_keyring(name)
        return kept if isinstance(kept, str) else ""

    def keep(self, server: ServerAddress, user: str, token: str) -> None:
        """Keep a token in the place of any other."""
        self._later(_name(server, user), token)

    def forget(self, server: ServerAddress, user: str) -> None:
        """There is none any more."""
        name = _name(server, user)
        with self._lock:
            kept = self._load()
            was = kept.pop(name, None)
            self._save(kept)
        if was == _KEYRING:
            self._later(name, "")

    def close(self) -> None:
        """Wait for what is being kept."""
        for thread in self._threads:
            thread.join(_JOIN)
        self._threads.clear()

    def _later(self, name: str, token: str) -> None:
        """A keyring can take its time; neither the windows nor the connection wait for it."""
        thread = threading.Thread(target=self._write, args=(name, token), name="token", daemon=True)
        self._threads = [*(t for t in self._threads if t.is_alive()), thread]
        thread.start()

    def _write(self, name: str, token: str) -> None:
        in_keyring = _to_keyring(name, token)
        if token:
            with self._lock:
                self._save({**self._load(), name: _KEYRING if in_keyring else token})

    def _load(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.error("%s cannot be read: %s", self._path, error)
            return {}
        return found if isinstance(found, dict) else {}

    def _save(self, kept: dict[str, Any]) -> None:
        """As a whole, and never readable by others."""
        part = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(kept, file)
            part.replace(self._path)
        except OSError as error:
            log.error("tokens cannot be kept in %s: %s", self._path, error)


def _name(server: ServerAddress, user: str) -> str:
    return f"{user}@{server.name}"


def _backend() -> Any | None:
    """A keyring that works on this desktop. Imported when needed: that takes a while."""
    try:
        import keyring

        backend = keyring.get_keyring()
        return backend if backend.priority >= 1 else None  # below are those that keep nothing, or in plain text
    except Exception as error:  # a broken backend can raise anything
        log.warning("no keyring: %s", error)
        return None


def _to_keyring(name: str, token: str) -> bool:
    backend = _backend()
    if backend is None:
        return False
    try:
        if token:
            backend.set_password(_SERVICE, name, token)
        else:
            backend.delete_password(_SERVICE, name)
    except Exception as error:  # locked, refused, gone: the file will do
        log.warning("the keyring does not take the token: %s", error)
        return False
    return True


def _from_keyring(name: str) -> str:
    backend = _backend()
    try:
        found = backend.get_password(_SERVICE, name) if backend is not None else None
    except Exception as error:  # as above
        log.warning("the keyring does not give the token: %s", error)
        return ""
    return found if isinstance(found, str) else ""
