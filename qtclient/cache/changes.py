"""What a commit has changed, for those who show it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from qtclient.records import Conversation, Key, Message


@dataclass
class Changes:
    """Made by the writer's thread, and left alone by everybody once it is handed over.

    ``moved``: the row where a message was, and the message. ``arrived``: those of ``added`` that somebody else has
    sent, each with whether it came just now or was missed. ``read``: how far others have read what we sent them.
    ``joined``: groups in which something may be missing between what was there and what comes.
    """

    added: list[Message] = field(default_factory=list)
    changed: list[Message] = field(default_factory=list)
    moved: list[tuple[int, Message]] = field(default_factory=list)
    removed: list[Message] = field(default_factory=list)
    arrived: list[tuple[Message, bool]] = field(default_factory=list)
    read: list[tuple[Key, int]] = field(default_factory=list)
    joined: list[Key] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    def extend(self, later: Changes) -> None:
        """Add what has changed after this."""
        for one in fields(self):
            getattr(self, one.name).extend(getattr(later, one.name))
