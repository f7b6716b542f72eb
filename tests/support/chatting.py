"""What tests do with clients, again and again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from chatbase.engine import Transaction
from chatd.store.records import ChangeRecord
from chatwire.client import Client
from chatwire.codec import Object, encode
from tests.support.running import RunningServer
from tests.support.waiting import DEADLINE


def result(client: Client, cmd: str, **fields: Any) -> str:
    """The result word of a request."""
    return str(client.request(cmd, **fields)["result"])


def take(client: Client, count: int) -> list[Object]:
    """The next ``count`` pushes."""
    pushes: list[Object] = []
    for number in range(count):
        push = client.next_push(DEADLINE)
        assert push is not None, f"only {number} of {count} pushes came: {pushes[-3:]}"
        pushes.append(push)
    return pushes


def arrived(client: Client) -> list[Object]:
    """All that was answered or told to anybody before this call, as far as it concerns this client; presence excepted.

    The reply takes the same way: from the journal's thread, behind all earlier deliveries, to the client's loop.
    """
    client.expect("ack", mid=0)
    return list(client.pushes(0))


def send_at_once(client: Client, *requests: Object) -> None:
    """Write several requests with one system call; the replies will be among the pushes."""
    transport = client._transport
    data = b"".join(map(encode, requests))
    if transport._tls is not None:
        transport._tls.send(data)
        data = transport._tls.outgoing()
    transport._send_all(data, time.monotonic() + DEADLINE)


def mids(messages: Iterable[Object]) -> list[int]:
    """Their ids, in the order given."""
    return [message["mid"] for message in messages]


def texts(messages: Iterable[Object]) -> list[str]:
    """Their texts, in the order given."""
    return [message["text"] for message in messages]


@contextmanager
def journal_held(server: RunningServer) -> Iterator[None]:
    """Nothing is written within the block; what is said there forms one batch afterwards."""
    held, free = threading.Event(), threading.Event()

    def run(tx: Transaction, last_mid: int) -> None:
        held.set()
        assert free.wait(DEADLINE)

    server.server.services.journal.submit(ChangeRecord(run, lambda outcome: None))
    assert held.wait(DEADLINE)
    try:
        yield
    finally:
        free.set()
