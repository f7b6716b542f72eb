"""What users are told of a file, with both daemons at work: to its end, and through restarts of either."""

from __future__ import annotations

from typing import Any

from chatbase import files
from chatwire.client import Client
from tests.support.filing import TUS, patch_headers, sha256, some_bytes
from tests.support.waiting import DEADLINE, wait_until
from tests.together.conftest import Both

DATA = some_bytes(3_000_000)
HALF = 1_500_000


def path_of(both: Both, url: str) -> str:
    """Path and query; scheme, host and port are as expected."""
    scheme = "https" if both.chat.tls else "http"
    prefix = f"{scheme}://127.0.0.1:{both.files.port}"
    assert url.startswith(prefix + "/files/")
    return url.removeprefix(prefix)


def offered(both: Both, sender: Client, receiver: Client, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A file of `DATA`, offered: what both are told."""
    request = sender.send("send_file", to_user=receiver.user, filename="C:\\photos\\été.jpg", length=len(DATA), **more)
    reply = until(sender, lambda push: push.get("id") == request)
    push = until(receiver, lambda push: push["cmd"] == "recv_file_port_reply")
    assert (reply["cmd"], reply["filename"], push["file"]) == ("send_file_port_reply", "été.jpg", reply["file"])
    return reply, push


def until(client: Client, wanted: Any) -> dict[str, Any]:
    """The first push for which ``wanted`` holds."""
    while (push := client.next_push(DEADLINE)) is not None:
        if wanted(push):
            return push
    raise AssertionError("it has not come")


def ended(client: Client, file: str, state: str) -> dict[str, Any]:
    """Read until the file is in this state."""
    return until(client, lambda p: p["cmd"] == "file_state" and (p["file"], p["state"]) == (file, state))


def test_from_the_offer_to_the_end(both: Both) -> None:
    ann, ben = both.chat.friends("ann", "ben")
    reply, push = offered(both, ann, ben, sha256=sha256(DATA))
    with both.files.connect() as peer:
        peer.say("PATCH", path_of(both, reply["url"]), {**patch_headers(0), "Content-Length": str(len(DATA))}, None)
        peer.send(DATA[:HALF])
        for client in (ann, ben):
            said = until(client, lambda p: p["cmd"] == "file_state" and p.get("offset"))
            assert (said["state"], said["length"]) == ("uploading", len(DATA))
        assert ann.private_chat("ben", "on its way")["result"] == "success"
        peer.send(DATA[HALF:])
        assert peer.answer().status == 204
    for client in (ann, ben):
        assert ended(client, reply["file"], "complete")["sha256"] == sha256(DATA)
    answer = both.files.ask("GET", path_of(both, push["url"]))
    assert (answer.status, answer.body) == (200, DATA)


def test_who_was_offline_finds_it_in_the_history(both: Both) -> None:
    ann, ben = both.chat.friends("ann", "ben")
    ben.close()
    request = ann.send("send_file", to_user="ben", filename="later.bin", length=len(DATA))
    reply = until(ann, lambda push: push.get("id") == request)
    assert both.files.ask("PATCH", path_of(both, reply["url"]), patch_headers(0), DATA).status == 204
    again = both.chat.again("ben")
    missed = until(again, lambda push: push["cmd"] == "recv_file_port_reply")
    [seen] = again.expect("history", peer="ann")["messages"]
    for offer in (missed, seen, again.expect("get_file", file=reply["file"])):
        assert offer["state"] == "complete"
        assert both.files.ask("GET", path_of(both, offer["url"])).body == DATA


def test_the_sender_takes_it_back_in_the_middle(both: Both) -> None:
    ann, ben = both.chat.friends("ann", "ben")
    reply, push = offered(both, ann, ben)
    with both.files.connect() as writer, both.files.connect() as reader:
        writer.say("PATCH", path_of(both, reply["url"]), {**patch_headers(0), "Content-Length": str(len(DATA))}, None)
        writer.send(DATA[:HALF])
        reader.say("GET", path_of(both, push["url"]))
        reader.head()
        reader.read(HALF)
        ann.expect("cancel_file", file=reply["file"])
        assert reader.until_the_end() == (b"", True)
    for client in (ann, ben):
        ended(client, reply["file"], "cancelled")
    wait_until(lambda: not both.files.on_disk(), "the bytes are gone")
    assert both.files.ask("GET", path_of(both, push["url"])).status == 410
    assert both.files.ask("HEAD", path_of(both, reply["url"]), TUS).status == 410


def test_taken_back_while_the_file_daemon_is_not_connected(both: Both) -> None:
    ann, ben = both.chat.friends("ann", "ben")
    reply, push = offered(both, ann, ben)
    whole, _ = offered(both, ann, ben)
    assert both.files.ask("PATCH", path_of(both, whole["url"]), patch_headers(0), DATA).status == 204
    assert both.files.ask("PATCH", path_of(both, reply["url"]), patch_headers(0), DATA[:HALF]).status == 204
    with both.files.connect() as reader:
        reader.say("GET", path_of(both, push["url"]))
        reader.head()
        reader.read(HALF)
        both.chat.server.services.file_link.tell = lambda obj: None  # type: ignore[method-assign]
        for file in (reply["file"], whole["file"]):
            ann.expect("cancel_file", file=file)
            ended(ben, file, "cancelled")
        both.chat.stop()
        both.restart_chat()
        assert reader.until_the_end() == (b"", True)
    wait_until(lambda: not both.files.on_disk(), "the bytes are gone")


def test_the_receiver_does_not_want_it(both: Both) -> None:
    ann, ben = both.chat.friends("ann", "ben")
    reply, _ = offered(both, ann, ben)
    ben.expect("decline_file", file=reply["file"])
    assert ended(ann, reply["file"], "declined")["user"] == "ben"
    assert both.files.ask("PATCH", path_of(both, reply["url"]), patch_headers(0), DATA).status == 410


def test_wrong_bytes(both: Both) -> None:
    ann, ben = both.chat.friends("ann", "ben")
    reply, _ = offered(both, ann, ben, sha256=sha256(b"something else"))
    assert both.files.ask("PATCH", path_of(both, reply["url"]), patch_headers(0), DATA).status == 460
    for client in (ann, ben):
        ended(client, reply["file"], "failed")


def test_the_file_daemon_is_restarted_in_the_middle(both: Both) -> None:
    ann, ben = both.chat.friends("ann", "ben")
    reply, push = offered(both, ann, ben)
    path = path_of(both, reply["url"])
    assert both.files.ask("PATCH", path, patch_headers(0), DATA[:HALF]).status == 204
    both.files.stop()
    wait_until(lambda: not both.chat.server.services.file_link.present, "chatd has noticed")
    assert ann.request("send_file", to_user="ben", filename="x", length=1)["result"] == "busy"
    both.files.start()
    both.await_link()
    answer = both.files.ask("HEAD", path, TUS)
    assert answer.headers["upload-offset"] == str(HALF)
    assert both.files.ask("PATCH", path, patch_headers(HALF), DATA[HALF:]).status == 204
    for client in (ann, ben):
        ended(client, reply["file"], "complete")
    assert both.files.ask("GET", path_of(both, push["url"])).body == DATA


def test_chatd_is_restarted_in_the_middle(both: Both) -> None:
    """The transfer goes on, and what happened meanwhile is known afterwards."""
    ann, ben = both.chat.friends("ann", "ben")
    first, _ = offered(both, ann, ben)
    second, _ = offered(both, ann, ben)
    with both.files.connect() as writer:
        headers = {**patch_headers(0), "Content-Length": str(len(DATA))}
        writer.say("PATCH", path_of(both, first["url"]), headers, None)
        writer.send(DATA[:HALF])
        both.chat.stop()
        assert both.files.ask("PATCH", path_of(both, second["url"]), patch_headers(0), DATA).status == 204
        both.restart_chat()
        ann, ben = both.chat.again("ann"), both.chat.again("ben")
        # The file daemon may have told the new server before anybody could log in, so this is asked for.
        wait_until(lambda: ben.expect("get_file", file=first["file"])["offset"] > 0, "what has arrived is known")
        assert ben.expect("get_file", file=first["file"])["state"] == "uploading"
        writer.send(DATA[HALF:])
        assert writer.answer().status == 204
    ended(ben, first["file"], "complete")
    [*_, one, two] = ben.expect("history", peer="ann")["messages"]
    assert [one["state"], two["state"]] == [files.COMPLETE, files.COMPLETE]
