"""tus by hand-written requests: what the protocol promises, and what the server refuses."""

from __future__ import annotations

import base64
import hashlib
import itertools
from email.utils import parsedate_to_datetime

from chatbase import files
from tests.support.combinations import BOTH, PLAIN, TRANSPORTS
from tests.support.filing import BODY, TUS, RunningFiled, patch_headers, sha256, some_bytes
from tests.support.http_peer import Answer
from tests.support.waiting import wait_until

SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def _refused(answer: Answer, status: int) -> None:
    """An error is one line of plain text."""
    assert answer.status == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.body.endswith(b"\n")
    assert answer.body.count(b"\n") == 1


def _checksum(algorithm: str, data: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


@PLAIN
def test_options_says_what_there_is(filed: RunningFiled) -> None:
    for path in ("/files/", "/files", "/files/whatever"):
        answer = filed.ask("OPTIONS", path)
        assert answer.status == 204
        assert answer.headers["tus-resumable"] == answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-extension"] == "creation,creation-with-upload,checksum,expiration,termination"
        assert set(answer.headers["tus-checksum-algorithm"].split(",")) >= {"sha1", "sha256"}
        assert int(answer.headers["tus-max-size"]) > 2**30
        assert "content-length" not in answer.headers


@BOTH
def test_creation_then_head_then_pieces(filed: RunningFiled) -> None:
    data = some_bytes(100_000)
    offer = filed.offer(len(data))
    with filed.connect() as peer:
        created = peer.ask("POST", f"/files/?{offer.up.partition('?')[2]}", {**TUS, "Upload-Length": "100000"})
        assert created.status == 201
        assert created.headers["location"] == offer.up
        assert created.headers["upload-offset"] == "0"
        for start, end in ((0, 1), (1, 70_000), (70_000, 70_000), (70_000, 100_000)):
            head = peer.ask("HEAD", offer.up, TUS)
            assert (head.status, head.headers["cache-control"]) == (200, "no-store")
            assert (head.headers["upload-offset"], head.headers["upload-length"]) == (str(start), "100000")
            answer = peer.ask("PATCH", offer.up, patch_headers(start), data[start:end])
            assert (answer.status, answer.headers["upload-offset"]) == (204, str(end))
            assert answer.headers["tus-resumable"] == "1.0.0"
            assert filed.state(offer) == (files.COMPLETE if end == 100_000 else files.UPLOADING)
        assert peer.ask("HEAD", offer.up, TUS).headers["upload-offset"] == "100000"
    assert filed.whole(offer).read_bytes() == data
    assert not filed.part(offer).exists()


@PLAIN
def test_creation_with_all_of_the_upload(filed: RunningFiled) -> None:
    data = some_bytes(300_000)
    offer = filed.offer(len(data))
    target = "/files/?" + offer.up.partition("?")[2]
    answer = filed.ask("POST", target, {**BODY, "Upload-Length": str(len(data))}, data)
    assert (answer.status, answer.headers["upload-offset"]) == (201, "300000")
    assert filed.whole(offer).read_bytes() == data


@PLAIN
def test_creation_with_a_part_and_a_second_time(filed: RunningFiled) -> None:
    data = some_bytes(50_000)
    offer = filed.offer(len(data))
    target = "/files/?" + offer.up.partition("?")[2]
    headers = {**BODY, "Upload-Length": str(len(data))}
    with filed.connect() as peer:
        assert peer.ask("POST", target, headers, data[:20_000]).headers["upload-offset"] == "20000"
        again = peer.ask("POST", target, {**TUS, "Upload-Length": str(len(data))})
        assert (again.status, again.headers["location"], again.headers["upload-offset"]) == (201, offer.up, "20000")
        twice = peer.ask("POST", target, headers, data[:20_000])
        _refused(twice, 409)
        assert twice.headers["upload-offset"] == "20000"
        assert peer.ask("PATCH", offer.up, patch_headers(20_000), data[20_000:]).status == 204
        assert peer.ask("PATCH", offer.up, patch_headers(50_000), b"").status == 204, "it is there already"
        assert peer.ask("POST", target, {**TUS, "Upload-Length": str(len(data))}).headers["upload-offset"] == "50000"
    assert filed.whole(offer).read_bytes() == data


@PLAIN
def test_the_length_is_that_of_the_ticket(filed: RunningFiled) -> None:
    offer = filed.offer(100)
    for length in ("0", "99", "101", "-1", "1e2", "", "x", None):
        headers = TUS if length is None else {**TUS, "Upload-Length": length}
        _refused(filed.ask("POST", "/files/?" + offer.up.partition("?")[2], headers), 400)
    assert filed.on_disk() == set()


@PLAIN
def test_a_body_in_chunks(filed: RunningFiled) -> None:
    data = some_bytes(500_000)
    offer = filed.offer(len(data))
    with filed.connect() as peer:
        peer.say("PATCH", offer.up, {**patch_headers(0), "Transfer-Encoding": "chunked"}, None)
        for start in range(0, 500_000, 40_000):
            piece = data[start : start + 40_000]
            peer.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        peer.send(b"0\r\n\r\n")
        assert peer.answer().status == 204
        got = peer.ask("GET", offer.down)  # the connection goes on
    assert got.body == data


@PLAIN
def test_chunks_that_break_the_rules(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    with filed.connect() as peer:
        peer.say("PATCH", offer.up, {**patch_headers(0), "Transfer-Encoding": "chunked"}, None)
        peer.send(b"5\r\nhello\r\nno number\r\n")
        _refused(peer.answer(), 400)
        assert peer.until_the_end() == (b"", False)
    assert filed.offset(offer) == 5


@PLAIN
def test_chunks_that_are_more_than_promised(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    with filed.connect() as peer:
        peer.say("PATCH", offer.up, {**patch_headers(0), "Transfer-Encoding": "chunked"}, None)
        peer.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n1\r\ny\r\n0\r\n\r\n")
        _refused(peer.answer(), 413)
    assert filed.offset(offer) <= 1000
    assert filed.patch(offer, filed.offset(offer), b"").status in (204, 409)


@PLAIN
def test_a_checksum_that_is_right(filed: RunningFiled) -> None:
    data = some_bytes(100_000)
    offer = filed.offer(len(data))
    for algorithm, start, end in (("sha1", 0, 60_000), ("sha256", 60_000, 60_001), ("md5", 60_001, 100_000)):
        piece = data[start:end]
        answer = filed.patch(offer, start, piece, Upload_Checksum=_checksum(algorithm, piece))
        assert (answer.status, answer.headers["upload-offset"]) == (204, str(end))
    assert filed.whole(offer).read_bytes() == data


@BOTH
def test_a_checksum_that_is_wrong_keeps_nothing_of_the_piece(filed: RunningFiled) -> None:
    data = some_bytes(100_000)
    offer = filed.offer(len(data))
    with filed.connect() as peer:
        assert peer.ask("PATCH", offer.up, patch_headers(0), data[:30_000]).status == 204
        wrong = patch_headers(30_000, Upload_Checksum=_checksum("sha1", b"something else"))
        answer = peer.ask("PATCH", offer.up, wrong, data[30_000:])
        _refused(answer, 460)
        assert answer.headers["upload-offset"] == "30000"
        assert peer.ask("HEAD", offer.up, TUS).headers["upload-offset"] == "30000"
        assert filed.part(offer).stat().st_size == 30_000
        right = patch_headers(30_000, Upload_Checksum=_checksum("sha1", data[30_000:]))
        assert peer.ask("PATCH", offer.up, right, data[30_000:]).status == 204
    assert filed.whole(offer).read_bytes() == data


@PLAIN
def test_a_piece_with_a_checksum_that_is_cut_off_is_not_kept(filed: RunningFiled) -> None:
    data = some_bytes(10_000)
    offer = filed.offer(len(data))
    with filed.connect() as peer:
        headers = {**patch_headers(0, Upload_Checksum=_checksum("sha1", data)), "Content-Length": "10000"}
        peer.say("PATCH", offer.up, headers, data[:9_999])
    assert filed.offset(offer) == 0
    filed.resume(offer, data)
    assert filed.whole(offer).read_bytes() == data


@PLAIN
def test_a_checksum_that_makes_no_sense(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    for header in ("sha512 AAAA", "sha1 not-base64!", "sha1", "", "crc32 AAAA", "sha1  ", "sha1 AAAA"):
        _refused(filed.patch(offer, 0, b"0123456789", Upload_Checksum=header), 400)
        assert filed.offset(offer) == 0


@BOTH
def test_an_upload_that_rests_expires_later_with_every_piece(filed: RunningFiled) -> None:
    offer = filed.offer(10, life=60_000)
    soon = filed.row(offer).expires
    answer = filed.patch(offer, 0, b"01234")
    assert answer.status == 204
    row = filed.row(offer)
    assert row.expires > soon
    head = filed.ask("HEAD", offer.up, TUS)
    assert parsedate_to_datetime(head.headers["upload-expires"]).timestamp() == row.expires // 1000
    assert parsedate_to_datetime(answer.headers["upload-expires"]).timestamp() == row.expires // 1000


@BOTH
def test_termination(filed: RunningFiled) -> None:
    for arrived in (0, 5, 10):
        offer = filed.offer(10)
        with filed.connect() as peer:
            if arrived:
                assert peer.ask("PATCH", offer.up, patch_headers(0), b"0123456789"[:arrived]).status == 204
            assert peer.ask("DELETE", offer.up, TUS).status == 204
            for method in ("HEAD", "PATCH", "DELETE"):
                assert peer.ask(method, offer.up, patch_headers(arrived)).status == 410
            _refused(peer.ask("GET", offer.down), 410)
        assert filed.state(offer) == files.CANCELLED
    assert filed.on_disk() == set()


@PLAIN
def test_another_method_by_a_header(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    with filed.connect() as peer:
        override = {"X-HTTP-Method-Override": "PATCH"}
        assert peer.ask("POST", offer.up, {**patch_headers(0), **override}, b"01234").status == 204
        # For the one who sent it this is a POST, whose answer has a body.
        answer = peer.ask("POST", offer.up, {**TUS, "X-HTTP-Method-Override": "HEAD"})
        assert (answer.status, answer.headers["upload-offset"]) == (200, "5")
        _refused(peer.ask("POST", offer.up, {"X-HTTP-Method-Override": "HEAD"}), 412)
        _refused(peer.ask("POST", offer.down, {**TUS, "X-HTTP-Method-Override": "HEAD"}), 403)
        _refused(peer.ask("POST", offer.up, {**TUS, "X-HTTP-Method-Override": "GET"}), 405)
        _refused(peer.ask("GET", offer.up, {**TUS, "X-HTTP-Method-Override": "DELETE"}), 403)
        assert peer.ask("POST", offer.up, {**TUS, "X-HTTP-Method-Override": "DELETE"}).status == 204
    assert filed.state(offer) == files.CANCELLED


@PLAIN
def test_another_version_of_the_protocol(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    for version in (None, "0.2.2", "1.0.1", ""):
        headers = {name: text for name, text in patch_headers(0).items() if name != "Tus-Resumable"}
        if version is not None:
            headers["Tus-Resumable"] = version
        with filed.connect() as peer:
            for method in ("PATCH", "DELETE"):
                answer = peer.ask(method, offer.up, headers, b"")
                _refused(answer, 412)
                assert answer.headers["tus-version"] == "1.0.0"
            _refused(peer.ask("POST", "/files/?" + offer.up.partition("?")[2], {**headers, "Upload-Length": "10"}), 412)
    assert filed.state(offer) == files.WAITING


@PLAIN
def test_another_kind_of_body(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    for kind in ({}, {"Content-Type": "application/octet-stream"}, {"Content-Type": "text/plain"}):
        _refused(filed.ask("PATCH", offer.up, {**TUS, "Upload-Offset": "0", **kind}, b"0123456789"), 415)
    assert filed.offset(offer) == 0


@PLAIN
def test_an_offset_that_is_no_number(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    with filed.connect() as peer:
        for offset in (None, "", "-1", "0x0", "1.0", "\u00b2", "9" * 30, "1,2", "nan"):
            headers = BODY if offset is None else {**BODY, "Upload-Offset": offset}
            _refused(peer.ask("PATCH", offer.up, headers, b"0123456789"), 400)
    assert filed.offset(offer) == 0


@BOTH
def test_another_offset_than_the_servers(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    assert filed.patch(offer, 0, b"01234").status == 204
    with filed.connect() as peer:
        for offset in (0, 4, 6, 10, 11, 2**53, 10**18):
            answer = peer.ask("PATCH", offer.up, patch_headers(offset), b"X")
            _refused(answer, 409)
            assert answer.headers["upload-offset"] == "5"
    assert filed.part(offer).read_bytes() == b"01234"
    assert filed.patch(offer, 5, b"56789").status == 204
    assert filed.whole(offer).read_bytes() == b"0123456789"


@PLAIN
def test_more_than_was_promised_is_refused_before_a_byte_of_it(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    assert filed.patch(offer, 0, b"01234").status == 204
    for size in (6, 100_000, 3_000_000):
        with filed.connect() as peer:
            peer.say("PATCH", offer.up, {**patch_headers(5), "Content-Length": str(size)}, b"x" * min(size, 200_000))
            answer = peer.answer()
            _refused(answer, 413)
            assert answer.headers["upload-offset"] == "5"
            assert (answer.headers.get("connection") == "close") == (size > 64 * 1024)
    assert filed.part(offer).read_bytes() == b"01234"


@BOTH
def test_less_than_was_promised_is_kept_and_resumed_from(filed: RunningFiled) -> None:
    data = some_bytes(1_000_000)
    offer = filed.offer(len(data), announced=sha256(data))
    for offset, abruptly in ((0, False), (300_000, True)):
        with filed.connect() as peer:
            wait_until(lambda: not filed.writing(offer), "the writer before has gone")
            headers = {**patch_headers(offset), "Content-Length": str(1_000_000 - offset)}
            peer.say("PATCH", offer.up, headers, data[offset : offset + 300_000])
            wait_until(lambda o=offset: filed.offset(offer) == o + 300_000, "all has arrived")  # type: ignore[misc]
            if abruptly:
                peer.reset()
    assert filed.offset(offer) == 600_000
    filed.resume(offer, data)
    assert filed.whole(offer).read_bytes() == data
    assert filed.row(offer).sha256 == sha256(data)


@BOTH
def test_a_file_without_a_byte(filed: RunningFiled) -> None:
    ways = {"POST": {**TUS, "Upload-Length": "0"}, "PATCH": patch_headers(0), "HEAD": TUS}
    for way, announced in itertools.product(ways, (None, SHA256_OF_NOTHING)):
        offer = filed.offer(0, announced=announced)
        target = "/files/?" + offer.up.partition("?")[2] if way == "POST" else offer.up
        assert filed.ask(way, target, ways[way]).headers["upload-offset"] == "0"
        assert filed.state(offer) == files.COMPLETE
        assert filed.ask("GET", offer.down).body == b""
        assert filed.ask("GET", offer.down, {"Range": "bytes=0-"}).status == 416


@BOTH
def test_a_client_that_asks_first_is_told_to_go_on(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    with filed.connect() as peer:
        peer.say("PATCH", offer.up, {**patch_headers(0), "Expect": "100-continue", "Content-Length": "10"}, None)
        assert peer.head().status == 100
        peer.send(b"0123456789")
        assert peer.answer().status == 204
    assert filed.whole(offer).read_bytes() == b"0123456789"


@PLAIN
def test_a_client_that_asks_first_is_refused_before_it_sends(filed: RunningFiled) -> None:
    offer = filed.offer(10)
    with filed.connect() as peer:
        peer.say("PATCH", offer.up, {**patch_headers(3), "Expect": "100-continue", "Content-Length": "7"}, None)
        answer = peer.answer()
        _refused(answer, 409)
        assert answer.headers["connection"] == "close"  # nobody knows whether the body comes
        assert peer.until_the_end() == (b"", False)


@PLAIN
def test_many_uploads_on_one_connection(filed: RunningFiled) -> None:
    with filed.connect() as peer:
        for number in range(20):
            data = some_bytes(1000 + number, number)
            offer = filed.offer(len(data))
            assert peer.ask("PATCH", offer.up, patch_headers(0), data).status == 204
            assert peer.ask("GET", offer.down).body == data


@BOTH
def test_the_end_of_a_complete_upload(filed: RunningFiled) -> None:
    offer = filed.upload(b"hello")
    again = filed.patch(offer, 5, b"")  # it has not heard of the first answer
    assert (again.status, again.headers["upload-offset"]) == (204, "5")
    assert again.headers["tus-resumable"] == "1.0.0"
    for offset, body, status in ((5, b"x", 413), (0, b"hello", 409), (4, b"", 409), (6, b"", 409)):
        answer = filed.patch(offer, offset, body)
        assert (answer.status, answer.headers["upload-offset"]) == (status, "5")
    chunked = {**BODY, "Upload-Offset": "5", "Transfer-Encoding": "chunked"}
    with filed.connect() as peer:
        for body, status in ((b"0\r\n\r\n", 204), (b"1\r\nx\r\n0\r\n\r\n", 413)):
            peer.say("PATCH", offer.up, chunked, None)
            peer.send(body)
            assert peer.answer().status == status
    assert filed.ask("GET", offer.down).body == b"hello"


# -- pages of other servers ----------------------------------------------------

PAGE = {"Origin": "https://page.example"}


def _listed(answer: Answer, header: str) -> set[str]:
    return {name.strip().lower() for name in answer.headers[header].split(",")}


@TRANSPORTS
def test_a_browser_asks_what_a_page_may_send(filed: RunningFiled) -> None:
    offer = filed.offer(5)
    sent = {"tus-resumable", "upload-length", "upload-metadata", "upload-offset", "content-type", "authorization"}
    ask = {"Access-Control-Request-Headers": ",".join(sorted(sent))}
    for method, target in (("POST", "/files/"), ("PATCH", offer.up), ("HEAD", offer.up), ("GET", offer.down)):
        answer = filed.ask("OPTIONS", target, {**PAGE, **ask, "Access-Control-Request-Method": method})
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
        assert method.lower() in _listed(answer, "access-control-allow-methods")
        assert sent | {"range", "x-http-method-override"} <= _listed(answer, "access-control-allow-headers")
        assert int(answer.headers["access-control-max-age"]) > 0


@PLAIN
def test_a_page_may_read_every_answer(filed: RunningFiled) -> None:
    offer = filed.offer(5)
    at = {"location", "upload-offset", "upload-length", "tus-resumable", "upload-expires", "etag", "content-range"}
    answers = [
        filed.ask("POST", offer.up.replace(offer.id, ""), {**PAGE, **TUS, "Upload-Length": "5"}),
        filed.ask("HEAD", offer.up, {**PAGE, **TUS}),
        filed.ask("PATCH", offer.up, {**PAGE, **patch_headers(0)}, b"hello"),
        filed.ask("GET", offer.down, PAGE),
        filed.ask("GET", offer.down, {**PAGE, "If-None-Match": f'"{offer.id}"'}),
        filed.ask("PATCH", offer.up, {**PAGE, **patch_headers(3)}, b"hello"),
        filed.ask("GET", "/files/", PAGE),
        filed.ask("GET", "/nothing", PAGE),
        filed.ask("GET", offer.down[:-5], PAGE),
    ]
    assert [answer.status for answer in answers] == [201, 200, 204, 200, 304, 409, 405, 404, 401]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["vary"] == "Origin"
        assert at <= _listed(answer, "access-control-expose-headers")
    alone = filed.ask("GET", offer.down)
    assert alone.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in alone.headers
