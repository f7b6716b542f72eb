"""read_by: how far others have read, for those who were not there when it was told."""

from __future__ import annotations

from chatwire.client import Client
from chatwire.fields import MAX_PEERS
from tests.support.chatting import arrived, result, send_at_once, take
from tests.support.running import RunningServer


def test_it_tells_how_far_each_of_them_has_read(server: RunningServer) -> None:
    alice, bob, carol, dave = server.friends("alice", "bob", "carol", "dave")
    to_bob = [alice.private_chat("bob", str(number))["mid"] for number in range(3)]
    to_carol = alice.private_chat("carol", "x")["mid"]
    alice.private_chat("dave", "x")
    bob.expect("read", peer="alice", mid=to_bob[1])
    carol.expect("read", peer="alice", mid=to_carol)
    assert _read_by(alice, "bob", "carol", "dave") == {"bob": to_bob[1], "carol": to_carol}
    assert _read_by(alice, "dave", "carol") == {"carol": to_carol}
    bob.expect("read", peer="alice", mid=to_bob[2])
    assert _read_by(alice, "bob") == {"bob": to_bob[2]}
    assert arrived(dave)[-1]["text"] == "x"


def test_it_is_there_for_a_session_that_was_not(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "bob")
    mid = alice.private_chat("bob", "x")["mid"]
    alice.logout()
    bob.expect("read", peer="alice", mid=mid)
    again = server.again("alice", after=-1)
    assert arrived(again) == []
    assert _read_by(again, "bob") == {"bob": mid}


def test_nobody_learns_what_others_have_read_of_others(server: RunningServer) -> None:
    """Neither whether they have, nor who there is, nor how far somebody has read in a group."""
    alice, bob, carol = server.group("staff", "alice", "bob", "carol")
    private, grouped = alice.private_chat("bob", "x")["mid"], alice.group_chat("staff", "x")["mid"]
    bob.expect("read", peer="alice", mid=private)
    bob.expect("read", group="staff", mid=grouped)
    assert _read_by(carol, "alice", "bob", "nobody", "staff", "carol", "a|b\0'%") == {}
    assert _read_by(bob, "alice") == {}, "what one has read oneself is not what the other has"
    assert _read_by(alice, "nobody", "bob") == {"bob": private}


def test_it_works_among_strangers_and_with_oneself(server: RunningServer) -> None:
    """The order of the two users' ids is of no importance."""
    alice, bob = server.user("alice"), server.user("bob")
    for one, other, name, reader in ((alice, bob, "alice", "bob"), (bob, alice, "bob", "alice")):
        mid = one.private_chat(reader, "x")["mid"]
        other.expect("read", peer=name, mid=mid)
        assert _read_by(one, reader) == {reader: mid}
    note = alice.private_chat("alice", "a note")["mid"]
    alice.expect("read", peer="alice", mid=note)
    assert _read_by(alice, "alice") == {"alice": note}


def test_names_are_normalised_and_each_counts_once(server: RunningServer) -> None:
    alice, bob = server.friends("alice", "caf\u00e9")
    mid = alice.private_chat("caf\u00e9", "x")["mid"]
    bob.expect("read", peer="alice", mid=mid)
    reply = alice.expect("read_by", peers=["cafe\u0301", "caf\u00e9"])
    assert reply["read"] == [{"peer": "caf\u00e9", "mid": mid}]


def test_it_says_what_is_wrong(server: RunningServer) -> None:
    alice = server.user("alice")
    for peers in (None, [], "bob", {"bob": 1}, [1], ["bob "], ["x" * 33], ["bob", None], ["bob"] * (MAX_PEERS + 1)):
        assert result(alice, "read_by", peers=peers) == "bad_request", peers
    assert alice.expect("read_by", peers=[f"user {number}" for number in range(MAX_PEERS)])["read"] == []
    assert result(server.connect(), "read_by", peers=["alice"]) == "not_logged_in"


def test_it_is_paid_for_like_every_query(server: RunningServer) -> None:
    alice = server.user("alice")
    send_at_once(alice, *({"cmd": "read_by", "peers": ["alice"]} for _ in range(300)))
    words = [reply["result"] for reply in take(alice, 300)]
    assert set(words) == {"success", "rate_limited"}


def _read_by(client: Client, *peers: str) -> dict[str, int]:
    return {entry["peer"]: entry["mid"] for entry in client.expect("read_by", peers=list(peers))["read"]}
