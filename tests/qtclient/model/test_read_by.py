"""What the other side reads while we are away shows as read once we are back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtclient.model.session import Session
from qtclient.records import Key, Sent
from tests.qtclient.model.helpers import Heard, all_in, peer, sessions
from tests.qtclient.model.test_offline import resumed
from tests.qtclient.profiles import log_in
from tests.qtclient.support import Daemons, qt_wait

Name = Callable[[str], str]


def is_read(session: Session, key: Key) -> list[bool]:
    """Of each message of ours."""
    return [message.sent is Sent.READ for message in all_in(session.messages(key)) if message.mine]


def test_what_was_read_while_we_were_away(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """And only that; without another word of the one who has read it."""
    ann, ben, cat = name("ann"), name("ben"), name("cat")
    with sessions(daemons, tmp_path, ann, ben, cat) as (one, _, _):
        for text in ("first", "second"):
            one.say(peer(ben), text)
        one.say(peer(cat), "to somebody who reads nothing")
        models = [one.messages(peer(ben)), one.messages(peer(cat))]
        qt_wait(lambda: [m.mid > 0 for model in models for m in all_in(model)] == [True] * 3, "all are stored")
        first = all_in(models[0])[0].mid
        one.close()
        daemons.log_in(ben, after=-1).expect("read", peer=ann, mid=first)
        again = resumed(daemons, ann, tmp_path / ann)
        try:
            heard, model = Heard(again), again.messages(peer(ben))
            assert is_read(again, peer(ben)) == [False, False], "the cache does not know it"
            qt_wait(lambda: heard.changed, "something is known now")
            assert [message.text for message in heard.changed] == ["first"]
            assert [message.sent is Sent.READ for message in all_in(model)] == [True, False]
            assert is_read(again, peer(cat)) == [False]
        finally:
            again.close()
            again.deleteLater()


def test_what_we_sent_from_elsewhere_while_this_client_was_off(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """It is asked about, too, though it was not in the cache when the connection was made."""
    ann, ben = name("ann"), name("ben")
    with sessions(daemons, tmp_path, ann, ben) as (one, two):
        one.say(peer(ben), "from here")
        qt_wait(lambda: [m.sent for m in all_in(one.messages(peer(ben)))] == [Sent.DELIVERED], "it is stored")
        two.mark_read(peer(ann))
        qt_wait(lambda: is_read(one, peer(ben)) == [True], "it is read")
        one.close()
        mids = [daemons.log_in(ann, after=-1).private_chat(ben, f"from elsewhere {n}")["mid"] for n in range(3)]
        daemons.log_in(ben, after=-1).expect("read", peer=ann, mid=mids[1])
        again = resumed(daemons, ann, tmp_path / ann)
        try:
            qt_wait(lambda: is_read(again, peer(ben)) == [True, True, True, False], "all that is read shows so")
        finally:
            again.close()
            again.deleteLater()


def test_a_new_cache_learns_it_as_well(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """Once it has been filled."""
    ann, ben = name("ann"), name("ben")
    daemons.register(ann, ben)
    hand = daemons.log_in(ann)
    mids = [hand.private_chat(ben, str(number))["mid"] for number in range(3)]
    daemons.log_in(ben).expect("read", peer=ann, mid=mids[1])
    session = log_in(daemons, ann, tmp_path)
    try:
        qt_wait(lambda: is_read(session, peer(ben)) == [True, True, False], "what was read shows so")
    finally:
        session.close()
        session.deleteLater()
