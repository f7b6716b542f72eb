"""What is destroyed or refused by the time, when the clock is wrong for a while."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography import x509

from chatbase import schema
from chatbase.clock import CONFIRMED, STEP, Clock, clock_of
from chatbase.engine import Database
from chatd.security.file_tickets import REUSED, FileTickets
from chatd.store import users
from chatd.store.users import Account
from chatwire import certificate, tickets
from filed.index import Index
from tests.support.filing import sha256

HOUR = 3_600_000  # ms
DAY = 24 * HOUR
NOW = 20_800 * DAY  # a day in 2026
WRONG = (40 * DAY, -40 * DAY, 400 * DAY, -NOW)  # ms, by which a clock is wrong; the last one is 1970
LIFE = 30 * 24 * 3600  # seconds


class Machine:
    """A machine whose clock can be set."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now
        self.elapsed = 123

    def __call__(self) -> int:
        return self.now

    def run(self, ms: int) -> None:
        self.now += ms
        self.elapsed += ms

    def clock(self, newest: int = 0) -> Clock:
        return Clock(newest, self, lambda: self.elapsed)


def test_a_clock_that_is_right_is_believed() -> None:
    machine = Machine()
    clock = machine.clock()
    for step in (0, 1, STEP, -STEP, 100 * DAY):
        machine.run(max(0, step))
        if step < 0:
            machine.now += step  # NTP moves it a little
        assert clock.earliest() == clock.latest() == machine.now


@pytest.mark.parametrize("wrong", WRONG)
def test_a_jump_counts_after_an_hour(wrong: int) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.now += wrong
    for _ in range(59):
        assert clock.earliest() == min(machine.now, machine.now - wrong)
        assert clock.latest() == max(machine.now, machine.now - wrong)
        machine.run(HOUR // 60)
    machine.run(HOUR)
    assert clock.earliest() == clock.latest() == machine.now


@pytest.mark.parametrize("wrong", WRONG)
def test_a_jump_back_is_forgotten_at_once(wrong: int) -> None:
    machine = Machine()
    clock = machine.clock()
    for _ in range(3):
        machine.now += wrong
        machine.run(CONFIRMED - 1)
        clock.earliest()
        machine.now -= wrong
        assert clock.earliest() == clock.latest() == machine.now


def test_a_clock_that_jumps_again_and_again_is_never_believed() -> None:
    machine = Machine()
    clock = machine.clock()
    for number in range(1, 100):
        machine.now += DAY
        machine.run(CONFIRMED - 1)
        assert clock.earliest() == machine.now - number * DAY


@pytest.mark.parametrize("wrong", WRONG)
def test_a_start_is_a_jump_from_the_newest_time_that_is_stored(wrong: int) -> None:
    machine = Machine(NOW + wrong)
    clock = machine.clock(newest=NOW - HOUR)
    assert clock.earliest() == min(NOW - HOUR, NOW + wrong)
    assert clock.latest() == max(NOW - HOUR, NOW + wrong)
    machine.now -= wrong  # NTP has come
    assert clock.earliest() == NOW - HOUR
    assert clock.latest() == NOW
    machine.run(CONFIRMED)
    assert clock.earliest() == clock.latest() == machine.now


def test_what_is_granted_in_1970_lasts_from_what_is_stored() -> None:
    machine = Machine(0)
    clock = machine.clock(newest=NOW)
    machine.run(3 * CONFIRMED)
    clock.latest()
    machine.run(3 * CONFIRMED)
    assert clock.earliest() == machine.now
    assert clock.latest() == NOW + 6 * CONFIRMED


# -- who goes by it ------------------------------------------------------------


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, 2)
    schema.prepare(made)
    yield made
    made.close()


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("wrong", WRONG)
def test_tokens(database: Database, wrong: int) -> None:
    machine = Machine()
    clock = machine.clock()

    def valid() -> bool:
        with database.transaction() as tx:
            return bool(users.by_token(tx, [b"a" * 32], clock))

    with database.transaction(write=True) as tx:
        account = Account(users.create(tx, "alice", "hash"), "alice", "hash", 0)
        users.add_token(tx, b"a" * 32, account, clock, LIFE)
    machine.now += wrong
    assert valid()
    with database.transaction(write=True) as tx:
        users.add_token(tx, b"b" * 32, account, clock, LIFE)  # sweeps what is over
        users.extend_token(tx, b"b" * 32, clock, LIFE)
    assert valid()
    machine.now -= wrong
    assert valid()
    machine.run(29 * DAY)
    assert valid()
    machine.run(DAY)
    assert not valid()
    with database.transaction() as tx:
        row = tx.row("SELECT expires FROM tokens WHERE hash = ?", b"b" * 32)
    assert row is not None
    assert row[0] >= NOW + LIFE * 1000


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize("wrong", WRONG)
def test_files(database: Database, wrong: int) -> None:
    machine = Machine()
    index = Index(database, machine.clock(), 30, 24)
    with database.transaction(write=True) as tx:
        for number, state in enumerate(("waiting", "uploading", "complete")):
            tx.execute(
                "INSERT INTO files (id, conversation, name, size, state, created, expires)"
                " VALUES (?, 1, 'x', 1, ?, ?, ?)",
                *(str(number), state, NOW, NOW + DAY),
            )
    machine.now += wrong
    assert index.due(10) == []
    assert (index.begin("0") or 0) >= NOW + DAY
    assert index.complete("1", sha256(b"x"))
    machine.now -= wrong
    assert index.due(10) == []
    machine.run(DAY)
    assert index.due(10)[-1:] == [file for file in index.due(10) if file.id == "2"]


@pytest.mark.parametrize("wrong", WRONG)
def test_tickets(wrong: int) -> None:
    machine, other = Machine(), Machine()
    secret = b"s" * 64
    made, clock = FileTickets(secret, machine.clock()), other.clock()

    def ticket() -> str:
        return made.download("file", 1).partition("ticket=")[2]

    before = ticket()
    machine.now += wrong
    other.now += wrong
    for text in (before, ticket()):
        assert tickets.check(secret, text, now=clock.earliest() / 1000).file == "file"
    hello = tickets.issue_hello(secret, now=clock.latest() / 1000)
    assert made.is_daemon(hello)
    machine.now -= wrong
    other.now -= wrong
    assert made.is_daemon(hello)
    for text in (before, ticket()):
        assert tickets.check(secret, text, now=clock.earliest() / 1000).file == "file"
    other.run((tickets.LIFE + REUSED) * 1000)
    with pytest.raises(tickets.ExpiredTicket):
        tickets.check(secret, before, now=clock.earliest() / 1000)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_newest_time_that_is_stored(database: Database) -> None:
    assert abs(clock_of(database).latest() - clock_of(database).earliest()) <= STEP, "nothing is stored"
    with database.transaction(write=True) as tx:
        tx.execute("INSERT INTO users (name, password, created) VALUES ('a', 'x', ?)", NOW - 1001 * DAY)
        tx.execute(
            "INSERT INTO messages (mid, conversation, sender, ts, body) VALUES (1, 1, 1, ?, 'x')", NOW - 1000 * DAY
        )
    assert NOW - 1000 * DAY <= clock_of(database).earliest() < NOW - 999 * DAY


def test_a_certificate_asks_no_clock() -> None:
    made = x509.load_pem_x509_certificate(certificate._generate("here")[1])
    assert made.not_valid_before_utc.year <= 2020
    assert made.not_valid_after_utc.year == 9999
