"""What many users have not seen, read for all of them at once: the start of their sessions.

After a restart everybody comes back in the same second, and a query for each would be most of what that costs. The
newest message of every source (what a user sent, what it received, what was said in a group) is looked up first, by one
step to the end of an index; only sources that hold something new are read, and of each at most a page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chatbase.engine import Row, Transaction
from chatd.store.sources import force

UNREAD_CAP = 200  # a higher count is shown as this; it bounds what a login costs
_BRANCHES = 100  # in one statement; SQLite allows 500

Branch = tuple[str, tuple[Any, ...]]
"""The SQL of one source, and its parameters."""

Unread = tuple[int, int, int]
"""Conversation, count, read position."""


@dataclass(frozen=True)
class Wanted:
    """A user who wants what is above ``after``; with ``own``, also what the user has sent. ``key`` names the wish."""

    key: int
    user_id: int
    after: int
    own: bool


@dataclass(frozen=True)
class Seat:
    """A membership: messages of the group above ``joined`` and, when it has ended, up to ``left`` (else 0).

    ``read`` is the user's read position, ``said`` the mid of the newest message.
    """

    group_id: int
    joined: int
    left: int
    read: int
    said: int


@dataclass(frozen=True)
class Newest:
    """By user id: the mids of the newest messages, 0 where there is none, and the memberships."""

    sent: dict[int, int]
    received: dict[int, int]
    seats: dict[int, list[Seat]]


def newest(tx: Transaction, user_ids: Sequence[int], after: int) -> Newest:
    """Look up where there can be something above ``after``, or anything unread."""
    sent, received = ({user_id: mid or 0 for user_id, mid in _ends(tx, c, user_ids)} for c in ("sender", "recipient"))
    seats: dict[int, list[Seat]] = defaultdict(list)
    for user_id, *columns in tx.rows_among(
        "SELECT m.user_id, m.group_id, m.joined_mid, m.left_mid, COALESCE(k.mid, 0), COALESCE((SELECT mid FROM messages"
        f" {force('conversation')} WHERE conversation = -m.group_id ORDER BY mid DESC LIMIT 1), 0) FROM members m"
        " LEFT JOIN read_marks k ON k.user_id = m.user_id AND k.conversation = -m.group_id WHERE m.user_id IN (?)"
        " AND (m.left_mid = 0 OR m.left_mid > ?)",
        user_ids,
        after,
    ):
        seats[user_id].append(Seat(*columns))
    return Newest(sent, received, seats)


def unread(tx: Transaction, user_ids: Iterable[int], ends: Newest) -> dict[int, list[Unread]]:
    """Where users have something unread, among the newest messages of each kind.

    Private messages: the newest 200 received. Groups: the newest 200 above the read position, own ones not counted.
    """
    branches: list[Branch] = []
    for user_id in user_ids:
        if ends.received.get(user_id):
            branches.append(_private_unread(user_id))
        for seat in ends.seats.get(user_id, ()):
            position = max(seat.joined, seat.read)
            if not seat.left and seat.said > position:
                branches.append(_group_unread(user_id, seat.group_id, position))
    found: dict[int, list[Unread]] = defaultdict(list)
    for user_id, conversation, count, mid in _union(tx, branches):
        if count:
            found[int(user_id)].append((int(conversation), int(count), int(mid)))
    return found


def few(tx: Transaction, wanted: Iterable[Wanted], ends: Newest, most: int) -> dict[int, list[int] | None]:
    """For each wish by its key the mids that were missed, in order; None where these are more than ``most``."""
    branches: list[Branch] = []
    missed: dict[int, set[int]] = {}
    for want in wanted:
        missed[want.key] = set()
        branches += _missed_by(want, ends, most + 1)
    for key, mid in _union(tx, branches):
        missed[int(key)].add(int(mid))
    return {key: sorted(mids) if len(mids) <= most else None for key, mids in missed.items()}


def _union(tx: Transaction, branches: Sequence[Branch]) -> Iterable[Row]:
    for start in range(0, len(branches), _BRANCHES):
        piece = branches[start : start + _BRANCHES]
        yield from tx.rows(" UNION ALL ".join(sql for sql, _ in piece), *(arg for _, args in piece for arg in args))


def _missed_by(want: Wanted, ends: Newest, limit: int) -> Iterable[Branch]:
    user_id, after = want.user_id, want.after
    if want.own and ends.sent.get(user_id, 0) > after:
        yield _page("sender", "sender = ? AND mid > ?", want.key, (user_id, after, limit))
    if ends.received.get(user_id, 0) > after:
        yield _page("recipient", "recipient = ? AND mid > ?", want.key, (user_id, after, limit))
    for seat in ends.seats.get(user_id, ()):
        low = max(after, seat.joined)
        high = min(seat.said, seat.left) if seat.left else seat.said
        if high > low:
            condition = "conversation = ? AND mid > ? AND mid <= ?"
            yield _page("conversation", condition, want.key, (-seat.group_id, low, high, limit))


def _ends(tx: Transaction, column: str, user_ids: Sequence[int]) -> Sequence[Row]:
    return tx.rows_among(
        f"SELECT u.id, (SELECT mid FROM messages {force(column)} WHERE {column} = u.id ORDER BY mid DESC LIMIT 1)"
        " FROM users u WHERE u.id IN (?)",
        user_ids,
    )


def _page(index: str, condition: str, key: int, args: tuple[Any, ...]) -> Branch:
    inner = f"SELECT mid FROM messages {force(index)} WHERE {condition} ORDER BY mid LIMIT ?"
    return f"SELECT ?, mid FROM ({inner}) n", (key, *args)


def _private_unread(user_id: int) -> Branch:
    newest = f"SELECT conversation, mid FROM messages {force('recipient')} WHERE recipient = ? AND sender <> ?"
    return (
        f"SELECT ?, n.conversation, COUNT(*), COALESCE(MAX(k.mid), 0) FROM ({newest} ORDER BY mid DESC"
        f" LIMIT {UNREAD_CAP}) n LEFT JOIN read_marks k ON k.user_id = ? AND k.conversation = n.conversation"
        " WHERE n.mid > COALESCE(k.mid, 0) GROUP BY n.conversation",
        (user_id, user_id, user_id, user_id),
    )


def _group_unread(user_id: int, group_id: int, position: int) -> Branch:
    return (
        f"SELECT ?, ?, COUNT(*), ? FROM (SELECT sender FROM messages {force('conversation')} WHERE conversation = ?"
        f" AND mid > ? ORDER BY mid DESC LIMIT {UNREAD_CAP}) n WHERE sender <> ?",
        (user_id, -group_id, position, -group_id, position, user_id),
    )
