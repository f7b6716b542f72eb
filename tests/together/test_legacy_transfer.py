"""The original client's side of a transfer, both roles, byte by byte, with the real file daemon."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from chatbase import files
from filed import raw
from tests.support.chatting import arrived
from tests.support.filing import patch_headers, sha256, some_bytes
from tests.support.original import Original, read_all
from tests.support.waiting import DEADLINE, wait_until
from tests.together.conftest import Both

SIZE = 731204
DATA = some_bytes(SIZE)

Enter = Callable[..., Original]


@pytest.fixture
def enter(both: Both) -> Iterator[Enter]:
    """Log original clients in."""
    made: list[Original] = []

    def make(name: str, source: str = "127.0.0.1") -> Original:
        made.append(Original((both.chat.host, both.chat.port), name, source))
        made[-1].enter()
        return made[-1]

    yield make
    for client in made:
        client.close()


def state_of(both: Both, file_id: str) -> str:
    """What the index says."""
    with both.files.index.transaction() as tx:
        file = files.find(tx, file_id)
    assert file is not None
    return file.state


def only_file(both: Both) -> files.File:
    """The one that there is in the index."""
    with both.files.index.transaction() as tx:
        [(file_id,)] = tx.rows("SELECT id FROM files")
        file = files.find(tx, str(file_id))
    assert file is not None
    return file


def test_between_two_original_clients(both: Both, enter: Enter) -> None:
    ann, ben = enter("ann"), enter("ben", "127.0.0.2")
    ann.send_file("ben")
    reply = ann.read()
    assert reply == {
        "cmd": "send_file_port_reply", "result": "success", "port": reply["port"],
        "filename": "/home/ann/My photo.jpg", "length": SIZE,
    }  # fmt: skip
    ben.quiet()  # nothing yet: the sender has not connected
    with closing(ann.data_connection(reply["port"])) as sending:
        told = ben.read()
        assert told == {
            "cmd": "recv_file_port_reply", "port": reply["port"], "filename": "My photo.jpg", "length": SIZE,
            "from_user": "ann",
        }  # fmt: skip
        with closing(ben.data_connection(told["port"])) as receiving:
            sending.sendall(DATA[:100_000])
            first = b""
            while len(first) < 100_000:  # it arrives while it is being sent
                first += receiving.recv(100_000 - len(first))
            sending.sendall(DATA[100_000:])
            assert first + read_all(receiving) == DATA
        assert read_all(sending) == b""
    wait_until(lambda: only_file(both).state == files.COMPLETE, "it is stored")
    wait_until(lambda: only_file(both).sha256 == sha256(DATA), "and hashed")
    ann.quiet()
    ben.quiet()


def test_a_modern_receiver_takes_part(both: Both, enter: Enter) -> None:
    ann, ben = enter("ann"), both.chat.user("ben")
    ann.send_file("ben")
    port = ann.read()["port"]
    [offer] = [push for push in arrived(ben) if push["cmd"] == "recv_file_port_reply"]
    answers: list[bytes] = []

    def download() -> None:
        path = offer["url"].partition(":")[2].partition(f":{both.files.port}")[2]
        answers.append(both.files.ask("GET", path).body)

    reader = threading.Thread(target=download, name="reader")
    reader.start()  # before the first byte
    with closing(ann.data_connection(port)) as sending:
        sending.sendall(DATA)
        assert read_all(sending) == b""
    reader.join(DEADLINE)
    assert answers == [DATA]


def test_an_original_receiver_of_a_modern_sender(both: Both, enter: Enter) -> None:
    ann, ben = both.chat.user("ann"), enter("ben")
    ann.send("send_file", to_user="ben", filename="notes.txt", length=SIZE, sha256=sha256(DATA))
    reply = ann.next_push(DEADLINE)
    assert reply is not None
    ben.quiet()
    path = reply["url"].partition(f":{both.files.port}")[2]
    with both.files.connect() as peer:
        peer.say("PATCH", path, {**patch_headers(0), "Content-Length": str(SIZE)}, None)
        peer.send(DATA[:300_000])
        told = ben.read()
        assert (told["filename"], told["length"], told["from_user"]) == ("notes.txt", SIZE, "ann")
        with closing(ben.data_connection(told["port"])) as receiving:
            peer.send(DATA[300_000:])
            assert read_all(receiving) == DATA
        assert peer.answer().status == 204
    assert state_of(both, reply["file"]) == files.COMPLETE


def test_strangers_get_nothing(both: Both, enter: Enter) -> None:
    ann, ben = enter("ann"), enter("ben")
    ann.send_file("ben")
    port = ann.read()["port"]
    with closing(ann.data_connection(port, source="127.0.0.9")) as stranger:
        assert read_all(stranger) == b""
    with closing(ann.data_connection(port)) as sending:
        with closing(ben.data_connection(ben.read()["port"], source="127.0.0.9")) as stranger:
            assert read_all(stranger) == b""
        with closing(ben.data_connection(port)) as receiving:
            sending.sendall(DATA)
            assert read_all(receiving) == DATA


def test_a_sender_who_does_not_come_is_told(both: Both, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "PATIENCE", 0.2)
    ann, ben = enter("ann"), enter("ben")
    ann.send_file("ben")
    assert ann.read()["cmd"] == "send_file_port_reply"
    assert ann.read() == {"cmd": "send_file_reply", "result": "timeout"}
    wait_until(lambda: only_file(both).state == files.FAILED, "the file has failed")
    ben.quiet()


def test_a_sender_who_breaks_off(both: Both, enter: Enter) -> None:
    ann, ben = enter("ann"), enter("ben")
    ann.send_file("ben")
    port = ann.read()["port"]
    with closing(ann.data_connection(port)) as sending:
        told = ben.read()
        receiving = ben.data_connection(told["port"])
        sending.sendall(DATA[:5000])
    with closing(receiving), pytest.raises(ConnectionResetError):
        read_all(receiving)
    wait_until(lambda: only_file(both).state == files.FAILED, "the file has failed")


def test_an_original_sender_whose_friend_is_away(both: Both, enter: Enter) -> None:
    both.chat.user("ben").close()
    ann = enter("ann")
    wait_until(lambda: not both.chat.server.services.online.find("ben"), "ben has gone")
    ann.send_file("ben")
    assert ann.read() == {"cmd": "send_file_reply", "result": "offline"}
