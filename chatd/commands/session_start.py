"""From a proven identity to a running session: read the profile, register, reply, catch up."""

from __future__ import annotations

from dataclasses import dataclass

from chatd.commands.call import Call
from chatd.commands.catch_up import CatchUp
from chatd.commands.services import Services
from chatd.commands.table import OnLoop
from chatd.registry.nodes import Session, UserNode
from chatd.registry.registry import Arrival, Profile, StaleProfile
from chatd.store import friends, groups, messages, users
from chatd.store.users import Account
from chatwire.codec import Object


@dataclass(frozen=True)
class Known:
    """What the database said of a user at login."""

    profile: Profile
    groups: list[tuple[groups.Group, str]]
    unread: list[tuple[int, int, int]]


def token_lifetime(services: Services) -> int:
    """Seconds."""
    return services.settings.token_days * 86_400


def begin(call: Call, account: Account, token: str) -> OnLoop:
    """Register a session and build the reply. Runs in a work or login thread.

    The session is registered before it is answered: from here on nothing can be missed. What arrives for it is held
    back until the reply and the missed messages have gone out.
    """
    services = call.services
    token_hash = users.hash_token(token)

    def make_session(user: UserNode) -> Session:
        return Session(user, call.peer, token_hash)

    while True:
        known = _read(services, account)
        try:
            arrival = services.online.enter(known.profile, make_session)
        except StaleProfile:
            continue
        break
    services.presence_changed()
    newest = services.journal.last_mid  # read after registering: everything above it will be delivered
    resync = "after" in call.args
    after = min(call.args["after"] if resync else account.acked, newest)  # nobody has what is still to come
    reply = _reply(call, known, arrival, token, newest)

    def finish(call: Call) -> Object | None:
        call.peer.start_session(arrival.session, reply)
        CatchUp(call.peer, arrival.session, after, own=resync).start(needed=0 <= after < newest)
        return None

    return OnLoop(finish, lambda: services.leave(arrival.session))


def _read(services: Services, account: Account) -> Known:
    version = services.online.version(account.id)
    with services.database.transaction() as tx:
        roster = friends.of(tx, account.id)
        mine = groups.of(tx, account.id)
        unread = messages.unread(tx, account.id, [group.id for group, _ in mine])
    profile = Profile(account.id, account.name, roster, {group.name: group.id for group, _ in mine}, version)
    return Known(profile, mine, unread)


def _reply(call: Call, known: Known, arrival: Arrival, token: str, newest: int) -> Object:
    profile, settings = known.profile, call.services.settings
    return call.reply(
        "success",
        friend="|".join(profile.friends),
        group="|".join(profile.groups),
        friends=[{"user": name, "online": name in arrival.online_friends} for name in profile.friends],
        groups=[{"group": group.name, "owner": owner, "members": group.size} for group, owner in known.groups],
        unread=_unread(call.services, known),
        token=token,
        mid=newest,
        limits={
            "max_frame": settings.max_frame,
            "max_text": settings.max_text,
            "max_friends": settings.max_friends,
            "max_groups": settings.max_groups,
            "max_members": settings.max_members,
        },
    )


def _unread(services: Services, known: Known) -> list[Object]:
    group_names = {messages.group(group.id): group.name for group, _ in known.groups}
    friend_names = {user_id: name for name, user_id in known.profile.friends.items()}
    result: list[Object] = []
    for conversation, count, mid in known.unread:
        if conversation < 0:
            result.append({"group": group_names[conversation], "count": count, "mid": mid})
            continue
        low, high = messages.parties(conversation)
        other = high if low == known.profile.user_id else low
        name = friend_names.get(other) or _name_of(services, other)
        result.append({"peer": name, "count": count, "mid": mid})
    return result


def _name_of(services: Services, user_id: int) -> str:
    """A stranger wrote: seldom enough for a query of its own."""
    with services.database.transaction() as tx:
        row = tx.row("SELECT name FROM users WHERE id = ?", user_id)
    return str(row[0]) if row else ""
