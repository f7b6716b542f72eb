"""Friendships: both rosters change at once, on the wire and in the database."""

from __future__ import annotations

import threading

from chatd.store import friends
from chatwire.client import Client
from tests.conftest import ServerFactory
from tests.support.chatting import arrived, result, take
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE


def test_add_says_what_is_wrong(server: RunningServer) -> None:
    alice = server.user("alice")
    server.connect().register("bob", "bob")
    assert result(alice, "add", friend="nobody") == "user_not_exist"
    assert result(alice, "add", friend="alice") == "bad_request"
    assert result(alice, "add", friend="a|b") == "bad_request"
    assert result(alice, "add") == "bad_request"
    assert alice.request("add", user="alice", friend="bob") == {
        "cmd": "add_reply", "id": alice._last_id, "result": "success", "friend": "bob", "online": False,
    }  # fmt: skip
    assert result(alice, "add", friend="bob") == "already_friend"


def test_both_rosters_change_at_once(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    elsewhere = server.again("alice")
    assert alice.expect("add", friend="bob")["online"] is True
    assert take(elsewhere, 1) == [{"cmd": "add_friend_reply", "result": "bob", "online": True}]
    assert take(bob, 1) == [{"cmd": "add_friend_reply", "result": "alice"}]
    assert result(bob, "add", friend="alice") == "already_friend"
    assert _roster(server, "alice") == {"bob": True}
    assert _roster(server, "bob") == {"alice": True}
    assert arrived(alice) == []


def test_a_friendship_made_while_the_other_is_offline_is_there_at_the_login(server: RunningServer) -> None:
    alice = server.user("alice")
    server.connect().register("bob", "bob")
    alice.expect("add", friend="bob")
    bob = server.connect()
    assert bob.login("bob", "bob")["friends"] == [{"user": "alice", "online": True}]
    assert take(alice, 1) == [{"cmd": "friend_login", "friend": "bob"}]


def test_remove_friend_ends_it_for_both(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    elsewhere = server.again("alice")
    assert result(alice, "remove_friend", friend="nobody") == "user_not_exist"
    assert alice.expect("remove_friend", friend="bob")["friend"] == "bob"
    assert take(bob, 1) == [{"cmd": "friend_removed", "friend": "alice"}]
    assert take(elsewhere, 1) == [{"cmd": "friend_removed", "friend": "bob"}]
    assert result(alice, "remove_friend", friend="bob") == "not_friend"
    assert result(bob, "remove_friend", friend="alice") == "not_friend"
    assert _roster(server, "bob") == {}
    elsewhere.logout()
    alice.logout()
    assert arrived(bob) == [], "strangers are told nothing"


def test_former_friends_can_become_friends_again(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    alice.expect("remove_friend", friend="bob")
    bob.expect("add", friend="alice")
    assert take(bob, 1) == [{"cmd": "friend_removed", "friend": "alice"}]
    assert take(alice, 1) == [{"cmd": "add_friend_reply", "result": "bob"}]
    assert _roster(server, "alice") == {"bob": True}


def test_a_roster_has_room_for_so_many_on_both_sides(make_server: ServerFactory) -> None:
    server = make_server("--max-friends", "2")
    alice, bob, carol, dave = (server.user(name) for name in ("alice", "bob", "carol", "dave"))
    alice.expect("add", friend="bob")
    alice.expect("add", friend="carol")
    assert result(alice, "add", friend="dave") == "limit_reached"
    assert result(dave, "add", friend="alice") == "limit_reached"
    assert result(alice, "add", friend="bob") == "already_friend"
    carol.expect("remove_friend", friend="alice")
    dave.expect("add", friend="alice")
    assert _roster(server, "alice") == {"bob": True, "dave": True}
    assert take(bob, 1) == [{"cmd": "add_friend_reply", "result": "alice"}]


def test_when_both_add_each_other_at_once_one_of_them_succeeds(server: RunningServer) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    _presence_is_told(server)
    for _ in range(10):
        words = _both_at_once((alice, "add", "bob"), (bob, "add", "alice"))
        assert sorted(words) == ["already_friend", "success"]
        winner, loser = (alice, bob) if words[0] == "success" else (bob, alice)
        assert arrived(winner) == []
        assert arrived(loser) == [{"cmd": "add_friend_reply", "result": winner.user}]
        alice.expect("remove_friend", friend="bob")
        assert arrived(bob) == [{"cmd": "friend_removed", "friend": "alice"}]


def test_what_the_server_knows_of_friends_is_what_is_stored_however_they_change_their_minds(
    server: RunningServer,
) -> None:
    alice, bob = server.user("alice"), server.user("bob")
    for _ in range(30):
        words = _both_at_once((alice, "add", "bob"), (bob, "remove_friend", "alice"))
        assert set(words) <= {"success", "already_friend", "not_friend"}
        _assert_registry_agrees(server, "alice", "bob")


def test_two_adds_at_once_do_not_overfill_a_roster(make_server: ServerFactory) -> None:
    server = make_server("--max-friends", "1")
    alice, bob, carol = (server.user(name) for name in ("alice", "bob", "carol"))
    for _ in range(10):
        words = _both_at_once((bob, "add", "alice"), (carol, "add", "alice"))
        assert sorted(words) == ["limit_reached", "success"]
        alice.expect("remove_friend", friend="bob" if words[0] == "success" else "carol")


def _roster(server: RunningServer, user: str) -> dict[str, bool]:
    """What a new session is told."""
    with server.connect() as client:
        return {friend["user"]: friend["online"] for friend in client.login(user, user)["friends"]}


def _presence_is_told(server: RunningServer) -> None:
    """A friend whose login is still to be told is told of, too: true, but not what is tested."""
    told = threading.Event()
    server.server.services.presence_loop.post(told.set)
    assert told.wait(DEADLINE)


def _both_at_once(*requests: tuple[Client, str, str]) -> list[str]:
    """The result words of requests that start together."""
    words = [""] * len(requests)
    barrier = threading.Barrier(len(requests))

    def run(index: int) -> None:
        client, cmd, friend = requests[index]
        barrier.wait(DEADLINE)
        words[index] = result(client, cmd, friend=friend)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return words


def _assert_registry_agrees(server: RunningServer, *users: str) -> None:
    services = server.server.services
    for user in users:
        node = services.online.find(user)
        assert node is not None
        with services.database.transaction() as tx:
            assert node.friends == friends.of(tx, [node.id])[node.id]
