"""Reading and writing messages.

What is here may be a moment old: `Journal.make_readable` brings in what was stored meanwhile, and whoever reads for a
client calls it first. Every query here reads a page or little more, however long the history is;
`tests/store/test_query_plans.py` shows it with EXPLAIN on both engines.
"""

from __future__ import annotations

from collections.abc import Sequence

from chatbase import files
from chatbase.engine import Row, Transaction
from chatbase.files import File
from chatd.store import sources
from chatd.store.sources import force
from chatwire.codec import Object

_PAIR = 2**31
_BRANCHES = 128  # in one statement; SQLite allows 500
PAGE_TEXT = 128 * 1024  # characters in a page; as JSON they may take six times as many bytes
_SURELY_FITTING = 2  # messages, so that the usual question for one or two costs no query of its own

OFFER = "recv_file_port_reply"  # the offer of a file, by its name in the original system

Page = tuple[list[Object], bool]
"""Messages in mid order, and whether there are more."""

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


def other_party(conversation: int, user_id: int) -> int:
    """The other user of a private conversation; the same one where it is a note to oneself."""
    low, high = parties(conversation)
    return high if low == user_id else low


def last_mid(tx: Transaction) -> int:
    """The highest mid that is stored; 0 when there is none."""
    row = tx.row("SELECT MAX(mid) FROM messages")
    return int(row[0] or 0) if row else 0


def last_ts(tx: Transaction) -> int:
    """When the newest message was stored; 0 when there is none."""
    row = tx.row("SELECT ts FROM messages ORDER BY mid DESC LIMIT 1")
    return int(row[0]) if row else 0


def settled_last_mid(tx: Transaction) -> int:
    """The same, once no transaction of a connection that broke, or of a server that died, is still on its way.

    On MariaDB such a one may be committed after its client has gone; it holds a lock on what it wrote until then.
    """
    row = tx.row("SELECT mid FROM messages ORDER BY mid DESC LIMIT 1 /*! FOR UPDATE */")
    return int(row[0]) if row else 0


def find_cids(tx: Transaction, keys: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], tuple[int, int]]:
    """Which (sender, cid) are stored, with their mid and ts."""
    found: dict[tuple[int, bytes], tuple[int, int]] = {}
    for start in range(0, len(keys), _BRANCHES):
        piece = list(keys[start : start + _BRANCHES])
        piece += piece[-1:] * ((1 << (len(piece) - 1).bit_length()) - len(piece))  # few different statements
        either = " OR ".join(["(sender = ? AND cid = ?)"] * len(piece))
        sql = f"SELECT sender, cid, mid, ts FROM messages {force('cid')} WHERE {either}"
        for sender, cid, mid, ts in tx.rows(sql, *[value for key in piece for value in key]):
            found[sender, bytes(cid)] = (int(mid), int(ts))
    return found


def history(tx: Transaction, conversation: int, before: int, limit: int) -> Page:
    """The newest ``limit`` messages of a conversation below ``before``, oldest first."""
    rows = tx.rows(
        f"SELECT mid FROM messages {force('conversation')} WHERE conversation = ? AND mid < ?"
        " ORDER BY mid DESC LIMIT ?",
        conversation, before, limit + 1,
    )  # fmt: skip
    mids = [int(mid) for (mid,) in rows]
    kept = _fitting(tx, mids[:limit])
    found = by_mids(tx, kept)
    return [found[mid] for mid in reversed(kept)], len(kept) < len(mids)


def sync(tx: Transaction, user_id: int, after: int, limit: int) -> Page:
    """The first ``limit`` messages above ``after`` that the user sent or received, in mid order."""
    mids = sources.first_mids(tx, user_id, after, limit + 1)
    kept = _fitting(tx, mids[:limit])
    texts = by_mids(tx, kept)
    return [texts[mid] for mid in kept], len(kept) < len(mids)


def sizes(tx: Transaction, mids: Sequence[int]) -> dict[int, int]:
    """How long the texts of messages are, by their mids."""
    return dict(tx.rows_among("SELECT mid, LENGTH(body) FROM messages WHERE mid IN (?)", mids))


def _fitting(tx: Transaction, mids: Sequence[int]) -> Sequence[int]:
    """As many of the first mids as have no more than a page of text between them, but at least one."""
    if len(mids) <= _SURELY_FITTING:
        return mids
    length, room = sizes(tx, mids), PAGE_TEXT
    for number, mid in enumerate(mids):
        room -= length[mid]
        if room < 0 and number:
            return mids[:number]
    return mids


