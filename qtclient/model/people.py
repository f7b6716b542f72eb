"""Friends and groups."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from PyQt5.QtCore import QObject

from qtclient.i18n import tr
from qtclient.model.folded import folded
from qtclient.model.lists import FEW, RecordRole, SortedModel
from qtclient.records import Friend

FriendRole = RecordRole
GroupRole = RecordRole


class FriendsModel(SortedModel[Friend]):
    """Who is online first, then by name. Ten thousand of them may come or go at once, and no window shall wait."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._alphabet: list[tuple[str, str]] | None = []  # folded names and names; None: somebody is new, or gone

    def show(self, friends: Mapping[str, bool]) -> None:
        """Hold these by name, with whether they are online, and no others."""
        known = self._records
        gone = known.keys() - friends.keys()
        changed = [
            Friend(name, online)
            for name, online in friends.items()
            if (before := known.get(name)) is None or before.online is not online
        ]
        if len(gone) + len(changed) <= FEW:
            for name in gone:
                self.remove(name)
            for friend in changed:
                self.put(friend)
            return
        self.beginResetModel()
        if gone or len(friends) != len(known):
            self._alphabet = None
        for name in gone:
            del known[name]
        for friend in changed:
            known[friend.name] = friend
        self._put_in_order()
        self.endResetModel()

    def set_all(self, records: Iterable[Friend]) -> None:
        self.show({record.name: record.online for record in records})

    def put(self, record: Friend) -> None:
        if record.name not in self._records:
            self._alphabet = None
        super().put(record)

    def remove(self, name: Hashable) -> None:
        self._alphabet = None
        super().remove(name)

    def _put_in_order(self) -> None:
        """Without sorting, as long as nobody is new."""
        known = self._records
        if self._alphabet is None:
            self._alphabet = sorted([(folded(record.name), record.name) for record in known.values()])
        order: list[tuple[tuple[bool, str, str], Hashable]] = [
            ((False, text, name), name) for text, name in self._alphabet if known[name].online
        ]
        order += [((True, text, name), name) for text, name in self._alphabet if not known[name].online]
        self._order = order

    def name_of(self, record: Friend) -> str:
        return record.name

    def place_of(self, record: Friend) -> tuple[bool, str, str]:
        return not record.online, folded(record.name), record.name

    def text_of(self, record: Friend) -> str:
        return record.name

    def texts(self, first: int, last: int) -> list[str]:
        return [place[1] for place, _ in self._order[first : last + 1]]

    def spoken(self, record: Friend) -> str:
        if record.online:
            return tr("{name}, online", name=record.name)
        return tr("{name}, offline", name=record.name)


class GroupsModel(SortedModel[str]):
    """By name."""

    def name_of(self, record: str) -> str:
        return record

    def place_of(self, record: str) -> tuple[str, str]:
        return folded(record), record

    def text_of(self, record: str) -> str:
        return record
