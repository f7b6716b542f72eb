"""What bad days get, as far as the whole client is needed to see it: each ends in a clear line, with nothing lost."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PyQt5.QtWidgets import QLabel, QMessageBox, QWidget

from qtclient.records import Key, Kind, Phase, Sent
from tests.qtclient.conftest import Meet
from tests.qtclient.person import Person, button, click, replace, shows, windows_of
from tests.qtclient.support import PASSWORD, Daemons, qt_wait
from tests.support.waiting import DEADLINE

Name = Callable[[str], str]


def test_a_warning_before_quitting_while_a_file_is_on_its_way(
    own_daemons: Daemons, name: Name, meet: Meet, tmp_path: Path
) -> None:
    own_daemons.register(name("ann"), name("ben"))
    own_daemons.befriend(name("ann"), name("ben"))
    ann = meet(own_daemons, name("ann"))
    ann.log_in()
    ann.online()
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(3_000_000))
    own_daemons.kill_files()  # so that it is certain to be on its way
    ann.session.send_file(Key(Kind.PEER, name("ben")), path)
    qt_wait(ann.session.transfers, "it is on its way")
    ann.desk.quit_asked.emit()
    [question] = windows_of(QMessageBox)
    assert "1 file is on its way" in question.text()
    click(button(question, "Stay"))
    assert windows_of(QMessageBox) == []
    assert not ann.has_ended
    ann.desk.quit_asked.emit()
    [question] = windows_of(QMessageBox)
    click(button(question, "Quit"))
    assert ann.has_ended
    ann.leave()
    own_daemons.restart_files()
    ann.come_back()
    qt_wait(lambda: [one.phase for one in ann.session.transfers()] == [Phase.DONE], "it has gone on and ended")
    ann.desk.quit_asked.emit()
    assert windows_of(QMessageBox) == []


def test_who_changes_the_password_elsewhere_is_asked_for_it_here(
    plain_daemons: Daemons, name: Name, meet: Meet
) -> None:
    plain_daemons.register(name("ann"))
    ann = meet(plain_daemons, name("ann"))
    ann.log_in()
    ann.online()
    other = plain_daemons.log_in(name("ann"), after=-1)
    other.expect("change_password", password=PASSWORD, new_password="another secret")
    qt_wait(lambda: ann.app.login is not None, "the login window is back")
    assert news(ann)
    assert ann.app.session is None
    ann.fill_in(password="another secret")
    click(button(ann.login, "Log in"))
    assert ann.session.user == ann.name


def test_a_broken_cache_is_filled_again_and_it_is_said(daemons: Daemons, name: Name, meet: Meet) -> None:
    daemons.register(name("ann"), name("ben"))
    daemons.befriend(name("ann"), name("ben"))
    ann = meet(daemons, name("ann"))
    ann.log_in()
    ann.online()
    pane = ann.jump(name("ben"))
    ann.write(pane, "kept by the server")
    ann.hears(pane, "kept by the server", Sent.STORED)
    ann.leave()
    [cache] = ann.profile.rglob("cache.db")
    data = bytearray(cache.read_bytes())
    data[100:] = os.urandom(len(data) - 100)
    cache.write_bytes(data)
    for rest in ("-wal", "-shm"):
        cache.with_name(cache.name + rest).unlink(missing_ok=True)
    ann.come_back()
    said = "from the server again"  # for a few seconds
    qt_wait(lambda: any(shows(window, said) for window in windows_of(QWidget)), "it is said")
    ann.online()
    again = ann.jump(name("ben"))
    ann.hears(again, "kept by the server")


def test_ten_thousand_friends(make_daemons: Callable[..., Daemons], name: Name, meet: Meet) -> None:
    daemons = make_daemons()
    daemons.register(name("ann"))
    make_friends(daemons, name("ann"), 10_000)
    ann = meet(daemons, name("ann"))
    ann.log_in()
    qt_wait(lambda: len(ann.session.friends) == 10_000, "all of them are there")
    ann.desk.main.show_list(1)
    friends = ann.desk.main.friends.model()
    replace(ann.desk.main.filter, "friend 9876")
    qt_wait(lambda: friends.rowCount() == 1, "the filter finds one")
    pane = ann.jump("friend 4321")
    ann.write(pane, "hello")
    ann.hears(pane, "hello", Sent.STORED)


NONSENSE = {
    "silence": b"",
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "bytes": b"\x00\xff" * 4000,
    "no answer to this": b'{"cmd":"login_reply","result":"success"}\n',
    "an object without end": b"{" * 70_000,
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
def test_a_server_that_answers_nonsense_is_told_at_the_login(
    answer: bytes, plain_daemons: Daemons, name: Name, meet: Meet
) -> None:
    plain_daemons.register(name("ann"))
    with nonsense(answer) as port:
        ann = meet(plain_daemons, name("ann"))
        ann.fill_in(server=f"tcp://127.0.0.1:{port}")
        click(button(ann.login, "Log in"))
        qt_wait(lambda: news(ann), "it is told")
    assert ann.app.session is None
    ann.log_in()
    assert ann.session.user == ann.name


@contextlib.contextmanager
def nonsense(answer: bytes) -> Iterator[int]:
    """A server that says the same to everyone, and hangs up; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with peer, contextlib.suppress(OSError):
                    peer.recv(4096)
                    peer.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(DEADLINE)


def make_friends(daemons: Daemons, user: str, count: int) -> None:
    """Write them into the database; to register them one by one would take minutes."""
    with contextlib.closing(sqlite3.connect(daemons.data / "chat.db", timeout=20)) as connection, connection:
        [user_id] = connection.execute("SELECT id FROM users WHERE name = ?", (user,)).fetchone()
        for number in range(count):
            cursor = connection.execute(
                "INSERT INTO users (name, password, created) VALUES (?, '', 0)", (f"friend {number}",)
            )
            pairs = [(user_id, cursor.lastrowid), (cursor.lastrowid, user_id)]
            connection.executemany("INSERT INTO friendships (user_id, friend_id) VALUES (?, ?)", pairs)


def news(person: Person) -> str:
    """What the login window says is wrong."""
    labels = person.login.findChildren(QLabel)
    return " ".join(label.text() for label in labels if label.property("role") == "error" and label.isVisible())