def by_mids(tx: Transaction, mids: Sequence[int]) -> dict[int, Object]:
    """Messages by their mids; the offer of a file as it was pushed, without port and URL, and with its state now."""
    rows = tx.rows_among(f"SELECT {_COLUMNS} WHERE m.mid IN (?)", mids)
    empty = {row[0] for row in rows if not row[2]}  # of an offer; but then, a client may have said nothing
    offered = files.by_mids(tx, sorted(empty)) if empty else {}
    return {row[0]: _message(row, offered.get(row[0])) for row in rows}


def read_mark(tx: Transaction, user_id: int, conversation: int, mid: int) -> tuple[int, bool]:
    """Move a read position forward; it never goes back. Returns the one that now holds, and whether it has moved."""
    where = "user_id = ? AND conversation = ?"
    row = tx.row(f"SELECT mid FROM read_marks WHERE {where}", user_id, conversation)
    if row is not None and row[0] >= mid:
        return int(row[0]), False
    if row is None:
        tx.execute("INSERT INTO read_marks (user_id, conversation, mid) VALUES (?, ?, ?)", user_id, conversation, mid)
    else:
        tx.execute(f"UPDATE read_marks SET mid = ? WHERE {where}", mid, user_id, conversation)
    return mid, mid > 0  # to have read nothing is what holds for all who have no row


def read_by(tx: Transaction, user_id: int, peers: Sequence[str]) -> dict[str, int]:
    """How far others have read their private conversations with a user; those who have read nothing are left out."""
    rows = tx.rows_among(
        "SELECT u.name, k.mid FROM users u JOIN read_marks k ON k.user_id = u.id WHERE u.name IN (?)"
        f" AND k.conversation = CASE WHEN u.id < ? THEN u.id * {_PAIR} + ? ELSE ? * {_PAIR} + u.id END",
        peers, user_id, user_id, user_id,
    )  # fmt: skip
    return {name: int(mid) for name, mid in rows}


def ack(tx: Transaction, user_id: int, mid: int) -> tuple[int, bool]:
    """Move forward what a user has; it never goes back. Returns what now holds, and whether it has moved."""
    if tx.execute("UPDATE users SET acked = ? WHERE id = ? AND acked < ?", mid, user_id, mid):
        return mid, True
    row = tx.row("SELECT acked FROM users WHERE id = ?", user_id)
    return int(row[0]) if row else 0, False


def is_stored(tx: Transaction, mid: int, conversation: int, sender: int, ts: int) -> bool:
    """Whether this very message is stored; another server's could have the same mid."""
    where = "mid = ? AND conversation = ? AND sender = ? AND ts = ?"
    return tx.row(f"SELECT 1 FROM messages WHERE {where}", mid, conversation, sender, ts) is not None


def push_object(user_from: str, to: str | None, group_name: str | None, text: str, cid: str | None) -> Object:
    """A message as it is pushed, without mid and ts: the request's object (wire, section 3)."""
    if group_name is not None:
        obj: Object = {"cmd": "group_chat", "user": user_from, "group": group_name, "text": text}
    else:
        obj = {"cmd": "private_chat", "user_from": user_from, "user_to": to, "text": text}
    if cid is not None:
        obj["cid"] = cid
    return obj


def offer_object(file: File, user_from: str, to: str | None, group_name: str | None, cid: str | None = None) -> Object:
    """An offer as it is pushed, without port, URL, mid and ts (wire, section 3)."""
    obj: Object = {"cmd": OFFER, "file": file.id, "filename": file.name, "length": file.size}
    if digest := file.sha256 or file.announced:
        obj["sha256"] = digest
    obj["state"], obj["from_user"] = file.state, user_from
    obj.update({"to_user": to} if group_name is None else {"group": group_name})
    if cid is not None:
        obj["cid"] = cid
    return obj


def _message(row: Row, file: File | None) -> Object:
    mid, ts, body, cid, sender, recipient, group_name = row
    own_id = None if cid is None else bytes(cid).decode()
    if file is not None:
        obj = offer_object(file, sender, recipient, group_name, own_id)
    else:
        obj = push_object(sender, recipient, group_name, body, own_id)
    obj["mid"], obj["ts"] = int(mid), int(ts)
    return obj
