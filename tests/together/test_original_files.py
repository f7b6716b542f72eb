"""Files of original clients: among themselves, and with clients of today that use the library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatwire.client import Client
from chatwire.codec import Object
from filed import raw
from tests.support.combinations import BOTH, PLAIN
from tests.support.filing import patch_headers, sha256, some_bytes
from tests.support.original_client import OriginalClient
from tests.support.waiting import DEADLINE, wait_until
from tests.together.cast import Cast
from tests.together.conftest import Both as Daemons

CONTENT = some_bytes(500_000)


@pytest.fixture
def cast(both: Daemons, tmp_path: Path) -> Iterator[Cast]:
    people = Cast(both.chat, tmp_path)
    yield people
    people.close()


def offer_of(client: Client, cmd: str) -> Object:
    """The next object with that name that a client of today is told."""
    while (push := client.next_push(DEADLINE)) is not None:
        if push["cmd"] == cmd:
            return push
    raise AssertionError(f"{client.user} is not told {cmd}")


def url_path(both: Daemons, url: str) -> str:
    """Path and query of a file's URL."""
    return url.partition(f":{both.files.port}")[2]


def upload(both: Daemons, client: Client, **to: str) -> Object:
    """Offer a file, and send all of it; the offer's reply."""
    client.send("send_file", filename="été.txt", length=len(CONTENT), sha256=sha256(CONTENT), **to)
    reply = offer_of(client, "send_file_port_reply")
    assert both.files.ask("PATCH", url_path(both, reply["url"]), patch_headers(0), CONTENT).status == 204
    return reply


def has(client: OriginalClient, *names: str) -> None:
    """These files have come, whole."""
    client.wait(lambda: sorted(path.name for path in client.files.received) == sorted(names), f"the files {names}")
    assert all(path.read_bytes() == CONTENT for path in client.files.received)


@BOTH
def test_several_files_in_both_directions_while_people_talk(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben")
    ann.say(ben.name, "take these")
    for number in range(2):
        ann.send_file(ben.name, cast.file(CONTENT, f"{number} 照片.jpg"))
        ben.send_file(ann.name, cast.file(CONTENT, f"answer {number}.txt"))
    ben.say(ann.name, "and you these")
    has(ben, "0 照片.jpg", "1 照片.jpg")
    has(ann, "answer 0.txt", "answer 1.txt")
    ann.sees(ben.name, "take these", "and you these")


@BOTH
def test_from_an_original_client_to_one_of_today(both: Daemons, cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.modern("ben")
    path = cast.file(CONTENT)
    ann.send_file(ben.user or "", path)
    offer = offer_of(ben, "recv_file_port_reply")
    assert (offer["filename"], offer["length"], offer["from_user"]) == (path.name, len(CONTENT), ann.name)
    assert both.files.ask("GET", url_path(both, offer["url"])).body == CONTENT


@BOTH
def test_from_a_client_of_today_to_original_ones(both: Daemons, cast: Cast) -> None:
    crew = cast.in_group("crew", "ann", "ben", "cem")
    ann, ben, cem = cast.enter("ann"), cast.enter("ben"), cast.modern("cem")
    upload(both, cem, to_user=ann.name)
    has(ann, "été.txt")
    upload(both, cem, group=crew)
    has(ben, "été.txt")
    ann.wait(lambda: len(ann.files.received) == 2, "the group's file, too")


@PLAIN
def test_a_size_in_digits(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben")
    ann.send_file(ben.name, cast.file(CONTENT, "digits.bin"), str(len(CONTENT)))
    has(ben, "digits.bin")
    assert {type(obj["length"]) for obj in (*ann.answers("send_file_port_reply"), *ben.heard[-1:])} == {str}


@PLAIN
def test_who_crashes_after_a_file_comes_back_and_goes_on(cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben", crashes=True)
    ann.send_file(ben.name, cast.file(CONTENT, "first.bin"))
    wait_until(lambda: ben.crashed, "the program has crashed, after the file")
    has(ben, "first.bin")
    again = cast.enter("ben")
    ann.send_file(again.name, cast.file(CONTENT, "second.bin"))
    has(again, "second.bin")
    ann.say(again.name, "got it?")
    again.sees(ann.name, "got it?")


@PLAIN
def test_refusals_are_seen(both: Daemons, cast: Cast) -> None:
    ann, ben = cast.enter("ann"), cast.enter("ben")
    ann.send_file(cast.name("nobody"), cast.file(CONTENT))
    ann.wait(lambda: len(ann.boxes) == 1, "a box")
    ann.send_file(ben.name, "/home/ann/huge.iso", 10**15)
    ann.wait(lambda: len(ann.boxes) == 2, "a second")
    both.files.stop()
    wait_until(lambda: not both.chat.server.services.file_link.present, "the file daemon has gone")
    ann.send_file(ben.name, cast.file(CONTENT))
    ann.wait(lambda: len(ann.boxes) == 3, "a third")
    ann.close_main_window()
    ann.send_file(ben.name, cast.file(CONTENT))
    ann.wait(lambda: len(ann.boxes) == 4, "and a fourth")
    assert set(ann.boxes) <= {"the other is away", "the file has no connection"}


@PLAIN
def test_a_sender_who_does_not_come_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "PATIENCE", 0.2)
    ann, ben = cast.enter("ann"), cast.enter("ben")
    monkeypatch.setattr(ann.files, "send", lambda told: None)
    ann.send_file(ben.name, cast.file(CONTENT))
    ann.wait(lambda: ann.boxes == ["the file has no connection"], "the box")
    ann.say(ben.name, "it did not work")
    ben.sees(ann.name, "it did not work")
