"""With many messages, every statement of the hot paths reads what it returns, and little more.

The plan is looked at with EXPLAIN, and the work is counted while the statement runs: rows that MariaDB's handlers read,
instructions that SQLite's virtual machine executes. The count is the proof; the plan says what to do when it is bad.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from chatbase import files, schema
from chatbase.clock import Clock
from chatbase.engine import Database, Row, Transaction
from chatd.store import friends, groups, messages, missed, sources, users
from tests.support.mariadb import MariaDB

ROWS = 200_000  # with a million it is the same, and takes a minute to fill
MIDDLE = ROWS // 2
USERS = 1000
GROUPS = 50  # of 40 members each, and of
SOCIABLE = USERS + 1  # who says nothing
LIMIT = 200  # a page of the catch-up
INSTRUCTIONS_PER_ROW = 20  # of SQLite's machine

# One row for each i: 60 % to a group by one of its members, 40 % between two of 20,000 pairs.
_FILL = """
INSERT INTO messages (mid, conversation, sender, recipient, cid, ts, body)
SELECT i,
    CASE WHEN kind < 6 THEN -grp WHEN a < b THEN a * 2147483648 + b ELSE b * 2147483648 + a END,
    CASE WHEN kind < 6 THEN (7 * grp) % 25 + 25 * seat + 1 ELSE a END,
    CASE WHEN kind < 6 THEN NULL ELSE b END,
    CASE WHEN i % 2 = 0 THEN {cid} END, 1700000000000 + i, 'Hello, all of you.'
FROM (SELECT i, kind, grp, seat, a, (a - 1 + step) % 1000 + 1 AS b FROM (
    SELECT i, CAST(h % 10 AS SIGNED) AS kind, CAST((h >> 8) % 50 AS SIGNED) + 1 AS grp,
        CAST((h >> 14) % 40 AS SIGNED) AS seat, CAST((h >> 4) % 1000 AS SIGNED) + 1 AS a,
        CAST((h >> 14) % 20 AS SIGNED) + 1 AS step
    FROM (SELECT i, CAST((i * 2654435761) % 4294967296 AS SIGNED) AS h FROM {numbers}) x) y) z
"""
_NUMBERS = {
    True: "(WITH RECURSIVE n (i) AS (SELECT {0} UNION ALL SELECT i + 1 FROM n WHERE i < {1}) SELECT i FROM n) s",
    False: "(SELECT CAST(seq AS SIGNED) AS i FROM seq_{0}_to_{1}) s",
}
_PIECE = 100_000  # messages in one statement, which then ends in time on a slow machine, too
_TABLES = "users|tokens|friendships|chat_groups|members|messages|read_marks|files"

# Every tenth message offers a file; nine of ten files are over.
_FILES = """
INSERT INTO files (id, mid, conversation, sender, recipient, name, size, state, created, expires)
SELECT {id}, i * 10, -1, i % 1000 + 1, NULL, 'a name', 1000,
    CASE WHEN (i - i % 1000) % 10000 = 0 THEN 'complete' ELSE 'expired' END, 0, i
