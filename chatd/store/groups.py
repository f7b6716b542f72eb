"""Groups and memberships.

Whatever changes a membership runs in the journal's thread, between two batches of messages, so that a membership is an
exact interval of mids (`last_mid` is the newest one given out).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chatbase.clock import now_ms
from chatbase.engine import Transaction

ENDED = 1000  # memberships of a user that have ended and are remembered


@dataclass(frozen=True)
class Group:
    """One row of `chat_groups`. ``size`` is the number of members."""

    id: int
    name: str
    owner_id: int | None
    size: int


class Membership(NamedTuple):
    """A group that somebody is in: its owner's name, and the mid above which its messages are the member's, too."""

    group: Group
    owner: str
    since: int


def by_name(tx: Transaction, name: str) -> Group | None:
    """The group of that exact name, or None."""
    row = tx.row("SELECT id, name, owner_id, size FROM chat_groups WHERE name = ?", name)
    return Group(*row) if row else None


def name_of(tx: Transaction, group_id: int) -> str:
    """A group's name."""
    row = tx.row("SELECT name FROM chat_groups WHERE id = ?", group_id)
    return str(row[0]) if row else ""


def of(tx: Transaction, user_ids: Sequence[int]) -> dict[int, list[Membership]]:
    """The groups that users are in."""
    groups: dict[int, list[Membership]] = {user_id: [] for user_id in user_ids}
    for user_id, *columns, owner, since in tx.rows_among(
        "SELECT m.user_id, g.id, g.name, g.owner_id, g.size, o.name, m.joined_mid FROM members m"
        " JOIN chat_groups g ON g.id = m.group_id LEFT JOIN users o ON o.id = g.owner_id"
        " WHERE m.user_id IN (?) AND m.left_mid = 0 ORDER BY m.user_id, g.id",
        user_ids,
    ):
        groups[user_id].append(Membership(Group(*columns), owner or "", int(since)))
    return groups


def count_of(tx: Transaction, user_id: int) -> int:
    """How many groups a user is in."""
    row = tx.row("SELECT COUNT(*) FROM members WHERE user_id = ? AND left_mid = 0", user_id)
    return int(row[0]) if row else 0


def members(tx: Transaction, group_id: int) -> list[tuple[int, str]]:
    """Ids and names of a group's members, in the order in which they joined. Whole, however large the group is."""
    rows = tx.rows(
        "SELECT u.id, u.name FROM members m JOIN users u ON u.id = m.user_id"
        " WHERE m.group_id = ? AND m.left_mid = 0 ORDER BY m.joined_mid, m.joined, u.id",
        group_id,
    )
    return [(int(user_id), name) for user_id, name in rows]


def members_page(tx: Transaction, group_id: int, after: int, limit: int) -> tuple[list[tuple[int, str]], bool]:
    """The first ``limit`` members whose ids are above ``after``, by id, and whether there are more."""
    rows = tx.rows(
        "SELECT u.id, u.name FROM members m JOIN users u ON u.id = m.user_id"
        " WHERE m.group_id = ? AND m.user_id > ? AND m.left_mid = 0 ORDER BY m.user_id LIMIT ?",
        group_id, after, limit + 1,
    )  # fmt: skip
    return [(int(user_id), name) for user_id, name in rows[:limit]], len(rows) > limit


def is_member(tx: Transaction, group_id: int, user_id: int) -> bool:
    """Whether a user is in a group now."""
    sql = "SELECT 1 FROM members WHERE group_id = ? AND user_id = ? AND left_mid = 0"
    return tx.row(sql, group_id, user_id) is not None


def create(tx: Transaction, name: str, owner_id: int) -> int:
    """Make an empty group and return its id. Raises Conflict when the name is taken."""
    return tx.insert("INSERT INTO chat_groups (name, owner_id, created) VALUES (?, ?, ?)", name, owner_id, now_ms())


def join(tx: Transaction, group: Group, user_id: int, last_mid: int) -> None:
    """Begin a membership. Who joins an abandoned group owns it."""
    tx.execute(
        "INSERT INTO members (group_id, user_id, joined_mid, joined) VALUES (?, ?, ?, ?)",
        group.id, user_id, last_mid, now_ms(),
    )  # fmt: skip
    tx.execute(
        "UPDATE chat_groups SET size = size + 1, owner_id = COALESCE(owner_id, ?) WHERE id = ?", user_id, group.id
    )


def _forget_oldest(tx: Transaction, user_id: int) -> None:
    """Ended memberships are read by whoever catches up from the beginning: keep a bounded number."""
    ended = "FROM members WHERE user_id = ? AND left_mid > 0"
    row = tx.row(f"SELECT left_mid {ended} ORDER BY left_mid DESC LIMIT 1 OFFSET {ENDED}", user_id)
    if row:
        tx.execute(f"DELETE {ended} AND left_mid <= ?", user_id, row[0])


def leave(tx: Transaction, group: Group, user_id: int, last_mid: int) -> None:
    """End a membership; one in which nothing was said leaves no trace. An owner's place is inherited."""
    whose = "group_id = ? AND user_id = ? AND left_mid = 0"
    if not tx.execute(f"DELETE FROM members WHERE {whose} AND joined_mid >= ?", group.id, user_id, last_mid):
        tx.execute(f"UPDATE members SET left_mid = ? WHERE {whose}", last_mid, group.id, user_id)
        _forget_oldest(tx, user_id)
    heir = group.owner_id
    if heir == user_id:
        remaining = members(tx, group.id)
        heir = remaining[0][0] if remaining else None
    tx.execute("UPDATE chat_groups SET size = size - 1, owner_id = ? WHERE id = ?", heir, group.id)
