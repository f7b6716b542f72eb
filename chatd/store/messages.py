"""Reading and writing messages.

Every query here reads at most one page from each index range it touches, however long the history is;
`tests/store/test_query_plans.py` shows it with EXPLAIN on both engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chatd.store.engine import Row, Transaction
from chatwire.codec import Object

_PAIR = 2**31
_BRANCHES = 100  # in one statement; SQLite allows 500
UNREAD_CAP = 200  # a higher count is shown as this; it bounds what a login costs

INSERT = "INSERT INTO messages (mid, conversation, sender, recipient, cid, ts, body) VALUES (?, ?, ?, ?, ?, ?, ?)"

_COLUMNS = (
    "m.mid, m.ts, m.body, m.cid, s.name, r.name, g.name FROM messages m JOIN users s ON s.id = m.sender"
    " LEFT JOIN users r ON r.id = m.recipient LEFT JOIN chat_groups g ON g.id = -m.conversation"
)


def private(one: int, other: int) -> int:
    """The conversation of two users."""
    return min(one, other) * _PAIR + max(one, other)


def group(group_id: int) -> int:
    """The conversation of a group."""
    return -group_id


def parties(conversation: int) -> tuple[int, int]:
    """The two users of a private conversation."""
    return conversation // _PAIR, conversation % _PAIR


def last_mid(tx: Transaction) -> int:
    """The highest mid that is stored; 0 when there is none."""
    row = tx.row("SELECT MAX(mid) FROM messages")
    return int(row[0] or 0) if row else 0


def settled_last_mid(tx: Transaction) -> int:
    """The same, once no transaction of a connection that broke, or of a server that died, is still on its way.

    On MariaDB such a one may be committed after its client has gone; it holds a lock on what it wrote until then.
    """
    row = tx.row("SELECT mid FROM messages ORDER BY mid DESC LIMIT 1 /*! FOR UPDATE */")
    return int(row[0]) if row else 0


def find_cids(tx: Transaction, keys: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], tuple[int, int]]:
    """Which (sender, cid) are stored, with their mid and ts."""
    found = {}
    for sender, cid in keys:
        row = tx.row("SELECT mid, ts FROM messages WHERE sender = ? AND cid = ?", sender, cid)
        if row:
            found[sender, cid] = (int(row[0]), int(row[1]))
    return found


def history(tx: Transaction, conversation: int, before: int, limit: int) -> list[Object]:
    """The newest ``limit`` messages of a conversation below ``before``, oldest first."""
    rows = tx.rows(
        f"SELECT {_COLUMNS} WHERE m.conversation = ? AND m.mid < ? ORDER BY m.mid DESC LIMIT ?",
        conversation, before, limit,
    )  # fmt: skip
    return [_message(row) for row in reversed(rows)]


def sync(tx: Transaction, user_id: int, after: int, limit: int) -> list[Object]:
    """The first ``limit`` messages above ``after`` that the user sent or received, in mid order.

    Each source (sent, received, every membership) gives at most a page from its own index; the pages are merged.
    """
    mids: set[int] = set()
    for sql, args in sync_queries(memberships(tx, user_id, after), user_id, after, limit):
        mids.update(int(mid) for (mid,) in tx.rows(sql, *args))
    page = sorted(mids)[:limit]
    if not page:
        return []
    marks = ", ".join("?" * len(page))
    return [_message(row) for row in tx.rows(f"SELECT {_COLUMNS} WHERE m.mid IN ({marks}) ORDER BY m.mid", *page)]


def memberships(tx: Transaction, user_id: int, after: int) -> Sequence[Row]:
    """The intervals of mids in which the user was in a group: (group id, joined_mid, left_mid or 0)."""
    return tx.rows(
        "SELECT group_id, joined_mid, left_mid FROM members WHERE user_id = ? AND (left_mid = 0 OR left_mid > ?)",
        user_id, after,
    )  # fmt: skip


def sync_queries(
    intervals: Sequence[Row], user_id: int, after: int, limit: int
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The statements that find the mids of `sync`; apart, so that their plans can be looked at."""
    branches: list[tuple[str, str, tuple[Any, ...]]] = [
        (column, f"{column} = ? AND mid > ?", (user_id, after, limit)) for column in ("sender", "recipient")
    ]
    for group_id, joined, left in intervals:
        condition = "conversation = ? AND mid > ?" + (" AND mid <= ?" if left else "")
        bounds = (-group_id, max(after, joined), left, limit) if left else (-group_id, max(after, joined), limit)
        branches.append(("conversation", condition, bounds))
    for start in range(0, len(branches), _BRANCHES):
        chunk = branches[start : start + _BRANCHES]
        sql = " UNION ALL ".join(_branch(index, condition, n) for n, (index, condition, _) in enumerate(chunk))
        yield sql, tuple(value for _, _, bounds in chunk for value in bounds)


