"""What the cache makes of what the server says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatwire.codec import Object
from qtclient.cache import incoming
from qtclient.cache.reader import Reader
from qtclient.records import NOT_STORED, FileInfo, FileState, Key, Kind, Sent
from tests.qtclient.cache.helpers import ANN, CREW, Book, grouped, login, offered, private


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "cache.db")
    yield made
    made.close()


@pytest.fixture
def reader(book: Book) -> Iterator[Reader]:
    made = Reader(book.path)
    yield made
    made.close()


def test_a_message_is_kept_once(book: Book, reader: Reader) -> None:
    book.welcome(login())
    changes = book.arrive(private(1), private(2), private(1))
    assert [m.mid for m in changes.added] == [1, 2]
    assert [(m.mid, live) for m, live in changes.arrived] == [(1, True), (2, True)]
    assert changes.conversations[0].unread == 2
    assert not book.arrive(private(2)).added
    page = reader.newest(ANN, 10)
    assert ([m.mid for m in page.messages], page.end) == ([1, 2], True)
    assert book.ledger.seen == 2


def test_what_we_write_is_last_until_it_is_stored(book: Book, reader: Reader) -> None:
    book.welcome(login())
    with book.do() as written:
        book.ledger.write(ANN, "c1", "mine", 5, Sent.WAITING)
    book.arrive(private(7, "theirs"))
    assert [m.text for m in reader.newest(ANN, 10).messages] == ["theirs", "mine"]
    assert written.added[0].row > NOT_STORED
    with book.do() as stored:
        assert book.ledger.messages.stored("c1", 8, 8000, Sent.DELIVERED)
    [(row, message)] = stored.moved
    assert (row, message.row, message.sent) == (written.added[0].row, 8, Sent.DELIVERED)
    assert reader.conversation(ANN).preview == "mine"
    assert [hit.row for hit in reader.search("mine", None, 10)] == [8]


def test_our_own_message_from_the_server_settles_the_one_that_waits(book: Book, reader: Reader) -> None:
    """The link broke before the reply: it comes as a push, with its cid."""
    book.welcome(login())
    with book.do():
        book.ledger.write(ANN, "c1", "mine", 5, Sent.WAITING)
    changes = book.arrive(private(3, "mine", mine=True, cid="c1"))
    assert len(changes.moved) == 1
    assert not changes.added
    assert [(m.mid, m.sent) for m in reader.newest(ANN, 10).messages] == [(3, Sent.STORED)]
    with book.do():
        assert not book.ledger.messages.stored("c1", 3, 5, Sent.DELIVERED), "the reply that came late changes nothing"


def test_unread_counts_and_positions(book: Book, reader: Reader) -> None:
    book.welcome(login())
    book.arrive(private(1), private(2, mine=True), private(3))
    with book.do() as changes:
        assert book.ledger.conversations.read_all(ANN) == 3
    assert changes.conversations[0].unread == 0
    with book.do():
        assert book.ledger.conversations.read_all(ANN) == 3, "the server does not know it yet"
        book.ledger.conversations.told(ANN, 3)
        assert book.ledger.conversations.read_all(ANN) == 0
        assert not book.ledger.conversations.untold()
    book.arrive(private(4))
    assert reader.first_unread(ANN) == 4
    assert reader.conversation(ANN).unread == 1


def test_what_was_read_elsewhere_while_we_were_away(book: Book, reader: Reader) -> None:
    book.welcome(login())
    book.arrive(private(1), grouped(2))
    assert reader.conversation(ANN).unread == 1
    book.welcome(login(2, [{"group": "crew", "count": 1, "mid": 1}], ("crew",)))
    assert (reader.conversation(ANN).unread, reader.conversation(CREW).unread) == (0, 1)


def test_a_new_cache_shows_what_the_server_counts(book: Book, reader: Reader) -> None:
    """Until the past has been fetched; then it counts by itself, and nothing is counted twice."""
    book.welcome(login(100, [{"peer": "ann", "count": 30, "mid": 60}]))
    assert reader.conversation(ANN).unread == 30
    book.arrive(private(101))
    assert reader.conversation(ANN).unread == 31
    with book.do():
        following = book.ledger.page([private(mid) for mid in range(1, 81)], 0, more=True)
    assert following == 80
    assert reader.conversation(ANN).unread == 31
    assert not reader.newest(ANN, 200).end
    with book.do():
        assert book.ledger.page([private(mid) for mid in range(81, 101)], 80, more=False) == 0
    assert reader.conversation(ANN).unread == 41
    page = reader.newest(ANN, 200)
    assert ([m.mid for m in page.messages], page.end) == (list(range(1, 102)), True)


def test_what_a_login_does_not_name_has_been_read(book: Book, reader: Reader) -> None:
    """Also where it is fetched later, by this run or by the next."""
    crew: Object = {"group": "crew", "count": 2, "mid": 50}
    old = Key(Kind.PEER, "old")
    book.welcome(login(100, [crew], ("crew",)))
    with book.do():
        book.ledger.page([private(mid, peer="old") for mid in range(1, 40)], 0, more=True)
    assert reader.conversation(old).unread == 0
    book.arrive(private(101))
    book.welcome(login(101, [crew, {"peer": "ann", "count": 1, "mid": 40}], ("crew",)))
    with book.do():
        book.ledger.page([private(40), grouped(60), grouped(61)], 39, more=False)
    assert reader.conversation(CREW).unread == 2
    assert reader.conversation(old).unread == 0
    assert reader.conversation(ANN).unread == 1


def test_holes_are_known_and_filled(book: Book, reader: Reader) -> None:
    book.welcome(login(100))
    book.arrive(private(105), private(106))
    page = reader.newest(ANN, 10)
    assert ([m.mid for m in page.messages], page.whole, page.end) == ([105, 106], False, False)
    with book.do():
        book.ledger.page([private(mid) for mid in range(1, 11)], 0, more=True)
    assert reader.before(ANN, 105, 10).messages == [], "between 10 and 100 something is missing"
    assert [m.mid for m in reader.any_before(ANN, 105, 3)] == [8, 9, 10], (
        "without a connection it is better than nothing"
    )
    with book.do():
        book.ledger.history(ANN, [private(50), private(60)], 105, more=True)
    assert [m.mid for m in reader.before(ANN, 105, 10).messages] == [50, 60]
    with book.do():
        book.ledger.history(ANN, [private(5), private(20)], 50, more=False)
    page = reader.before(ANN, 50, 100)
    assert (page.messages[0].mid, page.end) == (1, True)


def test_states_of_a_file_only_go_on(book: Book, reader: Reader) -> None:
    book.welcome(login())
    book.arrive(offered(1))
    messages = book.ledger.messages

    def say(state: FileState, offset: int = 0) -> None:
        with book.do():
            messages.file_state("f1", FileInfo("f1", "", 0, state, offset))

    say(FileState.UPLOADING, 40)
    say(FileState.UPLOADING, 30)
    say(FileState.WAITING)
    message = reader.by_file("f1")
    assert message is not None
    assert message.file is not None
    assert (message.file.state, message.file.offset) == (FileState.UPLOADING, 40)
    say(FileState.COMPLETE, 100)
    say(FileState.UPLOADING, 90)
    assert reader.newest(ANN, 1).messages[0].file == FileInfo("f1", "a.txt", 100, FileState.COMPLETE, 100)
    say(FileState.EXPIRED)
    say(FileState.COMPLETE)
    message = reader.by_file("f1")
    assert message is not None
    assert message.file is not None
    assert message.file.state is FileState.EXPIRED


def test_read_by_the_other(book: Book, reader: Reader) -> None:
    book.welcome(login())
    book.arrive(private(1, mine=True), private(2), private(3, mine=True))
    with book.do() as changes:
        book.ledger.messages.read_by_peer(ANN, 2)
    assert changes.read == [(ANN, 2)]
    assert [m.sent for m in reader.newest(ANN, 3).messages] == [Sent.READ, Sent.RECEIVED, Sent.STORED]
    with book.do() as changes:
        book.ledger.messages.read_by_peer(ANN, 1)
    assert not changes.read


def test_another_server_is_noticed(book: Book) -> None:
    assert book.welcome(login(100))
    assert book.welcome(login(100))
    assert not book.welcome(login(3))


NONSENSE: list[Object] = [
    {},
    {"cmd": "private_chat"},
    {"cmd": "private_chat", "user_from": "ann", "user_to": "me", "text": 5, "mid": 1, "ts": 1},
    {"cmd": "private_chat", "user_from": "ann", "user_to": "bob", "text": "not mine", "mid": 1, "ts": 1},
    {"cmd": "private_chat", "user_from": ["ann"], "user_to": "me", "text": "x", "mid": 1, "ts": 1},
    {"cmd": "private_chat", "user_from": "ann", "user_to": "me", "text": "x", "mid": "1", "ts": 1},
    {"cmd": "private_chat", "user_from": "ann", "user_to": "me", "text": "x", "mid": -1, "ts": 1},
    {"cmd": "private_chat", "user_from": "ann", "user_to": "me", "text": "x", "mid": 1 << 53, "ts": 1},
    {"cmd": "private_chat", "user_from": "ann", "user_to": "me", "text": "x", "mid": True, "ts": 1},
    {"cmd": "private_chat", "user_from": "a\nb", "user_to": "me", "text": "x", "mid": 1, "ts": 1},
    {"cmd": "group_chat", "user": "ann", "group": "", "text": "x", "mid": 1, "ts": 1},
    {"cmd": "group_chat", "user": "ann", "group": {"a": 1}, "text": "x", "mid": 1, "ts": 1},
    offered(1, file="../x"),
    offered(1, length=-1),
    offered(1, length=1 << 70),
    offered(1, filename=None),
    offered(1, from_user=None),
]


@pytest.mark.parametrize("obj", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_passed_over(book: Book, obj: Object) -> None:
    book.welcome(login())
    changes = book.arrive(obj, private(5))
    assert [m.mid for m in changes.added] == [5]


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"mid": "x", "friends": 5, "groups": {"a": 1}, "unread": "no"},
        {"mid": -5, "friends": [1, None, {"user": 5}, {"user": "x" * 1000}], "unread": [1, {"peer": 5}, {}]},
        {"unread": [{"peer": "ann", "count": "many", "mid": []}, {"group": "g", "count": 1 << 80, "mid": 1 << 80}]},
    ],
)
def test_a_login_reply_of_nonsense(book: Book, reply: Object) -> None:
    assert book.welcome(reply)
    assert book.arrive(private(5)).added


def test_odd_values_are_bounded() -> None:
    message = incoming.incoming({**private(1, "x" * 200_000), "ts": 1 << 80, "cid": "c" * 100}, "me")
    assert message is not None
    assert (len(message.text), message.ts, message.cid) == (incoming.MAX_TEXT, 0, "")
    offer = incoming.incoming(offered(1, length="100", sha256="zz", state="dancing", offset=-4), "me")
    assert offer is not None
    assert offer.file == FileInfo("f1", "a.txt", 100, FileState.WAITING)


def test_who_promises_more_and_gives_nothing_is_not_believed(book: Book, reader: Reader) -> None:
    """Nothing is taken for the end, and what would be asked next does not move."""
    book.welcome(login(100))
    with book.do():
        assert book.ledger.page([], 0, more=True) is None
        book.ledger.history(ANN, [], 50, more=True)
        book.ledger.history(ANN, [private(500), {"cmd": "poll"}], 50, more=True)
    assert not reader.before(ANN, 50, 10).end
    assert reader.asks_before(ANN, 50) == 50
    assert book.ledger.get("live_from") == 100, "it is asked for again by the next session"


def unknown(mid: int) -> Object:
    """What a later version of the server could say."""
    return {"cmd": "event", "kind": "poll", "about": 3, "peer": "ann", "mid": mid, "ts": mid * 1000}


def test_a_page_of_what_is_not_known_leaves_no_hole(book: Book, reader: Reader) -> None:
    book.welcome(login(100))
    with book.do():
        assert book.ledger.page([unknown(mid) for mid in range(1, 41)], 0, more=True) == 40
        assert book.ledger.page([private(50), unknown(60)], 40, more=True) == 60
    with book.do():
        book.ledger.history(ANN, [unknown(mid) for mid in range(30, 40)], 40, more=True)
    page = reader.before(ANN, 40, 10)
    assert (page.messages, page.end) == ([], False), "that was not the beginning"
    assert reader.asks_before(ANN, 40) == 30
    with book.do():
        book.ledger.history(ANN, [private(20), unknown(25)], 30, more=True)
        book.ledger.history(ANN, [unknown(4)], 20, more=False)
    page = reader.before(ANN, 40, 10)
    assert ([message.mid for message in page.messages], page.end) == ([20], True)
    with book.do():
        assert book.ledger.page([unknown(mid) for mid in range(61, 100)], 60, more=False) == 0
