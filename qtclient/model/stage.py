"""What a session shows: its signals, its models, and the connection's state. The windows' thread."""

from __future__ import annotations

import weakref
from dataclasses import replace

from PyQt5.QtCore import QObject, pyqtSignal

from qtclient.cache.reader import Reader
from qtclient.model.conversations import ConversationsModel
from qtclient.model.messages import MessagesModel
from qtclient.model.people import FriendsModel, GroupsModel
from qtclient.model.transfers import TransfersModel
from qtclient.records import Conversation, Friend, Key, Kind, Link, LinkState


class Stage(QObject):
    """The part of `Session` that its events act on."""

    link_changed = pyqtSignal(object)  # LinkState
    conversations_changed = pyqtSignal()
    friends_changed = pyqtSignal()
    groups_changed = pyqtSignal()
    message_arrived = pyqtSignal(object, bool)  # Message of somebody else; whether it came just now
    message_changed = pyqtSignal(object)  # Message
    presence = pyqtSignal(str, bool)
    typing = pyqtSignal(object, str)  # Key, who
    file_offered = pyqtSignal(object)  # Message of somebody else, which was told by `message_arrived`, too
    muted_changed = pyqtSignal(object)  # Key
    members = pyqtSignal(str, object)  # group, list of Member
    notice = pyqtSignal(str)
    logged_out = pyqtSignal(str)  # why
    certificate_changed = pyqtSignal(str)  # the fingerprint that the server shows now; `logged_out` follows
    transfer_changed = pyqtSignal(object)  # TransferInfo
    group_event = pyqtSignal(str, str, bool)  # group, user, whether they have joined
    friend_added = pyqtSignal(str)  # by them
    unwritable_changed = pyqtSignal()
    rebuilt = pyqtSignal()  # the cache is new, and fills up again

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self.closed = False
        self.user = ""
        self.limits: dict[str, int] = {}
        self.link = LinkState(Link.OFFLINE)
        self.unwritable = ""  # why nothing can be written to the disk now; empty while it can
        self.lasting_problem = ""  # the same for the whole session, untranslated: its cache is a copy in the memory
        self.conversations = ConversationsModel(self)
        self.friends_model = FriendsModel(self)
        self.groups_model = GroupsModel(self)
        self.transfers_model = TransfersModel(self)
        self.models: weakref.WeakValueDictionary[Key, MessagesModel] = weakref.WeakValueDictionary()

    # -- what there is -----------------------------------------------------------------

    @property
    def online(self) -> bool:
        """Whether the server can be asked."""
        return self.link.link is Link.ONLINE

    @property
    def friends(self) -> list[Friend]:
        """Who is online first, then by name."""
        return self.friends_model.records()

    @property
    def groups(self) -> list[str]:
        """By name."""
        return self.groups_model.records()

    @property
    def unread_total(self) -> int:
        """Unread messages in all conversations."""
        return self.conversations.unread_total

    def with_presence(self, conversation: Conversation) -> Conversation:
        """The same, with whether the friend is online."""
        if conversation.key.kind is not Kind.PEER:
            return conversation
        friend = self.friends_model.get(conversation.key.name)
        return replace(conversation, online=friend is not None and friend.online)

    def load(self, reader: Reader) -> None:
        """Begin with what the cache knows."""
        self.conversations.set_all([self.with_presence(one) for one in reader.conversations()])
        self.friends_model.set_all([Friend(name, self.is_online(name)) for name in reader.friends()])
        self.groups_model.set_all(reader.groups())

    def is_online(self, name: str) -> bool:
        """Whether somebody is a friend, and there."""
        friend = self.friends_model.get(name)
        return friend is not None and friend.online

    # -- what a session does -------------------------------------------------------------

    def conversation(self, key: Key) -> Conversation:
        """One conversation, also one that nothing has been said in."""
        raise NotImplementedError

    def draft(self, key: Key) -> str:
        """What is being written, also what is not kept yet."""
        raise NotImplementedError

    def cache_replaced(self) -> None:
        """The cache is another file now."""
        raise NotImplementedError

    def cached(self, conversation: Conversation) -> None:
        """What was chosen about a conversation is in the cache now."""
        raise NotImplementedError

    def watch_transfers(self) -> None:
        """Something moves: look how far it is, again and again."""
        raise NotImplementedError

    def forget_token(self) -> None:
        """It is not good any more."""
        raise NotImplementedError
