"""Logging in: trust, passwords, tokens, and servers that are not there."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatwire.errors import Refused
from qtclient.model import login
from qtclient.model.login import LoginFlow, has_token, parse_address
from qtclient.model.session import Session
from qtclient.records import ServerAddress
from tests.qtclient.model.helpers import Heard
from tests.qtclient.profiles import log_in
from tests.qtclient.support import PASSWORD, Daemons, qt_wait

Name = Callable[[str], str]


class Window:
    """What a login window hears."""

    def __init__(self, profile: Path) -> None:
        self.flow = LoginFlow(profile)
        self.failed: list[str] = []
        self.unknown: list[str] = []
        self.changed: list[tuple[str, str]] = []
        self.sessions: list[Session] = []
        self.flow.failed.connect(self.failed.append)
        self.flow.certificate_unknown.connect(lambda address, shown: self.unknown.append(shown))
        self.flow.certificate_changed.connect(lambda address, old, new: self.changed.append((old, new)))
        self.flow.ready.connect(self.sessions.append)

    def close(self) -> None:
        self.flow.cancel()
        for session in self.sessions:
            session.close()
            session.deleteLater()
        self.flow.deleteLater()


@pytest.fixture
def window(profile: Path) -> Iterator[Window]:
    made = Window(profile)
    yield made
    made.close()


def tls_address(daemons: Daemons) -> ServerAddress:
    """chatd speaks TLS whoever asks."""
    return ServerAddress(daemons.host, daemons.port)


def test_first_run(plain_daemons: Daemons, name: Name, window: Window, profile: Path) -> None:
    """Register over TLS: the certificate is shown, trusted, and never asked about again."""
    ann, address = name("ann"), tls_address(plain_daemons)
    window.flow.start(address, f" {ann} ", PASSWORD, register=True, stay=True)
    qt_wait(lambda: window.unknown, "the certificate is shown")
    assert window.unknown[0] in plain_daemons.chat.log()
    assert not plain_daemons.chat.log().count(f"user={ann}")
    window.flow.trust()
    qt_wait(lambda: window.sessions, "the account is made")
    session = window.sessions[0]
    assert (session.user, session.server.fingerprint) == (ann, window.unknown[0])
    qt_wait(lambda: session.online, "online")
    session.close()
    assert has_token(profile, address, ann)
    window.flow.start(address, ann, PASSWORD, register=False, stay=False)
    qt_wait(lambda: len(window.sessions) == 2, "no question")
    assert len(window.unknown) == 1
    window.sessions[1].close()
    assert not has_token(profile, address, ann), "who does not stay leaves no token"


def test_a_changed_certificate_stops(plain_daemons: Daemons, name: Name, window: Window, profile: Path) -> None:
    address = tls_address(plain_daemons)
    pinned = ":".join(["AB"] * 32)
    (profile / "known-servers").write_text(f"{address.name} {pinned}\n")
    window.flow.start(address, name("ann"), PASSWORD, register=True, stay=True)
    qt_wait(lambda: window.changed, "it is told")
    assert window.changed[0][0] == pinned
    window.flow.trust()
    assert not window.sessions
    assert not window.failed


def test_a_certificate_that_changes_later(plain_daemons: Daemons, name: Name, window: Window, profile: Path) -> None:
    """The session ends with a plain warning, and nothing is sent."""
    ann, address = name("ann"), tls_address(plain_daemons)
    window.flow.start(address, ann, PASSWORD, register=True, stay=True)
    qt_wait(lambda: window.unknown, "the certificate is shown")
    window.flow.trust()
    qt_wait(lambda: window.sessions, "logged in")
    window.sessions[0].close()
    (profile / "known-servers").write_text(f"{address.name} {':'.join(['AB'] * 32)}\n")
    window.flow.resume(address, ann)
    qt_wait(lambda: len(window.sessions) == 2, "the cache is open")
    heard = Heard(window.sessions[1])
    shown: list[str] = []
    window.sessions[1].certificate_changed.connect(shown.append)
    qt_wait(lambda: heard.ended, "it has ended")
    assert shown == window.unknown
    assert "certificate" in heard.ended[0]
    assert has_token(profile, address, ann), "the token is still good"


def test_who_has_to_wait_is_told_how_long(window: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    window.flow.progress.connect(told.append)
    ended = threading.Event()

    def full(*args: Any, register: bool) -> None:
        while args[5](40.0, 0.01):
            pass
        ended.set()
        raise Refused({"cmd": "login_reply", "result": "rate_limited", "retry_after_ms": 40_000})

    monkeypatch.setattr(login, "enter", full)
    window.flow.start(parse_address("127.0.0.1:1"), "ann", PASSWORD, register=False, stay=True)
    qt_wait(lambda: any("40 s" in text for text in told), "the window says so")
    assert not ended.is_set()
    window.flow.cancel()
    assert ended.wait(60)
    assert not window.failed


def test_what_can_go_wrong(plain_daemons: Daemons, name: Name, window: Window) -> None:
    ann, address = name("ann"), parse_address(plain_daemons.address)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        dead = ServerAddress("127.0.0.1", nobody.getsockname()[1], tls=False)
    plain_daemons.register(ann)
    tries: list[tuple[ServerAddress, str, str, bool, str]] = [
        (address, "", "x", False, "Name and password"),
        (address, ann, "", False, "Name and password"),
        (address, ann, "wrong", False, "password is wrong"),
        (address, name("nobody"), "x", False, "no user"),
        (address, ann, "x", True, "already"),
        (address, "a|b", "x", True, "not possible"),
        (dead, ann, "x", False, "cannot be reached"),
        (ServerAddress("no.such.host.invalid", 1), ann, "x", False, "cannot be reached"),
    ]
    for number, (where, user, password, register, said) in enumerate(tries, 1):
        window.flow.start(where, user, password, register=register, stay=False)
        qt_wait(lambda number=number: len(window.failed) == number, said)  # type: ignore[misc]
        assert said in window.failed[-1]
        assert window.flow.reached is (said != "cannot be reached")
    assert not window.sessions


def test_cancelled(plain_daemons: Daemons, name: Name, window: Window) -> None:
    ann, address = name("ann"), parse_address(plain_daemons.address)
    plain_daemons.register(ann)
    window.flow.start(address, ann, PASSWORD, register=False, stay=False)
    window.flow.cancel()
    window.flow.start(address, ann, PASSWORD, register=False, stay=False)
    qt_wait(lambda: window.sessions, "the second one comes through")
    assert len(window.sessions) == 1


def test_a_token_that_died_is_forgotten(plain_daemons: Daemons, name: Name, profile: Path, window: Window) -> None:
    ann = name("ann")
    plain_daemons.register(ann)
    log_in(plain_daemons, ann, profile).close()
    with plain_daemons.connect() as other:
        other.login(ann, PASSWORD)
        other.expect("change_password", password=PASSWORD, new_password="another secret")
    address = parse_address(plain_daemons.address)
    window.flow.resume(address, ann)
    qt_wait(lambda: window.sessions, "the cache is open")
    heard = Heard(window.sessions[0])
    qt_wait(lambda: heard.ended, "it has ended")
    assert "Log in again" in heard.ended[0]
    assert not has_token(profile, address, ann)


def test_the_file_of_tokens_is_private_and_has_no_password(plain_daemons: Daemons, name: Name, profile: Path) -> None:
    ann = name("ann")
    plain_daemons.register(ann)
    log_in(plain_daemons, ann, profile).close()
    path = profile / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for file in profile.rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("chat.example.org", ServerAddress("chat.example.org", 8000)),
        (" chat.example.org:9000 ", ServerAddress("chat.example.org", 9000)),
        ("[::1]:9000", ServerAddress("::1", 9000)),
        ("tcp://10.0.0.1:9000", ServerAddress("10.0.0.1", 9000, tls=False)),
        ("tls://a:1", ServerAddress("a", 1)),
        ("::1", ServerAddress("::1", 8000)),
        ("chat.example.org：9000", ServerAddress("chat.example.org", 9000)),
    ],
)
def test_addresses(text: str, address: ServerAddress) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize("text", ["", ":", "a:b", "a:0", "a:99999", "http://a", "a/b", "a b", "u@h", "[::1", "tcp://"])
def test_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        parse_address(text)
