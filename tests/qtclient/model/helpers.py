"""What the tests of a session say often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PyQt5.QtCore import QObject

from qtclient.model.messages import MessagesModel
from qtclient.model.session import Session
from qtclient.records import Key, Kind, Message, TransferInfo
from tests.qtclient.profiles import log_in
from tests.qtclient.support import Daemons, qt_wait


def peer(name: str) -> Key:
    return Key(Kind.PEER, name)


def group(name: str) -> Key:
    return Key(Kind.GROUP, name)


def all_in(model: MessagesModel) -> list[Message]:
    return [model.message(row) for row in range(model.rowCount())]


def texts(session: Session, key: Key) -> list[str]:
    return [message.text for message in all_in(session.messages(key))]


@contextmanager
def sessions(daemons: Daemons, folder: Path, *names: str, wait: bool = True) -> Iterator[list[Session]]:
    """Registered users, all friends of the first, each with a profile of its own; closed at the end."""
    daemons.register(*names)
    daemons.befriend(names[0], *names[1:])
    made: list[Session] = []
    try:
        made.extend(log_in(daemons, name, folder / name) for name in names)
        if wait:
            qt_wait(lambda: all(session.online for session in made), "all are online")
        yield made
    finally:
        for session in made:
            session.close()
            session.deleteLater()


class Heard(QObject):
    """What a session has said by its signals."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.arrived: list[tuple[Message, bool]] = []
        self.changed: list[Message] = []
        self.notices: list[str] = []
        self.transfers: list[TransferInfo] = []
        self.ended: list[str] = []
        session.message_arrived.connect(lambda message, live: self.arrived.append((message, live)))
        session.message_changed.connect(self.changed.append)
        session.notice.connect(self.notices.append)
        session.transfer_changed.connect(self.transfers.append)
        session.logged_out.connect(self.ended.append)

    def texts(self) -> list[str]:
        return [message.text for message, _ in self.arrived]
