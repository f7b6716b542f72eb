"""Batches that are stored, and not yet rows of `messages`.

A row of its own for each message changes a page in each of five B-trees, in a place that depends on who speaks with
whom. So a commit writes what it has as one row of `staged`, which changes two or three pages, and the rows of many
batches are made together: when there are enough of them, when nothing else is to be done, or when somebody wants to
read. Both are tables of one database, and a batch moves from one to the other in one transaction, so a message is
always in exactly one of them, whatever breaks.

What is in `messages` is always all there is up to some mid, so whoever reads sees the order as if he had come earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chatbase.engine import Conflict, Row, Transaction
from chatd.store import messages
from chatd.store.records import ChatRecord
from chatwire.codec import decode_value, encode_value

# Characters of the texts in a row. A control character is up to 12 bytes of a statement (\u0001, as hexadecimal
# digits), and MariaDB may take no more than `engine.LEAST_PACKET`. A single message may be longer, and still fits.
PIECE = 80_000
_PIECES = 64  # rows that are merged in one transaction; after a crash there may be some

Key = tuple[int, bytes]
"""Sender and cid."""


def add(tx: Transaction, rows: Sequence[Row]) -> None:
    """Store the rows of messages in mid order.

    Raises:
        Conflict: there are messages above the first of them already.
    """
    for piece in _cut(rows):
        first, last = piece[0][0], piece[-1][0]
        if not tx.execute(_ADD, last, encode_value(piece), first, first):
            raise Conflict("another server has written messages")


def merge_known(tx: Transaction, rows: Sequence[Row]) -> None:
    """Make rows of all that is staged: these, in mid order. Raises Conflict as `merge` does."""
    tx.many(messages.INSERT, rows)
    tx.execute("DELETE FROM staged WHERE mid BETWEEN ? AND ?", rows[0][0], rows[-1][0])


def merge(tx: Transaction, *, forget_cids: bool = False) -> bool:
    """Make rows of the oldest batches; true when there may be more.

    ``forget_cids``: store without its cid what has one that is taken. It was looked up before, so this is for a
    database that somebody else has changed: what was acknowledged is not lost for that.

    Raises:
        Conflict: a cid, or a mid, is taken.
    """
    found = tx.rows("SELECT mid, body FROM staged ORDER BY mid LIMIT ? /*! FOR UPDATE */", _PIECES)
    if not found:
        return False
    rows = [row for _, body in found for row in _rows(body)]
    if forget_cids:
        taken = messages.find_cids(tx, [(row[2], row[4]) for row in rows if row[4] is not None])
        rows = [(*row[:4], None, *row[5:]) if (row[2], row[4]) in taken else row for row in rows]
    tx.many(messages.INSERT, rows)
    tx.execute("DELETE FROM staged WHERE mid <= ?", found[-1][0])
    return len(found) == _PIECES


def last_mid(tx: Transaction) -> int:
    """The highest mid here, once no transaction is on its way any more (`messages.settled_last_mid`); 0 for none."""
    row = tx.row("SELECT mid FROM staged ORDER BY mid DESC LIMIT 1 /*! FOR UPDATE */")
    return int(row[0]) if row else 0


def is_stored(tx: Transaction, record: ChatRecord) -> bool:
    """Whether this very message is in a batch here; another server's could have the same mid."""
    row = tx.row("SELECT body FROM staged WHERE mid >= ? ORDER BY mid LIMIT 1 /*! FOR UPDATE */", record.mid)
    return row is not None and record.row() in list(_rows(row[0]))


_ADD = (
    "INSERT INTO staged (mid, body) SELECT ?, ? FROM (SELECT 1) one"
    " WHERE NOT EXISTS (SELECT 1 FROM messages WHERE mid >= ?) AND NOT EXISTS (SELECT 1 FROM staged WHERE mid >= ?)"
)


def _cut(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    begin = size = 0
    for number, row in enumerate(rows):
        if size and size + len(row[6]) > PIECE:
            yield rows[begin:number]
            begin, size = number, 0
        size += len(row[6])
    yield rows[begin:]


def _rows(body: bytes) -> Iterable[Row]:
    for mid, conversation, sender, recipient, cid, ts, text in decode_value(body):
        yield mid, conversation, sender, recipient, None if cid is None else cid.encode(), ts, text
