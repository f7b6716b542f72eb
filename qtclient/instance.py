"""One running client for each profile: a second start only brings the first one's windows to the front.

The door is a socket in Linux's abstract name space: the name is taken as long as the process lives, and no file is left
behind when it is killed. Every user of the machine could knock, so only the same user is heard. GUI thread only.
"""

from __future__ import annotations

import hashlib
import os
import socket
import struct
from pathlib import Path

from PyQt5.QtCore import QObject, QSocketNotifier, pyqtSignal
from PyQt5.sip import voidptr

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class Instance(QObject):
    """Holds the door; ``knocked`` when the program was started once more."""

    knocked = pyqtSignal()

    def __init__(self, door: socket.socket, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._door = door
        self._notifier = QSocketNotifier(voidptr(door.fileno()), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._look)

    def close(self) -> None:
        """Let another one take the place."""
        self._notifier.setEnabled(False)
        self._door.close()

    def _look(self) -> None:
        try:
            caller, _ = self._door.accept()
        except OSError:
            return
        with caller:
            try:
                uid = _CREDENTIALS.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[
                    1
                ]
            except OSError:
                return
        if uid == os.getuid():
            self.knocked.emit()


def claim(profile: Path) -> socket.socket | None:
    """The door of a profile, for `Instance`; None when a client has it already, which has now been told."""
    name = _name(profile)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.setblocking(False)
    try:
        door.bind(name)
        door.listen(4)
    except OSError:
        door.close()
        return None if _knock(name) else claim_nothing()
    return door


def claim_nothing() -> socket.socket:
    """A door that nobody knocks at, for when the name is somebody else's or there is no such name space."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.setblocking(False)
    return door


def _knock(name: bytes) -> bool:
    """Whether the one who has the name is this user, and so this client."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(2)
        try:
            caller.connect(name)
            uid = _CREDENTIALS.unpack(caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[1]
        except OSError:
            return False
    return bool(uid == os.getuid())


def _name(profile: Path) -> bytes:
    mark = hashlib.sha256(os.fsencode(profile.resolve())).hexdigest()[:24]
    return f"\0qtclient-{os.getuid()}-{mark}".encode()
