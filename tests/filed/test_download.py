"""Downloads of complete files: whole, in part, under names of all kinds, many on one connection."""

from __future__ import annotations

import base64
import email.message
import hashlib
import urllib.parse

from tests.support.combinations import BOTH, PLAIN, TRANSPORTS
from tests.support.filing import Offer, RunningFiled, patch_headers, sha256, some_bytes
from tests.support.waiting import wait_until

SIZE = 1000


def _etag(offer: Offer) -> str:
    return f'"{offer.id}"'


@BOTH
def test_a_whole_file(filed: RunningFiled) -> None:
    data = some_bytes(5_000_000)
    offer = filed.upload(data, announced=sha256(data))
    with filed.connect() as peer:
        for method in ("GET", "HEAD", "GET"):
            answer = peer.ask(method, offer.down)
            assert answer.status == 200
            assert answer.body == (b"" if method == "HEAD" else data)
            assert answer.headers["content-length"] == str(len(data))
            assert answer.headers["etag"] == _etag(offer)
            assert answer.headers["accept-ranges"] == "bytes"
            digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
            assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"


@PLAIN
def test_a_browser_never_runs_what_it_is_given(filed: RunningFiled) -> None:
    offer = filed.upload(b"<script>alert(1)</script>", name="page.html")
    headers = filed.ask("GET", offer.down).headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["content-disposition"].startswith("attachment;")
    assert headers["cache-control"] == "private, no-transform"
    assert headers["referrer-policy"] == "no-referrer"  # the ticket is in the URL


RANGES = [
    ("bytes=0-0", (0, 1)),
    ("bytes=0-999", (0, 1000)),
    ("bytes=0-", (0, 1000)),
    ("bytes=500-599", (500, 600)),
    ("bytes=999-", (999, 1000)),
    ("bytes=990-5000", (990, 1000)),
    ("bytes=-1", (999, 1000)),
    ("bytes=-1000", (0, 1000)),
    ("bytes=-5000", (0, 1000)),
    ("bytes=0-" + "9" * 19, (0, 1000)),
    ("bytes= 5-6 ", (5, 7)),
]
NOT_SATISFIABLE = ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=" + "9" * 19 + "-"]
IGNORED = [
    "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "bytes=0-1,", "bytes=--5",
    "bytes=1--2", "bytes=+1-2", "bytes=0x1-2", "bytes=1.5-2", "lines=0-1", "0-1", "bytes 0-1", "bytes=0-" + "9" * 5000,
    "bytes=1 0-20", "bytes=\u00b2-\u00b3",
]  # fmt: skip


