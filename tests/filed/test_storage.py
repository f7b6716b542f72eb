"""What is on the disk: names, restarts in the middle of everything, what crashes leave, and what has to go."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from chatbase import files
from tests.filed.conftest import FiledFactory
from tests.support.combinations import BOTH, ENGINES
from tests.support.filing import TUS, RunningFiled, patch_headers, sha256, some_bytes
from tests.support.waiting import wait_until

SIZE = 100_000


@BOTH
def test_a_part_becomes_whole_and_its_name_is_an_id(filed: RunningFiled, tmp_path: Path) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, name="../../../../tmp/evil")
    assert filed.patch(offer, 0, data[:1]).status == 204
    assert filed.on_disk() == {f"{offer.id}.part"}
    assert filed.patch(offer, 1, data[1:]).status == 204
    assert filed.on_disk() == {offer.id}
    assert stat.S_IMODE(filed.whole(offer).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "files").stat().st_mode) == 0o700
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", offer.id)


@BOTH
def test_everything_is_in_place_after_a_restart(make_filed: FiledFactory) -> None:
    filed = make_filed()
    data = some_bytes(SIZE)
    complete = filed.upload(data)
    waiting, resting, writing = filed.offer(SIZE), filed.offer(SIZE), filed.offer(SIZE)
    assert filed.patch(resting, 0, data[:1000]).status == 204
    writer = filed.connect()
    writer.say("PATCH", writing.up, {**patch_headers(0), "Content-Length": str(SIZE)}, data[:5000])
    wait_until(lambda: filed.offset(writing) == 5000, "it has arrived")
    reader = filed.connect()
    reader.say("GET", writing.down)
    assert reader.head().status == 200
    filed.stop()
    assert reader.until_the_end() == (data[:5000], True)
    filed.start()
    assert [filed.offset(offer) for offer in (complete, waiting, resting, writing)] == [SIZE, 0, 1000, 5000]
    for offer in (waiting, resting, writing):
        filed.resume(offer, data)
    for offer in (complete, waiting, resting, writing):
        assert filed.ask("GET", offer.down).body == data


@ENGINES
@pytest.mark.parametrize("announced", [False, True])
def test_a_crash_between_the_last_byte_and_the_index(make_filed: FiledFactory, announced: bool) -> None:
    filed = make_filed()
    data = some_bytes(SIZE)
    hashed = sha256(data) if announced else None
    full, renamed, wrong = (filed.offer(SIZE, announced=hashed, state=files.UPLOADING) for _ in range(3))
    filed.stop()
    filed.put(filed.part(full), data)  # nobody was there to rename it
    filed.put(filed.whole(renamed), data)  # nobody was there to tell the index
    filed.put(filed.part(wrong), b"x" * SIZE)
    filed.start()
    for offer in (full, renamed):
        wait_until(lambda o=offer: filed.state(o) == files.COMPLETE, "it is complete")  # type: ignore[misc]
        wait_until(lambda o=offer: filed.row(o).sha256 == sha256(data), "it is hashed")  # type: ignore[misc]
        assert filed.ask("GET", offer.down).body == data
    end = files.FAILED if announced else files.COMPLETE
    wait_until(lambda: filed.state(wrong) == end, "what cannot be right is not complete")


@ENGINES
def test_a_client_that_comes_before_the_caretaker_after_such_a_crash(make_filed: FiledFactory) -> None:
    filed = make_filed()
    data = some_bytes(SIZE)
    offers = [filed.offer(SIZE, announced=a, state=files.UPLOADING) for a in (None, sha256(data))]
    for offer in offers:  # the caretaker has had its look at the start
        filed.put(filed.whole(offer), data)
        assert filed.ask("GET", offer.down).body == data
        assert filed.ask("HEAD", offer.up, TUS).headers["upload-offset"] == str(SIZE)
        assert filed.state(offer) == files.COMPLETE


@BOTH
def test_what_was_withdrawn_meanwhile_goes_at_the_start(make_filed: FiledFactory) -> None:
    filed = make_filed()
    data = some_bytes(SIZE)
    offers = {
        state: [filed.upload(data), filed.offer(SIZE)]
        for state in (files.CANCELLED, files.DECLINED, files.FAILED, files.EXPIRED)
    }
    for _, resting in offers.values():
        assert filed.patch(resting, 0, data[:1000]).status == 204
    foreign = filed.offer(SIZE)
    filed.stop()
    for state, gone in offers.items():
        for offer in gone:
            filed.change(offer, state=state)
    with filed.index.transaction(write=True) as tx:
        tx.execute("DELETE FROM files WHERE id = ?", foreign.id)
    filed.put(filed.whole(foreign), b"of another database")
    filed.put(filed.data / "files" / "README", b"somebody's note")
    filed.unknown |= {foreign.id, "README"}
    filed.start()
    wait_until(lambda: filed.on_disk() == filed.unknown, "all others have gone")
    for offer in offers[files.CANCELLED]:
        assert filed.ask("GET", offer.down).status == 410


@BOTH
def test_what_was_withdrawn_is_refused_without_a_push(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    words = {files.CANCELLED: "cancelled", files.DECLINED: "declined", files.FAILED: "broken", files.EXPIRED: "expired"}
    for state, word in words.items():
        offer = filed.offer(SIZE, state=state)
        for method, target in (("HEAD", offer.up), ("PATCH", offer.up), ("DELETE", offer.up), ("GET", offer.down)):
            answer = filed.ask(method, target, patch_headers(0))
            assert answer.status == 410
            assert method == "HEAD" or answer.body == f"the file is {word}\n".encode()
    offer = filed.offer(SIZE)
    writer = filed.connect()
    writer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": str(SIZE)}, data[:5000])
    wait_until(lambda: filed.offset(offer) == 5000, "it has arrived")
    filed.change(offer, state=files.DECLINED)
    writer.send(data[5000:])
    assert writer.answer().status == 410  # at the end, since nobody has told the daemon
    assert filed.on_disk() == set()


@BOTH
def test_files_expire_in_all_states(make_filed: FiledFactory) -> None:
    filed = make_filed(patrol=0.05)
    data = some_bytes(SIZE)
    waiting, resting, complete, writing, alive = (filed.offer(SIZE) for _ in range(5))
    assert filed.patch(resting, 0, data[:1000]).status == 204
    assert filed.patch(complete, 0, data).status == 204
    writer = filed.connect()
    writer.say("PATCH", writing.up, {**patch_headers(0), "Content-Length": str(SIZE)}, data[:5000])
    wait_until(lambda: filed.offset(writing) == 5000, "it has arrived")
    for offer in (waiting, resting, complete, writing):
        filed.change(offer, expires=1)
    for offer in (waiting, resting, complete):
        wait_until(lambda o=offer: filed.state(o) == files.EXPIRED, "it expires")  # type: ignore[misc]
        assert filed.ask("GET", offer.down).status == 410
    wait_until(lambda: filed.row(writing).expires > 1, "what is being written does not rest")
    wait_until(lambda: filed.on_disk() == {f"{writing.id}.part"}, "the bytes have gone")
    writer.send(data[5000:])
    assert writer.answer().status == 204
    assert filed.state(alive) == files.WAITING


@BOTH
def test_how_long_files_live_can_be_set(make_filed: FiledFactory) -> None:
    filed = make_filed("--keep-days", "2", "--partial-hours", "3")
    offer = filed.offer(10)
    assert filed.patch(offer, 0, b"01234").status == 204
    row = filed.row(offer)
    assert row.expires - row.created >= 3 * 3_600_000
    assert row.expires - row.created < 4 * 3_600_000
    assert filed.patch(offer, 5, b"56789").status == 204
    row = filed.row(offer)
    assert row.expires - row.created >= 48 * 3_600_000
    assert row.expires - row.created < 49 * 3_600_000
