"""The reply to a login: everything that a client shows first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chatd.commands.call import Call
from chatd.registry.registry import Profile
from chatd.store import messages
from chatd.store.groups import Membership
from chatd.store.missed import Unread
from chatwire.codec import Object


def login_reply(
    call: Call,
    profile: Profile,
    groups: Sequence[Membership],
    online: set[str],
    unread: Sequence[Unread],
    strangers: Mapping[int, str],
    token: str,
    newest: int,
) -> Object:
    """Build it (wire, section 3). ``online`` are friends' names, ``strangers`` the names of those who are none."""
    settings = call.services.settings
    return call.reply(
        "success",
        friend="|".join(profile.friends),
        group="|".join(profile.groups),
        friends=[{"user": name, "online": name in online} for name in profile.friends],
        groups=[
            {"group": group.name, "owner": owner, "members": group.size, "since": since}
            for group, owner, since in groups
        ],
        unread=_unread(profile, groups, unread, strangers),
        token=token,
        mid=newest,
        limits={
            "max_frame": settings.max_frame,
            "max_text": settings.max_text,
            "max_friends": settings.max_friends,
            "max_groups": settings.max_groups,
            "max_members": settings.max_members,
            "max_file": settings.max_file,
        },
    )


def _unread(
    profile: Profile, groups: Sequence[Membership], unread: Sequence[Unread], strangers: Mapping[int, str]
) -> list[Object]:
    group_names = {messages.group(group.id): group.name for group, _, _ in groups}
    friend_names = {user_id: name for name, user_id in profile.friends.items()}
    result: list[Object] = []
    for conversation, count, mid in unread:
        if conversation > 0:
            other = messages.other_party(conversation, profile.user_id)
            name = friend_names.get(other) or strangers[other]
            result.append({"peer": name, "count": count, "mid": mid})
        elif conversation in group_names:  # else left since the profile was read
            result.append({"group": group_names[conversation], "count": count, "mid": mid})
    return result