@TRANSPORTS
def test_ranges(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.upload(data)
    with filed.connect() as peer:
        for header, (start, end) in RANGES:
            answer = peer.ask("GET", offer.down, {"Range": header})
            assert (answer.status, answer.body) == (206, data[start:end]), header
            assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{SIZE}"
            assert answer.headers["etag"] == _etag(offer)
            assert peer.ask("HEAD", offer.down, {"Range": header}).headers["content-length"] == str(end - start)
        for header in NOT_SATISFIABLE:
            answer = peer.ask("GET", offer.down, {"Range": header})
            assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{SIZE}"), header
        for header in IGNORED:
            answer = peer.ask("GET", offer.down, {"Range": header})
            assert (answer.status, answer.body) == (200, data), header
            assert "content-range" not in answer.headers


@PLAIN
def test_a_range_holds_only_for_the_file_that_is_meant(filed: RunningFiled) -> None:
    data = some_bytes(SIZE)
    offer = filed.upload(data)
    with filed.connect() as peer:
        fits = peer.ask("GET", offer.down, {"Range": "bytes=10-19", "If-Range": _etag(offer)})
        assert (fits.status, fits.body) == (206, data[10:20])
        for other in ('"another"', f"W/{_etag(offer)}", offer.id, "", "Tue, 15 Nov 1994 12:45:26 GMT", "*"):
            answer = peer.ask("GET", offer.down, {"Range": "bytes=10-19", "If-Range": other})
            assert (answer.status, answer.body) == (200, data), other
        late = peer.ask("GET", offer.down, {"Range": "bytes=5000-", "If-Range": '"another"'})
        assert (late.status, late.body) == (200, data)


NAMES = {
    "plain.txt": "plain.txt",
    "报告 2026年.pdf": "__ 2026_.pdf",
    'quote".txt': "quote_.txt",
    "back\\slash": "back_slash",
    "line\r\nSet-Cookie: a=b": "line__Set-Cookie: a=b",
    "nul\0.txt": "nul_.txt",
    "../../etc/passwd": ".._.._etc_passwd",
    "..\uff0f..\uff0fetc": ".._.._etc",  # fullwidth solidus: in ASCII it would become a real one
    "%2e%2e%2f; filename=evil": "_2e_2e_2f; filename=evil",
    "\u202egnp.exe": "_gnp.exe",
    "\u00e9t\u00e9 🎉": "e_te_ _",
    "\U0001fa77.png": "_.png",  # newer than some Python's tables
    "\U0001f469\u200d\U0001f4bb\u200c.txt": "____.txt",
    "x" * 255: "x" * 255,
    "界" * 255: "_" * 255,
}


def _disposition(header: str) -> tuple[str, str, str]:
    """The kind, the name for old readers, and the one for all others, as the standard library reads them."""
    message = email.message.Message()
    message["Content-Disposition"] = header
    kind, _, rest = header.partition("; ")
    plain, _, extended = rest.partition("; filename*=")
    charset, language, quoted = extended.split("'", 2)
    assert (charset, language) == ("UTF-8", "")
    assert quoted.isascii()
    assert message.get_content_disposition() == kind
    return kind, plain.removeprefix('filename="').removesuffix('"'), urllib.parse.unquote(quoted)


@PLAIN
def test_names(filed: RunningFiled) -> None:
    with filed.connect() as peer:
        for name, plain in NAMES.items():
            offer = filed.offer(1, name=name)
            assert peer.ask("PATCH", offer.up, patch_headers(0), b"x").status == 204
            header = peer.ask("GET", offer.down).headers["content-disposition"]
            kind, old, new = _disposition(header)
            assert (kind, new) == ("attachment", name)
            assert old == plain


@PLAIN
def test_a_hash_that_nobody_has_announced_is_told_once_it_is_known(filed: RunningFiled) -> None:
    data = some_bytes(2_000_000)
    offer = filed.upload(data)
    wait_until(lambda: filed.row(offer).sha256 == sha256(data), "the hash is in the index")
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=1-2"})):
        assert filed.ask(method, offer.down, headers).headers["repr-digest"] == f"sha-256=:{digest}:"


@TRANSPORTS
def test_requests_that_are_sent_before_the_answers(filed: RunningFiled) -> None:
    data = some_bytes(100_000)
    offer = filed.upload(data)
    other = filed.offer(10)
    with filed.connect() as peer:
        requests = b"".join(
            b"GET %s HTTP/1.1\r\nHost: t\r\nRange: bytes=%d-%d\r\n\r\n" % (offer.down.encode(), start, start + 999)
            for start in range(0, 100_000, 1000)
        )
        fields = "".join(f"{name}: {text}\r\n" for name, text in patch_headers(0).items())
        patch = f"PATCH {other.up} HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n{fields}\r\n0123456789".encode()
        peer.send(requests + patch + f"GET {other.down} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
        for start in range(0, 100_000, 1000):
            assert peer.answer().body == data[start : start + 1000]
        assert peer.answer().status == 204
        assert peer.answer().body == b"0123456789"


@PLAIN
def test_the_end_of_a_connection(filed: RunningFiled) -> None:
    data = some_bytes(100_000)
    offer = filed.upload(data)
    with filed.connect() as peer:
        answer = peer.ask("GET", offer.down, {"Connection": "close"})
        assert (answer.body, answer.headers["connection"]) == (data, "close")
        assert peer.until_the_end() == (b"", False)
    with filed.connect() as peer:
        peer.send(f"GET {offer.down} HTTP/1.0\r\n\r\n".encode())
        assert peer.answer().body == data
        assert peer.until_the_end() == (b"", False)


@PLAIN
def test_a_proxy_may_send_the_whole_url(filed: RunningFiled) -> None:
    offer = filed.upload(b"hello")
    assert filed.ask("GET", f"http://somewhere:1{offer.down}").body == b"hello"


@PLAIN
def test_a_client_that_goes_in_the_middle_harms_nobody(filed: RunningFiled) -> None:
    data = some_bytes(8_000_000)
    offer = filed.upload(data)
    peers = [filed.connect(receive_buffer=4096) for _ in range(4)]
    for number, peer in enumerate(peers):
        peer.say("GET", offer.down)
        assert peer.head().status == 200
        assert peer.read(100_000) == data[:100_000]
        peer.reset() if number % 2 else peer.close()
    assert filed.ask("GET", offer.down).body == data
    wait_until(lambda: filed.server.connections == 0, "all have gone")


@PLAIN
def test_a_file_whose_time_is_over_is_gone_and_its_reader_gets_it_all(filed: RunningFiled) -> None:
    data = some_bytes(8_000_000)
    offer = filed.upload(data)
    with filed.connect(receive_buffer=4096) as peer:
        peer.say("GET", offer.down)
        assert peer.head().status == 200
        filed.change(offer, expires=1)
        filed.server._caretaker._expire()
        assert filed.ask("GET", offer.down).status == 410
        assert filed.on_disk() == set()
        assert peer.read(len(data)) == data


@PLAIN
def test_a_file_that_has_vanished_from_the_disk(filed: RunningFiled) -> None:
    offer = filed.upload(b"hello")
    filed.whole(offer).unlink()
    filed.lost.add(offer.id)
    assert filed.ask("GET", offer.down).status == 410


@BOTH
def test_who_has_it_already_is_sent_nothing(filed: RunningFiled) -> None:
    offer = filed.upload(b"hello")
    tag = filed.ask("HEAD", offer.down).headers["etag"]
    for condition in (tag, f"W/{tag}", f'"another", {tag}', f'{tag},W/"x"', "*", f" {tag} "):
        for method in ("GET", "HEAD"):
            answer = filed.ask(method, offer.down, {"If-None-Match": condition, "Range": "bytes=0-1"})
            assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
            assert "content-length" not in answer.headers
    for condition in ('"another"', tag.strip('"'), "", '""', "nonsense, *"):
        answer = filed.ask("GET", offer.down, {"If-None-Match": condition})
        assert (answer.status, answer.body) == (200, b"hello")
    with filed.connect() as peer:
        assert peer.ask("GET", offer.down, {"If-None-Match": tag}).status == 304
        assert peer.ask("GET", offer.down).body == b"hello"
