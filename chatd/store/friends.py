"""Friendships."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from chatbase.engine import Transaction


def of(tx: Transaction, user_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """The friends of users: for each of these, ids by name, in the order of the ids."""
    rosters: dict[int, dict[str, int]] = {user_id: {} for user_id in user_ids}
    for user_id, friend_id, name in tx.rows_among(
        "SELECT f.user_id, u.id, u.name FROM friendships f JOIN users u ON u.id = f.friend_id WHERE f.user_id IN (?)"
        " ORDER BY f.user_id, f.friend_id",
        user_ids,
    ):
        rosters[user_id][sys.intern(name)] = friend_id  # one string for all who know this user
    return rosters


def count(tx: Transaction, user_id: int) -> int:
    """How many friends a user has."""
    row = tx.row("SELECT COUNT(*) FROM friendships WHERE user_id = ?", user_id)
    return int(row[0]) if row else 0


def add(tx: Transaction, user_id: int, friend_id: int) -> None:
    """Make two users friends. Raises Conflict when they are."""
    # The lower id first, always: two users who add each other at once must not wait for each other's row.
    for one, other in sorted(((user_id, friend_id), (friend_id, user_id))):
        tx.execute("INSERT INTO friendships (user_id, friend_id) VALUES (?, ?)", one, other)


def remove(tx: Transaction, user_id: int, friend_id: int) -> bool:
    """End a friendship; false when there was none."""
    removed = 0
    for one, other in sorted(((user_id, friend_id), (friend_id, user_id))):
        removed += tx.execute("DELETE FROM friendships WHERE user_id = ? AND friend_id = ?", one, other)
    return removed > 0
