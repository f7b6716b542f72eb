"""The two requests that make nearly all the traffic, when nothing about them is unusual.

Whoever is found in the sender's own roster or list of groups is named as the server itself writes it, so the name needs
no check of its own, and what is left to be looked at is little. It takes half as long as the usual way (the table's
checks, a `Call`, a handler), which decides about everything else, and says what is wrong. A request that passes here
would have been accepted there, with the same effect; tests/chatd/test_express.py compares the two.
"""

from __future__ import annotations

from chatd.commands.call import reply_head
from chatd.registry.nodes import GroupNode, Session
from chatd.store import messages
from chatd.store.records import ChatRecord
from chatwire.codec import Object, encode_open
from chatwire.fields import MAX_CID

_MOST_UTF8 = 4  # bytes of a character


def private_chat(session: Session, obj: Object, request_id: str | int | None, max_text: int) -> ChatRecord | None:
    """The record of a message to a friend; None: the usual way decides. The session's loop."""
    user = session.user
    to, text, cid = obj.get("user_to"), obj.get("text"), obj.get("cid")
    if obj.get("user_from", user.name) != user.name or type(to) is not str or type(text) is not str:
        return None
    if len(text) * _MOST_UTF8 > max_text or not _is_cid(cid):
        return None
    friend_id = user.friends.get(to)
    if friend_id is None:
        return None
    return to_user(session, friend_id, to, text, cid, reply_head("private_chat", request_id))


def group_chat(session: Session, obj: Object, request_id: str | int | None, max_text: int) -> ChatRecord | None:
    """The record of a message to one of the user's groups; None: the usual way decides. The session's loop."""
    user = session.user
    name, text, cid = obj.get("group"), obj.get("text"), obj.get("cid")
    if obj.get("user", user.name) != user.name or type(name) is not str or type(text) is not str:
        return None
    if len(text) * _MOST_UTF8 > max_text or not _is_cid(cid):
        return None
    group = user.groups.get(name)
    return None if group is None else to_group(session, group, text, cid, reply_head("group_chat", request_id))


def to_user(session: Session, user_id: int, name: str, text: str, cid: str | None, head: bytes) -> ChatRecord:
    """A private message, encoded as far as it is known; ``head`` is the beginning of its reply."""
    user = session.user
    push = encode_open(messages.push_object(user.name, name, None, text, cid))
    conversation = messages.private(user.id, user_id)
    return ChatRecord(session, conversation, user_id, None, cid.encode() if cid is not None else None, text, push, head)


def to_group(session: Session, group: GroupNode, text: str, cid: str | None, head: bytes) -> ChatRecord:
    """The same for a message to a group."""
    push = encode_open(messages.push_object(session.user.name, None, group.name, text, cid))
    conversation = messages.group(group.id)
    return ChatRecord(session, conversation, None, group, cid.encode() if cid is not None else None, text, push, head)


def _is_cid(cid: object) -> bool:
    return cid is None or (type(cid) is str and 1 <= len(cid) <= MAX_CID)
