"""Files from and to clients of the original system, byte by byte as Qt writes them, as far as chatd has a part in it.

The sender gets a port, the receiver the same one as soon as the sender has connected to it. Legacy connections are
always plain text; the modern users here, and the file daemon, speak as the fixture says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatbase import files
from chatd.registry import file_link
from chatwire.codec import Object
from tests.support.chatting import arrived, journal_held, take, texts
from tests.support.file_daemon import FileDaemon, attach, offer, queued, row, state
from tests.support.original import Original
from tests.support.running import RunningServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("no_gaps")
Enter = Callable[..., Original]
PATH = "/home/ann/My photo.jpg"


@pytest.fixture
def enter(server: RunningServer) -> Iterator[Enter]:
    """Registers a user if need be, and logs in as the original client does."""
    made: list[Original] = []

    def make(name: str, *, known: bool = False, source: str = "127.0.0.1") -> Original:
        client = Original((server.host, server.port), name, source)
        made.append(client)
        client.enter(known=known)
        return client

    yield make
    for client in made:
        client.socket.close()


def asked(daemon: FileDaemon, port: int, **more: Any) -> Object:
    """The next request for a port, which is answered."""
    request = daemon.open_port(port, **more)
    assert request.pop("cmd") == "open_port"
    assert request.pop("ref") >= 1
    return request


@pytest.mark.parametrize(("length", "told"), [("731204", 731204), ('"731204"', "731204")])
def test_between_two_original_clients(server: RunningServer, enter: Enter, length: str, told: int | str) -> None:
    daemon = attach(server)
    ann, ben = enter("ann"), enter("ben", source="127.0.0.2")
    ann.send_file("ben", length)
    request = asked(daemon, 40001)
    file = request["file"]
    assert request == {"file": file, "role": "both", "senders": ["127.0.0.1"], "receivers": ["127.0.0.2"]}
    reply = ann.read()
    assert reply == {
        "cmd": "send_file_port_reply", "result": "success", "port": 40001, "filename": PATH, "length": told,
    }  # fmt: skip
    ben.quiet()
    assert daemon.report(file, "connected") == "success"
    assert ben.read() == {
        "cmd": "recv_file_port_reply", "port": 40001, "filename": "My photo.jpg", "length": told, "from_user": "ann",
    }  # fmt: skip
    daemon.uploading(file, 1000)
    daemon.complete(file)
    ann.quiet()
    ben.quiet()
    stored = row(server, file)
    assert (stored.state, stored.name, stored.size) == ("complete", "My photo.jpg", 731204)
    again = server.again("ben", after=0)
    [push] = arrived(again)
    assert (push["file"], push["state"], "url" in push) == (file, "complete", True)
    assert server.server.services.raw_ports.find(file) is None


def test_the_user_goes_on_chatting_meanwhile(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    modern, ann = server.user("modern"), enter("ann")
    ann.send_file("modern")
    ann.send('{\n    "cmd": "private_chat",\n    "text": "hi",\n    "user_from": "ann",\n    "user_to": "modern"\n}\n')
    assert ann.read()["cmd"] == "private_chat_reply"
    assert modern.private_chat("ann", "hello")["result"] == "success"
    assert ann.read()["text"] == "hello"
    assert asked(daemon, 40001)["role"] == "send"
    assert ann.read()["cmd"] == "send_file_port_reply"
    assert [push["cmd"] for push in arrived(modern)] == ["recv_file_port_reply", "private_chat"]


def test_a_modern_receiver_of_a_legacy_sender(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    modern, ann = server.user("modern"), enter("ann")
    ann.send_file("modern")
    request = asked(daemon, 40001)
    assert (request["role"], request["receivers"]) == ("send", [])
    [push] = take(modern, 1)
    assert (push["filename"], push["length"], push["from_user"]) == ("My photo.jpg", 731204, "ann")
    assert daemon.ticket(push["url"], push["url"].partition("/files")[0]).file == push["file"] == request["file"]
    daemon.report(push["file"], "connected")
    daemon.uploading(push["file"], 5)
    assert state(modern)["offset"] == 5
    assert ann.read()["port"] == 40001
    ann.quiet()


def test_a_receiver_with_both_kinds_of_sessions(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    ben = server.user("ben")
    old = enter("ben", known=True)
    ann = enter("ann")
    ann.send_file("ben")
    request = asked(daemon, 40001)
    assert request["role"] == "both"
    file = take(ben, 1)[0]["file"]
    daemon.report(file, "connected")
    assert (old.read()["port"], ann.read()["port"]) == (40001, 40001)
    late = enter("ben", known=True)
    daemon.uploading(file, 0)
    request = asked(daemon, 40002)
    assert (request["role"], request["senders"], request["receivers"]) == ("receive", [], ["127.0.0.1"])
    assert late.read()["port"] == 40002
    old.quiet()


def test_a_legacy_receiver_of_a_modern_sender(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    alice, ben, too = server.user("alice"), enter("ben", source="127.0.0.3"), enter("ben", known=True)
    reply = offer(alice, "ben", length="77")
    file = reply["file"]
    assert "delivered" not in reply, "its port comes later"
    ben.quiet()
    daemon.uploading(file, 0)
    for port in (40001, 40002):
        request = asked(daemon, port)
        assert request.pop("receivers") in (["127.0.0.1"], ["127.0.0.3"])
        assert request == {"file": file, "role": "receive", "senders": []}
    daemon.uploading(file, 30)
    daemon.complete(file)
    told = [client.read() for client in (ben, too)]
    assert {obj.pop("port") for obj in told} == {40001, 40002}
    expected = {"cmd": "recv_file_port_reply", "filename": "a.txt", "length": 77, "from_user": "alice"}
    assert told == [expected, expected]
    for client in (ben, too):
        client.quiet()
    assert daemon.report(file, "timeout", role="receive") == "success"


def test_legacy_members_of_a_group_get_ports_of_their_own(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    [alice] = server.group("staff", "alice")
    old = {name: enter(name) for name in ("ann", "ben")}
    for client in old.values():
        client.send(f'{{\n    "cmd": "add_group",\n    "group": "staff",\n    "user": "{client.name}"\n}}\n')
        assert client.read()["result"] == "success"
    take(alice, 2)
    old["ann"].send('{\n    "cmd": "send_file", "filename": "f", "group": "staff",\n    "length": 5\n}\n')
    request = asked(daemon, 40001)
    assert (request["role"], request["receivers"]) == ("send", [])
    assert old["ann"].read() == {
        "cmd": "send_file_port_reply", "result": "success", "port": 40001, "filename": "f", "length": 5,
    }  # fmt: skip
    daemon.report(request["file"], "connected")
    daemon.uploading(request["file"], 0)
    assert asked(daemon, 40002)["role"] == "receive"
    assert old["ben"].read() == {
        "cmd": "recv_file_port_reply", "port": 40002, "filename": "f", "length": 5, "from_user": "ann",
    }  # fmt: skip
    assert [push["cmd"] for push in take(alice, 2)] == ["recv_file_port_reply", "file_state"]
    for client in old.values():
        client.quiet()


def test_offline_is_answered_and_nothing_is_stored(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    server.user("ben").logout()
    ann = enter("ann")
    ann.send_file("ben")
    assert ann.read() == {"cmd": "send_file_reply", "result": "offline"}
    assert server.again("ben").expect("sync", after=0)["messages"] == []
    ann.send_file("nobody")
    assert ann.read() == {"cmd": "send_file_reply", "result": "offline"}
    daemon.close()
    wait_until(lambda: not server.server.services.file_link.present, "its end is noticed")
    ann.send_file("ben")
    assert ann.read() == {"cmd": "send_file_reply", "result": "timeout"}


def test_a_sender_that_does_not_connect_is_told_so(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    modern, ann = server.user("modern"), enter("ann")
    ann.send_file("modern")
    file = asked(daemon, 40001)["file"]
    assert ann.read()["port"] == 40001
    assert daemon.report(file, "timeout", role="send") == "success"
    daemon.end(file, files.FAILED, detail="the sender did not connect")
    assert ann.read() == {"cmd": "send_file_reply", "result": "timeout"}
    take(modern, 1)
    assert state(modern)["detail"] == "the sender did not connect"
    assert daemon.report(file, "timeout", role="send") == "success"
    ann.quiet()


def test_no_port_is_busy_and_the_file_has_failed(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    modern, ann = server.user("modern"), enter("ann")
    ann.send_file("modern")
    file = asked(daemon, 0, detail="no port is free")["file"]
    assert ann.read() == {"cmd": "send_file_reply", "result": "timeout"}
    take(modern, 1)
    failed = state(modern)
    assert (failed["file"], failed["state"], failed["detail"]) == (file, "failed", "no port is free")
    assert daemon.told() == {"cmd": "file_withdrawn", "file": file}
    assert row(server, file).state == "failed"


def test_a_daemon_that_does_not_answer(server: RunningServer, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_link, "ANSWER_WAIT", 0.05)
    daemon = attach(server)
    modern, ann = server.user("modern"), enter("ann")
    ann.send_file("modern")
    assert ann.read() == {"cmd": "send_file_reply", "result": "timeout"}
    take(modern, 1)
    assert state(modern)["state"] == "failed"
    daemon.open_port(40001)
    ann.quiet()


def test_the_daemon_ends_before_it_has_answered(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    modern, ann = server.user("modern"), enter("ann")
    ann.send_file("modern")
    assert daemon.told()["cmd"] == "open_port"
    daemon.close()
    assert ann.read() == {"cmd": "send_file_reply", "result": "timeout"}
    take(modern, 1)
    assert state(modern)["state"] == "failed"


def test_a_sender_that_has_left_is_no_trouble(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    modern, ann = server.user("modern"), enter("ann")
    ann.send_file("modern")
    request = daemon.told()
    ann.socket.close()
    wait_until(lambda: server.server.services.online.find("ann") is None, "the session is over")
    assert daemon.client.expect("file_port", ref=request["ref"], port=40001)["result"] == "success"
    assert daemon.report(request["file"], "timeout", role="send") == "success"
    assert [push["cmd"] for push in arrived(modern)] == ["recv_file_port_reply"]


def test_offers_by_url_never_go_to_a_legacy_session(server: RunningServer, enter: Enter) -> None:
    daemon = attach(server)
    alice, ben = server.user("alice"), enter("ben")
    alice.private_chat("ben", "1")
    file = offer(alice, "ben")["file"]
    alice.private_chat("ben", "2")
    alice.expect("cancel_file", file=file)
    assert daemon.told()["cmd"] == "file_withdrawn"
    assert texts([ben.read(), ben.read()]) == ["1", "2"]
    ben.quiet()
    ben.socket.close()
    wait_until(lambda: server.server.services.online.find("ben") is None, "the session is over")
    offer(alice, "ben")
    alice.private_chat("ben", "3")
    again = enter("ben", known=True)
    assert again.read()["text"] == "3"
    again.quiet()


def test_an_offer_and_texts_of_one_batch_for_a_legacy_receiver(server: RunningServer, enter: Enter) -> None:
    attach(server)
    alice, elsewhere, ben = server.user("alice"), server.again("alice"), enter("ben")
    with journal_held(server):
        alice.send("private_chat", user_to="ben", text="1")
        queued(server, 1)
        elsewhere.send("send_file", to_user="ben", filename="f", length=1)
        queued(server, 2)
        alice.send("private_chat", user_to="ben", text="2")
        queued(server, 3)
    assert texts([ben.read(), ben.read()]) == ["1", "2"]
    ben.quiet()
