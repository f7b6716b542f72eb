"""Downloads of a file that is still arriving: the same bytes for everybody, to the last one or to a clear break."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from chatbase import files
from filed import upload
from tests.filed.conftest import FiledFactory
from tests.support.combinations import BOTH, PLAIN, TRANSPORTS
from tests.support.filing import TUS, Offer, RunningFiled, patch_headers, sha256, some_bytes
from tests.support.http_peer import HttpPeer
from tests.support.waiting import wait_until

SIZE = 3_000_000


def _begin(filed: RunningFiled, offer: Offer, data: bytes = b"", start: int = 0) -> HttpPeer:
    """A writer that has promised everything, and has sent so much of it."""
    writer = filed.connect()
    writer.say("PATCH", offer.up, {**patch_headers(start), "Content-Length": str(offer.size - start)}, data or None)
    return writer


def _reader(filed: RunningFiled, offer: Offer, start: int = 0) -> HttpPeer:
    """A reader that has been promised everything behind ``start``."""
    reader = filed.connect()
    reader.say("GET", offer.down, {"Range": f"bytes={start}-"} if start else None)
    head = reader.head()
    assert (head.status, head.headers["content-length"]) == (206 if start else 200, str(offer.size - start))
    assert "repr-digest" not in head.headers
    return reader


@TRANSPORTS
@pytest.mark.parametrize("announced", [False, True])
def test_readers_who_start_at_any_time_get_the_same(filed: RunningFiled, announced: bool) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, announced=sha256(data) if announced else None)
    readers = [(0, _reader(filed, offer)), (SIZE - 1, _reader(filed, offer, SIZE - 1))]  # before the first byte
    writer = _begin(filed, offer)
    with ThreadPoolExecutor(12) as pool:
        reading = []
        for start in range(0, SIZE, 500_000):
            readers.append((0, _reader(filed, offer)))  # of what is there
            readers.append((start + 250_000, _reader(filed, offer, start + 250_000)))  # of what is yet to come
            reading += [(offset, pool.submit(reader.read, SIZE - offset)) for offset, reader in readers]
            readers.clear()
            writer.send(data[start : start + 500_000])
            wait_until(lambda s=start: filed.offset(offer) == s + 500_000, "it has arrived")  # type: ignore[misc]
        assert writer.answer().status == 204
        assert filed.ask("GET", offer.down).body == data  # after its end
        for offset, future in reading:
            assert future.result() == data[offset:]


@BOTH
def test_what_has_arrived_is_passed_on_at_once(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE)
    reader, writer = _reader(filed, offer), _begin(filed, offer)
    for start in range(0, SIZE, 100_000):
        writer.send(data[start : start + 100_000])
        assert reader.read(100_000) == data[start : start + 100_000]  # no more is sent before that
    assert writer.answer().status == 204
    got = reader.ask("GET", offer.down, {"Range": "bytes=0-9"})  # the connection goes on
    assert got.body == data[:10]


@TRANSPORTS
def test_a_reader_whose_end_is_hidden_behind_its_own_bytes_is_not_waited_for(filed: RunningFiled) -> None:
    offer = filed.offer(SIZE)
    reader = _reader(filed, offer)
    reader.socket.settimeout(0)
    with suppress(OSError):
        while True:  # until the window is full, and no end can come any more; or until we have been cut off already
            reader.socket.send(bytes(16384))
    reader.close()
    wait_until(lambda: filed.server._uploads.find(offer.id) is None, "nobody reads it any more")


@TRANSPORTS
def test_the_last_byte_waits_for_the_hash(filed: RunningFiled) -> None:
    data = some_bytes(100_000)
    offer = filed.offer(len(data), announced=sha256(data))
    reader, writer = _reader(filed, offer), _begin(filed, offer, data[:-1])
    assert reader.read(99_999) == data[:-1]
    writer.send(data[-1:])
    assert writer.answer().status == 204
    assert reader.read(1) == data[-1:]


@BOTH
def test_readers_of_a_wrong_file_never_get_its_last_byte(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, announced=sha256(b"something else"))
    readers = [_reader(filed, offer), _reader(filed, offer, SIZE - 1)]
    writer = _begin(filed, offer, data[:1_000_000])
    readers.append(_reader(filed, offer))
    with ThreadPoolExecutor(3) as pool:
        reading = [pool.submit(reader.until_the_end) for reader in readers]
        writer.send(data[1_000_000:])
        answer = writer.answer()
        assert (answer.status, answer.body) == (460, b"the file does not have the announced SHA-256\n")
        for future, start in zip(reading, (0, SIZE - 1, 0), strict=True):
            got, aborted = future.result()
            assert aborted
            assert len(got) < SIZE - start
            assert data[start:].startswith(got)
    assert filed.state(offer) == files.FAILED
    assert filed.on_disk() == set()
    assert filed.ask("GET", offer.down).status == 410


@BOTH
def test_readers_are_cut_off_when_the_upload_is_taken_back(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE)
    readers = [_reader(filed, offer)]
    writer = _begin(filed, offer, data[:1_000_000])
    readers.append(_reader(filed, offer))
    assert [reader.read(1_000_000) for reader in readers] == [data[:1_000_000]] * 2
    assert filed.ask("DELETE", offer.up, TUS).status == 204
    for reader in readers:
        assert reader.until_the_end() == (b"", True)
    with suppress(OSError):  # the writer is cut off, too, or told
        writer.send(data[1_000_000:])
    assert b"204" not in writer.until_the_end()[0]
    assert filed.on_disk() == set()


@BOTH
def test_a_reader_waits_while_the_upload_is_interrupted_and_resumed(make_filed: FiledFactory) -> None:
    data = some_bytes(SIZE)
    filed = make_filed()
    offer = filed.offer(SIZE, announced=sha256(data))
    reader, writer = _reader(filed, offer), _begin(filed, offer, data[:1_000_000])
    assert reader.read(1_000_000) == data[:1_000_000]
    writer.reset()
    wait_until(lambda: not filed.writing(offer), "the writer has gone")
    writer = _begin(filed, offer, data[1_000_000:2_000_000], 1_000_000)
    assert reader.read(1_000_000) == data[1_000_000:2_000_000]
    writer.close()
    filed.resume(offer, data)
    assert reader.read(1_000_000) == data[2_000_000:]


@TRANSPORTS
def test_a_reader_who_goes_while_there_is_nothing_to_read_is_noticed(
    filed: RunningFiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LOOK", 0.05)
    offer = filed.offer(SIZE)
    readers = [_reader(filed, offer) for _ in range(3)]
    assert filed.server.connections == 3
    for reader in readers:
        reader.close()
    wait_until(lambda: filed.server.connections == 0, "their threads have ended")


@TRANSPORTS
def test_a_sender_who_never_comes_back(make_filed: FiledFactory) -> None:
    filed = make_filed()
    filed.server._router._downloads._patience = 0.2
    offer = filed.offer(SIZE)
    assert filed.patch(offer, 0, b"x" * 1000).status == 204
    reader = _reader(filed, offer)
    assert reader.until_the_end() == (b"x" * 1000, True)
    assert filed.offset(offer) == 1000


@BOTH
def test_of_two_writers_the_second_is_refused(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, announced=sha256(data))
    writer = _begin(filed, offer, data[:1_000_000])
    wait_until(lambda: filed.offset(offer) == 1_000_000, "the first has begun")
    second = filed.patch(offer, 1_000_000, b"y" * 1000)
    assert (second.status, second.headers["retry-after"]) == (423, "1")
    assert filed.ask("POST", "/files/?" + offer.up.partition("?")[2], {**TUS, "Upload-Length": str(SIZE)}).status == 201
    writer.send(data[1_000_000:])
    assert writer.answer().status == 204
    assert filed.whole(offer).read_bytes() == data


@PLAIN
def test_of_many_writers_one_writes(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, announced=sha256(data))
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: filed.patch(offer, 0, data).status, range(12)))
    assert answers.count(204) == 1
    assert set(answers) <= {204, 423, 409}
    assert hashlib.sha256(filed.whole(offer).read_bytes()).hexdigest() == sha256(data)


@TRANSPORTS
def test_a_writer_that_has_fallen_silent_makes_way(filed: RunningFiled, monkeypatch: pytest.MonkeyPatch) -> None:
    data = some_bytes(SIZE)
    offer = filed.offer(SIZE, announced=sha256(data))
    silent = _begin(filed, offer, data[:1_000_000])
    wait_until(lambda: filed.offset(offer) == 1_000_000, "it has sent something")
    monkeypatch.setattr(upload, "SILENT", 0.0)
    assert filed.patch(offer, 1_000_000, data[1_000_000:]).status == 204
    assert silent.until_the_end()[0] == b""
    assert filed.whole(offer).read_bytes() == data
