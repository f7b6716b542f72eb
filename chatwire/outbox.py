"""The messages of which a sender does not yet know that they are stored."""

from __future__ import annotations

import time
from collections import OrderedDict

from chatwire.codec import Object
from chatwire.events import Fate

LONGEST_PATIENCE = 30.0  # seconds
_TRY_AGAIN = frozenset(("busy", "rate_limited", "internal"))


class Outbox:
    """Oldest first, by cid. One owner at a time; it has no lock.

    A message stays until the server has answered it with something else than "try again".
    """

    def __init__(self) -> None:
        self._messages: OrderedDict[str, Object] = OrderedDict()
        self._waiting: dict[str, None] = {}  # cids of those that are to be sent
        self._disordered = False  # one of them came back, and may stand behind younger ones
        self._under_way: dict[int, str] = {}  # request id of this connection: cid
        self._not_before = 0.0  # time.monotonic(); the server asked for patience

    def __contains__(self, cid: object) -> bool:
        return cid in self._messages

    @property
    def cids(self) -> list[str]:
        """Of all that are in it."""
        return list(self._messages)

    def add(self, cid: str, request: Object) -> None:
        """Put a message at the end."""
        self._messages[cid] = request
        self._waiting[cid] = None

    def due(self) -> list[tuple[str, Object]]:
        """What is to be sent now: everything that is not under way, unless the server asked for patience."""
        if not self._waiting or time.monotonic() < self._not_before:
            return []
        if self._disordered:
            self._waiting = {cid: None for cid in self._messages if cid in self._waiting}
            self._disordered = False
        return [(cid, self._messages[cid]) for cid in self._waiting]

    def next_time(self) -> float | None:
        """When something will be due that is not due now, in the time of ``time.monotonic``."""
        return self._not_before if self._waiting and self._not_before > time.monotonic() else None

    def sent(self, cid: str, request_id: int) -> None:
        """It is under way, until `answered` or `link_lost`."""
        self._waiting.pop(cid, None)
        self._under_way[request_id] = cid

    def link_lost(self) -> None:
        """Nothing is under way any more, and a new connection owes no patience."""
        self._under_way.clear()
        self._waiting = dict.fromkeys(self._messages)
        self._disordered = False
        self._not_before = 0.0

    def answers(self, request_id: object) -> bool:
        """Whether a reply with this id is for one of these messages."""
        return type(request_id) is int and request_id in self._under_way

    def answered(self, reply: Object) -> Fate | None:
        """Take a reply; None when the message is to be tried again, or was known to be stored."""
        cid = self._under_way.pop(reply["id"])
        if reply.get("result") in _TRY_AGAIN:
            self._not_before = time.monotonic() + patience(reply)
            if cid in self._messages:
                self._waiting[cid] = None
                self._disordered = True
            return None
        return self.settle(cid, reply)

    def settle(self, cid: str, obj: Object) -> Fate | None:
        """A message is done with. None when that was known."""
        self._waiting.pop(cid, None)
        if self._messages.pop(cid, None) is None:
            return None
        return Fate(cid, str(obj.get("result")), obj)


def try_again(result: str) -> bool:
    """Whether this result word says that the same request may succeed later."""
    return result in _TRY_AGAIN


def patience(reply: Object) -> float:
    """Seconds to wait before trying again."""
    wait = reply.get("retry_after_ms")
    return min(LONGEST_PATIENCE, max(0.0, wait / 1000)) if isinstance(wait, int | float) else 0.3
