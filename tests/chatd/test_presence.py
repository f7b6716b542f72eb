"""Presence: who is told that somebody came or went, and when."""

from __future__ import annotations

import threading

from tests.support.chatting import arrived, take
from tests.support.peers import RawPeer
from tests.support.running import RunningServer
from tests.support.waiting import wait_until

LOGIN = {"cmd": "friend_login", "friend": "alice"}
OFFLINE = {"cmd": "friend_offline", "friend": "alice"}


def test_friends_are_told_at_the_first_session_and_after_the_last(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    dave = server.user("dave")
    alice.logout()
    assert take(bob, 1) == [OFFLINE]
    first = server.again("alice")
    assert take(bob, 1) == [LOGIN]
    second = server.again("alice")
    first.logout()
    second.expect("ping")
    assert arrived(bob) == []
    second.close()
    assert take(bob, 1) == [OFFLINE]
    assert arrived(dave) == [], "a stranger is told nothing"


def test_every_session_of_a_friend_is_told(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    elsewhere = server.again("bob")
    alice.logout()
    for session in (bob, elsewhere):
        assert take(session, 1) == [OFFLINE]


def test_who_is_offline_is_told_nothing_later(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    bob.logout()
    assert take(alice, 1) == [{"cmd": "friend_offline", "friend": "bob"}]
    alice.logout()
    back = server.connect()
    assert back.login("bob", "bob")["friends"] == [{"user": "alice", "online": False}]
    assert arrived(back) == []


def test_a_connection_that_is_reset_is_a_logout(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    alice.logout()
    assert take(bob, 1) == [OFFLINE]
    peer = RawPeer(server)
    assert peer.ask("login", user="alice", password="alice")["result"] == "success"
    assert take(bob, 1) == [LOGIN]
    peer.reset()
    assert take(bob, 1) == [OFFLINE]


def test_offline_and_login_as_another_user_on_one_connection_are_told(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    bob.expect("offline")
    assert take(alice, 1) == [{"cmd": "friend_offline", "friend": "bob"}]
    bob.login("bob", "bob")
    assert take(alice, 1) == [{"cmd": "friend_login", "friend": "bob"}]


def test_the_last_push_tells_the_truth_however_fast_somebody_comes_and_goes(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    token, sessions = alice.token, server.server.services.online.sessions
    node = server.server.services.online.find("alice")
    assert node is not None

    def come_and_go() -> None:
        for _ in range(8):
            with server.connect() as client:
                client.resume("alice", token)

    alice.close()
    threads = [threading.Thread(target=come_and_go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: not sessions(node.id), "nobody is left")
    told = arrived(bob)
    while told[-1] != OFFLINE:  # the last of it may be on its way between two threads
        told += take(bob, 1)
    assert told == [OFFLINE, *[LOGIN, OFFLINE] * (len(told) // 2)]
    server.connect().resume("alice", token)
    assert take(bob, 1) == [LOGIN]
    assert arrived(bob) == []


def test_a_login_reply_and_the_pushes_after_it_agree_on_who_is_online(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            with server.connect() as client:
                client.resume("alice", alice.token)

    alice.close()
    thread = threading.Thread(target=come_and_go)
    thread.start()
    views = []
    for _ in range(8):
        client = server.connect()
        [friend] = client.resume("bob", bob.token)["friends"]
        views.append((client, friend["online"]))
    stop.set()
    thread.join()
    wait_until(lambda: server.server.services.online.find("alice") is None, "alice is gone")
    for client, online in views:
        for push in arrived(client):
            online = push == LOGIN
        while online:  # the last of it may be on its way between two threads
            online = take(client, 1) == [LOGIN]
