"""Questions whose answers are overtaken by what happens."""

from __future__ import annotations

from pathlib import Path

from chatwire.codec import Object
from qtclient.records import NOT_STORED, Key, Kind
from tests.qtclient.net.scripted import reply, welcome
from tests.qtclient.net.test_nonsense import good, logged_in
from tests.qtclient.support import qt_wait

CREW = Key(Kind.GROUP, "crew")


def grouped(mid: int) -> Object:
    return {"cmd": "group_chat", "user": "ann", "group": "crew", "text": str(mid), "mid": mid, "ts": mid}


def test_a_page_that_was_read_before_the_user_left_and_joined_again(tmp_path: Path) -> None:
    """What was said in between is not in it, and it must not seem to reach up to the new membership."""
    news: list[Object] = [
        {"cmd": "group_left", "group": "crew", "user": "me"},
        {"cmd": "group_joined", "group": "crew", "user": "me", "since": 9},
    ]

    def answer(request: Object) -> list[Object | bytes] | None:
        if request["cmd"] == "login":
            return [welcome(request, groups=[{"group": "crew", "owner": "ann", "members": 2, "since": 0}]), grouped(1)]
        if request["cmd"] == "history":
            overtaking, news[:] = list(news), []
            return [*overtaking, reply(request, messages=[grouped(1)] if overtaking else [grouped(5)], more=True)]
        return good(request)

    with logged_in(answer, tmp_path) as (_, session):
        qt_wait(lambda: session.reader.newest(CREW, 10).messages, "the first message is here")
        told: list[bool] = []
        session.fetch_history(CREW, NOT_STORED - 1, told.append)
        qt_wait(lambda: told == [False], "it is not taken")
        assert session.reader.newest(CREW, 10).messages == []
        session.fetch_history(CREW, NOT_STORED - 1, told.append)
        qt_wait(lambda: told == [False, True], "the next one is")
        assert [message.text for message in session.reader.newest(CREW, 10).messages] == ["5"]
