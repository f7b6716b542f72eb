"""The list of conversations, the last active first."""

from __future__ import annotations

from dataclasses import replace

from qtclient.i18n import ntr, tr
from qtclient.model.lists import RecordRole, SortedModel
from qtclient.records import Conversation, Key, Kind

ConversationRole = RecordRole


class ConversationsModel(SortedModel[Conversation]):
    """Rows move to the top when something happens in them."""

    unread_total = 0

    def name_of(self, record: Conversation) -> Key:
        return record.key

    def place_of(self, record: Conversation) -> tuple[int, str, str]:
        return -record.ts, record.key.kind.value, record.key.name

    def text_of(self, record: Conversation) -> str:
        return record.key.name

    def spoken(self, record: Conversation) -> str:
        parts = [record.key.name if record.key.kind is Kind.PEER else tr("Group {name}", name=record.key.name)]
        if record.online:
            parts.append(tr("online"))
        if record.unread:
            parts.append(ntr("{count} unread message", "{count} unread messages", record.unread))
        if record.muted:
            parts.append(tr("muted"))
        if record.draft:
            parts.append(tr("Draft: {said}", said=record.draft))
        elif record.preview:
            parts.append(record.preview)
        return ", ".join(parts)

    def put(self, record: Conversation) -> None:
        before = self.get(record.key)
        self.unread_total += record.unread - (before.unread if before else 0)
        super().put(record)

    def set_all(self, records: list[Conversation]) -> None:  # type: ignore[override]
        super().set_all(records)
        self.unread_total = sum(record.unread for record in records)

    def set_online(self, name: str, online: bool) -> None:
        """A friend has come or gone."""
        record = self.get(Key(Kind.PEER, name))
        if record is not None:
            self.put(replace(record, online=online))
