"""Friends and groups."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from qtclient.i18n import tr
from qtclient.model.lists import RecordRole, SortedModel
from qtclient.records import Friend

FriendRole = RecordRole
GroupRole = RecordRole


class FriendsModel(SortedModel[Friend]):
    """Who is online first, then by name."""

    def name_of(self, record: Friend) -> str:
        return record.name

    def place_of(self, record: Friend) -> tuple[bool, str, str]:
        return not record.online, folded(record.name), record.name

    def text_of(self, record: Friend) -> str:
        return record.name

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


@lru_cache(20_000)
def folded(text: str) -> str:
    """A text as it is sorted and looked for: without case and width."""
    return unicodedata.normalize("NFKC", text).casefold()
