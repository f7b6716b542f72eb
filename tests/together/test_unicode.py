"""The corpus of hostile Unicode passes both daemons, both engines and a file system unchanged, or is refused."""

from __future__ import annotations

import os
from pathlib import Path

from chatwire.client import Client
from chatwire.codec import Object
from chatwire.transfer.download import download
from chatwire.transfer.names import LIMIT, harmless
from chatwire.transfer.upload import upload
from tests.conftest import ServerFactory
from tests.support.combinations import ENGINES, PLAIN
from tests.support.peers import RawPeer
from tests.support.unicode_corpus import NAMES, NO_NAMES, file_names, texts
from tests.support.waiting import DEADLINE
from tests.together.conftest import Both


def answers(client: Client, requests: list[int]) -> list[Object]:
    """The replies to what was sent, in its order."""
    found: dict[int, Object] = {}
    while len(found) < len(requests):
        obj = client.next_push(DEADLINE)
        assert obj is not None
        if obj.get("id") in requests:
            found[obj["id"]] = obj
    return [found[request] for request in requests]


def pushes(client: Client, cmd: str, count: int) -> list[Object]:
    """The next so many of a kind."""
    found: list[Object] = []
    while len(found) < count:
        push = client.next_push(DEADLINE)
        assert push is not None
        found += [push] if push["cmd"] == cmd else []
    return found


@ENGINES
def test_texts(make_server: ServerFactory) -> None:
    server = make_server("--limits", "off")
    ann, ben = server.friends("ann", "ben")
    said = texts()
    sent = [ann.send("private_chat", user_to="ben", text=text, cid=str(n)) for n, text in enumerate(said)]
    assert {reply["result"] for reply in answers(ann, sent)} <= {"success", "offline"}
    assert [push["text"] for push in pushes(ben, "private_chat", len(said))] == said
    read: list[str] = []
    before = 1 << 52
    while len(read) < len(said):
        page = ben.expect("history", peer="ann", before=before, limit=100)["messages"]
        read[:0] = [message["text"] for message in page]
        before = page[0]["mid"]
    assert read == said


@ENGINES
def test_names(make_server: ServerFactory) -> None:
    server = make_server("--limits", "off")
    ann = server.user("ann")
    made = answers(ann, [ann.send("create_group", group=name) for name in NAMES])
    assert [reply["group"] for reply in made] == list(NAMES)
    refused = answers(ann, [ann.send("create_group", group=name) for name in NO_NAMES])
    assert {reply["result"] for reply in refused} == {"bad_request"}
    assert all(reply["detail"].startswith("group: must ") for reply in refused)
    for name in NO_NAMES:
        assert ann.request("register", user=name, password="secret pass")["reason"] == "bad_name"
    again = server.connect()
    assert {group["group"] for group in again.login("ann", "ann")["groups"]} == set(NAMES)
    named = NAMES[::8]
    for name in named:
        other = server.user(name)
        other.expect("add", friend="ann")
        assert other.private_chat("ann", name)["result"] == "success"
    for client in (ann, again):
        said = pushes(client, "private_chat", len(named))
        assert [(push["user_from"], push["text"]) for push in said] == [(name, name) for name in named]


@PLAIN
def test_half_a_character_is_refused(make_server: ServerFactory) -> None:
    server = make_server()
    with RawPeer(server) as peer:
        peer.send(b'{"cmd":"private_chat","user_to":"ann","text":"a\\ud800b"}\n')
        assert peer.read()["result"] == "bad_json"


@PLAIN
def test_files(both: Both, tmp_path: Path) -> None:
    """Each is offered under its name, and lies in the receiver's folder under one like it, with its ending."""
    ann, ben = both.chat.friends("ann", "ben")
    names = file_names()
    sources, folder = tmp_path / "sources", tmp_path / "down loads"
    sources.mkdir()
    folder.mkdir()
    for number, name in enumerate(names):
        reply = _offered(ann, "ben", name)
        assert reply["filename"] == name
        if number % 4:
            continue
        source = sources / harmless(name)
        source.write_bytes(name.encode())
        upload(reply["url"], source)
        url = ben.expect("get_file", file=reply["file"])["url"]
        place = download(url, folder / harmless(name))
        assert place.read_bytes() == name.encode()
        assert place.name in os.listdir(folder)
        assert place.suffix == os.path.splitext(harmless(name))[1]
        assert len(os.fsencode(place.name)) <= LIMIT
    assert [push["filename"] for push in pushes(ben, "recv_file_port_reply", len(names))] == names


def _offered(client: Client, to: str, name: str) -> Object:
    reply = client.request("send_file", to_user=to, filename=name, length=len(name.encode()))
    assert reply["result"] == "success", (ascii(name), reply)
    return reply