def unread(tx: Transaction, user_id: int, group_ids: Sequence[int]) -> list[tuple[int, int, int]]:
    """(conversation, count, read position) where something is unread, among the newest messages of each kind.

    Private messages: the newest 200 received. Groups: the newest 200 above the read position, own ones not counted.
    """
    rows = list(
        tx.rows(
            "SELECT n.conversation, COUNT(*), COALESCE(MAX(k.mid), 0) FROM (SELECT conversation, mid FROM messages"
            " /*! FORCE INDEX (messages_recipient) */ WHERE recipient = ? AND sender <> ?"
            f" ORDER BY mid DESC LIMIT {UNREAD_CAP}) n LEFT JOIN read_marks k"
            " ON k.user_id = ? AND k.conversation = n.conversation WHERE n.mid > COALESCE(k.mid, 0)"
            " GROUP BY n.conversation",
            user_id, user_id, user_id,
        )
    )  # fmt: skip
    if group_ids:
        rows += _unread_in_groups(tx, user_id, group_ids)
    return [(int(conversation), int(count), int(mid)) for conversation, count, mid in rows if count]


def read_mark(tx: Transaction, user_id: int, conversation: int, mid: int) -> None:
    """Move a read position forward; it never goes back."""
    where = "user_id = ? AND conversation = ?"
    row = tx.row(f"SELECT mid FROM read_marks WHERE {where}", user_id, conversation)
    if row is None:
        tx.execute("INSERT INTO read_marks (user_id, conversation, mid) VALUES (?, ?, ?)", user_id, conversation, mid)
    elif row[0] < mid:
        tx.execute(f"UPDATE read_marks SET mid = ? WHERE {where}", mid, user_id, conversation)


def ack(tx: Transaction, user_id: int, mid: int) -> None:
    """Move forward what a user has; it never goes back."""
    tx.execute("UPDATE users SET acked = ? WHERE id = ? AND acked < ?", mid, user_id, mid)


def push_object(user_from: str, to: str | None, group_name: str | None, text: str, cid: str | None) -> Object:
    """A message as it is pushed, without mid and ts: the request's object (wire, section 3)."""
    if group_name is not None:
        obj: Object = {"cmd": "group_chat", "user": user_from, "group": group_name, "text": text}
    else:
        obj = {"cmd": "private_chat", "user_from": user_from, "user_to": to, "text": text}
    if cid is not None:
        obj["cid"] = cid
    return obj


def _unread_in_groups(tx: Transaction, user_id: int, group_ids: Sequence[int]) -> Sequence[Row]:
    positions = {
        int(group_id): max(int(joined), int(mark))
        for group_id, joined, mark in tx.rows(
            "SELECT m.group_id, m.joined_mid, COALESCE(k.mid, 0) FROM members m LEFT JOIN read_marks k"
            " ON k.user_id = m.user_id AND k.conversation = -m.group_id WHERE m.user_id = ? AND m.left_mid = 0",
            user_id,
        )
    }
    counts: list[Row] = []
    for start in range(0, len(group_ids), _BRANCHES):
        branches: list[str] = []
        args: list[Any] = []
        for group_id in group_ids[start : start + _BRANCHES]:
            position = positions.get(group_id, 0)
            branches.append(
                f"SELECT ? AS c, COUNT(*), ? FROM (SELECT sender FROM messages {_force('conversation')}"
                f" WHERE conversation = ? AND mid > ? ORDER BY mid DESC LIMIT {UNREAD_CAP}) t{len(branches)}"
                " WHERE sender <> ?"
            )
            args += [-group_id, position, -group_id, position, user_id]
        counts += tx.rows(" UNION ALL ".join(branches), *args)
    return counts


def _branch(index: str, condition: str, number: int) -> str:
    return (
        f"SELECT mid FROM (SELECT mid FROM messages {_force(index)} WHERE {condition} ORDER BY mid LIMIT ?) b{number}"
    )


def _force(index: str) -> str:
    """MariaDB may prefer to walk the primary key when the order is by mid; in SQLite's eyes this is a comment."""
    return f"/*! FORCE INDEX (messages_{index}) */"


def _message(row: Row) -> Object:
    mid, ts, body, cid, sender, recipient, group_name = row
    obj = push_object(sender, recipient, group_name, body, None if cid is None else bytes(cid).decode())
    obj["mid"], obj["ts"] = int(mid), int(ts)
    return obj
