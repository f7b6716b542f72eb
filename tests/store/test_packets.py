"""MariaDB with the smallest packet that is allowed, and less: nothing that users may say is too long for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbase.engine import Database, DatabaseUnavailable
from chatd.store import staging
from chatwire.client import Client
from chatwire.codec import encode_value
from tests.support.mariadb import MariaDB
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE

LONGEST = 16384  # characters


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    server = MariaDB(tmp_path_factory.mktemp("small"), "--max-allowed-packet=1M")
    yield server
    server.remove()


def texts_of(client: Client, count: int) -> list[str]:
    """The next messages that come."""
    found: list[str] = []
    while len(found) < count:
        push = client.next_push(DEADLINE)
        assert push is not None
        if push["cmd"] == "private_chat":
            found.append(push["text"])
    return found


@pytest.mark.parametrize("options", [(), ("--max-text", "65535", "--max-frame", "500000")], ids=["usual", "longest"])
def test_the_longest_texts_are_stored_and_found(small: MariaDB, tmp_path: Path, options: tuple[str, ...]) -> None:
    server = RunningServer(small.new_database(), tmp_path, False, "packets", "--limits", "off", *options)
    try:
        alice, bob = server.friends("alice", "bob")
        longest = server.server.settings.max_text
        signs = "\u4f60", "\U0001f408", "\x01", "\\", "'", "\u4f60"
        said = [sign * (longest // len(encode_value(sign).strip(b'"'))) for sign in signs]  # the frame is full
        for text in said * 3:
            alice.send("private_chat", user_from="alice", user_to="bob", text=text)
        assert texts_of(bob, 3 * len(said)) == said * 3
        history = alice.expect("history", peer="bob", limit=6)["messages"]
        assert [message["text"] for message in history] == said[-len(history) :]
    finally:
        server.close()
        server.stop()


def test_a_batch_of_any_texts_is_cut_to_what_fits(small: MariaDB) -> None:
    database = Database(small.new_database(), 1)
    try:
        with database.transaction(write=True) as tx:
            tx.execute("CREATE TABLE staged (mid BIGINT PRIMARY KEY, body LONGBLOB NOT NULL)")
            tx.execute("CREATE TABLE messages (mid BIGINT PRIMARY KEY)")
        for number, sign in enumerate(("\x01", "\u4f60", '"', "\\")):
            rows = [(1000 * number + n + 1, 1, 1, 2, None, 0, sign * LONGEST) for n in range(40)]
            with database.transaction(write=True) as tx:
                staging.add(tx, rows)
                assert tx.rows("SELECT COUNT(*) FROM staged")[0][0] > 0
    finally:
        database.close()


def test_less_is_refused(mariadb: MariaDB) -> None:
    root = mariadb._connect()
    with root.cursor() as cursor:
        cursor.execute("SELECT @@global.max_allowed_packet")
        usual = cursor.fetchone()
        cursor.execute("SET GLOBAL max_allowed_packet = 524288")
    try:
        with pytest.raises(DatabaseUnavailable, match="its max_allowed_packet is 524288, and at least 1048576"):
            Database(mariadb.new_database(), 1)
    finally:
        with root.cursor() as cursor:
            cursor.execute("SET GLOBAL max_allowed_packet = %s", usual)
        root.close()
