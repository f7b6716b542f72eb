"""create_group, add_group, leave_group, get_group_member.

A membership begins and ends in the journal's thread, between two batches of messages: everybody in the group gets
exactly what is said after joining and before leaving, live and from the database alike.
"""

from __future__ import annotations

from chatbase.engine import Transaction
from chatd.commands.call import Call, Refusal
from chatd.commands.journaled import Done, change
from chatd.commands.table import Outcome, Where, handles
from chatd.store import groups, users
from chatwire.codec import Object
from chatwire.fields import DEFAULT_PAGE

Joined = tuple[groups.Group, int]
"""A group, and the mid above which a new membership begins."""


@handles("create_group", Where.LOOP)
def create_group(call: Call) -> Outcome:
    """Make a group with the caller as owner and first member."""
    user, name = call.session.user, call.args["group"]

    def run(tx: Transaction, last_mid: int) -> Joined:
        _check_room(call, tx)
        if groups.by_name(tx, name) is not None:
            raise Refusal("group_exist")
        group = groups.Group(groups.create(tx, name, user.id), name, user.id, 0)
        groups.join(tx, group, user.id, last_mid)
        return group, last_mid

    change(call, run, _joined(call), conflict="group_exist")
    return None


@handles("add_group", Where.LOOP)
def add_group(call: Call) -> Outcome:
    """Join a group."""
    user = call.session.user

    def run(tx: Transaction, last_mid: int) -> Joined:
        group = _find(tx, call.args["group"])
        if groups.is_member(tx, group.id, user.id):
            raise Refusal("user_in_group")
        _check_room(call, tx)
        if group.size >= call.services.settings.max_members:
            raise Refusal("limit_reached", detail="group: it is full")
        groups.join(tx, group, user.id, last_mid)
        return group, last_mid

    change(call, run, _joined(call), conflict="user_in_group")
    return None


@handles("leave_group", Where.LOOP)
def leave_group(call: Call) -> Outcome:
    """Leave a group."""
    services, user, name = call.services, call.session.user, call.args["group"]

    def run(tx: Transaction, last_mid: int) -> groups.Group:
        group = _find(tx, name)
        if not groups.is_member(tx, group.id, user.id):
            raise Refusal("not_in_group")
        groups.leave(tx, group, user.id, last_mid)
        return group

    def done(group: groups.Group) -> Object:
        _tell_members(call, group, "group_left")
        services.online.leave_group(user.id, name)
        return call.reply("success", group=name)

    change(call, run, done)
    return None


@handles("get_group_member", Where.WORK)
def get_group_member(call: Call) -> Outcome:
    """List the members to one of them."""
    services, name = call.services, call.args["group"]
    with services.database.transaction() as tx:
        group = _find(tx, name)
        if not groups.is_member(tx, group.id, call.session.user.id):
            raise Refusal("not_in_group")
        members, more = _members(tx, group, call)
    online = services.groups.online(group.id)
    return call.reply(
        "success",
        group=name,
        member="|".join(user for _, user in members),
        members=[
            {"user": user, "online": user in online, "role": "owner" if user_id == group.owner_id else "member"}
            for user_id, user in members
        ],
        **more,
    )


def _members(tx: Transaction, group: groups.Group, call: Call) -> tuple[list[tuple[int, str]], dict[str, bool]]:
    """All, as the original client wants them, or a page; and what its reply has besides."""
    after, limit = call.args.get("after"), call.args.get("limit", DEFAULT_PAGE)
    if after is None and "limit" not in call.args:
        return groups.members(tx, group.id), {}
    last = 0 if after is None else users.id_of(tx, after)
    if last is None:
        raise Refusal("bad_request", detail="after: there is no such user")
    members, more = groups.members_page(tx, group.id, last, limit)
    return members, {"more": more}


def _joined(call: Call) -> Done[Joined]:
    user = call.session.user

    def done(outcome: Joined) -> Object:
        group, since = outcome
        call.services.online.join_group(user.id, group.name, group.id)
        _tell_members(call, group, "group_joined", since=since)
        return call.reply("success", group=group.name, since=since)

    return done


def _tell_members(call: Call, group: groups.Group, cmd: str, **more: int) -> None:
    """The members who are online, except the session that did it: it gets the reply."""
    node = call.services.groups.find(group.id)
    if node is None:
        return
    fanout = call.services.online.fanout(node)
    sessions = [s for members in fanout.values() for s in members if s is not call.session]
    call.services.push(sessions, {"cmd": cmd, "group": group.name, "user": call.session.user.name, **more})


def _find(tx: Transaction, name: str) -> groups.Group:
    group = groups.by_name(tx, name)
    if group is None:
        raise Refusal("group_not_exist")
    return group


def _check_room(call: Call, tx: Transaction) -> None:
    if groups.count_of(tx, call.session.user.id) >= call.services.settings.max_groups:
        raise Refusal("limit_reached", detail="group: you are in too many")
