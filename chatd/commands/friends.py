"""add, remove_friend.

The journal's thread does both, one change after the other: two at once cannot overfill a roster, and the registry
learns of them in the order in which they were stored.
"""

from __future__ import annotations

from chatbase.engine import Transaction
from chatd.commands.call import Call, Refusal
from chatd.commands.journaled import change
from chatd.commands.table import Outcome, Where, handles
from chatd.store import friends, users
from chatwire.codec import Object


@handles("add", Where.LOOP)
def add(call: Call) -> Outcome:
    """Make two users friends; both rosters change at once."""
    services, user, name = call.services, call.session.user, call.args["friend"]

    def done(friend_id: int) -> Object:
        services.online.befriend((user.id, user.name), (friend_id, name))
        theirs = services.online.sessions(friend_id)
        services.push(theirs, {"cmd": "add_friend_reply", "result": user.name})
        here = bool(theirs)  # who was here already is not announced by a `friend_login`
        services.push_others(call.session, {"cmd": "add_friend_reply", "result": name, "online": here})
        return call.reply("success", friend=name, online=here)

    change(call, lambda tx, last_mid: _add(tx, call, name), done, conflict="already_friend")
    return None


@handles("remove_friend", Where.LOOP)
def remove_friend(call: Call) -> Outcome:
    """End a friendship; both rosters change at once."""
    services, user, name = call.services, call.session.user, call.args["friend"]

    def done(friend_id: int) -> Object:
        services.online.unfriend((user.id, user.name), (friend_id, name))
        services.push(services.online.sessions(friend_id), {"cmd": "friend_removed", "friend": user.name})
        services.push_others(call.session, {"cmd": "friend_removed", "friend": name})
        return call.reply("success", friend=name)

    change(call, lambda tx, last_mid: _remove(tx, user.id, name), done)
    return None


def _add(tx: Transaction, call: Call, name: str) -> int:
    user = call.session.user
    friend_id = users.id_of(tx, name)
    if friend_id is None:
        raise Refusal("user_not_exist")
    if friend_id == user.id:
        raise Refusal("bad_request", detail="friend: nobody is their own friend")
    if name in user.friends:
        raise Refusal("already_friend")
    for user_id in (user.id, friend_id):
        if friends.count(tx, user_id) >= call.services.settings.max_friends:
            raise Refusal("limit_reached", detail="friend: the roster is full")
    friends.add(tx, user.id, friend_id)
    return friend_id


def _remove(tx: Transaction, user_id: int, name: str) -> int:
    friend_id = users.id_of(tx, name)
    if friend_id is None:
        raise Refusal("user_not_exist")
    if not friends.remove(tx, user_id, friend_id):
        raise Refusal("not_friend")
    return friend_id