FROM {numbers}
"""
FILES = ROWS // 10
KEPT = FILES // 10_000  # that are not over, of each user


class Recorder(Transaction):
    """Passes statements on, and remembers those that read."""

    def __init__(self, tx: Transaction) -> None:
        self.real = tx
        self.statements: list[tuple[str, tuple[Any, ...]]] = []

    def rows(self, sql: str, *args: Any) -> Sequence[Row]:
        self.statements.append((sql, args))
        return self.real.rows(sql, *args)


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Very many messages of a thousand users; nobody changes them."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('many')}/chat.db"
    else:
        mariadb: MariaDB = request.getfixturevalue("mariadb")
        url = mariadb.new_database()
    database = Database(url, 1)
    schema.prepare(database)
    with database.transaction(write=True) as tx:
        _people(tx)
        cid = "CAST(CAST(i AS TEXT) AS BLOB)" if database.sqlite else "CAST(i AS CHAR)"
        for first in range(1, ROWS + 1, _PIECE):
            numbers = _NUMBERS[database.sqlite].format(first, first + _PIECE - 1)
            tx.execute(_FILL.format(cid=cid, numbers=numbers))
        text = "CAST(i AS TEXT)" if database.sqlite else "CAST(i AS CHAR)"
        tx.execute(_FILES.format(id=text, numbers=_NUMBERS[database.sqlite].format(1, FILES)))
        for table in _TABLES.split("|"):
            tx.execute(f"ANALYZE {table}" if database.sqlite else f"ANALYZE TABLE {table}")
    yield database
    database.close()


def _people(tx: Transaction) -> None:
    everybody = range(1, SOCIABLE + 1)
    tx.many(
        "INSERT INTO users (id, name, password, created) VALUES (?, ?, 'hash', 0)", [(u, f"u{u}") for u in everybody]
    )
    tx.many(
        "INSERT INTO tokens (hash, user_id, expires) VALUES (?, ?, 9000000000000)",
        [(users.hash_token(f"t{u}"), u) for u in everybody],
    )
    pairs = {(u, (u - 1 + step) % USERS + 1) for u in everybody[:USERS] for step in range(1, 21)}
    tx.many("INSERT INTO friendships (user_id, friend_id) VALUES (?, ?)", sorted(pairs | {(b, a) for a, b in pairs}))
    for group in range(1, GROUPS + 1):
        assert groups.create(tx, f"g{group}", 1) == group
    seats = [(g, (7 * g) % 25 + 25 * seat + 1) for g in range(1, GROUPS + 1) for seat in range(40)]
    seats += [(g, SOCIABLE) for g in range(1, GROUPS + 1)]
    tx.many("INSERT INTO members (group_id, user_id, joined_mid, joined) VALUES (?, ?, 0, 0)", seats)
    tx.many("INSERT INTO read_marks (user_id, conversation, mid) VALUES (?, ?, ?)", [(u, -g, MIDDLE) for g, u in seats])
    read = [
        (u, messages.private(u, other), 2 * ROWS // 5)
        for u in everybody[:USERS]
        for other in range(1, 101)
        if other != u
    ]
    tx.many("INSERT INTO read_marks (user_id, conversation, mid) VALUES (?, ?, ?)", read)


MANY = range(8, 16)


def _unread(tx: Transaction, user_ids: Sequence[int]) -> dict[int, list[missed.Unread]]:
    return missed.unread(tx, user_ids, missed.newest(tx, user_ids, 0))


def _few(tx: Transaction, after: int) -> object:
    wanted = [missed.Wanted(user_id, user_id, after, True) for user_id in MANY]
    return missed.few(tx, wanted, missed.newest(tx, MANY, after), 20)


# A branch reads a page from an index and again from the derived table that holds it; user 8 has 4 branches: sent,
# received, two groups. What is found is fetched with three look-ups at most: message, sender, recipient or group.
SYNC = 2 * 4 * LIMIT + 4 * LIMIT
SOCIABLE_SYNC = 2 * 2 * 2 * LIMIT + 4 * LIMIT  # a second and a third round for a page; it does not grow with the groups
UNREAD = 2 * missed.UNREAD_CAP  # the same for one kind, and once more as much for read positions and counts

CASES: dict[str, tuple[Callable[[Transaction], object], int]] = {
    # what is run, and how many rows it may read
    "sync from the beginning": (lambda tx: messages.sync(tx, 8, 0, LIMIT), SYNC),
    "sync in the middle": (lambda tx: messages.sync(tx, 8, MIDDLE, LIMIT), SYNC),
    "sync at the end": (lambda tx: messages.sync(tx, 8, ROWS - 500, LIMIT), SYNC),
    "sync with nothing new": (lambda tx: messages.sync(tx, 8, ROWS, LIMIT), 40),
    "sync of who is in all groups": (lambda tx: messages.sync(tx, SOCIABLE, MIDDLE, LIMIT), 4 * GROUPS + SOCIABLE_SYNC),
    "history of a group": (lambda tx: messages.history(tx, -7, 2**53 - 1, LIMIT), 5 * LIMIT),
    "history in the middle": (lambda tx: messages.history(tx, -7, MIDDLE, LIMIT), 5 * LIMIT),
    "history of a pair": (lambda tx: messages.history(tx, messages.private(8, 9), MIDDLE, 10), 5 * 10),
    "history of strangers": (lambda tx: messages.history(tx, messages.private(8, 800), MIDDLE, LIMIT), 10),
    "newest": (lambda tx: missed.newest(tx, MANY, 0), 20 * len(MANY)),
    "unread": (lambda tx: _unread(tx, MANY), 7 * UNREAD * len(MANY)),
    "few missed": (lambda tx: _few(tx, ROWS - 50), 50 * len(MANY)),
    "few missed of very many": (lambda tx: _few(tx, 0), 5 * 3 * 21 * len(MANY)),
    "messages by mids": (lambda tx: messages.by_mids(tx, range(1, ROWS, ROWS // 50)), 5 * 51),
    "find cids": (lambda tx: messages.find_cids(tx, [(u, b"%d" % (u * 1000)) for u in range(1, 101)]), 200),
    "last mid": (messages.last_mid, 3),
    "settled last mid": (messages.settled_last_mid, 3),
    "read by nobody": (lambda tx: messages.read_by(tx, 800, [f"u{n}" for n in range(2, 102)]), 4 * 128),
    "read by many": (lambda tx: messages.read_by(tx, 1, [f"u{n}" for n in range(2, 102)]), 4 * 128),
    "memberships": (lambda tx: sources.memberships(tx, 8, 0), 20),
    "friends": (lambda tx: friends.of(tx, MANY), 3 * 40 * len(MANY)),
    "number of friends": (lambda tx: friends.count(tx, 8), 42),
    "groups": (lambda tx: groups.of(tx, MANY), 30 * len(MANY)),
    "number of groups": (lambda tx: groups.count_of(tx, 8), 10),
    "members": (lambda tx: groups.members(tx, 7), 4 * 40 + 10),
    "page of members": (lambda tx: groups.members_page(tx, 7, 100, 10), 4 * 11 + 10),
    "is member": (lambda tx: groups.is_member(tx, 1, 8), 5),
    "group by name": (lambda tx: groups.by_name(tx, "g7"), 3),
    "user by name": (lambda tx: users.by_name(tx, "u8"), 3),
    "user's id": (lambda tx: users.id_of(tx, "u8"), 3),
    "tokens": (lambda tx: users.by_token(tx, [users.hash_token(f"t{n}") for n in MANY], Clock()), 5 * len(MANY)),
    "names": (lambda tx: users.names(tx, MANY), 3 * len(MANY)),
    "group's name": (lambda tx: groups.name_of(tx, 7), 3),
    "file": (lambda tx: files.find(tx, "777"), 3),
    "files by mids": (lambda tx: files.by_mids(tx, range(10, ROWS, ROWS // 50)), 3 * 51),
    "usage of a user": (lambda tx: files.usage(tx, 8), 3 * 10 + 10),
    "existing": (lambda tx: users.existing(tx, [f"u{n}" for n in MANY]), 3 * len(MANY)),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("case", CASES)
def test_work_and_plan(filled: Database, case: str) -> None:
    run, most = CASES[case]
    with filled.transaction() as tx:
        recorder = Recorder(tx)
        result = run(recorder)
        assert recorder.statements
        assert result is not None
        read = _instructions(tx, run) // INSTRUCTIONS_PER_ROW if filled.sqlite else _rows_read(tx, run)
        plans = [_plan(tx, sql, args, filled.sqlite) for sql, args in recorder.statements]
    print(f"{case}: {read} rows of at most {most}")
    assert read <= most, "\n".join(map(str, plans))
    for (sql, _), plan in zip(recorder.statements, plans, strict=True):
        assert not _bad_steps(sql, plan, filled.sqlite), f"{sql}\n{plan}"


def test_the_measure_sees_a_scan(filled: Database) -> None:
    def scan(tx: Transaction) -> object:
        return tx.rows("SELECT COUNT(*) FROM messages WHERE ts < 5")

    with filled.transaction() as tx:
        plan = _plan(tx, "SELECT COUNT(*) FROM messages WHERE ts < 5", (), filled.sqlite)
        assert _bad_steps("SELECT COUNT(*) FROM messages WHERE ts < 5", plan, filled.sqlite)
        if filled.sqlite:
            assert _instructions(tx, scan) > ROWS
        else:
            assert _rows_read(tx, scan) >= ROWS


def test_the_rows_are_as_described(filled: Database) -> None:
    with filled.transaction() as tx:
        assert tx.row("SELECT COUNT(*), COUNT(DISTINCT sender) FROM messages") == (ROWS, USERS)
        assert tx.row("SELECT COUNT(DISTINCT conversation) FROM messages WHERE conversation < 0") == (GROUPS,)
        page, more = messages.sync(tx, 8, 0, LIMIT)
        assert (len(page), more) == (LIMIT, True)
        assert {message["cmd"] for message in page} == {"group_chat", "private_chat"}
        assert [mid for _, _, mid in _unread(tx, [8])[8]].count(MIDDLE) == 2
        assert len(messages.read_by(tx, 1, [f"u{n}" for n in range(2, 102)])) == 100
        assert files.usage(tx, 8) == (KEPT, KEPT * 1000)
        assert len(files.by_mids(tx, range(10, ROWS, ROWS // 50))) == 50


def _instructions(tx: Transaction, run: Callable[[Transaction], object]) -> int:
    """How many instructions SQLite's virtual machine executes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    connection = tx._cursor.connection
    connection.set_progress_handler(step, 1)
    try:
        run(tx)
    finally:
        connection.set_progress_handler(None, 1)
    return count


