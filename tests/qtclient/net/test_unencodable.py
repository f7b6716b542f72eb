"""Half an emoji, as a limit of UTF-16 units leaves it: whoever asked is told, and the connection lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtclient.model.login import LoginFlow
from qtclient.records import Key, Kind, ServerAddress
from tests.qtclient.net.scripted import scripted
from tests.qtclient.net.test_nonsense import ANN, good, logged_in, quick_attempts, texts  # noqa: F401
from tests.qtclient.support import PASSWORD, qt_wait

HALF = "x\ud83d"


def test_requests_are_answered_and_the_connection_lives(profile: Path, caplog: pytest.LogCaptureFixture) -> None:
    with logged_in(good, profile) as (server, session):
        qt_wait(lambda: session.online, "online")
        told: list[tuple[bool, str]] = []
        for act in (session.add_friend, session.create_group, session.join_group, session.leave_group):
            act(HALF, lambda ok, text: told.append((ok, text)))
        session.change_password(PASSWORD, HALF, lambda ok, text: told.append((ok, text)))
        session.typing_now(Key(Kind.PEER, HALF))
        session.set_draft(ANN, HALF)
        assert session.search(HALF) == []
        session.say(ANN, HALF)
        qt_wait(lambda: len(told) == 5, "all are answered")
        assert told == [(False, "The server does not accept that.")] * 5
        qt_wait(lambda: server.count("private_chat") == 1, "what was said is sent")
        session.add_friend("ann", lambda ok, text: told.append((ok, text)))
        qt_wait(lambda: told[-1] == (True, ""), "the connection lives")
        qt_wait(lambda: texts(session) == ["x\ufffd"], "and shown")
        assert session.online
        assert server.count("login") + server.count("resume") == 1
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(("user", "password"), [(HALF, PASSWORD), ("me", HALF)])
def test_a_login_is_refused_in_words(profile: Path, user: str, password: str) -> None:
    with scripted(lambda request: [{"cmd": "login_reply", "id": request["id"], "result": "bad_name"}]) as server:
        flow = LoginFlow(profile)
        problems: list[str] = []
        flow.failed.connect(problems.append)
        address = ServerAddress("127.0.0.1", server.port, tls=False)
        flow.start(address, user, password, register=False, stay=False)
        qt_wait(lambda: problems, "it is refused")
        assert "went wrong" not in problems[0]
        flow.deleteLater()
