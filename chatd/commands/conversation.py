"""`peer` or `group` of a request: which conversation is meant, and who is online there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatbase.engine import Transaction
from chatd.commands.call import Call, Refusal
from chatd.commands.services import Services
from chatd.commands.table import Later, OnLoop, Outcome
from chatd.registry.nodes import GroupNode, Session
from chatd.store import groups, messages, users
from chatwire.codec import Object


@dataclass(frozen=True)
class Conversation:
    """``number`` as stored, ``named`` the field that names it, and the peer's id or the group's node."""

    number: int
    named: dict[str, str]
    peer_id: int | None = None
    group: GroupNode | None = None

    def peer_sessions(self, services: Services) -> Sequence[Session]:
        """The sessions of the peer, or of all members who are online."""
        if self.peer_id is not None:
            return services.online.sessions(self.peer_id)
        if self.group is None:
            return ()
        return [session for members in services.online.fanout(self.group).values() for session in members]


def resolve(call: Call, then: Callable[[Call, Conversation], None]) -> Outcome:
    """Call ``then`` in the loop with the conversation of a request; the database is asked only about strangers."""
    user, args = call.session.user, call.args
    if "group" in args:
        node = user.groups.get(args["group"])
        if node is not None:
            then(call, Conversation(messages.group(node.id), {"group": node.name}, group=node))
            return None
    else:
        peer_id = user.friends.get(args["peer"])
        if peer_id is not None:
            then(call, _private(call, peer_id))
            return None
    return Later(lambda call: _resolve_later(call, then))


def look_up(tx: Transaction, call: Call) -> Conversation:
    """The same from the database, for a handler that is in a transaction anyway. Raises Refusal."""
    args = call.args
    if "group" in args:
        group = groups.by_name(tx, args["group"])
        if group is None:
            raise Refusal("group_not_exist")
        if not groups.is_member(tx, group.id, call.session.user.id):
            raise Refusal("not_in_group")
        node = call.services.groups.find(group.id)
        return Conversation(messages.group(group.id), {"group": group.name}, group=node)
    peer_id = users.id_of(tx, args["peer"])
    if peer_id is None:
        raise Refusal("user_not_exist")
    return _private(call, peer_id)


def _resolve_later(call: Call, then: Callable[[Call, Conversation], None]) -> Outcome:
    with call.services.database.transaction() as tx:
        where = look_up(tx, call)

    def finish(call: Call) -> Object | None:
        then(call, where)
        return None

    return OnLoop(finish)


def _private(call: Call, peer_id: int) -> Conversation:
    number = messages.private(call.session.user.id, peer_id)
    return Conversation(number, {"peer": call.args["peer"]}, peer_id=peer_id)
