"""No ticket, no byte: who comes without the right one gets one line, and learns nothing."""

from __future__ import annotations

import random
import time
from typing import Any

import jwt

from chatbase import files
from chatwire.tickets import DOWNLOAD, UPLOAD, issue_hello
from tests.support.combinations import BOTH, PLAIN, TRANSPORTS
from tests.support.filing import BODY, TUS, Offer, RunningFiled, patch_headers, some_bytes
from tests.support.http_peer import Answer

DATA = some_bytes(1000)
ALL = {**patch_headers(0), "Upload-Length": "1000"}


def _everywhere(filed: RunningFiled, offer: Offer, ticket: str | None) -> dict[str, Answer]:
    """The answers to all that can be asked with a ticket."""
    query = "" if ticket is None else f"?ticket={ticket}"
    with filed.connect() as peer:
        answers = {method: peer.ask(method, f"/files/{offer.id}{query}", ALL) for method in ("PATCH", "DELETE")}
        answers["POST"] = peer.ask("POST", f"/files/{query}", ALL)
        answers["GET"] = peer.ask("GET", f"/files/{offer.id}{query}")
        answers["HEAD"] = peer.ask("HEAD", f"/files/{offer.id}{query}", TUS)
        answers["HEAD of a download"] = peer.ask("HEAD", f"/files/{offer.id}{query}")
    for method, answer in answers.items():
        if answer.status >= 400 and not method.startswith("HEAD"):
            assert answer.body.count(b"\n") == 1
            assert len(answer.body) < 100
    return answers


def _claims(offer: Offer, direction: str, **changes: object) -> dict[str, object]:
    claims = {"aud": "files", "sub": offer.id, "dir": direction, "size": offer.size, "exp": int(time.time() + 1000)}
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


def _signed(filed: RunningFiled, claims: dict[str, Any], secret: bytes | None = None, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret if secret is not None else filed.secret, algorithm)


