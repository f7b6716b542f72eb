"""A ledger on a cache of its own, and messages as a server would push them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chatwire.codec import Object
from qtclient.cache.changes import Changes
from qtclient.cache.ledger import Ledger
from qtclient.cache.place import open_place
from qtclient.records import Key, Kind

ME = "me"
ANN = Key(Kind.PEER, "ann")
CREW = Key(Kind.GROUP, "crew")


def private(mid: int, text: str = "hello", *, mine: bool = False, cid: str = "", peer: str = "ann") -> Object:
    one, other = (ME, peer) if mine else (peer, ME)
    obj: Object = {
        "cmd": "private_chat",
        "user_from": one,
        "user_to": other,
        "text": text,
        "mid": mid,
        "ts": mid * 1000,
    }
    return {**obj, "cid": cid} if cid else obj


def grouped(mid: int, text: str = "hello", sender: str = "ann") -> Object:
    return {"cmd": "group_chat", "user": sender, "group": "crew", "text": text, "mid": mid, "ts": mid * 1000}


def offered(mid: int, file: str = "f1", **more: object) -> Object:
    return {
        "cmd": "recv_file_port_reply", "file": file, "filename": "a.txt", "length": 100, "state": "waiting",
        "from_user": "ann", "to_user": ME, "mid": mid, "ts": mid * 1000, **more,
    }  # fmt: skip


def login(
    mid: int = 0, unread: list[Object] | None = None, groups: tuple[str, ...] = (), since: int | None = None
) -> Object:
    """``since``: of all memberships; old servers do not say it."""
    more = {} if since is None else {"since": since}
    return {
        "cmd": "login_reply", "result": "success", "mid": mid, "unread": unread or [], "token": "t",
        "friends": [{"user": "ann", "online": True}], "groups": [{"group": name, **more} for name in groups],
    }  # fmt: skip


class Book:
    """A ledger whose changes are committed by `do`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.db, _ = open_place(path)
        self.ledger = Ledger(self.db, ME)

    @contextmanager
    def do(self) -> Iterator[Changes]:
        """A transaction; what it has changed is known afterwards."""
        changes = Changes()
        self.db.execute("BEGIN IMMEDIATE")
        yield changes
        self.ledger.keep()
        changes.extend(self.ledger.finish())
        self.db.execute("COMMIT")
        for job in self.ledger.committed():
            job()

    def arrive(self, *objs: Object, live: bool = True) -> Changes:
        with self.do() as changes:
            for obj in objs:
                self.ledger.arrived(obj, live=live)
        return changes

    def welcome(self, reply: Object) -> bool:
        with self.do():
            return self.ledger.welcome(reply)

    def close(self) -> None:
        self.db.close()
