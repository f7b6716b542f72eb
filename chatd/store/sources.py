"""Where a user's messages come from: what was sent, what was received, what was said in each group while in it.

Somebody may be in hundreds of groups, and a page holds a hundred messages in all. So each source is asked for little at
first, and only those that might still have one of the page's messages are asked for more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chatbase.engine import Transaction
from chatwire.fields import MAX_MID

_BRANCHES = 128  # in one statement; SQLite allows 500


@dataclass
class _Source:
    """Messages with ``key`` in a column that has an index of that name; all up to ``seen`` are known, none is above
    ``end``.
    """

    index: str
    key: int
    seen: int
    end: int


def force(index: str) -> str:
    """MariaDB may prefer to walk the primary key when the order is by mid; in SQLite's eyes this is a comment."""
    return f"/*! FORCE INDEX (messages_{index}) */"


def memberships(tx: Transaction, user_id: int, after: int) -> list[tuple[int, int, int]]:
    """The groups in which something may have been said above ``after`` while the user was in them: (group id, low,
    high), for mids above low and up to high. One step to the end of an index for each group.
    """
    newest = (
        f"SELECT mid FROM messages {force('conversation')} WHERE conversation = -m.group_id ORDER BY mid DESC LIMIT 1"
    )
    rows = tx.rows(
        f"SELECT m.group_id, m.joined_mid, m.left_mid, COALESCE(({newest}), 0) FROM members m"
        " WHERE m.user_id = ? AND (m.left_mid = 0 OR m.left_mid > ?)",
        user_id, after,
    )  # fmt: skip
    intervals = ((group, max(after, joined), min(left or MAX_MID, said)) for group, joined, left, said in rows)
    return [interval for interval in intervals if interval[1] < interval[2]]


def first_mids(tx: Transaction, user_id: int, after: int, most: int) -> list[int]:
    """The lowest mids above ``after`` of what the user sent or received, at most ``most``, in order.

    However many sources there are, what is read is one message of each, and then a small multiple of ``most``.
    """
    asked = [_Source(column, user_id, after, MAX_MID) for column in ("sender", "recipient")]
    asked += [_Source("conversation", -group, low, high) for group, low, high in memberships(tx, user_id, after)]
    found: set[int] = set()
    share = -(-most // len(asked))
    while asked:
        asked = _ask(tx, asked, share, found)
        if len(found) >= most:
            last = sorted(found)[most - 1]
            asked = [source for source in asked if source.seen < last]
        share *= 2
    return sorted(found)[:most]


def _ask(tx: Transaction, sources: Sequence[_Source], share: int, found: set[int]) -> list[_Source]:
    """Read the next ``share`` mids of each source; returns those that may have more."""
    counts = [0] * len(sources)
    for start in range(0, len(sources), _BRANCHES):
        sql, args = _union(sources[start : start + _BRANCHES], start, share)
        for number, mid in tx.rows(sql, *args):
            found.add(int(mid))
            counts[number] += 1
            sources[number].seen = max(sources[number].seen, int(mid))
    return [source for source, count in zip(sources, counts, strict=True) if count == share]


def _union(sources: Sequence[_Source], start: int, share: int) -> tuple[str, list[Any]]:
    branches, args = [], []
    for number, source in enumerate(sources, start):
        inner = f"SELECT mid FROM messages {force(source.index)} WHERE {source.index} = ? AND mid > ?"
        bounds: list[int] = [source.key, source.seen]
        if source.end < MAX_MID:
            inner += " AND mid <= ?"
            bounds.append(source.end)
        branches.append(f"SELECT {number}, mid FROM ({inner} ORDER BY mid LIMIT ?) b{number}")
        args += [*bounds, share]
    return " UNION ALL ".join(branches), args
