"""A broken cache: set aside, said so, and filled from the server again, with nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtclient.model.session import Session
from qtclient.net.opening import CACHE
from qtclient.records import Sent
from tests.qtclient.model.helpers import Heard, all_in, group, peer, sessions, texts
from tests.qtclient.model.test_offline import resumed
from tests.qtclient.support import Daemons, qt_wait

Name = Callable[[str], str]


def damage(path: Path) -> None:
    """As a failing disk does: pages in the middle are not what was written."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 3 // 4096 * 4096
    data[middle : middle + 4 * 4096] = b"\xff" * (4 * 4096)
    path.write_bytes(data)


def closed_with_messages(daemons: Daemons, folder: Path, ann: str, ben: str, crew: str) -> Session:
    """Ann's session, closed; her cache has messages of a friend and of a group, and a draft."""
    with sessions(daemons, folder, ann, ben) as (one, two):
        daemons.make_group(crew, ann, ben)
        qt_wait(lambda: one.groups == two.groups == [crew], "both are in the group")
        heard = Heard(one)
        for number in range(150):
            two.say((peer(ann), group(crew))[number % 2], f"message {number} " + "x" * 300)
        qt_wait(lambda: len(heard.arrived) == 150, "all have come")
        one.set_draft(peer(ben), "a draft")
        qt_wait(lambda: one.conversation(peer(ben)).draft == "a draft", "the draft is kept")
        return one


def test_found_at_the_start(daemons: Daemons, name: Name, tmp_path: Path) -> None:
    ann, ben, crew = name("ann"), name("ben"), name("crew")
    session = closed_with_messages(daemons, tmp_path, ann, ben, crew)
    damage(session.folder / CACHE)
    (session.folder / f"{CACHE}-wal").unlink(missing_ok=True)
    again = resumed(daemons, ann, tmp_path / ann)
    try:
        heard = Heard(again)
        mark_unclean(again)
        qt_wait(lambda: len(heard.notices) >= 2, "it is said, and said when it is over")
        assert "damaged" in heard.notices[0]
        assert "again" in heard.notices[-1]
        assert len(again.search("message", limit=1000)) == 150
        assert [m for _, m in enumerate(texts(again, peer(ben)))][-1].startswith("message 148")
        assert list(session.folder.glob("cache-broken-*"))
        assert not [live for _, live in heard.arrived if live], "nothing is new"
    finally:
        again.close()
        again.deleteLater()


def mark_unclean(session: Session) -> None:
    """What a thorough look finds is found when something is read, too."""
    for key in [line.key for line in session.conversations.records()]:
        model = session.messages(key)
        while model.load_older() and not model.loading:
            pass


def test_found_while_it_is_used(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """A message that waits is not lost, and goes out once."""
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        heard, other = Heard(one), Heard(two)
        for number in range(20):
            one.say(peer(ben), f"message {number}")
        model = one.messages(peer(ben))
        qt_wait(lambda: all(m.mid for m in all_in(model)) and model.rowCount() == 20, "all are stored")
        one._account.give_up_cache(one._account.generation)
        one.say(peer(ben), "in the middle of it")
        qt_wait(lambda: any("damaged" in text for text in heard.notices), "it is said")
        qt_wait(lambda: one.online, "online again")
        qt_wait(lambda: model.rowCount() == 21 and all(m.mid for m in all_in(model)), "everything is there again")
        assert [m.text for m in all_in(model)] == [
            *(f"message {number}" for number in range(20)),
            "in the middle of it",
        ]
        assert {m.sent for m in all_in(model)} <= {Sent.STORED, Sent.DELIVERED}
        qt_wait(lambda: len(other.arrived) == 21, "ben has it once")


def test_the_disk_is_full(plain_daemons: Daemons, name: Name, tmp_path: Path) -> None:
    """It is said; what arrives meanwhile is shown, and kept, when there is room."""
    ann, ben = name("ann"), name("ben")
    with sessions(plain_daemons, tmp_path, ann, ben) as (one, two):
        heard = Heard(one)
        two.say(peer(ann), "before")
        qt_wait(lambda: heard.arrived, "it works")
        db = one._account._writer._db
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(5):
            two.say(peer(ann), f"{number} " + "x" * 15_000)
        qt_wait(lambda: one.unwritable, "it is said")
        assert "disk" in one.unwritable
        db.execute("PRAGMA max_page_count = 1000000")
        qt_wait(lambda: len(heard.arrived) == 6, "all are here")
        qt_wait(lambda: heard.notices, "it is said that it is over")
        assert not one.unwritable
        assert len(heard.notices) == 1