def _rows_read(tx: Transaction, run: Callable[[Transaction], object]) -> int:
    """How many rows MariaDB's storage engines are asked for, temporary tables included."""
    first = _handler_reads(tx)
    price = _handler_reads(tx) - first  # of asking
    before = _handler_reads(tx)
    run(tx)
    return _handler_reads(tx) - before - price


def _handler_reads(tx: Transaction) -> int:
    return sum(int(value) for _, value in tx.rows("SHOW SESSION STATUS LIKE 'Handler_read%'"))


def _plan(tx: Transaction, sql: str, args: Sequence[Any], sqlite: bool) -> Sequence[Row]:
    return tx.rows(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + sql, *args)


def _bad_steps(sql: str, plan: Sequence[Row], sqlite: bool) -> list[Row]:
    """Steps that walk through a whole table or index, unless a LIMIT ends the walk at once."""
    names = {name for pair in re.findall(rf"(?:FROM|JOIN) ({_TABLES})(?: (\w+))?", sql) for name in pair if name}
    if sql.startswith("SELECT mid FROM messages ORDER BY mid DESC LIMIT 1"):
        return []  # one step from the end of the primary key; the count of rows proves it
    if sqlite:
        return [step for step in plan if re.match(rf"SCAN ({'|'.join(names)})\b", step[3])]
    mine = [step for step in plan if step[2] in names]
    return [step for step in mine if step[3] in ("ALL", "index") or int(step[8] or 0) > ROWS // 20]
