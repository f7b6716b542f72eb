"""private_chat, group_chat, read, ack, typing: the hot path. Everything is checked against the registry alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

from chatd.commands.call import Call, Refusal
from chatd.commands.conversation import Conversation, resolve
from chatd.commands.journaled import mark, message
from chatd.commands.table import Later, OnLoop, Outcome, Where, handles
from chatd.registry.nodes import GroupNode, Session
from chatd.store import groups, messages, users
from chatd.store.records import ChatRecord
from chatwire.codec import Object, encode_open
from chatwire.commands import TYPING_GAP, reply_name

_TYPING_REMEMBERED = 64  # conversations


@handles("group_chat", Where.LOOP)
def group_chat(call: Call) -> Outcome:
    """Say something to a group."""
    name = call.args["group"]
    group = call.session.user.groups.get(name)
    if group is None:
        return Later(_why_not_in_group)
    push = messages.push_object(call.session.user.name, None, name, call.args["text"], call.args.get("cid"))
    _submit(call, messages.group(group.id), None, group, push)
    return None


@handles("private_chat", Where.LOOP)
def private_chat(call: Call) -> Outcome:
    """Say something to a user; one who is neither a friend nor online is looked up in the database first."""
    name = call.args["user_to"]
    user_id = known_user(call, name)
    if user_id is None:
        return Later(_look_up)
    _say(call, user_id)
    return None


@handles("ack", Where.LOOP)
def ack(call: Call) -> Outcome:
    """Store what the user has; more than was ever given out is what was given out."""
    mark(call, None, min(call.args["mid"], call.services.journal.last_mid))
    return None


@handles("read", Where.LOOP)
def read(call: Call) -> Outcome:
    """Store a read position, and tell those whom it concerns when it has moved."""
    return resolve(call, _read)


@handles("typing", Where.LOOP)
def typing(call: Call) -> Outcome:
    """Pass a notice on, seldom enough."""
    return resolve(call, _typing)


def known_user(call: Call, name: str) -> int | None:
    """The id of a user, as far as the registry knows it."""
    user = call.session.user
    friend_id = user.friends.get(name)
    if friend_id is not None:
        return friend_id
    node = call.services.online.find(name)
    return node.id if node else None


def _look_up(call: Call) -> Outcome:
    with call.services.database.transaction() as tx:
        user_id = users.id_of(tx, call.args["user_to"])
    if user_id is None:
        raise Refusal("user_not_exist")

    def finish(call: Call) -> Object | None:
        _say(call, user_id)
        return None

    return OnLoop(finish)


def _say(call: Call, user_id: int) -> None:
    user, args = call.session.user, call.args
    push = messages.push_object(user.name, args["user_to"], None, args["text"], args.get("cid"))
    _submit(call, messages.private(user.id, user_id), user_id, None, push)


def _submit(call: Call, conversation: int, recipient: int | None, group: GroupNode | None, push: Object) -> None:
    """Encode what is known of a message and its reply, and hand it to the journal."""
    head: Object = {"cmd": reply_name(call.command.name)}
    if call.request_id is not None:
        head["id"] = call.request_id
    cid = call.args.get("cid")
    record = ChatRecord(
        call.session, conversation, recipient, group, None if cid is None else cid.encode(), call.args["text"],
        encode_open(push), encode_open(head),
    )  # fmt: skip
    message(call, record)


def _why_not_in_group(call: Call) -> Outcome:
    with call.services.database.transaction() as tx:
        group = groups.by_name(tx, call.args["group"])
    raise Refusal("not_in_group" if group else "group_not_exist")


def _read(call: Call, where: Conversation) -> None:
    services, session = call.services, call.session
    push = {"cmd": "read", "user": session.user.name, **where.named}

    def moved(position: int) -> None:
        peers = where.peer_sessions(services) if where.peer_id is not None else ()
        others = _without(session, [*services.online.sessions(session.user.id), *peers])
        services.push(others, {**push, "mid": position})

    mark(call, where.number, min(call.args["mid"], services.journal.last_mid), moved)


def _typing(call: Call, where: Conversation) -> None:
    now = time.monotonic()
    if call.peer.typing is None:
        call.peer.typing = {}
    recent = call.peer.typing
    if now - recent.get(where.number, -TYPING_GAP) < TYPING_GAP:
        return
    if len(recent) >= _TYPING_REMEMBERED:
        recent.clear()
    recent[where.number] = now
    session = call.session
    sessions = [s for s in where.peer_sessions(call.services) if s.user is not session.user]
    call.services.push(sessions, {"cmd": "typing", "user": session.user.name, **where.named})


def _without(session: Session, sessions: Sequence[Session]) -> list[Session]:
    return [s for s in dict.fromkeys(sessions) if s is not session]
