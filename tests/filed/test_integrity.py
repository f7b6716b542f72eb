"""SHA-256: right, wrong, not announced, taken up again; over restarts, too."""

from __future__ import annotations

import pytest

from chatbase import files
from filed.intake import Intake
from tests.filed.conftest import FiledFactory
from tests.support.combinations import BOTH, PLAIN
from tests.support.filing import TUS, RunningFiled, sha256, some_bytes
from tests.support.waiting import wait_until

SIZE = 2_000_000


@BOTH
def test_a_hash_that_was_announced_and_is_right(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.upload(data, announced=sha256(data))
    row = filed.row(offer)
    assert (row.state, row.sha256) == (files.COMPLETE, sha256(data))


@BOTH
def test_a_hash_that_was_announced_and_is_wrong(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, announced=sha256(data))
    assert filed.patch(offer, 0, data[:-1]).status == 204
    answer = filed.patch(offer, SIZE - 1, bytes([data[-1] ^ 1]))
    assert (answer.status, answer.body) == (460, b"the file does not have the announced SHA-256\n")
    row = filed.row(offer)
    assert (row.state, row.sha256) == (files.FAILED, None)
    assert filed.on_disk() == set()
    for method in ("HEAD", "PATCH", "POST"):
        target = "/files/?" + offer.up.partition("?")[2] if method == "POST" else offer.up
        assert filed.ask(method, target, {**TUS, "Upload-Length": str(SIZE)}).status in (410, 415)
    assert filed.ask("GET", offer.down).status == 410


@BOTH
def test_a_wrong_file_that_is_created_with_its_bytes(filed: RunningFiled) -> None:
    offer = filed.offer(5, announced=sha256(b"hello"))
    headers = {**TUS, "Upload-Length": "5", "Content-Type": "application/offset+octet-stream"}
    assert filed.ask("POST", "/files/?" + offer.up.partition("?")[2], headers, b"hallo").status == 460
    assert filed.state(offer) == files.FAILED
    assert filed.on_disk() == set()


@PLAIN
def test_an_empty_file_that_should_not_be_empty(filed: RunningFiled) -> None:
    offer = filed.offer(0, announced=sha256(b"hello"))
    assert filed.ask("HEAD", offer.up, TUS).status == 460
    assert filed.state(offer) == files.FAILED


@BOTH
def test_pieces_over_restarts(make_filed: FiledFactory) -> None:
    filed = make_filed()
    data, nobody_knows = some_bytes(SIZE), some_bytes(SIZE, 2)
    offers = [filed.offer(SIZE, announced=sha256(data)), filed.offer(SIZE)]
    for start in range(0, SIZE, 500_000):
        for offer, content in zip(offers, (data, nobody_knows), strict=True):
            assert filed.offset(offer) == start
            assert filed.patch(offer, start, content[start : start + 500_000]).status == 204
        filed.stop()
        filed.start()
    wait_until(lambda: filed.row(offers[1]).sha256 == sha256(nobody_knows), "the hash is in the index")
    assert filed.row(offers[0]).sha256 == sha256(data)
    assert filed.ask("GET", offers[0].down).body == data
    assert filed.ask("GET", offers[1].down).body == nobody_knows


@PLAIN
def test_pieces_on_which_nobody_writes_for_a_while_are_hashed_once(
    filed: RunningFiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, announced=sha256(data))
    for start in range(0, SIZE, 100_000):
        assert filed.patch(offer, start, data[start : start + 100_000]).status == 204
    assert filed.row(offer).sha256 == sha256(data)
    followers = filed.server._uploads.followers
    wait_until(lambda: not followers._rested and not followers._running, "nothing is left to be hashed")


@BOTH
def test_a_hash_is_computed_after_a_restart_if_it_was_not_before(make_filed: FiledFactory) -> None:
    filed = make_filed()
    filed.server._intake.later.stop(5)
    data = some_bytes(SIZE)
    offer = filed.upload(data)
    assert filed.row(offer).sha256 is None
    filed.stop()
    filed.start()
    wait_until(lambda: filed.row(offer).sha256 == sha256(data), "the hash is in the index")


@PLAIN
def test_who_comes_last_of_those_that_end_an_upload_finds_it_done(
    filed: RunningFiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request has looked into the index before the upload was complete, and at the disk after that."""
    data = some_bytes(1000)
    for announced in (None, sha256(data)):
        offer = filed.offer(1000, announced=announced)
        assert filed.patch(offer, 0, data[:500]).status == 204
        stale = filed.row(offer)
        assert filed.patch(offer, 500, data[500:]).status == 204
        intake: Intake = filed.server._intake
        with intake.uploads.use(stale) as upload:
            assert upload.wait_readable(999, 1, lambda: True) == 1000  # a reader gets it all
            intake.finish(upload)
        assert filed.state(offer) == files.COMPLETE
        assert filed.ask("GET", offer.down).body == data