@BOTH
def test_tickets_that_are_none(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    right = offer.up.partition("=")[2]
    head, body, signature = right.split(".")
    tickets = [
        None, "", "x", "...", "a.b.c", "%00", "%ff%fe", right[:-1], right[:-10], right[: len(right) // 2], body,
        f"{head}.{body}.", f".{body}.{signature}", f"{head}.{body[:-2]}.{signature}", right * 10, "x" * 10_000,
        right.upper(), right[::-1], issue_hello(filed.secret),
    ]  # fmt: skip
    for ticket in tickets:
        for method, answer in _everywhere(filed, offer, ticket).items():
            assert answer.status == 401, (ticket, method)
            assert answer.headers["www-authenticate"] == 'Bearer realm="files"'
    assert filed.state(offer) == files.WAITING
    assert filed.on_disk() == set()


@PLAIN
def test_tickets_that_are_signed_wrongly(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    for direction in (UPLOAD, DOWNLOAD):
        claims = _claims(offer, direction)
        wrong = [
            _signed(filed, claims, b"x" * 64),
            _signed(filed, claims, algorithm="HS512"),
            jwt.encode(claims, "", algorithm="none"),
            jwt.encode(claims, "", algorithm="none") + "AAAA",
            jwt.encode(claims, "", algorithm="none") + _signed(filed, claims).rpartition(".")[2],
        ]
        for ticket in wrong:
            assert {answer.status for answer in _everywhere(filed, offer, ticket).values()} == {401}
    assert filed.on_disk() == set()


@PLAIN
def test_tickets_whose_claims_make_no_sense(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    changes: list[dict[str, object]] = [
        {"exp": int(time.time()) - 10}, {"exp": None}, {"exp": "tomorrow"}, {"aud": "chatd"}, {"aud": None},
        {"sub": None}, {"dir": None}, {"size": None}, {"dir": "both"}, {"dir": ["up", "down"]}, {"dir": ""},
        {"size": "1000"}, {"size": 1000.0}, {"size": True}, {"nbf": int(time.time()) + 1000},
        {"sub": "../../../etc/passwd"}, {"sub": f"../{offer.id}"}, {"sub": f"{offer.id}/.."}, {"sub": f"{offer.id}\0"},
        {"sub": ""}, {"sub": "."}, {"sub": f"{offer.id}.part"}, {"sub": f"{offer.id}\n"}, {"sub": "x" * 33},
    ]  # fmt: skip
    for change in changes:
        for direction in (UPLOAD, DOWNLOAD):
            ticket = _signed(filed, _claims(offer, direction, **change))
            assert {answer.status for answer in _everywhere(filed, offer, ticket).values()} == {401}, change
    assert filed.on_disk() == set()


@BOTH
def test_an_upload_ticket_cannot_read_and_a_download_ticket_cannot_write(filed: RunningFiled) -> None:
    complete, waiting = filed.upload(DATA), filed.offer(1000)
    for offer in (complete, waiting):
        query = offer.down.partition("?")[2]
        for method in ("PATCH", "DELETE", "HEAD", "POST"):
            path = "/files/" if method == "POST" else f"/files/{offer.id}"
            assert filed.ask(method, f"{path}?{query}", ALL).status == 403
        down = filed.ask("GET", offer.up)
        assert (down.status, down.body) == (403, b"the ticket is for the other direction\n")
        assert filed.ask("HEAD", offer.up).status == 403
    assert filed.ask("GET", complete.down).body == DATA
    assert filed.state(waiting) == files.WAITING


@PLAIN
def test_a_ticket_for_another_file_or_another_size(filed: RunningFiled) -> None:
    mine, other = filed.offer(1000), filed.upload(DATA)
    query = mine.up.partition("?")[2]
    for method in ("PATCH", "DELETE", "HEAD"):
        assert filed.ask(method, f"/files/{other.id}?{query}", ALL).status == 403
    assert filed.ask("GET", f"/files/{other.id}?{mine.down.partition('?')[2]}").status == 403
    for size in (999, 1001, 0, -1, 2**60):
        for direction, method in ((UPLOAD, "PATCH"), (DOWNLOAD, "GET")):
            answer = filed.ask(method, filed.path(mine.id, direction, size), ALL)
            assert (answer.status, answer.body) == (403, b"the ticket is for another size\n")
    assert filed.ask("GET", filed.path("A" * 22, DOWNLOAD, 5)).status == 404
    assert filed.on_disk() == {other.id}


@PLAIN
def test_paths_that_lead_elsewhere(filed: RunningFiled) -> None:
    offer = filed.upload(DATA)
    query = offer.down.partition("?")[2]
    around = [
        f"/files/../files/{offer.id}", f"/files/%2e%2e/files/{offer.id}", f"/files/{offer.id}/../{offer.id}",
        f"/files/{offer.id}%00", f"/files/{offer.id}%0a", "/files/..%2f..%2fetc%2fpasswd", f"/files//{offer.id}",
        "/files/" + "x" * 10_000, "/etc/passwd", "/../etc/passwd", "/", "//files", "/filesystem", "*",
        f"/FILES/{offer.id}", "/files/%ff%fe", f"/files/{offer.id}/",
    ]  # fmt: skip
    for path in around:
        answer = filed.ask("GET", f"{path}?{query}")
        assert answer.status in (403, 404), path
        assert answer.body.count(b"\n") == 1
    answer = filed.ask("GET", f"/files/{offer.id[:-1]}%{ord(offer.id[-1]):02x}?{query}")
    assert answer.body == DATA  # another way to write the same


@TRANSPORTS
def test_a_ticket_in_the_header(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    up, down = (f"Bearer {target.partition('=')[2]}" for target in (offer.up, offer.down))
    with filed.connect() as peer:
        headers = {**BODY, "Upload-Length": "1000", "Authorization": up}
        created = peer.ask("POST", "/files/", headers, DATA)
        assert (created.status, created.headers["location"]) == (201, f"/files/{offer.id}")
        got = peer.ask("GET", f"/files/{offer.id}", {"Authorization": down.replace("Bearer", "bearer")})
        assert got.body == DATA
        for wrong in (down.replace("Bearer", "Basic"), "Bearer", "Bearer ", down[7:], up[:-1]):
            assert peer.ask("GET", f"/files/{offer.id}", {"Authorization": wrong}).status == 401
        both = peer.ask("GET", f"{offer.up}", {"Authorization": down})
        assert both.status == 403  # the one in the URL counts


@PLAIN
def test_a_ticket_that_expires_in_the_middle_does_not_end_the_transfer(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    target = filed.path(offer.id, UPLOAD, 1000, 2)
    with filed.connect() as peer:
        peer.say("PATCH", target, {**patch_headers(0), "Content-Length": "1000"}, DATA[:500])
        while filed.ask("HEAD", target, TUS).status != 401:
            pass
        peer.send(DATA[500:])
        assert peer.answer().status == 204
        assert peer.ask("HEAD", target, TUS).status == 401


@PLAIN
def test_any_bytes_in_place_of_a_ticket(filed: RunningFiled) -> None:
    offer = filed.offer(1000)
    right, chance = offer.up.partition("=")[2], random.Random(7)
    with filed.connect() as peer:
        for _ in range(500):
            at, letter = chance.randrange(len(right)), chance.choice("abcXYZ019-_.=")
            ticket = right[:at] + letter + right[at + chance.randrange(3) :]
            status = peer.ask("HEAD", f"/files/{offer.id}?ticket={ticket}", TUS).status
            assert status == 401 or _same(right, ticket)


def _same(right: str, ticket: str) -> bool:
    """The last letter of a signature has bits that mean nothing."""
    return ticket[:-1] == right[:-1] or ticket.rstrip("=") == right
