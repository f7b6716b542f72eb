"""Who is online: coming and going from many threads, and profiles that changed meanwhile."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chatd.registry.nodes import Session, UserNode
from chatd.registry.registry import Arrival, GroupRegistry, OnlineRegistry, Profile, StaleProfile

LOOPS = [object(), object()]


@pytest.fixture
def groups() -> GroupRegistry:
    return GroupRegistry()


@pytest.fixture
def online(groups: GroupRegistry) -> OnlineRegistry:
    return OnlineRegistry(groups)


def _profile(online: OnlineRegistry, number: int, friends: dict[str, int], groups: dict[str, int]) -> Profile:
    return Profile(number, f"user {number}", friends, groups, online.versions().of(number))


def _enter(online: OnlineRegistry, profile: Profile, loop: int = 0) -> Arrival:
    def make(user: UserNode) -> Session:
        return Session(user, cast(Any, SimpleNamespace(loop=LOOPS[loop])), b"")

    return online.enter(profile, make)


def test_a_storm_of_comings_and_goings_leaves_nothing_behind(online: OnlineRegistry, groups: GroupRegistry) -> None:
    failures: list[BaseException] = []
    stop = threading.Event()
    transitions: list[tuple[UserNode, bool]] = []

    def storm(seed: int) -> None:
        dice = random.Random(seed)
        mine: list[Session] = []
        try:
            for _ in range(600):
                number = dice.randrange(1, 12)
                action = dice.random()
                if action < 0.45:
                    profile = _profile(online, number, {"user 1": 1}, {"all": 1, f"g{number % 3}": 2 + number % 3})
                    try:
                        mine.append(_enter(online, profile, dice.randrange(2)).session)
                    except StaleProfile:
                        continue
                elif action < 0.9 and mine:
                    online.exit(mine.pop(dice.randrange(len(mine))))
                elif action < 0.95:
                    online.befriend((number, f"user {number}"), (1, "user 1"))
                elif number % 2:
                    online.join_group(number, "late", 9)
                else:
                    online.leave_group(number, "late")
            for session in mine:
                online.exit(session)
        except BaseException as error:  # a thread's error would be lost
            failures.append(error)

    def watch() -> None:
        while not stop.is_set():
            transitions.extend(online.transitions())
            if node := groups.find(1):
                for loop, sessions in online.fanout(node).items():
                    assert all(session.loop is loop for session in sessions)

    threads = [threading.Thread(target=storm, args=(seed,)) for seed in range(8)]
    watcher = threading.Thread(target=watch)
    watcher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    watcher.join()
    transitions.extend(online.transitions())
    assert not failures
    assert (len(online), len(groups)) == (0, 0)
    for number in range(1, 12):
        assert (online.find(f"user {number}"), online.find_id(number), online.sessions(number)) == (None, None, ())
        told = [arrived for node, arrived in transitions if node.id == number]
        assert told == [True, False] * (len(told) // 2)  # friends hear of every coming once, and of every going


@pytest.mark.parametrize("change", ["befriend", "unfriend", "join_group", "leave_group"])
def test_a_profile_that_is_older_than_a_change_is_refused(online: OnlineRegistry, change: str) -> None:
    old, other = _profile(online, 1, {}, {}), _profile(online, 3, {}, {})
    match change:
        case "befriend":
            online.befriend((1, "user 1"), (2, "user 2"))
        case "unfriend":
            online.unfriend((2, "user 2"), (1, "user 1"))
        case "join_group":
            online.join_group(1, "staff", 7)
        case _:
            online.leave_group(1, "staff")
    with pytest.raises(StaleProfile):
        _enter(online, old)
    assert len(online) == 0
    assert _enter(online, _profile(online, 1, {}, {})).first
    assert _enter(online, other).first


def test_only_the_first_coming_and_the_last_going_count(online: OnlineRegistry) -> None:
    bob = _enter(online, _profile(online, 2, {"user 1": 1}, {}))
    first = _enter(online, _profile(online, 1, {"user 2": 2, "user 3": 3}, {}))
    second = _enter(online, _profile(online, 1, {"user 2": 2}, {}))
    assert (first.first, second.first, bob.first) == (True, False, True)
    assert (first.online_friends, bob.online_friends) == ({"user 2"}, set())
    assert online.sessions(1) == (first.session, second.session)
    assert online.sessions_of([1, 2, 3]) == [first.session, second.session, bob.session]
    assert not online.exit(first.session)
    assert not online.exit(first.session)
    assert online.exit(second.session)
    assert not online.exit(second.session)
    assert [(node.name, arrived) for node, arrived in online.transitions()] == [
        ("user 2", True), ("user 1", True), ("user 1", False),
    ]  # fmt: skip
    assert online.transitions() == []


def test_a_group_knows_who_of_its_members_is_there(online: OnlineRegistry, groups: GroupRegistry) -> None:
    one = _enter(online, _profile(online, 1, {}, {"staff": 7})).session
    two = _enter(online, _profile(online, 2, {}, {}), loop=1).session
    node = groups.find(7)
    assert node is not None
    assert online.fanout(node) == {LOOPS[0]: (one,)}
    online.join_group(2, "staff", 7)
    online.join_group(2, "staff", 7)
    again = _enter(online, _profile(online, 2, {}, {"staff": 7}), loop=1).session
    assert online.fanout(node) == {LOOPS[0]: (one,), LOOPS[1]: (two, again)}
    assert groups.online(7) == {"user 1", "user 2"}
    online.exit(two)
    assert online.fanout(node) == {LOOPS[0]: (one,), LOOPS[1]: (again,)}
    online.leave_group(1, "staff")
    online.leave_group(1, "staff")
    assert online.fanout(node) == {LOOPS[1]: (again,)}
    online.exit(again)
    assert (groups.find(7), len(groups), groups.online(7)) == (None, 0, set())


def test_friends_are_replaced_and_never_changed_in_place(online: OnlineRegistry) -> None:
    node = _enter(online, _profile(online, 1, {}, {})).session.user
    before = node.friends
    online.befriend((1, "user 1"), (2, "user 2"))
    assert (before, node.friends) == ({}, {"user 2": 2})
    online.unfriend((1, "user 1"), (2, "user 2"))
    assert node.friends == {}
