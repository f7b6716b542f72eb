"""What the terminal client knows: who the user is, who else is there, what is open, what is not sent yet.

Only the main thread has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chatwire.client import OFFER
from chatwire.codec import Object

ANY_SIZE = 1 << 62


@dataclass(frozen=True)
class Conversation:
    """With another user, or in a group."""

    name: str
    is_group: bool = False

    @property
    def field(self) -> dict[str, str]:
        """As requests name it."""
        return {"group" if self.is_group else "peer": self.name}

    @property
    def target(self) -> dict[str, str]:
        """As `ResilientClient.say` wants it."""
        return {"group" if self.is_group else "to": self.name}


@dataclass
class Pending:
    """A message that is not known to be stored. ``marked``: the user has been told that it waits."""

    conversation: Conversation
    text: str
    marked: bool = False


@dataclass
class State:
    """Everything about one login; a new login begins with a new one."""

    user: str = ""
    connected: bool = False
    welcomed: bool = False  # has been connected before
    friends: dict[str, bool | None] = field(default_factory=dict)  # None: nobody has said whether they are there
    groups: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)  # wrote or were written to, and are no friends
    unread: dict[Conversation, int] = field(default_factory=dict)
    counted: int = 0  # messages up to this mid are in the server's own count
    open: Conversation | None = None
    newest: dict[Conversation, int] = field(default_factory=dict)  # the highest mid that was shown
    oldest: dict[Conversation, int] = field(default_factory=dict)  # where /history goes on; 0: there is no more
    pending: dict[str, Pending] = field(default_factory=dict)
    told_absent: set[str] = field(default_factory=set)
    max_file: int = ANY_SIZE  # bytes
    typing: str = ""  # who is writing in the open conversation

    def begin(self, login: Object) -> None:
        """A connection has a session: take over what the server says."""
        self.connected = True
        limits = login.get("limits")
        max_file = limits.get("max_file") if isinstance(limits, dict) else None
        self.max_file = max_file if type(max_file) is int else ANY_SIZE
        self.friends = {str(f.get("user")): bool(f.get("online")) for f in objects(login.get("friends"))}
        self.groups = {str(g.get("group")) for g in objects(login.get("groups"))}
        self.counted = mid_in(login)
        self.unread = {}
        for entry in objects(login.get("unread")):
            conversation = conversation_in(entry)
            count = entry.get("count")
            if conversation is not None and isinstance(count, int):
                self.unread[conversation] = count

    def conversation_of(self, message: Object) -> Conversation:
        """Where a message belongs."""
        if message.get("group"):
            return Conversation(str(message["group"]), is_group=True)
        if message.get("cmd") == OFFER:
            sender, receiver = str(message.get("from_user")), str(message.get("to_user"))
        else:
            sender, receiver = str(message.get("user_from")), str(message.get("user_to"))
        return Conversation(receiver if sender == self.user else sender)

    def saw(self, message: Object) -> Conversation:
        """A message is being shown; returns where it belongs."""
        conversation = self.conversation_of(message)
        self.newest[conversation] = max(mid_in(message), self.newest.get(conversation, 0))
        if not conversation.is_group and conversation.name not in self.friends:
            self.strangers.add(conversation.name)
        return conversation

    def count(self, message: Object) -> None:
        """A new message came; it is unread unless it is ours, counted already, or before the user's eyes."""
        conversation = self.conversation_of(message)
        mine = self.user in (message.get("user_from"), message.get("user"), message.get("from_user"))
        if not mine and conversation != self.open and mid_in(message) > self.counted:
            self.unread[conversation] = self.unread.get(conversation, 0) + 1

    def people(self) -> list[str]:
        """Names that may be meant, friends first."""
        return sorted(self.friends) + sorted(self.strangers - self.friends.keys())


def objects(value: object) -> list[Object]:
    """The objects in a list from the server, whatever else it holds."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def mid_in(obj: Object) -> int:
    """A mid from the server, or 0."""
    mid = obj.get("mid")
    return mid if type(mid) is int else 0


def conversation_in(obj: Object) -> Conversation | None:
    """The conversation that an object names by `peer` or `group`."""
    if obj.get("group"):
        return Conversation(str(obj["group"]), is_group=True)
    return Conversation(str(obj["peer"])) if obj.get("peer") else None
