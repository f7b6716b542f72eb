"""The model of the original client against a bare socket: what its real eyes would lose, it loses."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.original_client import OriginalClient
from tests.support.original_eyes import LATE, TICK
from tests.support.waiting import DEADLINE, wait_until

LOGIN = b'{"cmd":"login_reply","result":"success","friend":"ben|","group":""}\n'
REQUEST = b'{\n    "cmd": "private_chat",\n    "text": "\xc3\xa9",\n    "user_from": "ann",\n    "user_to": "ben"\n}\n'


def text(word: str) -> bytes:
    return b'{"cmd":"private_chat","user_from":"ben","user_to":"ann","text":"%s"}\n' % word.encode()


class Server:
    """One connection of a client, in whose place a test writes."""

    def __init__(self, patience: float | None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.client = OriginalClient(listener.getsockname(), "ann", window=0.0, patience=patience)
            self.socket, _ = listener.accept()
        self.socket.settimeout(DEADLINE)
        self.say(LOGIN)
        self.client.wait(lambda: self.client.in_main_window, "the main window")

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def close(self) -> None:
        self.client.kill()
        self.socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(patience=None)
    yield made
    made.close()


def test_it_writes_what_qt_writes(server: Server) -> None:
    server.client.say("ben", "é")
    assert server.socket.recv(65536) == REQUEST


def test_two_objects_at_once_are_lost(server: Server) -> None:
    server.say(text("one") + text("two"))
    wait_until(lambda: server.client.lost == [text("one") + text("two")], "they are thrown away")
    server.say(text("three"))
    server.client.sees("ben", "three")


def test_a_part_of_an_object_is_lost(server: Server) -> None:
    server.say(text("one")[:-9])
    wait_until(lambda: server.client.lost == [text("one")[:-9]], "it is thrown away")


def test_what_comes_while_a_box_is_open_destroys_what_comes_after_it(server: Server) -> None:
    client = server.client
    server.say(b'{"cmd":"friend_login","friend":"ben"}\n')
    client.wait(lambda: client.box == "ben has come", "the box")
    server.say(text("one"))
    client.wait(lambda: client._unread, "Qt has read it")
    client.close_box()
    client.wait(lambda: client.box is None, "the box is closed")
    assert client.windows == {}
    server.say(text("two"))
    client.wait(lambda: client.lost == [text("one") + text("two")], "both are thrown away")
    server.say(text("three"))
    client.sees("ben", "three")


def test_nobody_can_click_behind_a_box(server: Server) -> None:
    client = server.client
    server.say(b'{"cmd":"friend_login","friend":"ben"}\n')
    client.wait(lambda: client.box == "ben has come", "the box")
    clicking = threading.Thread(target=client.say, args=("ben", "é"))
    clicking.start()
    client.close_box()
    clicking.join(DEADLINE)
    assert server.socket.recv(65536) == REQUEST


def test_what_the_machine_alone_has_merged_is_told_apart(server: Server) -> None:
    client = server.client

    def no_turn() -> None:
        begin = time.monotonic()
        server.say(text("one"))
        server.say(text("two"))
        wait_until(lambda: time.monotonic() > begin + LATE + 2 * TICK, "the thread is late")

    client.act(no_turn)
    client.sees("ben", "one", "two")
    assert (client.lost, client.excused) == ([], 1)


def test_what_it_does_not_know_is_noted(server: Server) -> None:
    client = server.client
    for odd in (b'{"cmd":"typing","user":"ben"}\n', b'{"cmd":"add_reply","result":"busy"}\n', b"[1]\n"):
        server.say(odd)
        client.wait(lambda: len(client.ignored) + len(client.lost) == 1, "it is passed over")
        client.ignored.clear()
        client.lost.clear()


def test_a_connection_that_the_server_has_closed_stays_closed(server: Server) -> None:
    server.socket.close()
    server.client.wait(lambda: server.client.disconnected, "it has noticed")
    server.client.say("ben", "é")
    server.client.sees("ben", "é")
