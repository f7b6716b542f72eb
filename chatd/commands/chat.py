"""private_chat, group_chat, read, ack, typing: the hot path. Everything is checked against the registry alone."""

from __future__ import annotations

import time
from collections.abc import Sequence

from chatd.commands import express
from chatd.commands.call import Call, Refusal, reply_head
from chatd.commands.conversation import Conversation, resolve
from chatd.commands.express import to_group, to_user
from chatd.commands.journaled import mark, message
from chatd.commands.table import Later, OnLoop, Outcome, Where, handles
from chatd.registry.nodes import Session
from chatd.store import groups, users
from chatwire.codec import Object
from chatwire.commands import TYPING_GAP, text_size
from chatwire.errors import BadRequest

_TYPING_REMEMBERED = 64  # conversations


@handles("group_chat", Where.LOOP, express.group_chat)
def group_chat(call: Call) -> Outcome:
    """Say something to a group."""
    args, session = call.args, call.session
    _check_size(call, args["text"])
    group = session.user.groups.get(args["group"])
    if group is None:
        return Later(_why_not_in_group)
    message(call.peer, to_group(session, group, args["text"], args.get("cid"), _head(call)))
    return None


@handles("private_chat", Where.LOOP, express.private_chat)
def private_chat(call: Call) -> Outcome:
    """Say something to a user; one who is neither a friend nor online is looked up in the database first."""
    _check_size(call, call.args["text"])
    user_id = known_user(call, call.args["user_to"])
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
    args = call.args
    message(call.peer, to_user(call.session, user_id, args["user_to"], args["text"], args.get("cid"), _head(call)))


def _head(call: Call) -> bytes:
    return reply_head(call.command.name, call.request_id)


def _check_size(call: Call, text: str) -> None:
    most = call.services.settings.max_text
    if text_size(text) > most:
        raise BadRequest("text", f"must have at most {most} bytes")


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
