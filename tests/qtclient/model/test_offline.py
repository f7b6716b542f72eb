"""No connection: what is written waits in sight, survives everything, and goes out once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chatwire import resilient
from qtclient.model.login import LoginFlow, parse_address
from qtclient.model.session import Session
from qtclient.net.clock import SleepWatch
from qtclient.records import Link, LinkState, Sent
from tests.qtclient.model.helpers import Heard, all_in, peer, sessions, texts
from tests.qtclient.profiles import log_in
from tests.qtclient.support import Daemons, qt_wait
from tests.support.running import ROOT

Name = Callable[[str], str]


def resumed(daemons: Daemons, user: str, profile: Path) -> Session:
    """The account as it is opened when the program starts again."""
    flow = LoginFlow(profile)
    found: list[Session] = []
    flow.ready.connect(found.append)
    flow.resume(parse_address(daemons.address), user)
    qt_wait(lambda: found, "the account is open")
    flow.deleteLater()
    return found[0]


def history(daemons: Daemons, me: str, other: str) -> list[str]:
    """What the server has, as another client sees it."""
    client = daemons.log_in(me, after=-1)
    found: list[str] = []
    before = 0
    while True:
        reply = client.expect("history", peer=other, limit=500, before=before or None)
        found = [obj["text"] for obj in reply["messages"]] + found
        if not reply["more"]:
            return found
        before = reply["messages"][0]["mid"]


def test_the_server_goes_and_comes_back(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        states: list[LinkState] = []
        one.link_changed.connect(states.append)
        heard, model = Heard(two), one.messages(peer(ben))
        one.say(peer(ben), "before")
        qt_wait(lambda: heard.arrived, "it works")
        own_daemons.kill_chat()
        qt_wait(lambda: not one.online and not two.online, "they have noticed")
        assert not one.friends[0].online
        for number in range(5):
            one.say(peer(ben), f"offline {number}")
        qt_wait(lambda: [m.sent for m in all_in(model)][1:] == [Sent.WAITING] * 5, "they wait in sight")
        qt_wait(
            lambda: any(s.link is Link.OFFLINE and s.next_try > 0 and s.reason for s in states), "the next try is told"
        )
        own_daemons.restart_chat()
        one.try_now()
        two.try_now()
        qt_wait(lambda: len(heard.arrived) == 6, "they arrive")
        assert heard.texts() == ["before", *(f"offline {number}" for number in range(5))]
        qt_wait(lambda: all(m.sent in (Sent.STORED, Sent.DELIVERED) for m in all_in(model)), "they are sent")
    assert history(own_daemons, ben, ann) == heard.texts()


def test_the_server_is_killed_in_the_middle_of_sends(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(own_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(two)
        for number in range(100):
            one.say(peer(ben), str(number))
        qt_wait(lambda: len(heard.arrived) >= 10, "some have arrived")
        own_daemons.kill_chat()
        for number in range(100, 150):
            one.say(peer(ben), str(number))
        own_daemons.restart_chat()
        qt_wait(lambda: len(heard.arrived) == 150, "all arrive")
        assert heard.texts() == [str(number) for number in range(150)]
        qt_wait(lambda: all(m.mid for m in all_in(one.messages(peer(ben)))), "all are stored")
    assert history(own_daemons, ben, ann) == [str(number) for number in range(150)]


def test_what_waits_survives_the_client(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben = name("ann"), name("ben")
    with sessions(own_daemons, tmp_path, ann, ben) as (one, _):
        own_daemons.kill_chat()
        qt_wait(lambda: not one.online, "it is noticed")
        for number in range(3):
            one.say(peer(ben), f"waiting {number}")
        one.close()
        again = resumed(own_daemons, ann, tmp_path / ann)
        try:
            assert texts(again, peer(ben)) == [f"waiting {number}" for number in range(3)]
            assert [f.name for f in again.friends] == [ben]
            assert [hit.message.text for hit in again.search("ing 2")] == ["waiting 2"]
            own_daemons.restart_chat()
            qt_wait(lambda: all(m.mid for m in all_in(again.messages(peer(ben)))), "all are stored")
        finally:
            again.close()
            again.deleteLater()
    assert history(own_daemons, ben, ann) == [f"waiting {number}" for number in range(3)]


SENDER = """
import sys
from pathlib import Path
from PyQt5.QtCore import QCoreApplication, QTimer
from tests.qtclient.model.helpers import peer
from qtclient.model.login import LoginFlow, parse_address

app = QCoreApplication([])
flow = LoginFlow(Path(sys.argv[1]))
def ready(session):
    global kept
    kept = session
    for number in range(400):
        session.say(peer(sys.argv[4]), str(number))
    session.message_changed.connect(lambda message: print(message.text, flush=True))
flow.ready.connect(ready)
flow.resume(parse_address(sys.argv[2]), sys.argv[3])
app.exec_()
"""


def test_the_client_is_killed_in_the_middle_of_sends(own_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """As `kill -9`: what it had taken is sent by the next one, and nothing is sent twice."""
    ann, ben = name("ann"), name("ben")
    with sessions(own_daemons, tmp_path, ann, ben):
        pass
    arguments = [str(tmp_path / ann), own_daemons.address, ann, ben]
    with subprocess.Popen(
        [sys.executable, "-c", SENDER, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as sender:
        assert sender.stdout is not None
        sender.stdout.readline()  # the first ones are stored
        sender.kill()
    sent_before = len(history(own_daemons, ben, ann))
    again = resumed(own_daemons, ann, tmp_path / ann)
    try:
        qt_wait(lambda: again.online and all(m.mid for m in all_in(again.messages(peer(ben)))), "all are stored")
        kept = again.search("", limit=1000)
        assert not kept
    finally:
        again.close()
        again.deleteLater()
    found = history(own_daemons, ben, ann)
    assert found == [str(number) for number in range(len(found))], "each once, in order"
    assert len(found) >= sent_before > 0


def test_after_a_sleep_the_link_is_looked_at(
    own_daemons: Daemons, name: Name, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is dead without a word is noticed at once when the machine wakes up."""
    monkeypatch.setattr(SleepWatch, "_now", staticmethod(lambda: offset[0]))
    offset = [0.0]
    ann = name("ann")
    with sessions(own_daemons, tmp_path, ann) as (one,):
        asked: list[float] = []
        monkeypatch.setattr(resilient.ResilientClient, "check_link", lambda client: asked.append(offset[0]))
        offset[0] = 3600.0
        qt_wait(lambda: asked == [3600.0], "it has looked")
        assert one.online


def test_an_account_opens_once(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann = name("ann")
    with sessions(plain_daemons, tmp_path, ann):
        flow = LoginFlow(tmp_path / ann)
        problems: list[str] = []
        flow.failed.connect(problems.append)
        flow.resume(parse_address(plain_daemons.address), ann)
        qt_wait(lambda: problems, "it is refused")
        assert "already" in problems[0]
        flow.deleteLater()
    again = log_in(plain_daemons, ann, tmp_path / ann)
    again.close()
    again.deleteLater()
