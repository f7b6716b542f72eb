"""A firewall that forgets idle connections to the database, and tells nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from chatbase import drivers
from chatbase.engine import Database
from tests.support.mariadb import MariaDB
from tests.support.relay import Relay

CONNECTIONS = 5


@pytest.fixture
def relay(mariadb: MariaDB) -> Iterator[Relay]:
    made = Relay(mariadb.socket)
    yield made
    made.close()


@pytest.fixture
def database(relay: Relay, mariadb: MariaDB) -> Iterator[Database]:
    name = mariadb.new_database().partition("?")[0].rpartition("/")[2]
    made = Database(f"mysql://root@127.0.0.1:{relay.port}/{name}", CONNECTIONS)
    yield made
    made.close()


def test_they_are_found_out_before_they_are_used(
    database: Database, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    answers = drivers._MariaConnection._answers

    def counted(connection: Any) -> bool:
        asked.append(answers(connection))
        return asked[-1]

    monkeypatch.setattr(drivers._MariaConnection, "_answers", counted)
    monkeypatch.setattr(drivers, "IDLE_ANSWER", 1)
    relay.silence()
    monkeypatch.setattr(drivers, "IDLE", 0.0)  # from now on the quiet time is over
    used: list[Any] = []
    for _ in range(2):
        taken = [database.transaction() for _ in range(CONNECTIONS)]
        used += [transaction.__enter__() for transaction in taken]  # all at once, so that each is another connection
        assert [tx.row("SELECT 1") for tx in used[-CONNECTIONS:]] == [(1,)] * CONNECTIONS
        for transaction in taken:
            transaction.__exit__(None, None, None)
    assert relay.accepted == 2 * CONNECTIONS
    assert asked.count(False) == 1, "the others have been silent as long"


def test_tcp_says_something_meanwhile_and_gives_up_in_time(database: Database) -> None:
    with database.transaction() as tx:
        connection: Any = tx.connection
        sock: socket.socket = connection._sock
        options = [socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT]
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        found = [sock.getsockopt(socket.IPPROTO_TCP, option) for option in options]
    assert found == [*drivers.KEEP_ALIVE, drivers.USER_TIMEOUT_MS]
