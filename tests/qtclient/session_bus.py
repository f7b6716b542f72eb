"""A session bus of our own, and somebody on it who shows notices, as org.freedesktop.Notifications has it."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from PyQt5 import sip
from PyQt5.QtCore import Q_CLASSINFO, QMetaType, QObject, pyqtSlot
from PyQt5.QtDBus import QDBusAbstractAdaptor, QDBusArgument, QDBusConnection, QDBusMessage

from tests.support.waiting import DEADLINE

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"

# Without folders of services: nothing that happens to be installed is started.
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_type="method_call"/>
<allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/>
<allow own="*"/></policy></busconfig>
"""

_numbers = itertools.count(1)


class Bus:
    """A running dbus-daemon."""

    def __init__(self, folder: Path) -> None:
        config = folder / "bus.conf"
        config.write_text(_CONFIG)
        command = [*daemon(), f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()
        self._names: list[str] = []
        self._boards: list[NoticeBoard] = []

    def board(self, *can: str, answers: bool = True) -> NoticeBoard:
        """Somebody who shows notices from now on; leaves by himself at `close`, at the latest."""
        self._boards.append(NoticeBoard(self.connect(), can, answers))
        return self._boards[-1]

    def connect(self) -> QDBusConnection:
        """One more connection to it, closed by `close`."""
        self._names.append(f"test-{next(_numbers)}")
        connection = QDBusConnection.connectToBus(self.address, self._names[-1])
        assert connection.isConnected(), connection.lastError().message()
        return connection

    def close(self) -> None:
        """Objects of Python go first: their end and that of a connection wait for each other."""
        for board in self._boards:
            board.leave()
        for name in self._names:
            QDBusConnection.disconnectFromBus(name)
        self._process.terminate()
        self._process.communicate(timeout=DEADLINE)


def daemon() -> list[str]:
    """The command that starts one; empty where none is installed."""
    found = shutil.which("dbus-daemon")
    return [found] if found else []


@dataclass(frozen=True)
class Shown:
    """What somebody wanted to be shown."""

    number: int
    replaces: int
    title: str
    text: str
    actions: list[str]
    hints: dict[str, object]


class NoticeBoard:
    """Shows notices, so to speak. ``can``: what it says it can; without an ``answers`` it keeps silent."""

    def __init__(self, connection: QDBusConnection, can: tuple[str, ...], answers: bool) -> None:
        self.can, self.answers = can, answers
        self.shown: list[Shown] = []
        self.closed: list[int] = []
        self.connection = connection
        self._owner = QObject()
        self._adaptor = _Adaptor(self._owner, self)
        assert self.connection.registerObject(PATH, self._owner)
        assert self.connection.registerService(NAME)

    def leave(self) -> None:
        if not sip.isdeleted(self._owner):
            self.connection.unregisterService(NAME)
            self.connection.unregisterObject(PATH)
            sip.delete(self._owner)

    def click(self, number: int, action: str = "default") -> None:
        """Somebody clicks a notice."""
        self._signal("ActionInvoked", number, action)

    def expire(self, number: int) -> None:
        self._signal("NotificationClosed", number, _unsigned(1))

    def _signal(self, name: str, number: int, what: object) -> None:
        signal = QDBusMessage.createSignal(PATH, NAME, name)
        signal.setArguments([_unsigned(number), what])
        assert self.connection.send(signal)


class _Adaptor(QDBusAbstractAdaptor):
    Q_CLASSINFO("D-Bus Interface", NAME)
    Q_CLASSINFO("D-Bus Introspection", "")

    def __init__(self, owner: QObject, board: NoticeBoard) -> None:
        super().__init__(owner)
        self._board = board
        self._numbers = itertools.count(1)

    @pyqtSlot(QDBusMessage)
    def GetCapabilities(self, message: QDBusMessage) -> None:  # noqa: N802
        self._answer(message, QDBusArgument(list(self._board.can), QMetaType.Type.QStringList))

    @pyqtSlot(QDBusMessage)
    def Notify(self, message: QDBusMessage) -> None:  # noqa: N802
        assert message.signature() == "susssasa{sv}i"
        _, replaces, _, title, text, actions, hints, _ = message.arguments()
        number = replaces or next(self._numbers)
        self._board.shown.append(Shown(number, replaces, title, text, actions, hints))
        self._answer(message, _unsigned(number))

    @pyqtSlot(QDBusMessage)
    def CloseNotification(self, message: QDBusMessage) -> None:  # noqa: N802
        self._board.closed.append(message.arguments()[0])
        self._answer(message)

    def _answer(self, message: QDBusMessage, *values: object) -> None:
        message.setDelayedReply(True)
        if self._board.answers:
            self._board.connection.send(message.createReply(list(values)))


def _unsigned(value: int) -> QDBusArgument:
    result = QDBusArgument()
    result.add(value, QMetaType.Type.UInt)
    return result
