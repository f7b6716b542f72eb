"""The blocking client: matching, keeping, waiting, waking, and the end of a connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chatwire import transport
from chatwire.client import Client
from chatwire.codec import decode, encode
from chatwire.errors import LinkError, LinkTimeout, Refused, UnknownFingerprint
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.sqlite


class Pair:
    """A client and the other end of its connection, which says what a test wants it to say."""

    def __init__(self, timeout: float = DEADLINE) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = Client(*listener.getsockname(), timeout=timeout)
            self.server, _ = listener.accept()
        self.server.settimeout(DEADLINE)

    def says(self, *objects: dict[str, Any]) -> None:
        self.server.sendall(b"".join(map(encode, objects)))

    def heard(self) -> dict[str, Any]:
        data = b""
        while not data.endswith(b"\n"):
            data += self.server.recv(65536)
        return decode(data)


@pytest.fixture
def pair() -> Iterator[Pair]:
    both = Pair()
    yield both
    both.client.close()
    both.server.close()


def _message(mid: int, text: str = "") -> dict[str, Any]:
    return {"cmd": "private_chat", "user_from": "bob", "user_to": "alice", "text": text, "mid": mid, "ts": 1}


def test_a_request_returns_its_own_reply_and_keeps_what_came_before_it(pair: Pair) -> None:
    push, other = {"cmd": "friend_login", "friend": "bob"}, {"cmd": "ping_reply", "id": 77, "result": "success"}
    late = {"cmd": "friend_offline", "friend": "bob"}
    pair.says(push, _message(5), other, {"cmd": "ping_reply", "id": 1, "result": "success", "ts": 9}, late)
    assert pair.client.request("ping") == {"cmd": "ping_reply", "id": 1, "result": "success", "ts": 9}
    assert pair.heard() == {"cmd": "ping", "id": 1}
    assert [pair.client.next_push(DEADLINE) for _ in range(4)] == [push, _message(5), other, late]
    assert pair.client.next_push(0) is None


def test_a_reply_to_another_command_is_not_taken_for_ours(pair: Pair) -> None:
    pair.says({"cmd": "add_reply", "id": 1, "result": "no"}, {"cmd": "ping_reply", "id": 1, "result": "success"})
    assert pair.client.request("ping")["cmd"] == "ping_reply"


def test_expect_refuses_other_words(pair: Pair) -> None:
    pair.says({"cmd": "add_reply", "id": 1, "result": "bad_request", "detail": "friend: is missing"})
    with pytest.raises(Refused, match=r"bad_request.*friend: is missing") as caught:
        pair.client.expect("add")
    assert caught.value.result == "bad_request"


def test_a_request_without_reply_ends_in_time_and_the_connection_stays() -> None:
    both = Pair(timeout=0.05)
    with both.client, both.server, pytest.raises(LinkTimeout, match="no reply to ping"):
        both.client.request("ping")
    both = Pair(timeout=0.05)
    with both.client, both.server:
        with pytest.raises(LinkTimeout):
            both.client.request("ping")
        both.says({"cmd": "ping_reply", "id": 1, "result": "success"})
        assert both.client.next_push(DEADLINE) == {"cmd": "ping_reply", "id": 1, "result": "success"}


def test_a_message_is_handed_out_once(pair: Pair) -> None:
    pair.client.seen = 2
    push = {"cmd": "read", "user": "bob", "peer": "alice", "mid": 1}
    pair.says(_message(2), _message(3), _message(3), push, _message(1), _message(4))
    mids = [obj["mid"] for obj in (pair.client.next_push(DEADLINE) for _ in range(3)) if obj]
    assert mids == [3, 1, 4]
    assert pair.client.seen == 4


def test_the_reply_to_a_message_that_nobody_waits_for_counts_as_seen(pair: Pair) -> None:
    pair.client.send("group_chat", group="g", text="t")
    pair.says({"cmd": "group_chat_reply", "id": 1, "result": "success", "mid": 7, "ts": 1}, _message(7), _message(8))
    assert [pair.client.next_push(DEADLINE), pair.client.next_push(DEADLINE)] == [
        {"cmd": "group_chat_reply", "id": 1, "result": "success", "mid": 7, "ts": 1}, _message(8),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["send_file_port_reply", "send_file_reply"])
def test_an_offer_of_a_file_has_a_reply_of_either_name(pair: Pair, name: str) -> None:
    strange, reply = {"cmd": "private_chat_reply", "id": 1}, {"cmd": name, "id": 1, "result": "busy", "mid": 4}
    pair.says(strange, {"cmd": name, "id": 2}, reply)
    assert pair.client.request("send_file", to_user="bob", filename="a", length=1) == reply
    assert pair.client.next_push(DEADLINE) == strange
    assert pair.client.next_push(DEADLINE) == {"cmd": name, "id": 2}
    pair.says({"cmd": "send_file_port_reply", "id": 2})
    pair.client.timeout = 0.05
    with pytest.raises(LinkTimeout):
        pair.client.request("ping")


def test_offers_of_files_are_messages(pair: Pair) -> None:
    def offer(mid: int) -> dict[str, Any]:
        return {"cmd": "recv_file_port_reply", "file": "f", "filename": "a", "length": 1, "mid": mid}

    pair.says(offer(3), _message(3), offer(2), {"cmd": "send_file_port_reply", "id": 9, "mid": 5}, offer(4), offer(6))
    assert pair.client.next_push(DEADLINE) == offer(3)
    assert pair.client.seen == 3
    push = pair.client.next_push(DEADLINE)
    assert push is not None
    assert push["cmd"] == "send_file_port_reply"
    assert pair.client.seen == 5
    assert pair.client.next_push(DEADLINE) == offer(6)


def test_a_line_that_is_no_object_costs_only_itself(pair: Pair) -> None:
    pair.server.sendall(b"[1]\nnonsense\n\xff\xfe\n" + encode(_message(1)))
    assert pair.client.next_push(DEADLINE) == _message(1)


def test_another_thread_can_wake_a_waiting_client(pair: Pair) -> None:
    woken: list[object] = []
    thread = threading.Thread(target=lambda: woken.append(pair.client.next_push(None)))
    thread.start()
    pair.client.wake()
    thread.join(DEADLINE)
    assert woken == [None]


def test_a_wake_is_not_swallowed_by_a_request(pair: Pair) -> None:
    pair.client.wake()

    def answer() -> None:
        pair.heard()
        pair.says({"cmd": "ping_reply", "id": 1})

    reader = threading.Thread(target=answer)
    reader.start()
    assert pair.client.request("ping") == {"cmd": "ping_reply", "id": 1}
    reader.join()
    assert pair.client.next_push(None) is None


def test_a_wake_is_not_swallowed_by_half_an_object(pair: Pair) -> None:
    data = encode(_message(1))
    pair.server.sendall(data[:9])
    pair.client.wake()
    assert pair.client.next_push(None) is None
    pair.server.sendall(data[9:])
    assert pair.client.next_push(DEADLINE) == _message(1)


def test_waking_a_closed_client_does_nothing(pair: Pair) -> None:
    pair.client.close()
    pair.client.wake()
    with pytest.raises(LinkError):
        pair.client.next_push(0)
    with pytest.raises(LinkError):
        pair.client.send("ping")


@pytest.mark.parametrize("reset", [False, True])
def test_what_had_arrived_is_handed_out_before_the_end_is_told(pair: Pair, reset: bool) -> None:
    pair.says(*map(_message, range(1, 4)))
    if reset:  # an end by RST: something of ours lies unread in the server's socket
        pair.client.send("ping")
    pair.server.close()
    assert _all_until_the_end(pair.client) == [_message(1), _message(2), _message(3)]


def test_pushes_that_a_failed_request_has_read_are_handed_out(pair: Pair) -> None:
    pair.says(_message(1), _message(2))
    pair.server.shutdown(socket.SHUT_WR)
    with pytest.raises(LinkError):
        pair.client.request("ping")
    assert [pair.client.next_push(DEADLINE), pair.client.next_push(DEADLINE)] == [_message(1), _message(2)]
    with pytest.raises(LinkError):
        pair.client.next_push(DEADLINE)


def test_the_last_words_of_a_server_are_heard(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    bob.private_chat("alice", "quick, before it ends")
    server.stop()
    got = _all_until_the_end(alice)
    assert [obj["cmd"] for obj in got][:1] == ["private_chat"]
    assert {"cmd": "goodbye", "result": "shutdown"} in got


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(LinkError, match="cannot connect"):
        Client("127.0.0.1", port)
    with pytest.raises(LinkError, match="cannot connect"):
        Client("a" * 70 + ".invalid", port)


def test_a_server_without_tls_is_told_and_nothing_is_left_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=_answer_in_plain_text, args=(listener,))
        answering.start()
        with pytest.raises(LinkError, match="TLS"):
            Client(*listener.getsockname(), tls=True, fingerprint="AA", timeout=DEADLINE)
        answering.join()


def test_a_certificate_must_be_the_expected_one(server: RunningServer) -> None:
    for fingerprint in (None, "AB:CD"):
        with pytest.raises(UnknownFingerprint) as caught:
            Client(server.host, server.port, tls=True, fingerprint=fingerprint)
        assert caught.value.fingerprint == server.fingerprint
    with Client(server.host, server.port, tls=True, fingerprint=server.fingerprint.lower()) as client:
        assert client.request("ping")["result"] == "success"


def _all_until_the_end(client: Client) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []
    try:
        got.extend(client.pushes(15))
    except LinkError:
        return got
    raise AssertionError("the connection has not ended")


def _answer_in_plain_text(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b'{"cmd":"error","result":"bad_json"}\n')


def test_a_server_whose_object_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MAX_SERVER_OBJECT", 1000)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(*listener.getsockname())
        served, _ = listener.accept()
        with served, client:
            served.sendall(b'{"cmd":"' + b"x" * 2000)
            with pytest.raises(LinkError, match="more than an object can hold"):
                client.next_push(DEADLINE)
