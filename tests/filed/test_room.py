"""Room and its ends: quotas, a disk that is nearly full, one that fills up, and the database away."""

from __future__ import annotations

import resource

from chatbase import files
from tests.filed.conftest import FiledFactory, FiledProcessFactory
from tests.support.combinations import BOTH, MARIADB, PLAIN, TRANSPORTS
from tests.support.filing import patch_headers, sha256, some_bytes
from tests.support.mariadb import MariaDB
from tests.support.waiting import wait_until

MIB = 2**20


@BOTH
def test_a_user_whose_files_take_too_much_room(make_filed: FiledFactory) -> None:
    filed = make_filed("--quota", "1000")
    first, second, foreign = filed.offer(600, sender=7), filed.offer(401, sender=7), filed.offer(1000, sender=8)
    refused = filed.patch(first, 0, b"x" * 600)
    assert (refused.status, refused.body) == (413, b"all your files together may have 1000 bytes\n")
    assert filed.part(first).stat().st_size == 0
    filed.change(second, state=files.CANCELLED)
    assert filed.patch(first, 0, b"x" * 600).status == 204
    assert filed.patch(foreign, 0, b"x" * 1000).status == 204
    third = filed.offer(400, sender=7)
    assert filed.patch(third, 0, b"x" * 100).status == 204
    filed.offer(1000, sender=7)
    assert filed.patch(third, 100, b"x" * 300).status == 204  # what has begun may end


@PLAIN
def test_limits_can_be_off(make_filed: FiledFactory) -> None:
    filed = make_filed("--quota", "10", "--limits", "off")
    assert filed.patch(filed.offer(600, sender=7), 0, b"x" * 600).status == 204


@PLAIN
def test_a_file_that_is_larger_than_any_may_be(make_filed: FiledFactory) -> None:
    filed = make_filed("--max-file", "1000")
    assert filed.ask("OPTIONS", "/files/").headers["tus-max-size"] == "1000"
    assert filed.patch(filed.offer(1000), 0, b"x" * 1000).status == 204
    offer = filed.offer(1001)
    assert filed.patch(offer, 0, b"x" * 1001).status == 413
    assert filed.state(offer) == files.WAITING


@BOTH
def test_room_that_has_to_stay_free(make_filed: FiledFactory) -> None:
    filed = make_filed("--reserve", str(2**52))
    offer = filed.offer(10)
    refused = filed.patch(offer, 0, b"0123456789")
    assert (refused.status, refused.body) == (507, b"there is no room on the disk for this file\n")
    assert int(refused.headers["retry-after"]) > 0
    assert filed.part(offer).stat().st_size == 0
    assert filed.state(offer) == files.WAITING
    assert filed.patch(filed.offer(0), 0, b"").status == 204  # needs none


@PLAIN
def test_room_that_others_have_been_promised(make_filed: FiledFactory) -> None:
    filed = make_filed("--max-file", str(2**50))
    free = filed.server.storage.free()
    most = filed.offer(free * 3 // 4)
    with filed.connect() as writer:
        writer.say("PATCH", most.up, {**patch_headers(0), "Content-Length": str(most.size)}, b"x" * 1000)
        wait_until(lambda: filed.offset(most) == 1000, "it has begun")
        other = filed.offer(free // 2)
        assert filed.patch(other, 0, b"y").status == 507
    wait_until(lambda: not filed.writing(most), "its writer has gone")
    assert filed.patch(other, 0, b"y").status == 204


@TRANSPORTS
def test_a_disk_that_fills_up_in_the_middle(make_filed_process: FiledProcessFactory) -> None:
    filed = make_filed_process()
    data = some_bytes(4 * MIB)
    plain, checked = filed.offer(len(data), announced=sha256(data)), filed.offer(len(data))
    hard = resource.prlimit(filed.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(filed.pid, resource.RLIMIT_FSIZE, (MIB + 12345, hard))  # no file can grow beyond that
    with filed.connect() as peer:
        peer.say("PATCH", plain.up, {**patch_headers(0), "Content-Length": str(len(data))}, data[: 2 * MIB])
        answer = peer.answer()
        assert (answer.status, answer.body) == (507, b"there is no room on the disk\n")
    offset = filed.offset(plain)
    assert 0 < offset <= MIB + 12345
    assert filed.part(plain).read_bytes() == data[: MIB + 12345][: filed.part(plain).stat().st_size]
    with filed.connect() as peer:
        headers = {**patch_headers(0, Upload_Checksum="sha1 " + "A" * 27 + "="), "Content-Length": str(len(data))}
        peer.say("PATCH", checked.up, headers, data[: 2 * MIB])
        assert peer.answer().status == 507
    assert filed.offset(checked) == 0
    resource.prlimit(filed.pid, resource.RLIMIT_FSIZE, (hard, hard))
    for offer in (plain, checked):
        filed.resume(offer, data)
        assert filed.whole(offer).read_bytes() == data
    assert filed.row(plain).sha256 == sha256(data)


@MARIADB
def test_the_database_away(make_filed: FiledFactory, mariadb: MariaDB) -> None:
    filed = make_filed()
    data = some_bytes(MIB)
    complete, offer = filed.upload(data), filed.offer(len(data), announced=sha256(data))
    reader, writer = filed.connect(), filed.connect()
    writer.say("PATCH", offer.up, {**patch_headers(0), "Content-Length": str(len(data))}, data[:5000])
    reader.say("GET", offer.down)
    assert reader.head().status == 200
    assert reader.read(5000) == data[:5000]
    mariadb.kill()
    try:
        for method, target in (("GET", complete.down), ("HEAD", offer.up), ("PATCH", offer.up)):
            answer = filed.ask(method, target, patch_headers(0))
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        writer.send(data[5000:])  # what has begun goes on, up to the last step
        assert reader.read(len(data) - 5000) == data[5000:]
        assert writer.answer().status == 503
    finally:
        mariadb.start()
    wait_until(lambda: filed.ask("GET", complete.down).body == data, "it is served again")
    assert filed.offset(offer) == len(data)
    assert filed.row(offer).sha256 == sha256(data)
    assert filed.ask("GET", offer.down).body == data
