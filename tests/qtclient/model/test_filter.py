"""What is found while somebody types: Qt's own tester watches every change."""

from __future__ import annotations

import random

from PyQt5.QtCore import QPersistentModelIndex
from PyQt5.QtTest import QAbstractItemModelTester

from qtclient.model.filter import FilterModel
from qtclient.model.people import FriendsModel
from qtclient.records import Friend

STRICT = QAbstractItemModelTester.FailureReportingMode.Fatal


def shown(model: FilterModel) -> list[str]:
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_filter_finds_as_you_type(qapp: object) -> None:
    model = FriendsModel()
    model.set_all([Friend(name, True) for name in ("Ann Lee", "Ben", "张伟", "ＷＩＤＥ", "Éva", "Işık")])
    proxy = FilterModel(model, model)
    tester = QAbstractItemModelTester(proxy, STRICT)
    for text, found in (
        ("", 6),
        ("ann", 1),
        ("LEE a", 1),
        ("张", 1),
        ("wide", 1),
        ("éV", 1),
        ("n", 2),
        ("zzz", 0),
        ("I\u015eIK", 1),
        ("\u0131\u015f\u0131", 1),
    ):
        proxy.set_text(text)
        assert proxy.rowCount() == found, text
    assert tester.model() is proxy


def test_what_is_found_follows_the_list(qapp: object) -> None:
    model = FriendsModel()
    model.set_all([Friend(f"{letter}{number}", False) for letter in "abc" for number in range(9)])
    proxy = FilterModel(model, model)
    testers = [QAbstractItemModelTester(one, STRICT) for one in (proxy, proxy.sourceModel())]
    chance = random.Random(7)
    text = ""
    for step in range(400):
        if step % 5 == 0:
            text = chance.choice(("", "a", "b", "1", "a 1", "zz"))
        proxy.set_text(text)
        name = chance.choice("abc") + str(chance.randrange(12))
        if chance.random() < 0.3:
            model.remove(name)
        elif chance.random() < 0.02:
            model.show({friend.name: not friend.online for friend in model.records()})
        else:
            model.put(Friend(name, chance.random() < 0.5))
        wanted = [friend.name for friend in model.records() if all(word in friend.name for word in text.split())]
        assert shown(proxy) == wanted
    assert len(testers) == 2


def test_what_is_current_stays_so_while_it_is_found(qapp: object) -> None:
    model = FriendsModel()
    model.set_all([Friend(name, True) for name in ("ann", "ben", "cay")])
    proxy = FilterModel(model, model)
    current = QPersistentModelIndex(proxy.index(1, 0))
    for text, row in (("e", 0), ("", 1), ("en", 0)):
        proxy.set_text(text)
        assert (current.row(), current.data()) == (row, "ben")
    model.put(Friend("aen", True))
    assert (current.row(), current.data()) == (1, "ben")
    proxy.set_text("ann")
    assert not current.isValid()
