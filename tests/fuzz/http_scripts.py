"""Attackers of the files' port that know HTTP and tus: methods, targets, headers, bodies, whole and mutilated."""

from __future__ import annotations

import base64
import hashlib
import random

from tests.fuzz.script import Step, torn

METHODS = ("GET", "HEAD", "PATCH", "POST", "DELETE", "OPTIONS")
ODD_METHODS = ("PUT", "TRACE", "CONNECT", "get", "X" * 300, "G\tT", "PRI", "")
TARGETS = (
    "/files/", "/files", "/", "*", "", "//", "/files/../secret", "/files/%2e%2e/%00", "/files/" + "A" * 22, "/\xff",
    "/files/%ff%zz", "http://other/files/x?ticket=", "/files/x?" + "&a=b" * 20, "/files/?ticket=" + "e30." * 400,
    "/files/x?ticket=<<token>>",
)  # fmt: skip
NUMBERS = ("0", "1", "500", "1000", "1001", "-1", "+5", "0x10", "1e3", "9" * 30, "\xb2", "", " 7 ", "1, 1", "\u0663")
HEADERS: dict[str, tuple[str, ...]] = {
    "Host": ("test", "", "a b", "x" * 300),
    "Range": ("bytes=0-", "bytes=5-9", "bytes=-5", "bytes=9-5", "bytes=999999-", "bytes=0-1,3-4", "bytes=-0",
              "lines=1-2", "bytes=" + "9" * 25 + "-", "bytes=a-b", "bytes=\u0663-"),
    "If-Range": ('"a"', "W/\"a\"", "Tue, 01 Dec 2026 00:00:00 GMT", ""),
    "If-None-Match": ("*", '"a", "b"', '"' + "a" * 3000, ",,,,"),
    "Tus-Resumable": ("1.0.0", "0.2.2", ""),
    "Upload-Offset": NUMBERS,
    "Upload-Length": NUMBERS,
    "Upload-Defer-Length": ("1", "x"),
    "Upload-Metadata": ("filename d29ybGQ=", "a", "a b c", "\xff"),
    "Upload-Checksum": ("sha1 AAAA", "sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "md5", "crc32 AAAA", "sha1 ==="),
    "Content-Type": ("application/offset+octet-stream", "text/plain", ""),
    "Content-Length": NUMBERS,
    "Transfer-Encoding": ("chunked", "gzip, chunked", "identity", "xchunked", "chunked, chunked"),
    "Expect": ("100-continue", "200-ok"),
    "Connection": ("close", "keep-alive", "upgrade", ",,"),
    "Upgrade": ("h2c", "websocket"),
    "Authorization": ("Bearer x", "Bearer", "Basic eDp5", "Bearer " + "y" * 2000),
    "Origin": ("https://a.example", "null", "\xff"),
    "Access-Control-Request-Method": ("PATCH", "x"),
    "X-HTTP-Method-Override": ("PATCH", "HEAD", "DELETE", "nonsense"),
    "X-Odd": ("", "a\tb", "\x01", "z" * 20_000, "a\r\n b"),
}  # fmt: skip


def steps(rng: random.Random, size: int) -> tuple[Step, ...]:
    """Some requests on one connection."""
    requests = [_request(rng, size) for _ in range(rng.randint(1, 5))]
    return torn(rng, requests)


def _request(rng: random.Random, size: int) -> Step:
    match rng.randrange(3):
        case 0:
            method, target, headers, body = _tus(rng, size)
        case 1:
            method, target, headers, body = "GET", "<<down>>", {}, b""
        case _:
            method, target, headers, body = rng.choice(METHODS), rng.choice(("<<up>>", "<<down>>")), {}, b""
    fields = list({"Host": "test", **headers}.items())
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        _add_header(rng, fields)
    if rng.random() < 0.2:
        method = rng.choice(METHODS + ODD_METHODS)
    if rng.random() < 0.2:
        target = rng.choice(TARGETS)
    data = _head(rng, method, target, fields) + body
    return Step(data, rng.random() < 0.5, rng.choice((0,) * 9 + (1, 2)), rng.getrandbits(32))


def _tus(rng: random.Random, size: int) -> tuple[str, str, dict[str, str], bytes]:
    """A step of an upload as the protocol has it, or nearly."""
    method = rng.choice(("PATCH", "PATCH", "HEAD", "POST", "DELETE", "OPTIONS"))
    headers = {"Tus-Resumable": "1.0.0"}
    if method not in ("PATCH", "POST"):
        return method, "<<up>>", headers, b""
    body = rng.randbytes(rng.choice((0, 1, size // 2, size, size, size + 1)))
    headers |= {"Content-Type": "application/offset+octet-stream"}
    headers |= (
        {"Upload-Offset": rng.choice(("0", "0", str(size // 2)))} if method == "PATCH" else {"Upload-Length": str(size)}
    )
    if rng.random() < 0.3:
        digest = hashlib.sha1(body if rng.random() < 0.7 else b"another", usedforsecurity=False).digest()
        headers["Upload-Checksum"] = "sha1 " + base64.b64encode(digest).decode()
    if rng.random() < 0.4:
        return method, "<<up>>", {**headers, "Transfer-Encoding": "chunked"}, _chunks(rng, body)
    length = len(body) if rng.random() < 0.9 else rng.choice((len(body) + 5, max(0, len(body) - 1)))
    return method, "<<up>>", {**headers, "Content-Length": str(length)}, body


def _chunks(rng: random.Random, body: bytes) -> bytes:
    """The body in chunks, of which one may be wrong."""
    pieces = []
    while body:
        size = rng.choice((1, 10, 400, len(body)))
        piece, body = body[:size], body[size:]
        pieces.append(b"%x%s\r\n%s\r\n" % (len(piece), rng.choice((b"", b"", b";ext=1", b'; a="b"')), piece))
    pieces.append(rng.choice((b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n", b"", b"0\r\n", b"-1\r\n\r\n")))
    if rng.random() < 0.2:
        wrong = (
            b"g\r\n",
            b"\r\n",
            b"ffffffffffffffffff\r\n",
            b"1\r\n\r\n",
            b"5;" + b"x" * 20_000 + b"\r\n",
            b"0x5\r\nabcde\r\n",
        )
        pieces.insert(rng.randrange(len(pieces)), rng.choice(wrong))
    return b"".join(pieces)


def _add_header(rng: random.Random, fields: list[tuple[str, str]]) -> None:
    name = rng.choice(list(HEADERS))
    values = HEADERS[name]
    if rng.random() < 0.1:
        name = rng.choice((name.lower(), name + " ", " " + name, "", name + ":", "X-\xff", "a b"))
    value = rng.choice(values) if rng.random() < 0.9 else rng.choice(NUMBERS)
    fields[rng.randint(0, len(fields)) :] = [(name, value)] * rng.choice((1, 1, 1, 1, 2, 90))


def _head(rng: random.Random, method: str, target: str, fields: list[tuple[str, str]]) -> bytes:
    version = rng.choice(("HTTP/1.1",) * 12 + ("HTTP/1.0", "HTTP/2.0", "HTTP/1.9", "http/1.1", ""))
    end = "\n" if rng.random() < 0.05 else "\r\n"
    lines = [f"{method} {target} {version}", *(f"{name}: {value}" for name, value in fields), "", ""]
    return end.join(lines).encode(errors="surrogateescape")
