"""Item models: Qt's own tester watches every change."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QAbstractItemModelTester

from chatwire.codec import Object
from qtclient.cache.reader import Reader
from qtclient.i18n import set_language
from qtclient.model.conversations import ConversationRole, ConversationsModel
from qtclient.model.message_rows import KEPT, MOST, MessageRole
from qtclient.model.messages import PAGE, MessagesModel
from qtclient.model.people import FriendRole, FriendsModel, GroupsModel
from qtclient.model.transfers import TransfersModel
from qtclient.records import Conversation, Friend, Key, Kind, Message, Phase, Sent, TransferInfo
from tests.qtclient.cache.helpers import ANN, CREW, Book, login, private

STRICT = QAbstractItemModelTester.FailureReportingMode.Fatal


def shown(model: FriendsModel | ConversationsModel) -> list[str]:
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_friends_move_when_they_come_and_go(qapp: object) -> None:
    model = FriendsModel()
    tester = QAbstractItemModelTester(model, STRICT)
    chance = random.Random(3)
    state = dict.fromkeys(("Zoe", "ann", "ben", "小明", "ÉVA", "cay"), False)
    resets: list[object] = []
    model.modelReset.connect(lambda: resets.append(1))
    for _ in range(300):
        name = chance.choice(list(state))
        state[name] = not state[name]
        model.put(Friend(name, state[name]))
        known = [friend.name for friend in model.records()]
        order = sorted(known, key=lambda n: (not state[n], n.casefold(), n))
        assert known == order == shown(model)
        if chance.random() < 0.05:
            model.remove(name)
    assert not resets
    model.put(Friend("ann", state["ann"]))
    assert model.index_of("ann").data(FriendRole) == Friend("ann", state["ann"])
    assert model.index_of("nobody").isValid() is False
    assert tester.model() is model


def test_a_large_roster_is_taken_at_once_and_a_small_change_is_not(qapp: object) -> None:
    model = FriendsModel()
    tester = QAbstractItemModelTester(model, STRICT)
    resets: list[object] = []
    model.modelReset.connect(lambda: resets.append(1))
    friends = [Friend(f"f{number}", False) for number in range(1000)]
    model.set_all(friends)
    model.set_all([*friends[:990], Friend("new", True), Friend("f5", True)])
    assert len(resets) == 1
    assert [friend.name for friend in model.records()][:2] == ["f5", "new"]
    assert len(model) == 991
    assert tester.model() is model


def test_many_friends_come_and_go_at_once(qapp: object) -> None:
    model = FriendsModel()
    tester = QAbstractItemModelTester(model, STRICT)
    chance = random.Random(5)
    names = [chance.choice("aBcDÉ小") + str(number) for number in range(1500)]
    state: dict[str, bool] = {}
    for share in (1.0, 1.0, 0.5, 0.01, 0.5, 0.01, 1.0, 0.0):
        for name in chance.sample(names, round(share * len(names))):
            if chance.random() < 0.1:
                state.pop(name, None)
            else:
                state[name] = not state.get(name, False)
        model.show(state)
        if chance.random() < 0.5:
            model.put(Friend("one more", True))
            state["one more"] = True
        order = sorted(state, key=lambda name: (not state[name], name.casefold(), name))
        assert model.records() == [Friend(name, state[name]) for name in order]
        assert [model.index_of(name).row() for name in order[::97]] == list(range(0, len(order), 97))
    assert tester.model() is model


def test_conversations_go_to_the_top_and_count(qapp: object) -> None:
    model = ConversationsModel()
    tester = QAbstractItemModelTester(model, STRICT)
    moves: list[object] = []
    model.rowsMoved.connect(lambda *_: moves.append(1))
    model.set_all([Conversation(Key(Kind.PEER, name), ts=ts, unread=1) for ts, name in enumerate("abc", 1)])
    assert (shown(model), model.unread_total) == (["c", "b", "a"], 3)
    model.put(Conversation(Key(Kind.PEER, "a"), "news", ts=9, unread=4, muted=True))
    assert (shown(model), model.unread_total, len(moves)) == (["a", "c", "b"], 6, 1)
    model.put(Conversation(Key(Kind.PEER, "a"), "news", ts=9, unread=0))
    assert (model.unread_total, len(moves)) == (2, 1)
    record = model.index(0).data(ConversationRole)
    assert record.preview == "news"
    model.set_online("a", True)
    assert model.index(0).data(Qt.ItemDataRole.AccessibleTextRole) == "a, online, news"
    assert tester.model() is model


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_can_be_spoken(qapp: object, language: str) -> None:
    set_language(language)
    try:
        groups, transfers = GroupsModel(), TransfersModel()
        groups.put("crew")
        for number, phase in enumerate(Phase):
            transfers.put(TransferInfo(number, number % 2 == 0, ANN, "f", "a.txt", "", 10, 5, 0.0, None, phase, "why"))
        for model in (groups, transfers):
            for row in range(model.rowCount()):
                assert model.index(row).data(Qt.ItemDataRole.AccessibleTextRole)
                assert model.index(row).data(Qt.ItemDataRole.UserRole + 1) is not None
                assert model.index(row).data(Qt.ItemDataRole.DecorationRole) is None
    finally:
        set_language("en")


class Cache:
    """A source of messages without a server; ``history`` answers what `fetch_history` asks for."""

    def __init__(self, folder: Path) -> None:
        self.book = Book(folder / "cache.db")
        self.reader = Reader(folder / "cache.db")
        self.online = True
        self.asked: list[tuple[int, Callable[[bool], None]]] = []

    def unwritten(self, key: Key) -> list[Message]:
        return []

    def fetch_history(self, key: Key, before: int, done: Callable[[bool], None]) -> None:
        self.asked.append((before, done))

    def close(self) -> None:
        self.book.close()
        self.reader.close()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:  # type: ignore[misc]
    made = Cache(tmp_path)
    yield made
    made.close()


def mids(model: MessagesModel) -> list[int]:
    return [model.message(row).mid for row in range(model.rowCount())]


def test_pages_of_the_cache(qapp: object, cache: Cache) -> None:
    cache.book.welcome(login())
    cache.book.arrive(*(private(mid) for mid in range(1, 201)))
    model = MessagesModel(ANN, cache)
    tester = QAbstractItemModelTester(model, STRICT)
    reached: list[object] = []
    model.beginning_reached.connect(lambda: reached.append(1))
    assert mids(model) == list(range(141, 201))
    for start in (81, 21, 1):
        assert model.load_older()
        assert mids(model) == list(range(start, 201))
    assert not model.load_older()
    assert model.at_beginning
    assert len(reached) == 1
    assert not cache.asked
    assert model.first_unread_row() == 0
    assert tester.model() is model


def test_what_was_committed_before_a_model_was_opened_and_is_told_after_it_is_shown_once(
    qapp: object, cache: Cache
) -> None:
    cache.book.welcome(login())
    with cache.book.do() as written:
        cache.book.ledger.write(ANN, "c1", "mine", 5, Sent.WAITING)
    with cache.book.do() as stored:
        assert cache.book.ledger.messages.stored("c1", 8, 8000, Sent.DELIVERED)
    model = MessagesModel(ANN, cache)
    tester = QAbstractItemModelTester(model, STRICT)
    model.add(written.added)
    assert mids(model) == [8]
    for row, message in stored.moved:
        model.move(row, message)
    assert mids(model) == [8]
    assert tester.model() is model


def test_a_hole_is_filled_by_the_server(qapp: object, cache: Cache) -> None:
    cache.book.welcome(login(100))
    cache.book.arrive(private(150))
    with cache.book.do():
        cache.book.ledger.page([private(mid) for mid in (1, 2)], 0, more=True)
    model = MessagesModel(ANN, cache)
    tester = QAbstractItemModelTester(model, STRICT)
    told: list[int] = []
    model.older_loaded.connect(told.append)
    assert model.load_older()
    assert model.load_older(), "once is enough"
    [(before, done)] = cache.asked
    assert (before, model.loading) == (101, True), "above it all is known"
    with cache.book.do():
        cache.book.ledger.history(ANN, [private(mid) for mid in range(40, 50)], 101, more=True)
    done(True)
    assert (told, mids(model)) == ([10], [*range(40, 50), 150])
    model.load_older()
    cache.online = False
    cache.asked[-1][1](False)
    assert mids(model) == [1, 2, *range(40, 50), 150], "without a server, what there is"
    assert not model.at_beginning
    assert tester.model() is model


def test_pages_with_nothing_to_show_are_passed(qapp: object, cache: Cache) -> None:
    """What only a later version knows: it is asked for what is before, until something can be shown."""
    cache.book.welcome(login(100))
    cache.book.arrive(private(150))
    model = MessagesModel(ANN, cache)
    assert model.load_older()
    [(before, done)] = cache.asked
    assert before == 101
    later: list[Object] = [{"cmd": "event", "kind": "poll", "mid": mid} for mid in range(90, 100)]
    with cache.book.do():
        cache.book.ledger.history(ANN, later, before, more=True)
    done(True)
    assert model.loading, "it goes on by itself"
    (before, done) = cache.asked[-1]
    assert before == 90
    with cache.book.do():
        cache.book.ledger.history(ANN, [private(1), private(2)], before, more=False)
    done(True)
    assert (mids(model), model.at_beginning) == ([1, 2, 150], True)


def test_a_jump_and_the_way_back(qapp: object, cache: Cache) -> None:
    cache.book.welcome(login())
    cache.book.arrive(*(private(mid) for mid in range(1, 501)))
    model = MessagesModel(ANN, cache)
    tester = QAbstractItemModelTester(model, STRICT)
    at = model.load_around(100)
    assert model.message(at).mid == 100
    assert not model.at_end
    model.add([told(501)])
    assert 501 not in mids(model), "it is far away from what is shown"
    while model.load_newer():
        pass
    assert mids(model)[-1] == 500
    model.load_around(50)
    model.load_newest()
    assert mids(model) == list(range(441, 501))
    assert model.load_around(9999) == -1
    assert tester.model() is model


def test_a_hole_below_a_jump_is_filled_by_the_server(qapp: object, cache: Cache) -> None:
    """Backwards from what comes behind it, until nothing is missing any more."""
    cache.book.welcome(login(300))
    cache.book.arrive(private(301), private(302))
    with cache.book.do():
        cache.book.ledger.history(ANN, [private(mid) for mid in range(1, 101)], 101, more=False)
    model = MessagesModel(ANN, cache)
    tester = QAbstractItemModelTester(model, STRICT)
    assert model.load_around(60) >= 0
    while model.load_newer() and not model.loading:
        pass
    assert (mids(model)[-1], model.at_end) == (100, False)
    assert model.load_newer(), "once is enough"
    assert [before for before, _ in cache.asked] == [301]
    with cache.book.do():
        cache.book.ledger.history(ANN, [private(mid) for mid in range(201, 300)], 301, more=True)
    cache.asked[0][1](True)
    assert ([before for before, _ in cache.asked], mids(model)[-1]) == ([301, 201], 100), "there is still a hole"
    with cache.book.do():
        cache.book.ledger.history(ANN, [private(mid) for mid in range(90, 201)], 201, more=True)
    cache.asked[1][1](True)
    while model.load_newer():
        pass
    assert model.at_end
    assert mids(model)[-202:] == [*range(100, 300), 301, 302]
    assert tester.model() is model


def test_without_a_server_what_stands_behind_a_hole_is_better_than_nothing(qapp: object, cache: Cache) -> None:
    cache.book.welcome(login(300))
    cache.book.arrive(private(301))
    with cache.book.do():
        cache.book.ledger.history(ANN, [private(mid) for mid in range(1, 5)], 5, more=False)
    model = MessagesModel(ANN, cache)
    assert model.load_around(2) >= 0
    assert (mids(model), model.at_end) == ([1, 2, 3, 4], False)
    model.load_newer()
    cache.online = False
    cache.asked[0][1](False)
    assert (mids(model), model.at_end) == ([1, 2, 3, 4, 301], True)


def told(mid: int, key: Key = ANN) -> Message:
    return Message(mid, key, mid, "", "ann", False, f"text {mid}", mid, Sent.RECEIVED)


def test_a_long_watch_does_not_fill_the_memory(qapp: object, cache: Cache) -> None:
    cache.book.welcome(login())
    model = MessagesModel(CREW, cache)
    tester = QAbstractItemModelTester(model, STRICT)
    for start in range(1, 3 * MOST, 100):
        model.add([told(mid, CREW) for mid in range(start, start + 100)])
    assert KEPT <= model.rowCount() <= MOST
    model.keep_all = True
    for start in range(3 * MOST, 5 * MOST, 100):
        model.add([told(mid, CREW) for mid in range(start, start + 100)])
    assert model.rowCount() > 2 * MOST
    assert tester.model() is model


def test_random_changes_keep_the_order(qapp: object, cache: Cache) -> None:
    """Rows come, change, move and go; what Qt was told fits what is there."""
    cache.book.welcome(login())
    model = MessagesModel(ANN, cache)
    tester = QAbstractItemModelTester(model, STRICT)
    chance = random.Random(5)
    rows: list[int] = []
    for _ in range(150):
        what = chance.random()
        if what < 0.5 or not rows:
            new = chance.sample(range(1, 100_000), chance.randint(1, 5))
            model.add([told(row) for row in new])
            rows = sorted({*rows, *new})
        elif what < 0.7:
            old, new_row = chance.choice(rows), chance.randint(100_000, 200_000)
            model.move(old, told(new_row))
            rows = sorted({*rows} - {old} | {new_row})
        elif what < 0.85:
            model.change(told(chance.choice(rows)))
        else:
            gone = chance.choice(rows)
            model.remove(gone)
            rows.remove(gone)
        assert mids(model) == rows
        assert model.index(0).data(MessageRole) == told(rows[0]) if rows else True
    assert PAGE
    assert tester.model() is model
