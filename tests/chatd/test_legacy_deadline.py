"""Who may stay without a session: clients of the original system, which connect long before anybody logs in."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable

import pytest

from tests.conftest import ServerFactory
from tests.support.combinations import PLAIN, TRANSPORTS
from tests.support.legacy_peer import Legacy, indented
from tests.support.login_deadlines import LoginDeadlines
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.usefixtures("deadlines", "no_gaps")
LATE = [{"cmd": "goodbye", "result": "login_timeout"}]


@TRANSPORTS
def test_only_those_who_speak_like_the_original_client_may_stay(
    server: RunningServer, deadlines: LoginDeadlines, connect: Callable[..., Legacy]
) -> None:
    silent, asking, back = connect(), connect(), connect()
    asking.ask(cmd="register", user="asking", password="asking")
    back.log_in("back").say(cmd="offline", user="back")
    with RawPeer(server) as modern, RawPeer(server) as half, RawPeer(server, tls=False) as brace:
        modern.ask("ping")
        half.send(b'{"cmd":')
        brace.send(b"{\n")  # what has not ended is nothing yet
        deadlines.pass_()
        for peer in (modern, half, brace):
            assert peer.rest()[-1:] == LATE
    # The deadlines of the first three are over when its own is, which may be before a handshake is.
    with RawPeer(server, tls=False) as later:
        later.say("ping")
        assert later.rest()[-1:] == LATE
    silent.log_in("silent")
    asking.log_in("asking", known=True)
    back.log_in("back", known=True)


@PLAIN
def test_who_was_silent_and_turns_out_to_be_modern_has_the_deadline(
    server: RunningServer, deadlines: LoginDeadlines, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()

    def crowded() -> bool:
        asked.set()
        return False

    monkeypatch.setattr(server.server.services, "crowded", crowded)
    with RawPeer(server) as peer:
        deadlines.pass_()
        assert asked.wait(DEADLINE), "a deadline has passed"
        peer.say("ping")
        assert peer.rest()[-1:] == LATE


@PLAIN
def test_when_there_are_nearly_too_many_the_deadline_is_everybody_s(
    deadlines: LoginDeadlines, make_server: ServerFactory
) -> None:
    server = make_server("--max-connections", "4")
    user = server.user("ann")
    with RawPeer(server, tls=False) as quiet, RawPeer(server, tls=False) as asking:
        asking.send(indented({"cmd": "ping"}))
        assert asking.read()["cmd"] == "ping_reply"
        assert not server.server.services.crowded()
        deadlines.pass_()
        with RawPeer(server):
            ended, _, _ = select.select([quiet.socket, asking.socket], [], [], DEADLINE)
            assert ended, "the first to be late makes room"
    assert user.expect("ping")["result"] == "success"
