"""Token buckets, back-off after failures, and the password hasher, each by itself."""

from __future__ import annotations

import pytest

from chatd.net.acceptor import source_of
from chatd.security import backoff
from chatd.security.backoff import FREE_TRIES, FREE_TRIES_WIDE, LONGEST_WAIT, FailureGate
from chatd.security.passwords import Passwords
from chatd.security.rates import KeyedRates, Rate, admit


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    rate, theoretical = Rate(per_second=2, burst=3), 0.0
    for _ in range(3):
        theoretical, wait = admit(rate, theoretical, 100.0)
        assert wait == 0
    unchanged, wait = admit(rate, theoretical, 100.0)
    assert (unchanged, wait) == (theoretical, 501)
    theoretical, wait = admit(rate, theoretical, 100.5)
    assert wait == 0
    assert admit(rate, theoretical, 100.5)[1] > 0
    assert admit(rate, theoretical, 1000.0)[1] == 0


def test_waiting_as_long_as_told_is_enough() -> None:
    rate, theoretical, now = Rate(per_second=3, burst=2), 0.0, 5.0
    for _ in range(50):
        theoretical, wait = admit(rate, theoretical, now)
        if wait:
            now += wait / 1000
            theoretical, wait = admit(rate, theoretical, now)
            assert wait == 0


def test_addresses_have_buckets_of_their_own() -> None:
    rates = KeyedRates(Rate(per_second=0.001, burst=2))
    assert [rates.wait_ms("a") > 0 for _ in range(3)] == [False, False, True]
    assert rates.wait_ms("b") == 0


def test_where_a_session_has_begun_an_attack_from_elsewhere_does_not_count() -> None:
    gate = FailureGate(Clock())
    gate.entered("ann", "1.1.1.1")
    for number in range(FREE_TRIES_WIDE):
        gate.failed("ann", f"9.9.9.{number}")
    assert gate.wait_ms("ann", "2.2.2.2") == 1000
    assert gate.wait_ms("ann", "1.1.1.1") == 0
    for _ in range(FREE_TRIES):
        gate.failed("ann", "1.1.1.1")
    assert gate.wait_ms("ann", "1.1.1.1") == 1000, "nobody guesses there either"


def test_where_many_are_one_address_is_closed_to_nobody() -> None:
    gate = FailureGate(Clock())
    gate.entered("ann", "1.1.1.1")
    for number in range(FREE_TRIES_WIDE):
        gate.failed(f"user{number}", "1.1.1.1")
    assert gate.wait_ms("ben", "1.1.1.1") == 1000
    assert gate.wait_ms("ann", "1.1.1.1") == 0, "she has been there before"
    assert gate.wait_ms("ben", "1.1.1.1", shared=True) == 0


def test_sessions_have_a_count_of_their_own() -> None:
    gate = FailureGate(Clock())
    for number in range(FREE_TRIES_WIDE):
        gate.failed("ann", f"9.9.9.{number}")
        gate.failed("ann", "1.1.1.1")
    assert gate.session_wait_ms("ann") == 0
    for _ in range(FREE_TRIES):
        gate.session_failed("ann")
    assert gate.session_wait_ms("ann") == 1000
    assert gate.session_wait_ms("ben") == 0


def test_remembered_places_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "REMEMBERED", 3)
    gate = FailureGate(Clock())
    for number in range(5):
        gate.entered("ann", f"1.1.1.{number}")
        gate.entered("ann", "1.1.1.0")
    assert list(gate._places) == [("ann", "1.1.1.3"), ("ann", "1.1.1.4"), ("ann", "1.1.1.0")]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::/64"),
    ],
)  # fmt: skip
def test_an_ipv6_network_is_one_source(address: str, source: str) -> None:
    assert source_of(address) == source


def test_failures_make_one_address_wait_for_one_account_longer_and_longer() -> None:
    clock = Clock()
    gate = FailureGate(clock)
    for _ in range(FREE_TRIES):
        assert gate.wait_ms("ann", "1.1.1.1") == 0
        gate.failed("ann", "1.1.1.1")
    waits = []
    for _ in range(12):
        waits.append(gate.wait_ms("ann", "1.1.1.1"))
        gate.failed("ann", "1.1.1.1")
    assert waits[:3] == [1000, 2000, 4000]
    assert waits[-1] == LONGEST_WAIT * 1000
    assert gate.wait_ms("ann", "2.2.2.2") == 0
    assert gate.wait_ms("ben", "1.1.1.1") == 0
    assert gate.address_wait_ms("1.1.1.1") == 0


def test_an_address_that_tries_many_accounts_must_wait_for_all() -> None:
    gate = FailureGate(Clock())
    for number in range(FREE_TRIES_WIDE):
        gate.failed(f"user{number}", "1.1.1.1")
    assert gate.wait_ms("somebody", "1.1.1.1") == 1000
    assert gate.address_wait_ms("1.1.1.1") == 1000
    assert gate.wait_ms("somebody", "2.2.2.2") == 0


def test_time_and_success_forgive() -> None:
    clock = Clock()
    gate = FailureGate(clock)
    for _ in range(FREE_TRIES):
        gate.failed("ann", "1.1.1.1")
    assert gate.wait_ms("ann", "1.1.1.1") == 1000
    clock.now += 1.0
    assert gate.wait_ms("ann", "1.1.1.1") == 0
    gate.succeeded("ann", "1.1.1.1")
    gate.failed("ann", "1.1.1.1")
    assert gate.wait_ms("ann", "1.1.1.1") == 0


@pytest.mark.parametrize("stored", ["", "no hash", "$argon2id$v=19$m=64,t=1,p=1$broken"])
def test_a_broken_hash_matches_nothing(stored: str) -> None:
    passwords = Passwords("low")
    assert not passwords.verify(stored, "anything")
    passwords.stop()


def test_cheaper_hashes_are_outdated_and_dearer_ones_are_not() -> None:
    low, normal = Passwords("low"), Passwords("normal")
    hashed = low.hash("päss")
    assert hashed.startswith("$argon2id$")
    assert low.verify(hashed, "päss")
    assert not low.verify(hashed, "pass")
    assert normal.outdated(hashed)
    assert not low.outdated(hashed)
    assert not low.outdated(normal.hash("päss"))
    assert not normal.outdated("no hash at all")
    low.stop()
    normal.stop()
