"""Friendships and memberships, as menus offer to end or to begin them again. GUI thread only."""

from __future__ import annotations

from qtclient.i18n import tr
from qtclient.model.session import Session
from qtclient.records import Key, Kind


def is_bound(session: Session, key: Key) -> bool:
    """Whether the user is in that group, or is a friend of that person."""
    model = session.groups_model if key.kind is Kind.GROUP else session.friends_model
    return model.get(key.name) is not None


def bond_words(session: Session, key: Key) -> str:
    """What can be done about it."""
    group = key.kind is Kind.GROUP
    if is_bound(session, key):
        return tr("Leave the group…") if group else tr("Remove from friends…")
    return tr("Join the group again") if group else tr("Add to friends")


def begin(session: Session, key: Key) -> None:
    """Become a friend or a member; a refusal is told in a line."""

    def done(ok: bool, text: str) -> None:
        if not ok:
            session.notice.emit(text)

    act = session.join_group if key.kind is Kind.GROUP else session.add_friend
    act(key.name, done)
