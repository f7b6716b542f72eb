"""Messages for views that need no daemon: what is tested with them is how they are laid out."""

from __future__ import annotations

import random
from collections.abc import Sequence

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QSizeF, Qt
from PyQt5.QtGui import QPixmap

from qtclient.records import FileInfo, Key, Kind, Message, Sent, TransferInfo

ROLE = Qt.ItemDataRole.UserRole + 1
PEER = Key(Kind.PEER, "ben")
GROUP = Key(Kind.GROUP, "hikers")
NOON = 1_790_000_000_000  # ms


def message(
    row: int,
    text: str = "hello",
    *,
    sender: str = "ben",
    key: Key = PEER,
    sent: Sent | None = None,
    file: FileInfo | None = None,
    problem: str = "",
    ts: int = 0,
) -> Message:
    """Mine if the sender is ``me``; a minute apart by their rows."""
    mine = sender == "me"
    fate = sent if sent is not None else Sent.READ if mine else Sent.RECEIVED
    return Message(row, key, row, f"c{row}", sender, mine, text, ts or NOON + row * 60_000, fate, file, problem)


def varied(count: int) -> list[Message]:
    """Of different heights and senders, always the same."""
    dice = random.Random(7)
    return [message(n, "word " * dice.randint(1, 60), sender=dice.choice(["me", "ben"])) for n in range(1, count + 1)]


class Rows(QAbstractListModel):
    """Some messages, that can become more, fewer and others."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__()
        self.messages = list(messages)

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 0 if parent.isValid() else len(self.messages)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self.messages):
            return None
        found = self.messages[index.row()]
        return found if role == ROLE else found.text if role == Qt.ItemDataRole.DisplayRole else None

    def insert(self, at: int, messages: Sequence[Message]) -> None:
        self.beginInsertRows(QModelIndex(), at, at + len(messages) - 1)
        self.messages[at:at] = messages
        self.endInsertRows()

    def remove(self, at: int, count: int) -> None:
        self.beginRemoveRows(QModelIndex(), at, at + count - 1)
        del self.messages[at : at + count]
        self.endRemoveRows()

    def change(self, at: int, other: Message) -> None:
        self.messages[at] = other
        self.dataChanged.emit(self.index(at), self.index(at))


class NoFiles:
    """Nothing is known of any file but what is put here."""

    def __init__(self) -> None:
        self.transfers: dict[str, TransferInfo] = {}
        self.pictures: dict[str, QPixmap] = {}

    def transfer(self, message: Message) -> TransferInfo | None:
        return self.transfers.get(message.file.file) if message.file is not None else None

    def preview_size(self, message: Message) -> QSizeF | None:
        found = self.pictures.get(message.file.file) if message.file is not None else None
        return QSizeF(found.size()) if found is not None else None

    def preview(self, message: Message, ratio: float) -> QPixmap | None:
        return self.pictures.get(message.file.file) if message.file is not None else None
